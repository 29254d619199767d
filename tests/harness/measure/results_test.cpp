// Results files: the contract round trip, and one refusal for each way in which a file can be bad.
#include "src/harness/measure/results.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "src/core/text.h"

namespace octet::harness {
namespace {

const char* const kEnvironment =
    R"({"schema":1,"env":"e1","device":"NVIDIA H200","compiler":"g++"})";

// Written by hand from the contract of the design, not by to_json.
const char* const kRow =
    R"({"schema":1,"op":"gemm_blockscale","format":"e4m3fn","device":"NVIDIA H200","arch":"sm90",)"
    R"("cu_num":132,"problem":{"m":64,"n":5120,"k":4096},"variant":"sm90_wgmma_64x128x128_s4",)"
    R"("why":"tuned:exact","us":10.0,"us_min":9.5,"us_max":12.5,"us_q1":9.75,"us_q3":10.5,)"
    R"("samples":41,"stable":true,"bytes":20000000,"flops":4000000000,"gbps":2000,"tflops":400,)"
    R"("floor_us":5.0,"policy":"cold","error":0.25,"peers":{"deepgemm":12.0},"commit":"9797fba",)"
    R"("time":"2026-11-23T18:05:58Z","env":"e1"})";

class ResultsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::path(::testing::TempDir()) / (std::string("results_") + info->name());
    std::filesystem::create_directories(folder_);
    path_ = (folder_ / "r.jsonl").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<Results> read(const std::string& text) {
    EXPECT_TRUE(write_file(path_, text).ok());
    return read_results(path_);
  }

  /// Reads a good file whose second measurement (line 3) is `row`; gives the message.
  std::string message_for(const std::string& row) {
    const auto results = read(std::string(kEnvironment) + "\n" + kRow + "\n" + row + "\n");
    EXPECT_FALSE(results.ok()) << row;
    EXPECT_EQ(results.status().code(), StatusCode::kCorruptData);
    EXPECT_NE(results.status().message().find(path_ + ":3: "), std::string::npos)
        << results.status().message();
    return results.status().message();
  }

