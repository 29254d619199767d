// Suites: those that the command carries are whole, and what a file of one's own may be wrong in.
#include "src/harness/shapes/suite.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "src/ops/registry.h"

namespace octet::harness {
namespace {

TEST(Suite, NamesAndOpsOfTheOnesInside) {
  const std::vector<std::string> names = suite_names();
  for (const char* name : {"batched", "decode", "mid", "moe", "prefill", "smoke"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
  for (const std::string& name : names) {
    const auto suite = load_suite(name);
    ASSERT_TRUE(suite.ok()) << suite.status().message();
    EXPECT_EQ(suite->name, name);
    for (const SuiteEntry& entry : suite->entries) {
      const auto op = ops::find(entry.op);
      ASSERT_TRUE(op.ok()) << entry.where;
      if (entry.format.empty()) continue;
      EXPECT_TRUE((*op)->schema->parse_format(entry.format).ok()) << entry.where;
    }
  }
}

TEST(Suite, SlipsAreNamed) {
  const auto slip = load_suite("smokey");
  EXPECT_EQ(slip.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(slip.status().message(),
            "no suite 'smokey' (did you mean 'smoke'?); suites: batched decode mid moe prefill "
            "smoke");
  EXPECT_EQ(load_suite("no/such.csv").status().code(), StatusCode::kIo);
}

TEST(Suite, ReadsRows) {
  const auto suite = parse_suite(
      "m,shapes,op,format\n\"1,2\",hopper,gemm_blockscale,\n,main,attn_decode,\n", "x/s.csv");
  ASSERT_TRUE(suite.ok()) << suite.status().message();
  EXPECT_EQ(suite->name, "s");
  ASSERT_EQ(suite->entries.size(), 2u);
  EXPECT_EQ(suite->entries[0].m, "1,2");
  EXPECT_EQ(suite->entries[0].op, "gemm_blockscale");
  EXPECT_EQ(suite->entries[1].shapes, "main");
  EXPECT_EQ(suite->entries[1].where, "x/s.csv:3");
}

TEST(Suite, RefusesFilesThatAreNone) {
  const auto message = [](const char* text) {
    const auto suite = parse_suite(text, "s.csv");
    EXPECT_EQ(suite.status().code(), StatusCode::kCorruptData) << text;
    return suite.status().message();
  };
  EXPECT_EQ(message("op,shapes,m\ngemm_blockscale,fit,\n"),
            "s.csv:1: no column 'format'; the header is op,shapes,m");
  EXPECT_EQ(message("op,format,shapes,m\n,,fit,\n"), "s.csv:2: column op is empty");
  EXPECT_EQ(message("op,format,shapes,m\ngemm_blockscale,,,\n"), "s.csv:2: column shapes is empty");
  EXPECT_EQ(message("op,format,shapes,m\n"), "s.csv:1: a suite without rows");
}

}  // namespace
}  // namespace octet::harness
