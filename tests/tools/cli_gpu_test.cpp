// The command on a GPU: what it says where there is none, and check, bench and tune on the
// stand-in.
#include <gtest/gtest.h>

#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Words;

constexpr const char* kNone = "OCTET_CUDA_DRIVER=/no/such/libcuda.so";
const std::string kStandIn = std::string("OCTET_CUDA_DRIVER=") + build_paths::kStandInCuda;
const std::string kOld = std::string("OCTET_CUDA_DRIVER=") + build_paths::kStandInCudaOld;

class CliGpuTest : public testing::Test {
 protected:
  /// Whether the build has kernels for the stand-in's device.
  static bool built() {
    const Json matrix = octet({"info", "--matrix", "--json"}).json();
    return matrix["gemm_blockscale"]["sm90"]["built"] != 0;
  }
  std::string shapes(const std::string& rows = "1,64,512\n") const {
    EXPECT_TRUE(write_file(folder_.file("shapes.csv"), "m,n,k\n" + rows).ok());
    return folder_.file("shapes.csv");
  }
  TemporaryFolder folder_;
};

TEST_F(CliGpuTest, InfoShowsTheGpuOrTheReason) {
  EXPECT_TRUE(
      octet({"info"}, {kStandIn})
          .out_has("gpu        cuda: h200, sm90, 132 multiprocessors, 141 GiB, L2 60 MiB\n"));
  const Json info = octet({"info", "--json"}, {kStandIn}).json();
  ASSERT_EQ(info["devices"].size(), 2u);
  EXPECT_EQ(info["devices"][1]["name"], "h200");
  EXPECT_FALSE(info.contains("no_gpu"));
  const std::vector<std::pair<Words, std::string>> reasons{
      {{kNone}, "no CUDA driver: /no/such/libcuda.so"},
      {{kOld}, "the CUDA driver has no cuTensorMapEncodeTiled: it is older than 12.0"},
      {{kStandIn, "OCTET_STAND_IN_FAULT=no_device"}, "no CUDA-capable device is detected"},
      {{kStandIn, "OCTET_STAND_IN_FAULT=sm_80"}, "NVIDIA A100-SXM4-80GB is sm_80"}};
  for (const auto& [environment, reason] : reasons) {
    const Outcome outcome = octet({"info"}, environment);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_TRUE(outcome.out_has("gpu        none: ")) << outcome.out;
    EXPECT_TRUE(outcome.out_has(reason)) << outcome.out;
    EXPECT_NE(octet({"info", "--json"}, environment).json()["no_gpu"], "");
  }
}

TEST_F(CliGpuTest, InfoShowsWhatKernelsTake) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  const Json info = octet({"info", "--json"}, {kNone}).json();
  for (const auto& [op, rows] : info["ops"].items()) {
    for (const Json& row : rows) {
      if (row["arch"] != "sm90") continue;
      EXPECT_GT(row["resources"]["sm90"]["registers"].get<int>(), 0) << op << row;
    }
  }
  EXPECT_TRUE(octet({"info"}, {kNone}).out_has(" registers\n"));
}

TEST_F(CliGpuTest, WithoutADriverTheExitCodeIs3) {
  for (const Words& words : {Words{"bench", "gemm_blockscale"}, Words{"check", "gemm_blockscale"},
                             Words{"tune", "--shapes", shapes()}}) {
    Words all = words;
    all.insert(all.end(), {"--device", "cuda"});
    for (const Words& environment : {Words{kNone}, Words{kOld}}) {
      const Outcome outcome = octet(all, environment);
      EXPECT_EQ(outcome.code, 3) << words[0] << outcome.err;
      EXPECT_TRUE(outcome.err.starts_with("octet: ")) << outcome.err;
    }
  }
  EXPECT_EQ(octet({"check", "gemm_blockscale", "--device", "cuda:1"}, {kStandIn}).code, 3);
  EXPECT_EQ(octet({"check", "gemm_blockscale", "--device", "cuda:x"}, {kStandIn}).code, 2);
}

