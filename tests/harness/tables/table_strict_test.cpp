// Each kind of row that must not be shipped, alone among good ones.
#include "src/harness/tables/table_strict.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/temporary_folder.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

constexpr const char* kHeader = "arch,cu_num,format,m,n,k,variant,us,source\n";
constexpr const char* kGood =
    "gfx942,304,e4m3fnuz,64,5120,5120,gfx942_mfma_64x128x128_v3,20,s\n"
    "generic,2,e4m3fn,4,256,256,generic_ref,1.5,s\n";
constexpr const char* kCostHeader =
    "arch,variant,fixed_us,us_per_mb_b,us_per_gflop,us_per_mb_a,us_per_mb_d,samples,error\n";
constexpr const char* kGoodCost = "generic,generic_fast_r16,0,110,22000,3600,0,12,1.1\n";

class TableStrictTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) {
    const std::filesystem::path path = folder_.file(name);
    std::filesystem::create_directories(path.parent_path());
    EXPECT_TRUE(write_file(path.string(), content).ok());
    return path.string();
  }
  StrictCheck check(const std::vector<std::string>& paths) { return check_strictly(paths); }
  /// The one fault of a file whose line 4 is `row` and whose others are good.
  std::string fault_of(const std::string& row) { return only(kHeader + (kGood + row) + "\n"); }
  std::string cost_fault_of(const std::string& row) {
    return only(kCostHeader + (kGoodCost + row) + "\n", "cost/gemm_blockscale/cpu.csv");
  }
  std::string only(const std::string& content, const std::string& name = "t.csv") {
    const std::string path = write(name, content);
    const StrictCheck found = check({path});
    EXPECT_EQ(found.faults.size(), 1u) << content;
    if (found.faults.size() != 1) return "";
    EXPECT_TRUE(found.faults[0].starts_with(path)) << found.faults[0];
    return found.faults[0].substr(path.size());
  }
  testing_files::TemporaryFolder folder_;
};

TEST_F(TableStrictTest, WhatIsShippedCanServe) {
  const std::string data = OCTET_SOURCE_DIR "/data/";
  const StrictCheck shipped = check({data + "tuned", data + "cost"});
  EXPECT_EQ(shipped.faults, std::vector<std::string>());
  EXPECT_GE(shipped.tuned_files, 3);
  EXPECT_GE(shipped.tuned_rows, 2549);
  EXPECT_GE(shipped.cost_files, 8);
  EXPECT_GE(shipped.cost_rows, 297);
}

TEST_F(TableStrictTest, RowsOfArchesThatThisBuildDoesNotCompileAreJudgedLikeOthers) {
  const StrictCheck good = check({write("t.csv", std::string(kHeader) + kGood)});
  EXPECT_EQ(good.faults, std::vector<std::string>());
  EXPECT_EQ(good.tuned_rows, 2);
}

TEST_F(TableStrictTest, EachKindOfBadTunedRow) {
  const std::pair<std::string, std::string> kCases[] = {
      {"gfx942,304,e4m3fnuz,65,5120,5120,gfx942_mfma_9x9x9_v3,20,s",
       ":4: variant: unknown kernel 'gfx942_mfma_9x9x9_v3'"},
      {"gfx943,304,e4m3fnuz,65,5120,5120,gfx942_mfma_64x128x128_v3,20,s",
       ":4: unknown arch 'gfx943'"},
      {"gfx942,304,e4m3fnuz,65,5120,100,gfx942_mfma_64x128x128_v3,20,s",
       ":4: gemm_blockscale: k = 100"},
      {"gfx942,304,e4m3fnuz,65,5120,5120,gfx942_mfma_64x128x128_v3,nan,s", ":4: us: 'nan'"},
      {"gfx942,304,e4m3fn,65,5120,5120,gfx942_mfma_64x128x128_v3,20,s",
       ":4: variant 'gfx942_mfma_64x128x128_v3' cannot run gfx942 304 m=65 n=5120 k=5120 "
       "format=e4m3fn: gfx942 multiplies e4m3fnuz only"},
      {"x86_avx512,2,e4m3fn,108,256,256,x86_avx512_gemv_8x4x128,20,s",
       ":4: variant 'x86_avx512_gemv_8x4x128' cannot run x86_avx512 2 m=108 n=256 k=256 "
       "format=e4m3fn: m = 108, at most 8 tokens share a pass"},
      {"x86_avx2,2,e4m3fn,1,256,256,x86_avx512_gemv_8x4x128,20,s",
       ":4: variant 'x86_avx512_gemv_8x4x128' cannot run x86_avx2 2 m=1"},
      {"gfx942,304,e4m3fnuz_f16,65,5120,5120,gfx942_mfma_64x128x128_v3,20,s",
       ":4: format e4m3fnuz_f16: its calls look up e4m3fnuz"},
      {"gfx942,304,e4m3fnuz,64,5120,5120,gfx942_mfma_128x128x128_v3,21,s",
       ":4: gfx942 304 m=64 n=5120 k=5120 format=e4m3fnuz is in "},
  };
  for (const auto& [row, start] : kCases) {
    const std::string fault = fault_of(row);
    EXPECT_TRUE(fault.starts_with(start)) << fault;
  }
}

