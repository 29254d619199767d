// A tuning run: the journal's part, and the table that comes out.
#include "src/harness/tune/tune_run.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/temporary_folder.h"
#include "harness/tune/tune_testing.h"
#include "src/core/text.h"
#include "src/ops/gemm_grouped/op.h"
#include "src/select/choose.h"

namespace octet::harness {
namespace {

using testing_files::FullDisk;
using testing_files::TemporaryFolder;
using testing_tune::problem;
using testing_tune::record;

const select::Op& op() { return ops::gemm_blockscale::op(); }

class TuneRunTest : public testing::Test {
 protected:
  TuneRunTest() { options_.worker.executable = "/nonexistent/octet"; }
  Journal journal() {
    return Journal::open(folder_.file("j.jsonl"), device_profile("generic").value(), true).value();
  }
  static TuneRecord done(int64_t m, double us = 10) {
    return record(problem(m), "generic_fast_r16", {{"generic_fast_r16", us}});
  }
  static std::vector<int64_t> sizes(const TuneRunResult& result) {
    std::vector<int64_t> found;
    for (const TuneRecord& one : result.records) found.push_back(one.problem.field[0]);
    return found;
  }
  TemporaryFolder folder_;
  TuneRunOptions options_;
};

TEST_F(TuneRunTest, WhatTheJournalHasIsNotMeasuredAgain) {
  Journal finished = journal();
  for (const int64_t m : {1, 2, 3}) ASSERT_TRUE(finished.append(done(m)).ok());
  const std::vector<TuneItem> items{{problem(1), 1, ""}, {problem(2), 9, ""}, {problem(3), 5, ""}};
  const auto result = tune_run(op(), items, finished, options_);
  ASSERT_TRUE(result.ok()) << "no worker is started: " << result.status().message();
  EXPECT_EQ(sizes(*result), (std::vector<int64_t>{2, 3, 1})) << "heavy ones first";
  EXPECT_EQ(result->resumed, 3);
  EXPECT_EQ(result->left, 0);
}

TEST_F(TuneRunTest, OfEqualWeightTheSmallestComeFirst) {
  Journal finished = journal();
  const auto other = [](int64_t m) { return problem(m, 512); };
  std::vector<TuneItem> items;
  for (const int64_t m : {4, 64}) items.push_back({problem(m), 2, "qkv_proj"});
  for (const int64_t m : {4, 64}) items.push_back({other(m), 2, "o_proj"});
  items.push_back({problem(1), 1, "lm_head"});
  for (const TuneItem& item : items) {
    ASSERT_TRUE(
        finished.append(record(item.problem, "generic_fast_r16", {{"generic_fast_r16", 10}})).ok());
  }
  const auto result = tune_run(op(), items, finished, options_);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(sizes(*result), (std::vector<int64_t>{4, 4, 64, 64, 1}));
  EXPECT_EQ(result->records[1].problem, other(4)) << "in the order of the list";
}

TEST_F(TuneRunTest, WithoutTimeProblemsAreLeftAndFinishedOnesStillCount) {
  Journal finished = journal();
  ASSERT_TRUE(finished.append(done(2)).ok());
  const std::vector<TuneItem> items{{problem(1), 9, ""}, {problem(2), 1, ""}};
  options_.budget_s = 0;
  const auto result = tune_run(op(), items, finished, options_);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(sizes(*result), std::vector<int64_t>{2});
  EXPECT_EQ(result->left, 1);
}

TEST_F(TuneRunTest, ShardsTogetherDoEverythingOnce) {
  Journal finished = journal();
  std::vector<TuneItem> items;
  for (int64_t m = 1; m <= 40; ++m) {
    items.push_back({problem(m), 1, ""});
    ASSERT_TRUE(finished.append(done(m)).ok());
  }
  std::multiset<int64_t> all;
  for (int64_t index = 0; index < 3; ++index) {
    options_.shard = {index, 3};
    for (const int64_t m : sizes(tune_run(op(), items, finished, options_).value())) all.insert(m);
  }
  EXPECT_EQ(all.size(), 40u);
  EXPECT_EQ(std::set<int64_t>(all.begin(), all.end()).size(), 40u);
}

TEST_F(TuneRunTest, AWorkerThatCannotStartEndsTheRunWithAReason) {
  Journal empty = journal();
  const std::vector<TuneItem> items{{problem(1), 1, ""}};
  const auto result = tune_run(op(), items, empty, options_);
  EXPECT_EQ(result.status().code(), StatusCode::kBackend);
  EXPECT_EQ(result.status().message(),
            "tuning m=1 n=256 k=128 format=e4m3fn: its process ended with code 127");
  EXPECT_TRUE(empty.finished().empty());
}

TEST_F(TuneRunTest, ARunThatGoesOnGivesUpAfterAFewFailuresInARow) {
  Journal some = journal();
  ASSERT_TRUE(some.append(done(3)).ok());
  std::vector<TuneItem> items;
  for (int64_t m = 1; m <= 6; ++m) items.push_back({problem(m), 1, ""});
  options_.go_on = true;
  const auto result = tune_run(op(), items, some, options_);
  ASSERT_TRUE(result.ok()) << result.status().message();
  ASSERT_EQ(result->failed.size(), static_cast<size_t>(kMostFailures));
  EXPECT_EQ(result->failed[0],
            "tuning m=1 n=256 k=128 format=e4m3fn: its process ended with code 127");
  EXPECT_EQ(sizes(*result), std::vector<int64_t>{3}) << "from the journal";
  EXPECT_EQ(result->left, 2);
}

TEST(TunedRows, AreTheWinnersUnderTheKeyOfTheirCalls) {
  select::Problem packed_f32 = problem(7);
  packed_f32.format = op().schema->parse_format("e4m3fn_f32_packed").value();
  TuneRecord unknown = record(problem(9), "", {{"generic_ref", 1}});
  unknown.rows[0].variant = unknown.winner = "kernel_of_tomorrow";
  const std::vector<TuneRecord> records{
      record(packed_f32, "generic_ref", {{"generic_ref", 20}, {"generic_fast_r16", 10}}),
      record(problem(8), "generic_ref", {}), unknown};
  const Device device = device_profile("x86_avx2:6").value();
  const auto rows = tuned_rows(op(), records, device, "test");
  ASSERT_EQ(rows.size(), 1u) << "no row without a winner that this build knows";
  EXPECT_EQ(rows[0].arch, Arch::kX86Avx2);
  EXPECT_EQ(rows[0].cu_num, 6);
  EXPECT_EQ(op().variants()[static_cast<size_t>(rows[0].variant)].name, "generic_fast_r16");
  EXPECT_EQ(rows[0].us, 10);
  EXPECT_EQ(op().schema->format_name(rows[0].problem.format), "e4m3fn_packed") << "of every d";
}

/// A shared expert more: rows of both would answer the same look-up.
TEST(TunedRows, OneBucketHasOneRow) {
  const select::Op& grouped = ops::gemm_grouped::op();
  const auto tuned = [&](int64_t experts, double us) {
    TuneRecord made;
    made.problem = ops::gemm_grouped::to_select({8, 64, 128, experts, 8});
    made.rows = {describe(grouped, made.problem, device_profile("generic").value(),
                          grouped.find("generic_ref"), "test")};
    made.rows[0].us = us;
    made.winner = "generic_ref";
    return made;
  };
  const Device device = device_profile("generic").value();
  const std::vector<TuneRecord> records{tuned(256, 30), tuned(257, 20), tuned(32, 10)};
  const auto rows = tuned_rows(grouped, records, device, "a");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].us, 30);
  EXPECT_EQ(rows[1].us, 10);
  const TemporaryFolder folder;
  const std::string path = folder.file("t.csv");
  const std::vector<TuneRecord> more{tuned(257, 20)};
  ASSERT_TRUE(update_tuned_table(grouped, path, rows).ok());
  ASSERT_TRUE(update_tuned_table(grouped, path, tuned_rows(grouped, more, device, "b")).ok());
  EXPECT_EQ(read_file(path).value(),
            "arch,cu_num,format,m,n,k,experts,topk,block_m,variant,us,source\n"
            "generic,2,moe_mxfp8,8,64,128,32,8,0,generic_ref,10,a\n"
            "generic,2,moe_mxfp8,8,64,128,257,8,0,generic_ref,20,b\n");
  const auto table = select::parse_tuned_table(grouped, read_csv(path).value()).value();
  EXPECT_TRUE(table.bad.empty());
  select::TunedTables tables;
  tables.add(table);
  const auto asked = ops::gemm_grouped::to_select({8, 64, 128, 256, 8, 64});
  const auto choice = select::choose(grouped, asked, device, tables).value();
  EXPECT_EQ(to_string(choice.why), "tuned:bucket");
}

