// Tables of OCTET_TABLES that are bad in some way stop no call and are told of.
#include <gtest/gtest.h>

#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Words;

Words explain() { return {"explain", "gemm_blockscale", "m=4", "n=256", "k=256", "--json"}; }

TEST(CliTables, BadTablesStopNoCallAndAreReported) {
  const TemporaryFolder folder;
  const std::string bad = folder.file("bad.csv"), good = folder.file("good.csv");
  const std::string header = "arch,cu_num,format,m,n,k,variant,us,source\n";
  ASSERT_TRUE(write_file(bad, header + "generic,2,e4m3fn,4,256,256,kernel_of_yore,1,x\n").ok());
  ASSERT_TRUE(write_file(good, header + "generic,2,e4m3fn,4,256,256,generic_ref,1,x\n").ok());
  const std::string missing = folder.file("missing.csv");
  const Words environment{"OCTET_TABLES=" + bad + ":" + missing + ":" + good + ":/dev/null",
                          "OCTET_CPU_ARCH=generic", "OCTET_THREADS=2"};
  const Outcome plan = octet(explain(), environment);
  ASSERT_EQ(plan.code, 0) << plan.err;
  EXPECT_EQ(plan.json()["variant"], "generic_ref") << "the good table counts";
  EXPECT_EQ(plan.json()["why"], "tuned:exact");
  const Json problems = octet({"info", "--json"}, environment).json()["table_problems"];
  ASSERT_EQ(problems.size(), 3u) << problems.dump();
  EXPECT_TRUE(problems[0].get<std::string>().starts_with(bad + ":2: variant: unknown kernel"));
  EXPECT_EQ(problems[1], missing + ": No such file or directory");
  EXPECT_EQ(problems[2], "/dev/null:1: empty: no header line");
}

TEST(CliTables, ARowWhoseKernelCannotRunItsShapeStopsNoCallAndIsToldOf) {
  const TemporaryFolder folder;
  const std::string path = folder.file("t.csv");
  const std::string header = "arch,cu_num,format,m,n,k,variant,us,source\n";
  // m is that of the calls below, and the kernel takes 8 at most; the second row is fine.
  const std::string bad = "x86_avx512,2,e4m3fn,108,256,256,x86_avx512_gemv_8x4x128,1,x\n";
  ASSERT_TRUE(write_file(path, header + bad).ok());
  const Words words{"explain", "gemm_blockscale", "m=108",      "n=256",
                    "k=256",   "--device",        "x86_avx512", "--json"};
  const Outcome without = octet(words), with = octet(words, {"OCTET_TABLES=" + path});
  ASSERT_EQ(with.code, 0) << with.err;
  EXPECT_EQ(with.json()["variant"], without.json()["variant"]) << "as if the row were not there";
  EXPECT_EQ(with.json()["why"], without.json()["why"]);
  EXPECT_TRUE(with.out_has("m = 108, at most 8 tokens share a pass")) << with.out;
  const Outcome check = octet({"db", "check", path, "--device", "x86_avx512"});
  EXPECT_TRUE(check.out_has("1  m = 108, at most 8 tokens share a pass")) << check.out;
  const Json layers = octet({"info", "--json"}, {"OCTET_TABLES=" + path}).json()["table_layers"];
  ASSERT_EQ(layers.size(), 2u) << layers.dump();
  EXPECT_EQ(layers[1], (Json{{"name", path}, {"rows", 1}, {"replaced", 0}}));
}

TEST(CliTables, RepeatedKeysAreToldOfAndStopNoCall) {
  const TemporaryFolder folder;
  const std::string first = folder.file("a.csv"), second = folder.file("b.csv");
  const std::string header = "arch,cu_num,format,m,n,k,variant,us,source\n";
  const std::string key = "generic,2,e4m3fn,4,256,256,";
  ASSERT_TRUE(write_file(first, header + key + "generic_fast_r16,1,x\n").ok());
  ASSERT_TRUE(
      write_file(second, header + key + "generic_fast_r16,9,x\n" + key + "generic_ref,3,x\n").ok());
  const Words environment{"OCTET_TABLES=" + first + ":" + second, "OCTET_CPU_ARCH=generic",
                          "OCTET_THREADS=2"};
  const Outcome plan = octet(explain(), environment);
  ASSERT_EQ(plan.code, 0) << plan.err;
  EXPECT_EQ(plan.json()["variant"], "generic_ref") << "the last layer, and its lowest time";
  const Json info = octet({"info", "--json"}, environment).json();
  ASSERT_EQ(info["table_problems"].size(), 1u) << info["table_problems"].dump();
  EXPECT_EQ(info["table_problems"][0], second +
                                           ":2: generic 2 m=4 n=256 k=256 format=e4m3fn is in " +
                                           second + ":3 too, whose 3 us serve, not 9");
  EXPECT_EQ(info["table_layers"][2], (Json{{"name", second}, {"rows", 1}, {"replaced", 1}}));
}

}  // namespace
}  // namespace octet
