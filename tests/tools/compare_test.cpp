// octet compare on files that are no results, or not comparable: what it says, with file and line.
#include <gtest/gtest.h>

#include "src/harness/measure/results.h"
#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Words;

const std::string kEnvironment = R"({"schema":1,"env":"e","device":"h100"})";

std::string row(int m, const std::string& us = "10.0", const std::string& device = "h100") {
  return R"({"schema":1,"op":"gemm_mxfp8","format":"mxfp8","device":")" + device +
         R"(","arch":"sm90","cu_num":132,"problem":{"m":)" + std::to_string(m) +
         R"(,"n":768,"k":6144},"variant":"v","why":"bench","us":)" + us +
         R"(,"us_min":9.9,"us_q1":10.0,"us_q3":10.0,"us_max":11.0,"samples":9,"stable":true,)"
         R"("bytes":1,"flops":1,"floor_us":5,"policy":"cold","error":0.1,"commit":"c","time":"t",)"
         R"("env":"e"})";
}

class CompareBadInput : public testing::Test {
 protected:
  CompareBadInput() { EXPECT_TRUE(write_file(good_, lines({kEnvironment, row(1)})).ok()); }

  static std::string lines(const Words& all) { return join(all, "\n") + "\n"; }

  /// Compares the good file with one of `text`, either way round; both say `message`.
  void refused(const std::string& text, int code, const std::string& message) {
    ASSERT_TRUE(write_file(bad_, text).ok());
    for (const Words& words : {Words{"compare", good_, bad_}, Words{"compare", bad_, good_}}) {
      const Outcome outcome = octet(words);
      EXPECT_EQ(outcome.code, code) << outcome.err;
      EXPECT_TRUE(outcome.err_has(message)) << message << "\n" << outcome.err;
      EXPECT_EQ(outcome.out, "");
    }
  }

  TemporaryFolder folder_;
  const std::string good_ = folder_.file("good.jsonl"), bad_ = folder_.file("bad.jsonl");
};

TEST_F(CompareBadInput, TruncatedFiles) {
  const std::string whole = lines({kEnvironment, row(1), row(2)});
  refused(whole.substr(0, whole.size() - 40), 4,
          bad_ + ":3: not a JSON object; the file ends within this line");
  refused(whole.substr(0, 20), 4, bad_ + ":1: not a JSON object; the file ends within this line");
}

TEST_F(CompareBadInput, EmptyFiles) {
  refused("", 4, bad_ + ":1: empty: no environment line");
  refused(kEnvironment + "\n", 2, "compare: " + bad_ + " has no measurements");
  refused(row(1) + "\n", 4, bad_ + ":1: a measurement; the first line must be the environment");
}

TEST_F(CompareBadInput, TimesThatAreNone) {
  for (const char* us : {"NaN", "Infinity", "nan", "-"}) {
    refused(lines({kEnvironment, row(1, us)}), 4, bad_ + ":2: not a JSON object");
  }
  refused(lines({kEnvironment, row(1), row(2, "null")}), 4,
          bad_ + ":3: 'us' is null, not a number");
  refused(lines({kEnvironment, row(1, "0")}), 4,
          bad_ + ":2: 'us' is 0, not a positive, finite time");
  refused(lines({kEnvironment, row(1, "12")}), 4, bad_ + ":2: times out of order");
  const std::string listed = row(1, "10.0,\"repetitions\":[10.0,null]");
  refused(lines({kEnvironment, listed}), 4,
          bad_ + ":2: 'repetitions' is null, not a positive, finite time");
}

TEST_F(CompareBadInput, OtherSchemas) {
  refused(lines({R"({"schema":2,"env":"e"})", row(1)}), 4,
          bad_ + ":1: 'schema' is 2, this program reads 1");
  std::string later = row(1);
  later.replace(later.find("\"schema\":1"), 10, "\"schema\":9");
  refused(lines({kEnvironment, later}), 4, bad_ + ":2: 'schema' is 9, this program reads 1");
  refused(lines({"{}", row(1)}), 4, bad_ + ":1: no 'schema'");
}

TEST_F(CompareBadInput, WhatIsThereTwice) {
  refused(lines({kEnvironment, row(1), row(2), row(1, "10.0")}), 2,
          "compare: " + bad_ + ":4: measured before at " + bad_ + ":2: gemm_mxfp8 mxfp8 m=1 ");
}

TEST_F(CompareBadInput, SeveralDevices) {
  const std::string mixed = lines({kEnvironment, row(1), row(2, "10.0", "h200")});
  refused(
      mixed, 2,
      "compare: " + bad_ + ":3: measured on h200 (sm90, cu_num 132), but " + bad_ + ":2 on h100");
  EXPECT_EQ(octet({"compare", good_, bad_, "--allow-other-device"}).code, 0);
  const std::string other = lines({kEnvironment, row(1, "10.0", "h200")});
  refused(other, 2, "compare: measured on different devices: ");
  EXPECT_EQ(octet({"compare", good_, bad_, "--allow-other-device"}).code, 0);
}

TEST_F(CompareBadInput, OtherPolicies) {
  std::string warm = row(1);
  warm.replace(warm.find("cold"), 4, "warm");
  refused(lines({kEnvironment, warm}), 2, "compare: measured with different policies: ");
  EXPECT_EQ(octet({"compare", good_, bad_, "--allow-other-policy"}).code, 0);
}

TEST_F(CompareBadInput, SeveralVerdictsAreWritten) {
  const std::string markdown = folder_.file("v.md"), page = folder_.file("v.html");
  EXPECT_EQ(octet({"compare", "--out", markdown, "--out", page, good_, good_}).code, 0);
  EXPECT_TRUE(read_file(markdown).value().starts_with("**no regression found: "));
  EXPECT_TRUE(read_file(page).value().starts_with("<!doctype html>"));
}

}  // namespace
}  // namespace octet