TEST_F(CliGpuTest, CheckPassesAndFindsAWrongResult) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  const Words words{"check",    "gemm_blockscale", "--device",  "cuda",
                    "--shapes", "m=5 n=70 k=256",  "--variant", "sm90_simple"};
  const Outcome right = octet(words, {kStandIn});
  EXPECT_EQ(right.code, 0) << right.out << right.err;
  const Outcome wrong = octet(words, {kStandIn, "OCTET_STAND_IN_FAULT=wrong_result"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_TRUE(wrong.out_has("FAIL sm90_simple on m=5 n=70 k=256")) << wrong.out;
  EXPECT_TRUE(wrong.out_has("d[4, 69]")) << wrong.out;
  EXPECT_TRUE(wrong.out_has("octet check gemm_blockscale --device cuda ")) << wrong.out;
}

TEST_F(CliGpuTest, CheckOfAVariantTakesTheProblemsThatItRuns) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  const auto check = [&](const std::string& rows) {
    return octet({"check", "gemm_blockscale", "--device", "cuda", "--shapes", shapes(rows),
                  "--format", "e4m3fn", "--variant", "sm90_wgmma_swap_8x64x128_g1_c3"},
                 {kStandIn});
  };
  const Outcome some = check("5,64,512\n5,64,1024\n");
  EXPECT_EQ(some.code, 0) << some.err;
  EXPECT_TRUE(some.out_has("3 cases, ")) << some.out;
  const Outcome none = check("5,64,512\n");
  EXPECT_EQ(none.code, 2) << none.out;
  EXPECT_TRUE(none.err_has("3 blocks share k: needs at least 768")) << none.err;
}

TEST_F(CliGpuTest, CheckOfEveryVariant) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  for (const auto& [op, shape] :
       {std::pair{"gemm_blockscale", "m=1 n=64 k=128"},
        {"gemm_blockscale", "m=67 n=200 k=1024"},
        // padded rows of scales that copies of four take, and k that no copy takes
        {"gemm_mxfp8", "m=17 n=65 k=384"},
        {"gemm_mxfp8", "m=3 n=33 k=160"},
        {"gemm_batched", "m=3 n=17 k=96 batch=2"}}) {
    const Outcome outcome = octet({"check", op, "--device", "cuda", "--shapes", shape}, {kStandIn});
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_TRUE(outcome.out_has(" 0 failures")) << outcome.out;
  }
}

TEST_F(CliGpuTest, BenchReportsTheClockOfTheDevice) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  const Outcome outcome = octet({"bench", "gemm_blockscale", "--device", "cuda", "--shapes",
                                 shapes(), "--variants", "sm90_simple", "--budget-ms", "1"},
                                {kStandIn});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out_has(" 50.0 ")) << outcome.out;
}

TEST_F(CliGpuTest, ResultsNoteClockAndPowerWhereTheyAreKnown) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  Json environment;
  const auto row = [&](const std::string& nvml) {
    const Outcome outcome =
        octet({"bench", "gemm_blockscale", "--device", "cuda", "--shapes", shapes(), "--variants",
               "sm90_simple", "--budget-ms", "1", "--out", folder_.file("r.jsonl")},
              {kStandIn, "OCTET_NVML=" + nvml});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto lines = read_json_lines(folder_.file("r.jsonl")).value();
    environment = lines[0].object;
    return lines[1].object;
  };
  const Json known = row(build_paths::kStandInCuda);
  EXPECT_EQ(known["clock_mhz"], 1755);
  EXPECT_EQ(known["power_w"], 612.5);
  EXPECT_EQ(environment["driver"], "570.86.15");
  EXPECT_EQ(environment["clock_max_mhz"], 1980);
  EXPECT_FALSE(row("/no/such/libnvidia-ml.so").contains("clock_mhz"));
}

TEST_F(CliGpuTest, BenchRunsASuite) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  const std::string suite = folder_.file("suite.csv"), out = folder_.file("r.jsonl");
  ASSERT_TRUE(write_file(suite,
                         "op,format,shapes,m\ngemm_blockscale,,m=1 n=64 k=128,\n"
                         "gemm_mxfp8,,m=1 n=64 k=128,\ngemm_blockscale,,m=2147483647 n=2147483647 "
                         "k=128,\n")
                  .ok());
  const Outcome outcome = octet({"bench", "--suite", suite, "--device", "cuda", "--no-check",
                                 "--budget-ms", "1", "--out", out},
                                {kStandIn});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.err_has("suite.csv:4: skipped gemm_blockscale m=2147483647")) << outcome.err;
  const auto lines = read_json_lines(out).value();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1].object["repetitions"].size(), 3u);
  EXPECT_EQ(lines[2].object["op"], "gemm_mxfp8");
}

TEST_F(CliGpuTest, ATunedRowOfAnH200IsSaidToBeThatOnAnH100) {
  const std::string table = folder_.file("h200.csv");
  ASSERT_TRUE(write_file(table,
                         "arch,cu_num,format,m,n,k,variant,us,source,device\n"
                         "sm90,132,e4m3fn,1,64,512,sm90_simple,9,s,h200\n")
                  .ok());
  const auto card = [](const std::string& fault) {
    return octet({"info", "--json"}, {kStandIn, "OCTET_STAND_IN_FAULT=" + fault})
        .json()["devices"][1];
  };
  const Json h200 = card(""), h100 = card("h100");
  EXPECT_EQ(h100["cu_num"], h200["cu_num"]) << "one key";
  const auto plan = [&](const Json& device) {
    return octet({"explain", "gemm_blockscale", "m=1", "n=64", "k=512", "--tables", table,
                  "--device", device["name"], "--json"})
        .json();
  };
  EXPECT_EQ(plan(h200)["why"], "tuned:exact");
  EXPECT_EQ(plan(h200)["note"], "");
  EXPECT_EQ(plan(h100)["variant"], "sm90_simple");
  EXPECT_EQ(plan(h100)["why"], "tuned:exact device=h200");
  EXPECT_EQ(plan(h100)["note"],
            "its row was measured on h200; octet tune --pretune on h100 replaces it");
  const auto checked = [&](const Json& device) {
    return octet({"db", "check", table, "--device", device["name"]});
  };
  EXPECT_FALSE(checked(h200).out_has("measured on"));
  EXPECT_TRUE(checked(h100).out_has("         1  of those reached were measured on h200\n"))
      << checked(h100).out;
}