TEST_F(TableStrictTest, AKeyOfTwoFilesIsAFaultAndTheLowerTimeServes) {
  const std::string slow = write("a.csv", std::string(kHeader) + kGood);
  const std::string fast =
      write("b.csv", std::string(kHeader) + "generic,2,e4m3fn,4,256,256,generic_fast_r16,1.25,s\n");
  const std::string line = slow + ":3: generic 2 m=4 n=256 k=256 format=e4m3fn is in " + fast +
                           ":2 too, whose 1.25 us serve, not 1.5";
  EXPECT_EQ(check({slow, fast}).faults, std::vector<std::string>{line});
  EXPECT_EQ(check({fast, slow}).faults, std::vector<std::string>{line});
  EXPECT_EQ(check({folder_.path()}).faults, std::vector<std::string>{line}) << "every file of it";
  EXPECT_TRUE(check({slow, slow}).faults.empty()) << "one file is no duplicate of itself";
}

TEST_F(TableStrictTest, EachKindOfBadCostRow) {
  const std::pair<std::string, std::string> kCases[] = {
      {"generic,kernel_of_yore,0,1,1,1,1,4,1", ":3: variant: unknown kernel 'kernel_of_yore'"},
      {"vax,generic_ref,0,1,1,1,1,4,1", ":3: unknown arch 'vax'"},
      {"generic,generic_ref,0,-1,1,1,1,4,1", ":3: us_per_mb_b: -1"},
      {"generic,gfx942_mfma_64x128x128_v3,0,1,1,1,1,4,1",
       ":3: variant: 'gfx942_mfma_64x128x128_v3' needs gfx942, the row is of generic"},
      {"generic,generic_fast_r16,0,1,1,1,1,4,1", ":3: generic generic_fast_r16 occurs before"},
  };
  for (const auto& [row, start] : kCases) {
    const std::string fault = cost_fault_of(row);
    EXPECT_TRUE(fault.starts_with(start)) << fault;
  }
  const std::string other = "cost/gemm_blockscale/cpu.csv";
  EXPECT_TRUE(only("arch,variant,fixed_us\n", other).starts_with(":1: the columns must be"));
  EXPECT_TRUE(only(kCostHeader, "cost/gemm_blokscale/cpu.csv")
                  .starts_with(": its folder: unknown op 'gemm_blokscale'"));
}

TEST_F(TableStrictTest, ACostRowOfTwoFiles) {
  const std::string content = std::string(kCostHeader) + kGoodCost;
  const std::string a = write("gemm_blockscale/a.csv", content);
  const std::string b = write("gemm_blockscale/b.csv", content);
  const std::string other = write("gemm_mxfp8/a.csv", content);
  EXPECT_EQ(check({folder_.path()}).faults,
            std::vector<std::string>{b + ":2: gemm_blockscale generic generic_fast_r16 is in " + a +
                                     ":2 too"})
      << "not in " << other << ", of another op";
}

TEST_F(TableStrictTest, FilesThatAreNoTables) {
  EXPECT_EQ(only("", "e.csv"), ":1: empty: no header line");
  EXPECT_TRUE(only("a,b\n1,2\n").starts_with(":1: the columns are those of no op's tuned table"));
  EXPECT_EQ(only(std::string(kHeader) + kGood, "gemm_mxfp8/t.csv"),
            ":1: a table of gemm_blockscale in the folder of gemm_mxfp8");
  const testing_files::TemporaryFolder empty;
  EXPECT_EQ(check({empty.path()}).faults, std::vector<std::string>{"no table at all"});
  EXPECT_EQ(check({empty.file("none.csv")}).faults,
            std::vector<std::string>{empty.file("none.csv") + ": No such file or directory"});
}

}  // namespace
}  // namespace octet::harness
