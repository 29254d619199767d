// octet bench with suites and against another build, on problems of a few microseconds.
#include <gtest/gtest.h>

#include <filesystem>

#include "src/harness/against/turn_child.h"
#include "src/harness/measure/results.h"
#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Words;

const std::string kOwn = build_paths::kOctet;

class BenchSuite : public testing::Test {
 protected:
  std::string suite(const std::string& rows) {
    const std::string path = folder_.file("s.csv");
    EXPECT_TRUE(write_file(path, "op,format,shapes,m\n" + rows).ok());
    return path;
  }
  Outcome bench(const std::string& rows, const Words& more = {}) {
    Words words{"bench", "--suite", suite(rows), "--budget-ms", "1", "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return octet(words);
  }

  TemporaryFolder folder_;
  const std::string out_ = folder_.file("o.jsonl");
};

constexpr const char* kTwoOps =
    "gemm_blockscale,,m=2 n=128 k=256,\ngemm_batched,a8w8,m=1 n=32 k=64 batch=2,\n";

TEST_F(BenchSuite, RepeatsEveryRowAndSaysHow) {
  const Outcome outcome = bench(kTwoOps, {"--out", out_});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out_has("gemm_blockscale e4m3fn\n")) << outcome.out;
  EXPECT_TRUE(outcome.out_has("gemm_batched a8w8\n")) << outcome.out;
  const auto results = harness::read_results(out_);
  ASSERT_TRUE(results.ok()) << results.status().message();
  ASSERT_EQ(results->rows.size(), 2u);
  for (const harness::Measurement& row : results->rows) {
    EXPECT_GE(row.repetitions.size(), 3u);
    EXPECT_LE(row.repetitions.size(), 5u);
    EXPECT_GT(row.floor_us, 0);
  }
  EXPECT_EQ(results->rows[1].op, "gemm_batched");
  const Json& environment = results->environment;
  EXPECT_EQ(environment["policy"], "cold");
  EXPECT_EQ(environment["repetitions"], 3);
  EXPECT_EQ(environment["budget_ms"], 1.0);
  for (const char* key :
       {"suite", "device", "compiler", "commit", "targets", "cpu_mhz", "governor"})
    EXPECT_TRUE(environment.contains(key)) << key;
  EXPECT_EQ(octet({"compare", out_, out_}).code, 0) << "its own file reads back";
}

TEST_F(BenchSuite, TheOneOfTheCommandRuns) {
  const Outcome outcome = octet({"bench", "--suite", "smoke", "--limit", "1", "--repetitions", "1",
                                 "--budget-ms", "1", "--no-check", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(outcome.out_has("\"repetitions\":["));
}

TEST_F(BenchSuite, LeavesOutWhatTheDeviceCannotHoldAndSaysSo) {
  const Outcome outcome =
      bench(std::string(kTwoOps) + "gemm_blockscale,,m=2147483647 n=2147483647 k=128,\n");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.err_has("s.csv:4: skipped gemm_blockscale m=2147483647")) << outcome.err;
  EXPECT_TRUE(outcome.err_has("GB of operands, there is room for")) << outcome.err;
  const Outcome none = bench("gemm_blockscale,,m=2147483647 n=2147483647 k=128,\n");
  EXPECT_EQ(none.code, 2);
  EXPECT_TRUE(none.err_has("can run none of its 1 problems")) << none.err;
}

TEST_F(BenchSuite, SlipsNameTheRow) {
  const std::pair<const char*, const char*> slips[]{
      {"gemm_blockscal,,fit,\n", "s.csv:2: unknown op 'gemm_blockscal'"},
      {"gemm_blockscale,e4m3,fit,\n", "s.csv:2: gemm_blockscale: unknown format 'e4m3'"},
      {"gemm_blockscale,,fitt,\n", "s.csv:2: no shape set 'fitt' of gemm_blockscale"},
      {"gemm_blockscale,,fit,lots\n", "s.csv:2: m list: 'lots'"},
  };
  for (const auto& [row, message] : slips) {
    const Outcome outcome = bench(row);
    EXPECT_EQ(outcome.code, 2) << row;
    EXPECT_TRUE(outcome.err_has(message)) << outcome.err;
  }
  EXPECT_TRUE(
      octet({"bench", "--suite", "smok"}).err_has("no suite 'smok' (did you mean 'smoke'?)"));
  EXPECT_EQ(octet({"bench"}).code, 2);
  EXPECT_TRUE(octet({"bench"}).err_has("bench: name an op or a --suite\n"));
  EXPECT_TRUE(octet({"bench", "gemm_blockscale", "--suite", "smoke"}).err_has(", not both\n"));
  EXPECT_TRUE(octet({"bench", "--suite", "smoke", "--format", "e4m3fn"})
                  .err_has("the rows of a suite name their formats"));
  EXPECT_TRUE(octet({"bench", "--suite", "smoke", "--repetitions", "6"})
                  .err_has("--repetitions: 6, must be 1 to 5"));
}

TEST_F(BenchSuite, AgainstItselfIsNoRegression) {
  const std::string page = folder_.file("v.html"), table = folder_.file("v.csv");
  const Outcome outcome = bench(
      kTwoOps, {"--against", kOwn, "--warm", "--out", out_, "--verdict", page, "--verdict", table});
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.out_has("no regression found: ")) << outcome.out;
  EXPECT_TRUE(outcome.out_has("against the one that ran beside it")) << outcome.out;
  EXPECT_TRUE(read_file(page).value().starts_with("<!doctype html>"));
  EXPECT_TRUE(read_file(table).value().starts_with("state,"));
  const Outcome again = octet({"compare", folder_.file("o.base.jsonl"), out_});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(again.out_has("against the one that ran beside it")) << again.out;
}

