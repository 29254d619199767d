#include "src/harness/tables/table_check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "src/core/text.h"
#include "tests/select/toy_op.h"

namespace octet::harness {
namespace {

constexpr const char* kHeader = "arch,cu_num,format,m,n,k,variant,us,source\n";

class TableCheckTest : public testing::Test {
 protected:
  std::string write(const std::string& rows, const std::string& header = kHeader) {
    const std::string path = testing::TempDir() + "/octet_table_check_" +
                             testing::UnitTest::GetInstance()->current_test_info()->name() + ".csv";
    EXPECT_TRUE(write_file(path, header + rows).ok());
    paths_.push_back(path);
    return path;
  }
  void TearDown() override {
    for (const std::string& path : paths_) std::filesystem::remove(path);
  }

  static std::map<std::string, int64_t> reasons(const TableCheck& check) {
    std::map<std::string, int64_t> map;
    for (const ReasonCount& entry : check.unreachable) map[entry.reason] = entry.rows;
    return map;
  }

  std::vector<std::string> paths_;
};

Device profile(const char* name) { return device_profile(name).value(); }

TEST_F(TableCheckTest, CountsWhatADeviceReachesAndWhyNotTheRest) {
  const std::string path = write(
      "gfx942,304,e4m3fnuz,64,5120,5120,gfx942_mfma_64x128x128_v3,20,s\n"
      "gfx942,304,e4m3fnuz_packed,64,5120,640,gfx942_mfma_64x64x256_v1,20,s\n"
      "gfx942,304,e4m3fnuz_f16,64,5120,5120,gfx942_mfma_64x128x128_v3,20,s\n"
      "gfx942,304,e4m3fn,64,5120,5120,gfx942_mfma_64x128x128_v3,20,s\n"
      "gfx942,80,e4m3fnuz,128,5120,5120,gfx942_mfma_64x128x128_v3,70,s\n"
      "gfx942,80,e4m3fnuz,64,5120,5120,gfx942_mfma_64x128x128_v3,50,s\n"
      "gfx942,20,e4m3fnuz,64,5120,5120,gfx942_mfma_64x128x128_v3,99,s\n"
      "gfx950,256,e4m3fn,64,5120,5120,gfx942_mfma_64x128x128_v3,9,s\n"
      "gfx950,256,e4m3fn,96,5120,5120,gfx942_mfma_64x128x128_v3,9,s\n");
  const auto check = check_table(path, profile("mi300x"), false);
  ASSERT_TRUE(check.ok()) << check.status().message();
  EXPECT_EQ(check->op, "gemm_blockscale");
  EXPECT_EQ(check->device, "mi300x");
  EXPECT_EQ(check->rows, 9);
  EXPECT_EQ(check->reachable, 1);
  EXPECT_EQ(check->hints, 1);
  EXPECT_TRUE(check->fine());
  const std::map<std::string, int64_t> expected{
      {"arch gfx950, the device is gfx942", 2},
      {"reads row-major b, b is packed", 1},
      {"format e4m3fnuz_f16: its calls look up e4m3fnuz", 1},
      {"gfx942 multiplies e4m3fnuz only", 1},
      {"a row of cu_num 304 answers first", 1},
      {"cu_num 20, the device has 304 and takes hints from 80", 1},
  };
  EXPECT_EQ(reasons(*check), expected);
  EXPECT_EQ(check->unreachable[0].reason, "arch gfx950, the device is gfx942") << "most rows first";
}

TEST_F(TableCheckTest, CountsReachedRowsOfAnotherDeviceOfTheSameKey) {
  const std::string path = write(
      "sm90,132,e4m3fn,1,256,512,sm90_simple,2,s,h200\n"
      "sm90,132,e4m3fn,2,256,512,sm90_simple,2,s,h100\n"
      "sm90,132,e4m3fn,4,256,512,sm90_simple,2,s,h200\n"
      "sm90,132,e4m3fn,8,256,512,sm90_simple,2,s,\n",
      "arch,cu_num,format,m,n,k,variant,us,source,device\n");
  for (const auto& [name, other, rows] :
       {std::tuple("h100", "h200", 2), std::tuple("h200", "h100", 1)}) {
    const auto check = check_table(path, profile(name), false);
    ASSERT_TRUE(check.ok()) << check.status().message();
    EXPECT_EQ(check->reachable, 4) << name;
    ASSERT_EQ(check->elsewhere.size(), 1u) << name;
    EXPECT_EQ(check->elsewhere[0].reason, other);
    EXPECT_EQ(check->elsewhere[0].rows, rows);
  }
}

TEST_F(TableCheckTest, NearestCuNumServesAsHint) {
  const std::string path =
      write("gfx942,304,e4m3fnuz,64,5120,5120,gfx942_mfma_64x128x128_v3,20,s\n");
  const auto check = check_table(path, profile("mi308x"), false);
  ASSERT_TRUE(check.ok());
  EXPECT_EQ(check->reachable, 0);
  EXPECT_EQ(check->hints, 1);
}

TEST_F(TableCheckTest, KernelsThatThisBuildLacks) {
  namespace toy = select::toy;
  const select::TunedTable table{
      &toy::op(), {toy::row(64, 8, 256, "unbuilt"), toy::row(4, 8, 256, "small")}, {}};
  const TableCheck here = check_table(table, profile("mi300x"), true);
  EXPECT_EQ(here.reachable, 1);
  EXPECT_EQ(reasons(here).at("not in this build"), 1);
  EXPECT_EQ(check_table(table, profile("mi300x"), false).reachable, 2) << "in a full build";
}

TEST_F(TableCheckTest, BadRowsNameFileAndLine) {
  const std::string path = write(
      "gfx942,304,e4m3fnuz,64,5120,5120,gfx942_mfma_64x128x128_v3,20,s\n"
      "gfx942,304,e4m3fnuz,65,5120,5120,gfx942_mfma_9x9x9_v3,20,s\n"
      "gfx942,304,e4m3fnuz,66,5120,5120,gfx942_mfma_64x128x128_v3,nan,s\n");
  const auto check = check_table(path, profile("mi300x"), false);
  ASSERT_TRUE(check.ok());
  EXPECT_FALSE(check->fine());
  EXPECT_EQ(check->rows, 3);
  EXPECT_EQ(check->reachable, 1);
  ASSERT_EQ(check->bad.size(), 2u);
  EXPECT_TRUE(check->bad[0].starts_with(path + ":3: ")) << check->bad[0];
  EXPECT_NE(check->bad[0].find("gfx942_mfma_9x9x9_v3"), std::string::npos);
  EXPECT_TRUE(check->bad[1].starts_with(path + ":4: ")) << check->bad[1];
  EXPECT_NE(check->bad[1].find("nan"), std::string::npos);
}

TEST_F(TableCheckTest, WhatIsNoTableIsCorruptData) {
  const Device device = profile("mi300x");
  EXPECT_EQ(check_table(write("", ""), device, false).status().code(), StatusCode::kCorruptData);
  EXPECT_EQ(check_table(write("1,2\n", "a,b\n"), device, false).status().code(),
            StatusCode::kCorruptData);
  const std::string extra = "arch,cu_num,format,m,n,k,variant,us,source,color\n";
  const auto unknown = check_table(write("", extra), device, false);
  EXPECT_EQ(unknown.status().code(), StatusCode::kCorruptData);
  EXPECT_NE(unknown.status().message().find("color"), std::string::npos);
  EXPECT_EQ(check_table("/nonexistent/x.csv", device, false).status().code(), StatusCode::kIo);
}

TEST_F(TableCheckTest, ATableWithoutRowsIsFine) {
  const auto check = check_table(write(""), profile("mi300x"), false);
  ASSERT_TRUE(check.ok());
  EXPECT_EQ(check->rows, 0);
  EXPECT_TRUE(check->fine());
}

}  // namespace
}  // namespace octet::harness
