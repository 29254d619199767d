#include "src/harness/tables/table_merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "src/ops/gemm_blockscale/op.h"

namespace octet::harness {
namespace {

using select::TunedRow;
using select::TunedTable;

const select::Op& op() { return ops::gemm_blockscale::op(); }

TunedRow row(int64_t m, const char* variant, double us, const char* source = "s",
             int cu_num = 304) {
  const uint32_t format = op().schema->parse_format("e4m3fnuz").value();
  return {Arch::kGfx942,      cu_num, {op().schema, format, {m, 5120, 5120}},
          op().find(variant), us,     source};
}

TunedTable table(std::vector<TunedRow> rows, std::vector<std::string> bad = {}) {
  return {&op(), std::move(rows), std::move(bad)};
}

TunedTable merge(const std::vector<TunedTable>& tables) {
  auto merged = merge_tables(tables);
  EXPECT_TRUE(merged.ok()) << merged.status().message();
  return std::move(merged).value();
}

/// Everything that a table says, as text.
std::string text(const TunedTable& table) {
  std::string text = select::format_tuned_table(op(), table.rows);
  for (const std::string& line : table.bad) text += line + "\n";
  return text;
}

constexpr const char* kA = "gfx942_mfma_128x128x128_v3";
constexpr const char* kB = "gfx942_mfma_64x128x128_v3";

TEST(TableMerge, LowestTimeWinsPerKey) {
  const TunedTable merged = merge(
      {table({row(64, kA, 20), row(128, kA, 30)}), table({row(64, kB, 19.5), row(256, kB, 50)})});
  ASSERT_EQ(merged.rows.size(), 3u);
  EXPECT_EQ(merged.rows[0].problem.field[0], 64);
  EXPECT_EQ(merged.rows[0].variant, op().find(kB));
  EXPECT_EQ(merged.rows[0].us, 19.5);
  EXPECT_EQ(merged.rows[1].problem.field[0], 128);
  EXPECT_EQ(merged.rows[2].problem.field[0], 256);
}

TEST(TableMerge, TiesGoByVariantNameThenSource) {
  // "gfx942_mfma_128x..." sorts before "gfx942_mfma_64x...".
  const TunedTable merged = merge({table({row(64, kB, 20, "a")}), table({row(64, kA, 20, "z")}),
                                   table({row(64, kA, 20, "b")})});
  ASSERT_EQ(merged.rows.size(), 1u);
  EXPECT_EQ(merged.rows[0].variant, op().find(kA));
  EXPECT_EQ(merged.rows[0].source, "b");
}

TEST(TableMerge, DevicesAreDifferentKeys) {
  const TunedTable merged = merge({table({row(64, kA, 20)}), table({row(64, kB, 90, "s", 80)})});
  ASSERT_EQ(merged.rows.size(), 2u);
  EXPECT_EQ(merged.rows[0].cu_num, 80);
}

/// Small random tables with many ties of key, time, variant and source.
TunedTable random_table(std::mt19937& random) {
  TunedTable result = table({}, {"t.csv:" + std::to_string(random() % 3) + ": bad"});
  for (int i = 0; i < 12; ++i) {
    const char* sources[] = {"a", "b", "c"};
    result.rows.push_back(row(16 * (1 + static_cast<int64_t>(random() % 4)),
                              random() % 2 != 0 ? kA : kB, 10 + static_cast<double>(random() % 3),
                              sources[random() % 3], random() % 2 != 0 ? 304 : 80));
  }
  return result;
}

TEST(TableMerge, CommutativeAssociativeIdempotent) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const TunedTable a = random_table(random), b = random_table(random), c = random_table(random);
    const std::string all = text(merge({a, b, c}));
    std::vector<TunedTable> order{c, a, b};
    std::shuffle(order.begin(), order.end(), random);
    EXPECT_EQ(all, text(merge(order)));
    EXPECT_EQ(all, text(merge({merge({a, b}), c})));
    EXPECT_EQ(all, text(merge({a, merge({b, c})})));
    EXPECT_EQ(all, text(merge({merge({a, b, c}), a, c})));
    EXPECT_EQ(text(merge({a})), text(merge({a, a})));
    EXPECT_EQ(text(merge({a})), text(merge({merge({a})})));
  }
}

TEST(TableMerge, RefusesNothingAndOtherOps) {
  EXPECT_EQ(merge_tables({}).status().code(), StatusCode::kInvalidArgument);
  select::OpSchema other_schema = *op().schema;
  other_schema.name = "other_op";
  select::Op other = op();
  other.schema = &other_schema;
  const std::vector<TunedTable> tables{table({row(64, kA, 20)}), TunedTable{&other, {}, {}}};
  const auto merged = merge_tables(tables);
  EXPECT_EQ(merged.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(merged.status().message().find("gemm_blockscale"), std::string::npos);
  EXPECT_NE(merged.status().message().find("other_op"), std::string::npos);
}

TEST(TableMerge, BadLinesAreKeptOnce) {
  const TunedTable merged =
      merge({table({}, {"b.csv:3: x", "a.csv:2: y"}), table({row(64, kA, 20)}, {"a.csv:2: y"})});
  EXPECT_EQ(merged.bad, (std::vector<std::string>{"a.csv:2: y", "b.csv:3: x"}));
}

}  // namespace
}  // namespace octet::harness