class TuneGpuTest : public CliGpuTest {
 protected:
  Outcome tune(const Words& environment) {
    Words all{kStandIn, "OCTET_STAND_IN_FAST=octet_sm90_wgmma_swap_16x64_g2"};
    all.insert(all.end(), environment.begin(), environment.end());
    return octet({"tune", "--device", "cuda", "--shapes", shapes(), "--budget", "2s", "--out",
                  folder_.file("tuned.csv"), "--json"},
                 all);
  }
};

TEST_F(TuneGpuTest, TheWinnerIsRecorded) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  const Outcome outcome = tune({});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json record = outcome.json()["records"][0];
  EXPECT_TRUE(record["winner"].get<std::string>().starts_with("sm90_wgmma_swap_16x64x128_g2"));
  EXPECT_EQ(record["failed"].size(), 0u);
  const std::string table = read_file(folder_.file("tuned.csv")).value();
  EXPECT_NE(table.find(record["winner"].get<std::string>()), std::string::npos) << table;
  EXPECT_EQ(octet({"db", "check", folder_.file("tuned.csv")}).code, 0);
}

/// A sticky error breaks the context: the worker ends itself, and the parent starts another.
TEST_F(TuneGpuTest, ATableOfAnotherDeviceGetsRowsOfThisOneInItsOwnFormat) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  const std::string table = folder_.file("other.csv");
  const std::string header = "arch,cu_num,format,m,n,k,variant,us,source,device\n";
  const std::string other = "gfx942,304,e4m3fnuz,1,64,512,gfx942_mfma_16x64x256_v1,9,s,mi300x\n";
  ASSERT_TRUE(write_file(table, header + other).ok());
  const Outcome outcome =
      octet({"tune", "--pretune", table, "--device", "cuda", "--budget", "2s"}, {kStandIn});
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  const std::string after = read_file(table).value();
  EXPECT_TRUE(after.starts_with(header + other + "sm90,132,e4m3fn,1,64,512,sm90_")) << after;
}

TEST_F(TuneGpuTest, OnAnH100PretuneReplacesARowOfAnH200) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  const std::string table = folder_.file("table.csv");
  const Words pretune{"tune",     "--pretune", table,      "--device", "cuda",
                      "--budget", "2s",        "--resume", "--json"};
  const std::string header = "arch,cu_num,format,m,n,k,variant,us,source,device\n";
  ASSERT_TRUE(
      write_file(table, header + "sm90,132,e4m3fn,1,64,512,sm90_simple,0.01,s,h200\n").ok());
  for (const int part : {1, 2}) {  // the second has it from the journal
    const Outcome outcome = octet(pretune, {kStandIn, "OCTET_STAND_IN_FAULT=h100"});
    ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
    EXPECT_EQ(outcome.json()[0]["replaced"], 1) << outcome.out;
    EXPECT_EQ(outcome.json()[0]["measured"], part == 1 ? 1 : 0) << outcome.out;
    const std::string after = read_file(table).value();
    EXPECT_TRUE(after.starts_with(header + "sm90,132,e4m3fn,1,64,512,sm90_")) << after;
    EXPECT_TRUE(after.ends_with(",h100\n")) << after;
  }
}

TEST_F(TuneGpuTest, AFaultCostsAChildAndNotTheRun) {
  if (!built()) GTEST_SKIP() << "this build has no sm90 kernels";
  const Outcome outcome = tune({"OCTET_STAND_IN_FAULT=sticky:octet_sm90_wgmma_swap_8x64_g2"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json record = outcome.json()["records"][0];
  EXPECT_TRUE(record["winner"].get<std::string>().starts_with("sm90_wgmma_swap_16x64x128_g2"));
  ASSERT_EQ(record["failed"].size(), 2u) << "of splits 1 and 2, and of no other kernel";
  for (const Json& failed : record["failed"]) {
    EXPECT_TRUE(failed["variant"].get<std::string>().starts_with("sm90_wgmma_swap_8x64x128_g2"));
  }
}

}  // namespace
}  // namespace octet
