// The command on AMD GPUs: the stand-in for libamdhip64 interprets the kernels of the build.
#include <gtest/gtest.h>

#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_process::octet;
using testing_process::Outcome;
using testing_process::Words;

const std::string kHip = std::string("OCTET_HIP_DRIVER=") + build_paths::kStandInHip;
const std::string kNoCuda = "OCTET_CUDA_DRIVER=/no/such/libcuda.so";

Words on(const std::string& gpus, const std::string& fault = "") {
  return {kHip, kNoCuda, "OCTET_STAND_IN_GPUS=" + gpus, "OCTET_STAND_IN_FAULT=" + fault};
}

class CliHipTest : public testing::Test {
 protected:
  /// Whether the build has kernels for the arch, and tests an interpreter of them.
  static bool runs(const char* arch) {
    const Json matrix = octet({"info", "--matrix", "--json"}).json();
    const Json& row = matrix["gemm_blockscale"];
    return row.contains(arch) && row[arch]["built"] != 0 && build_paths::kHaveAmdgcn;
  }
};

TEST_F(CliHipTest, InfoListsEveryGpuAndWhatIsRefused) {
  const Words gpus = on("gfx942:304,gfx942:80,gfx1100:96,gfx950:256");
  const Outcome text = octet({"info"}, gpus);
  for (const char* line :
       {"gpu        hip: mi300x, gfx942, 304 compute units, 192 GiB, L2 32 MiB\n",
        "gpu        hip:1: mi308x, gfx942, 80 compute units, 192 GiB, L2 16 MiB\n",
        "gpu        hip:2: not usable: AMD Radeon PRO W7900 is gfx1100: this version has kernels "
        "for gfx942 and gfx950\n",
        "gpu        hip:3: mi355x, gfx950, 256 compute units, 288 GiB, L2 32 MiB\n"}) {
    EXPECT_TRUE(text.out_has(line)) << line << text.out;
  }
  const Json info = octet({"info", "--json"}, gpus).json();
  ASSERT_EQ(info["devices"].size(), 4u);
  EXPECT_EQ(info["devices"][2]["device"], "hip:1");
  EXPECT_EQ(info["devices"][2]["cu_num"], 80);
  EXPECT_TRUE(info["refused_gpus"].contains("hip:2"));
  EXPECT_FALSE(info.contains("no_gpu"));
}

TEST_F(CliHipTest, WithoutADriverOrADeviceTheExitCodeIs3) {
  const Words check{"check", "gemm_blockscale", "--device", "hip"};
  const Outcome none = octet(check, {"OCTET_HIP_DRIVER=/no/such/libamdhip64.so"});
  EXPECT_EQ(none.code, 3);
  EXPECT_TRUE(none.err_has("no HIP driver: /no/such/libamdhip64.so")) << none.err;
  EXPECT_EQ(octet({"check", "gemm_blockscale", "--device", "hip:1"}, on("gfx942:304")).code, 3);
  EXPECT_EQ(octet({"check", "gemm_blockscale", "--device", "hip:x"}, on("gfx942:304")).code, 2);
  EXPECT_EQ(octet(check, on("gfx1100:96")).code, 3);
}

TEST_F(CliHipTest, FirstLightIsForAmdGpus) {
  const Outcome cpu = octet({"check", "--first-light"});
  EXPECT_EQ(cpu.code, 2);
  EXPECT_TRUE(cpu.err_has("--first-light probes gfx942 and gfx950")) << cpu.err;
  const Outcome neither = octet({"check"});
  EXPECT_EQ(neither.code, 2);
  EXPECT_TRUE(neither.err_has("check: name an op, or --first-light")) << neither.err;
}

TEST_F(CliHipTest, FirstLightShowsEveryInstruction) {
  if (!runs("gfx942")) GTEST_SKIP() << "no kernels for gfx942 here, or no interpreter";
  const Words words{"check", "--first-light", "--device", "hip", "--json"};
  const Outcome outcome = octet(words, on("gfx942:304"));
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const Json found = outcome.json();
  EXPECT_EQ(found["arch"], "gfx942");
  EXPECT_EQ(found["mismatches"], 0);
  ASSERT_EQ(found["layouts"].size(), 13u);
  for (const Json& row : found["layouts"]) EXPECT_GE(row["entries"], 256) << row;
  EXPECT_EQ(found["numerics"]["mma_16x16x16_bf16: 2^24 + 16 products of 1 - 2^24"], "16 (0x1p+4)");
}

/// Hardware with another layout: each is seen by what depends on it, and by nothing else.
TEST_F(CliHipTest, FirstLightFindsAnotherLayout) {
  if (!runs("gfx950")) GTEST_SKIP() << "no kernels for gfx950 here, or no interpreter";
  const auto mismatching = [](const char* fault) {
    const Outcome outcome =
        octet({"check", "--first-light", "--device", "hip", "--json"}, on("gfx950:256", fault));
    EXPECT_EQ(outcome.code, 1) << fault << outcome.err;
    std::vector<std::string> names;
    const Json found = outcome.json();
    for (const Json& row : found["layouts"]) {
      if (row["mismatches"] == 0) continue;
      names.push_back(row["instruction"]);
      EXPECT_NE(row["first"], "");
    }
    return names;
  };
  for (const std::string& name : mismatching("layout:scales")) {
    EXPECT_NE(name.find("scaled"), std::string::npos) << name;
  }
  for (const std::string& name : mismatching("layout:k")) {
    EXPECT_NE(name.find("fp8"), std::string::npos) << name;
  }
  EXPECT_EQ(mismatching("layout:rows").size(), 8u + 6 + 18) << "every matrix instruction";
}

TEST_F(CliHipTest, CheckFindsAnotherLayout) {
  if (!runs("gfx942")) GTEST_SKIP() << "no kernels for gfx942 here, or no interpreter";
  const Words words{"check",    "gemm_blockscale", "--device",  "hip",
                    "--shapes", "m=5 n=70 k=256",  "--variant", "gfx942_mfma_16x64x128_v1"};
  const Outcome right = octet(words, on("gfx942:304"));
  EXPECT_EQ(right.code, 0) << right.out << right.err;
  const Outcome wrong = octet(words, on("gfx942:304", "layout:rows"));
  EXPECT_EQ(wrong.code, 1);
  EXPECT_TRUE(wrong.out_has("FAIL gfx942_mfma_16x64x128_v1 on m=5 n=70 k=256")) << wrong.out;
  EXPECT_TRUE(wrong.out_has("octet check gemm_blockscale --device hip ")) << wrong.out;
}

}  // namespace
}  // namespace octet