  std::filesystem::path folder_;
  std::string path_;
};

/// kRow with `from` replaced by `to`.
std::string row_with(const std::string& from, const std::string& to) {
  std::string row = kRow;
  const size_t at = row.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return row.replace(at, from.size(), to);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(ResultsTest, ReadsEveryFieldOfTheContract) {
  const auto results = read(std::string(kEnvironment) + "\n" + kRow + "\n");
  ASSERT_TRUE(results.ok()) << results.status().message();
  EXPECT_EQ(results->path, path_);
  EXPECT_EQ(results->environment["compiler"], "g++");
  ASSERT_EQ(results->rows.size(), 1u);
  const Measurement& row = results->rows[0];
  EXPECT_EQ(row.op, "gemm_blockscale");
  EXPECT_EQ(row.format, "e4m3fn");
  EXPECT_EQ(row.device, "NVIDIA H200");
  EXPECT_EQ(row.arch, "sm90");
  EXPECT_EQ(row.cu_num, 132);
  EXPECT_EQ(row.shape(), "m=64 n=5120 k=4096");
  EXPECT_EQ(row.field("k"), 4096);
  EXPECT_EQ(row.field("batch"), 0);
  EXPECT_EQ(row.variant, "sm90_wgmma_64x128x128_s4");
  EXPECT_EQ(row.why, "tuned:exact");
  EXPECT_EQ(row.us, 10.0);
  EXPECT_EQ(row.us_min, 9.5);
  EXPECT_EQ(row.us_q1, 9.75);
  EXPECT_EQ(row.us_q3, 10.5);
  EXPECT_EQ(row.us_max, 12.5);
  EXPECT_EQ(row.samples, 41);
  EXPECT_TRUE(row.stable);
  EXPECT_EQ(row.floor_us, 5.0);
  EXPECT_EQ(row.policy, "cold");
  EXPECT_EQ(row.error, 0.25);
  EXPECT_EQ(row.peers.at("deepgemm"), 12.0);
  EXPECT_EQ(row.commit, "9797fba");
  EXPECT_EQ(row.time, "2026-11-23T18:05:58Z");
  EXPECT_EQ(row.env, "e1");
  EXPECT_DOUBLE_EQ(row.gbps(), 2000);   // 20 MB in 10 us
  EXPECT_DOUBLE_EQ(row.tflops(), 400);  // 4 GFLOP in 10 us
}

TEST_F(ResultsTest, WritesTheContractBack) {
  const auto results = read(std::string(kEnvironment) + "\n" + kRow + "\n");
  ASSERT_TRUE(results.ok());
  const Json expected = parse_json(kRow, "kRow").value();
  const Json written = to_json(results->rows[0]);
  ASSERT_EQ(written.size(), expected.size());
  for (const auto& [key, value] : expected.items()) EXPECT_EQ(written.at(key), value) << key;
  ASSERT_TRUE(write_results(path_, *results).ok());
  const auto again = read_results(path_);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(to_json(again->rows[0]), written);
  EXPECT_EQ(again->environment, results->environment);
}

TEST_F(ResultsTest, AFileWithoutMeasurementsIsLegal) {
  const auto results = read(std::string(kEnvironment) + "\n");
  ASSERT_TRUE(results.ok());
  EXPECT_TRUE(results->rows.empty());
}

TEST_F(ResultsTest, UnknownKeysAreIgnoredAndDerivedOnesMayBeAbsent) {
  const std::string row = row_with(R"("gbps":2000,"tflops":400,)", R"("color":"red",)");
  EXPECT_TRUE(read(std::string(kEnvironment) + "\n" + row + "\n").ok());
}

TEST_F(ResultsTest, EmptyAndAbsentFiles) {
  EXPECT_EQ(read_results(path_ + ".none").status().code(), StatusCode::kIo);
  const auto empty = read("");
  EXPECT_EQ(empty.status().code(), StatusCode::kCorruptData);
  EXPECT_EQ(empty.status().message(), path_ + ":1: empty: no environment line");
}

TEST_F(ResultsTest, TheEnvironmentMustComeFirst) {
  const auto results = read(std::string(kRow) + "\n");
  EXPECT_EQ(results.status().code(), StatusCode::kCorruptData);
  EXPECT_TRUE(contains(results.status().message(), path_ + ":1: ")) << results.status().message();
  EXPECT_TRUE(contains(results.status().message(), "environment"));
}

TEST_F(ResultsTest, ANewerSchemaIsRefused) {
  const auto results = read(R"({"schema":2,"env":"e1"})"
                            "\n");
  EXPECT_EQ(results.status().message(), path_ + ":1: 'schema' is 2, this program reads 1");
  EXPECT_TRUE(contains(message_for(row_with(R"("schema":1)", R"("schema":7)")), "'schema' is 7"));
}

TEST_F(ResultsTest, TruncatedLine) { message_for(std::string(kRow).substr(0, 200)); }

TEST_F(ResultsTest, MissingKeysAreNamed) {
  EXPECT_TRUE(contains(message_for(row_with(R"("us":10.0,)", "")), "no 'us'"));
  EXPECT_TRUE(contains(message_for(row_with(R"("policy":"cold",)", "")), "no 'policy'"));
  EXPECT_TRUE(contains(message_for(row_with(R"("schema":1,)", "")), "no 'schema'"));
  EXPECT_TRUE(contains(message_for(R"({"schema":1})"), "no 'op'"));
}

TEST_F(ResultsTest, WrongTypesAreQuoted) {
  EXPECT_TRUE(contains(message_for(row_with(R"("us":10.0)", R"("us":"10")")),
                       R"('us' is "10", not a number)"));
  EXPECT_TRUE(
      contains(message_for(row_with(R"("stable":true)", R"("stable":1)")), "'stable' is 1"));
  EXPECT_TRUE(contains(message_for(row_with(R"("m":64)", R"("m":64.5)")), "'problem.m' is 64.5"));
  EXPECT_TRUE(contains(message_for(row_with(R"("m":64)", R"("m":-1)")), "'problem.m' is -1"));
  EXPECT_TRUE(contains(message_for(row_with(R"({"m":64,"n":5120,"k":4096})", "{}")), "'problem'"));
  EXPECT_TRUE(
      contains(message_for(row_with(R"({"m":64,"n":5120,"k":4096})", "[64]")), "'problem'"));
  EXPECT_TRUE(
      contains(message_for(row_with(R"("samples":41)", R"("samples":0)")), "'samples' is 0"));
  EXPECT_TRUE(contains(message_for(row_with(R"("cu_num":132)", R"("cu_num":1.5)")), "'cu_num'"));
}

TEST_F(ResultsTest, TimesMustBePositiveAndFinite) {
  for (const char* bad : {"0", "-3.5", "null"}) {
    const std::string message =
        message_for(row_with(R"("us":10.0)", std::string(R"("us":)") + bad));
    EXPECT_TRUE(contains(message, std::string("'us' is ") + bad)) << message;
  }
  message_for(row_with(R"("us":10.0)", R"("us":NaN)"));
  EXPECT_TRUE(contains(message_for(row_with(R"("us_min":9.5)", R"("us_min":0)")), "'us_min' is 0"));
  EXPECT_TRUE(contains(message_for(row_with(R"("deepgemm":12.0)", R"("deepgemm":-1)")),
                       "'peers.deepgemm' is -1"));
  EXPECT_TRUE(
      contains(message_for(row_with(R"("bytes":20000000)", R"("bytes":-1)")), "'bytes' is -1"));
}

TEST_F(ResultsTest, QuartilesOutOfOrder) {
  EXPECT_TRUE(contains(message_for(row_with(R"("us_q1":9.75)", R"("us_q1":11)")), "out of order"));
}

TEST_F(ResultsTest, AnErrorThatIsNotFiniteSurvivesAsWrong) {
  auto results = read(std::string(kEnvironment) + "\n" + kRow + "\n");
  ASSERT_TRUE(results.ok());
  results->rows[0].error = std::nan("");
  ASSERT_TRUE(write_results(path_, *results).ok());
  const auto again = read_results(path_);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_FALSE(again->rows[0].correct());
}

TEST(Better, RightThenFastThenName) {
  Measurement slow, fast, wrong;
  slow.us = 3, slow.variant = "a";
  fast.us = 2, fast.variant = "b";
  wrong.us = 1, wrong.error = 1.5;
  EXPECT_TRUE(better(fast, slow));
  EXPECT_TRUE(better(slow, wrong));
  slow.us = 2;
  EXPECT_TRUE(better(slow, fast));
  EXPECT_FALSE(better(fast, slow));
}

}  // namespace
}  // namespace octet::harness