class UpdateTableTest : public testing::Test {
 protected:
  static std::vector<select::TunedRow> rows(int64_t m, double us, const std::string& source) {
    const std::vector<TuneRecord> records{
        record(problem(m), "generic_fast_r16", {{"generic_fast_r16", us}})};
    return tuned_rows(op(), records, device_profile("generic").value(), source);
  }
  Status update(std::vector<select::TunedRow> some) {
    return update_tuned_table(op(), path_, std::move(some));
  }
  TemporaryFolder folder_;
  const std::string path_ = folder_.file("t.csv");
  const std::string header_ = "arch,cu_num,format,m,n,k,variant,us,source\n";
};

TEST_F(UpdateTableTest, RowsOfOtherKeysStayThoseOfTheSameKeyAreReplaced) {
  ASSERT_TRUE(update(rows(16, 30, "a")).ok());
  ASSERT_TRUE(update(rows(2, 10, "b")).ok());
  ASSERT_TRUE(update(rows(16, 20, "c")).ok());
  EXPECT_EQ(read_file(path_).value(), header_ +
                                          "generic,2,e4m3fn,2,256,128,generic_fast_r16,10,b\n"
                                          "generic,2,e4m3fn,16,256,128,generic_fast_r16,20,c\n");
  EXPECT_EQ(folder_.num_files(), 1u) << "no partial file is left";
}

