#include "src/select/tuned_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "src/core/text.h"
#include "src/ops/registry.h"
#include "tests/select/toy_op.h"

namespace octet::select {
namespace {

const std::string kHeader = "arch,cu_num,format,m,n,k,variant,us,source\n";
const std::string kGood = "gfx942,304,e4m3fnuz,64,5120,5120,gfx942_mfma_64x128x128_v3,20.5,abc\n";

const Op& gemm() { return ops::gemm_blockscale::op(); }

Result<TunedTable> parse(const std::string& text) {
  OCTET_TRY(const Csv csv, parse_csv(text, "t.csv"));
  return parse_tuned_table(gemm(), csv);
}

/// The one bad line of a table whose other row is good.
std::string bad_line(const std::string& row) {
  const auto table = parse(kHeader + row + "\n" + kGood);
  EXPECT_TRUE(table.ok()) << table.status().message();
  if (!table.ok() || table->bad.size() != 1) return "";
  EXPECT_EQ(table->rows.size(), 1u) << "the good row stays";
  return table->bad[0];
}

/// The refusal of a whole file.
std::string refusal(const std::string& text) {
  const auto table = parse(text);
  EXPECT_EQ(table.status().code(), StatusCode::kCorruptData);
  return table.status().message();
}

TEST(TunedTable, ReadsARow) {
  const auto table = parse(kHeader + kGood);
  ASSERT_TRUE(table.ok()) << table.status().message();
  ASSERT_EQ(table->rows.size(), 1u);
  const TunedRow& row = table->rows[0];
  EXPECT_EQ(row.arch, Arch::kGfx942);
  EXPECT_EQ(row.cu_num, 304);
  EXPECT_EQ(to_string(row.problem), "m=64 n=5120 k=5120 format=e4m3fnuz");
  EXPECT_EQ(gemm().variants()[static_cast<size_t>(row.variant)].name, "gfx942_mfma_64x128x128_v3");
  EXPECT_EQ(row.us, 20.5);
  EXPECT_EQ(row.source, "abc");
}

TEST(TunedTable, ColumnsAreBoundByNameAndCrlfAndMarkAreRead) {
  const auto table = parse(
      "\xef\xbb\xbfus,source,variant,k,n,m,format,cu_num,arch\r\n"
      "1.5,s,gfx942_mfma_64x128x128_v3,128,256,1,e4m3fnuz,80,gfx942\r\n");
  ASSERT_TRUE(table.ok()) << table.status().message();
  ASSERT_EQ(table->rows.size(), 1u);
  EXPECT_EQ(to_string(table->rows[0].problem), "m=1 n=256 k=128 format=e4m3fnuz");
}

TEST(TunedTable, ABadRowIsReportedAndTheRestServes) {
  const std::string variant = "gfx942_mfma_64x128x128_v3";
  const struct {
    std::string row, part;
  } kCases[] = {
      {"gfx942,304,e4m3fnuz,64,5120,128,gfx942_mfma_64x128x128_v4,1,s",
       "variant: unknown kernel 'gfx942_mfma_64x128x128_v4' (did you mean"},
      {"gfx943,304,e4m3fnuz,64,5120,128," + variant + ",1,s", "unknown arch 'gfx943'"},
      {"gfx942,0,e4m3fnuz,64,5120,128," + variant + ",1,s", "cu_num: 0"},
      {"gfx942,many,e4m3fnuz,64,5120,128," + variant + ",1,s", "cu_num: 'many'"},
      {"gfx942,304,e4m3,64,5120,128," + variant + ",1,s", "unknown format 'e4m3'"},
      {"gfx942,304,e4m3fnuz,6.5,5120,128," + variant + ",1,s", "m: '6.5'"},
      {"gfx942,304,e4m3fnuz,-1,5120,128," + variant + ",1,s", "m = -1"},
      {"gfx942,304,e4m3fnuz,64,5120,100," + variant + ",1,s", "k = 100"},
      {"gfx942,304,e4m3fnuz,64,99999999999,128," + variant + ",1,s", "n = 99999999999"},
      {"gfx942,304,e4m3fnuz,64,5120,128," + variant + ",nan,s", "us: 'nan'"},
      {"gfx942,304,e4m3fnuz,64,5120,128," + variant + ",inf,s", "us: 'inf'"},
      {"gfx942,304,e4m3fnuz,64,5120,128," + variant + ",0,s", "us: '0'"},
      {"gfx942,304,e4m3fnuz,64,5120,128," + variant + ",-3,s", "us: '-3'"},
      {"gfx942,304,e4m3fnuz,64,5120,128," + variant + ",,s", "us: ''"},
      {"gfx942,304,e4m3fnuz,64,5120,128," + variant + ",1us,s", "us: '1us'"},
  };
  for (const auto& [row, part] : kCases) {
    const std::string line = bad_line(row);
    EXPECT_TRUE(line.starts_with("t.csv:2: ")) << row << ": " << line;
    EXPECT_NE(line.find(part), std::string::npos) << line;
  }
}

TEST(TunedTable, ARepeatedKeyIsReportedAndTheFirstServes) {
  const auto table =
      parse(kHeader + kGood + "gfx942,304,e4m3fnuz,64,5120,5120,gfx942_mfma_128x128x128_v3,1,s\n");
  ASSERT_TRUE(table.ok());
  ASSERT_EQ(table->rows.size(), 1u);
  EXPECT_EQ(table->rows[0].us, 20.5);
  ASSERT_EQ(table->bad.size(), 1u);
  EXPECT_EQ(table->bad[0],
            "t.csv:3: the key of this row occurs before: gfx942 304 m=64 n=5120 k=5120 "
            "format=e4m3fnuz");
}

TEST(TunedTable, WhatIsNoTableIsRefusedWithFileAndLine) {
  EXPECT_TRUE(refusal("").starts_with("t.csv:1: "));
  EXPECT_NE(refusal("arch,cu_num,format,m,n,variant,us,source\n").find("t.csv:1: no column 'k'"),
            std::string::npos);
  EXPECT_EQ(refusal("arch,cu_num,format,m,n,k,variant,us,source,sources\n"),
            "t.csv:1: unknown column 'sources' (did you mean 'source'?)");
  EXPECT_EQ(refusal(kHeader + kGood + "gfx942,304,e4m3fnuz,64,51"),
            "t.csv:3: 5 fields, the header has 9")
      << "truncated";
  EXPECT_TRUE(refusal(kHeader + "<<<<<<< HEAD\n" + kGood).starts_with("t.csv:2: a conflict"));
  EXPECT_TRUE(refusal(kHeader + kGood + "=======\n").starts_with("t.csv:3: a conflict"));
  EXPECT_TRUE(refusal(std::string("\x7f"
                                  "ELF\0\0",
                                  6))
                  .starts_with("t.csv:1: a NUL byte"));
}

TEST(TunedTable, AHundredThousandRows) {
  std::string text = kHeader;
  for (int m = 1; m <= 100000; ++m) {
    text += "gfx942,304,e4m3fnuz," + std::to_string(m) + ",512,128,gfx942_mfma_16x64x128_v1,1,s\n";
  }
  const auto table = parse(text);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->rows.size(), 100000u);
  TunedTables tables;
  tables.add(*table);
  EXPECT_EQ(tables.size(), 100000);
  for (const int64_t m : {1, 4711, 100000}) {
    const Problem key{gemm().schema, table->rows[0].problem.format, {m, 512, 128}};
    EXPECT_GE(tables.find(gemm(), Arch::kGfx942, 304, key).variant, 0) << m;
  }
}

TEST(TunedTable, TextIsSortedAndReadsBack) {
  const std::string text = kHeader +
                           "gfx942,80,e4m3fnuz,64,128,128,gfx942_mfma_16x64x128_v1,2,\"a, b\"\n"
                           "gfx942,304,e4m3fnuz,8,128,128,gfx942_mfma_16x64x128_v1,1.25,s\n"
                           "gfx942,304,e4m3fnuz,64,128,128,gfx942_mfma_16x64x128_v1,1,s\n"
                           "gfx950,256,e4m3fn,64,128,128,gfx942_mfma_16x64x128_v1,16.1284,s\n";
  TunedTable table = parse(text).value();
  EXPECT_EQ(format_tuned_table(gemm(), table.rows), text);
  std::reverse(table.rows.begin(), table.rows.end());
  EXPECT_EQ(format_tuned_table(gemm(), table.rows), text) << "the order of the rows plays no part";
}

TEST(TunedTables, FindIsExact) {
  TunedTables tables;
  EXPECT_EQ(tables.find(toy::op(), Arch::kGfx942, 304, toy::problem(1, 2, 3)).variant, -1);
  tables.add({&toy::op(), {toy::row(1, 2, 3, "ref", 304, 4.5)}, {}});
  const auto hit = tables.find(toy::op(), Arch::kGfx942, 304, toy::problem(1, 2, 3));
  EXPECT_EQ(hit.variant, toy::op().find("ref"));
  EXPECT_EQ(hit.us, 4.5);
  for (const Problem& other : {toy::problem(2, 1, 3), toy::problem(3, 2, 1), toy::problem(1, 3, 2),
                               toy::problem(1, 2, 3, 1), toy::problem(0, 2, 3)}) {
    EXPECT_EQ(tables.find(toy::op(), Arch::kGfx942, 304, other).variant, -1) << to_string(other);
  }
  EXPECT_EQ(tables.find(toy::op(), Arch::kGfx950, 304, toy::problem(1, 2, 3)).variant, -1);
  EXPECT_EQ(tables.find(toy::op(), Arch::kGfx942, 303, toy::problem(1, 2, 3)).variant, -1);
  EXPECT_EQ(tables.find(gemm(), Arch::kGfx942, 304, toy::problem(1, 2, 3)).variant, -1);
}

TEST(TunedTables, CuNums) {
  TunedTables tables;
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 304), 0);
  tables.add({&toy::op(), {toy::row(1, 2, 3, "ref", 304), toy::row(1, 2, 3, "ref", 80)}, {}});
  tables.add({&toy::op(), {toy::row(1, 2, 4, "ref", 80), toy::row(1, 2, 3, "ref", 120)}, {}});
  EXPECT_EQ(tables.cu_nums(toy::op(), Arch::kGfx942), (std::vector<int>{80, 120, 304}));
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 304), 120) << "not itself";
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 80), 120);
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 100), 80) << "a tie: the smaller";
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 1), 80);
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx950, 304), 0);
}