TEST(BenchTurns, MeasuresWhenTold) {
  auto child = harness::TurnChild::start({kOwn, "bench", "gemm_blockscale", "--shapes",
                                          "m=2 n=128 k=256", "--threads", "1", "--turns"});
  ASSERT_TRUE(child.ok()) << child.status().message();
  ASSERT_TRUE(child->ready().ok());
  EXPECT_EQ(child->environment()["policy"], "cold");
  const auto first = child->measure({1000, 5, true, true}), more = child->measure({1000, 3});
  ASSERT_TRUE(first.ok() && more.ok()) << first.status().message() << more.status().message();
  ASSERT_EQ(first->size(), 1u);
  EXPECT_GT((*first)[0].floor_us, 0);
  EXPECT_GE((*first)[0].samples, 5);
  EXPECT_EQ((*more)[0].floor_us, 0) << "only where asked for";
  EXPECT_EQ((*more)[0].variant, (*first)[0].variant);
}

TEST(BenchTurns, TakesOneProblem) {
  const Outcome outcome = octet({"bench", "gemm_blockscale", "--shapes", "decode", "--turns"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.err_has("bench: --turns takes one problem, not ")) << outcome.err;
  EXPECT_TRUE(octet({"bench", "gemm_blockscale", "--turns", "--variants", "gfx942_*", "--shapes",
                     "m=2 n=128 k=256"})
                  .err_has("none of the variants 'gfx942_*' runs"));
}

TEST_F(BenchSuite, AgainstASlowerBuild) {
  // Stands for a build that chooses worse: the same command with the reference kernel.
  const std::string slow = folder_.file("slow");
  ASSERT_TRUE(write_file(slow,
                         "#!/bin/sh\nfor word; do shift; [ \"$word\" = chosen ] && "
                         "word=generic_ref; set -- \"$@\" \"$word\"; done\nexec '" +
                             kOwn + "' \"$@\"\n")
                  .ok());
  std::filesystem::permissions(slow, std::filesystem::perms::owner_all);
  const std::string row = "gemm_blockscale,,m=16 n=256 k=512,\n";
  const Outcome better = bench(row, {"--against", slow, "--warm"});
  EXPECT_EQ(better.code, 0) << better.out << better.err;
  EXPECT_TRUE(better.out_has("1 FASTER")) << better.out;
  // The other way round: the wrapper's file is the new one.
  const std::string base = folder_.file("o.base.jsonl");
  ASSERT_EQ(bench(row, {"--against", slow, "--warm", "--out", out_}).code, 0);
  EXPECT_EQ(octet({"compare", out_, base}).code, 1);
}

TEST_F(BenchSuite, AgainstNothingIsRefused) {
  const Outcome outcome = bench(kTwoOps, {"--against", "no-such-revision"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.err_has("--against no-such-revision: neither a program nor a revision"))
      << outcome.err;
  EXPECT_TRUE(bench(kTwoOps, {"--against", kOwn, "--rule", "silver"}).err_has("no rule 'silver'"));
  EXPECT_TRUE(bench(kTwoOps, {"--rule", "golden"}).err_has("--rule requires --against"));
  EXPECT_TRUE(bench(kTwoOps, {"--against", kOwn, "--peers", "onednn"}).err_has("--peers onednn"));
}

}  // namespace
}  // namespace octet