TEST_F(UpdateTableTest, AFileThatIsNoGoodTableIsLeftAlone) {
  const std::pair<std::string, std::string> cases[]{
      {"", ":1: empty: no header line"},
      {"hello\n", ":1: no column 'arch'"},
      {header_ + "generic,2,e4m3fn,2,256,128,generic_fast,10,b\n", ":2: variant: unknown kernel"},
      {header_ + "<<<<<<< mine\n", ":2: a conflict marker of a merge was left in"},
  };
  for (const auto& [content, message] : cases) {
    ASSERT_TRUE(write_file(path_, content).ok());
    const Status status = update(rows(2, 10, "b"));
    EXPECT_EQ(status.code(), StatusCode::kCorruptData) << content;
    EXPECT_TRUE(status.message().starts_with(path_ + message)) << status.message();
    EXPECT_EQ(read_file(path_).value(), content);
  }
}

TEST_F(UpdateTableTest, RowsOfOtherArchesAndCuNumsStay) {
  const std::string others =
      "gfx942,80,e4m3fnuz,16,256,128,gfx942_mfma_16x64x256_v1,4,s\n"
      "gfx942,304,e4m3fnuz,16,256,128,gfx942_mfma_16x64x256_v1,3,s\n";
  const std::string more = "generic,4,e4m3fn,16,256,128,generic_ref,9,s\n";
  ASSERT_TRUE(write_file(path_, header_ + more + others).ok());
  ASSERT_TRUE(update(rows(16, 20, "c")).ok());
  EXPECT_EQ(read_file(path_).value(),
            header_ + "generic,2,e4m3fn,16,256,128,generic_fast_r16,20,c\n" +
                "generic,4,e4m3fn,16,256,128,generic_ref,9,s\n" +
                "gfx942,80,e4m3fnuz,16,256,128,gfx942_mfma_16x64x256_v1,4,s\n" +
                "gfx942,304,e4m3fnuz,16,256,128,gfx942_mfma_16x64x256_v1,3,s\n");
}

TEST_F(UpdateTableTest, RepeatedKeysAreOneRowAfterwards) {
  const std::string key = "generic,4,e4m3fn,16,256,128,";
  ASSERT_TRUE(
      write_file(path_, header_ + key + "generic_ref,9,a\n" + key + "generic_ref,8,b\n").ok());
  EXPECT_EQ(table_to_keep(op(), path_).value().duplicates.size(), 1u);
  ASSERT_TRUE(update(rows(2, 10, "c")).ok());
  EXPECT_EQ(
      read_file(path_).value(),
      header_ + "generic,2,e4m3fn,2,256,128,generic_fast_r16,10,c\n" + key + "generic_ref,8,b\n");
}

TEST_F(UpdateTableTest, AFullDiskLeavesTheOldTable) {
  ASSERT_TRUE(update(rows(16, 30, "a")).ok());
  const std::string before = read_file(path_).value();
  {
    const FullDisk full(20);
    const Status status = update(rows(2, 10, "b"));
    EXPECT_EQ(status.code(), StatusCode::kIo);
    EXPECT_EQ(status.message(), path_ + ": File too large");
  }
  EXPECT_EQ(read_file(path_).value(), before);
  EXPECT_EQ(folder_.num_files(), 1u);
}

TEST_F(UpdateTableTest, DevicesAreWrittenNotRead) {
  const Status full = update_tuned_table(op(), "/dev/full", rows(2, 10, "b"));
  EXPECT_EQ(full.message(), "/dev/full: No space left on device");
  EXPECT_TRUE(update_tuned_table(op(), "/dev/null", rows(2, 10, "b")).ok());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace octet::harness