// This test is also run under ThreadSanitizer.
TEST(TunedTables, LookupIsSafeWhileAnotherThreadAddsLayers) {
  constexpr int kLayers = 60, kReaders = 4;
  const Device device = device_profile("mi300x").value();
  TunedTables tables;
  tables.add({&toy::op(), {toy::row(0, 8, 256, "big")}, {}});
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, published = 0, started = 0;
  std::vector<std::thread> readers;
  for (int r = 0; r < kReaders; ++r) {
    readers.emplace_back([&] {
      for (bool first = true; first || !stop.load(std::memory_order_relaxed); first = false) {
        const int seen = published.load(std::memory_order_acquire);
        for (int m = 1; m <= seen; ++m) {  // rows that were added are there to stay
          const auto hit = tables.find(toy::op(), Arch::kGfx942, 304, toy::problem(m, 8, 256));
          if (hit.variant != 1 || hit.us != m) ++wrong;
        }
        const auto choice = choose(toy::op(), toy::problem(0, 8, 256), device, tables);
        if (!choice.ok() || choice->why.level != Why::Level::kTuned) ++wrong;
        if (tables.size() < seen + 1) ++wrong;
        if (first) ++started;
      }
    });
  }
  while (started < kReaders) std::this_thread::yield();
  for (int m = 1; m <= kLayers; ++m) {
    tables.add({&toy::op(), {toy::row(m, 8, 256, "small", 304, m)}, {}});
    published.store(m, std::memory_order_release);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(tables.size(), kLayers + 1);
}

}  // namespace
}  // namespace octet::select
