#include "src/select/tuned_table.h"

#include <gtest/gtest.h>

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

TEST(TunedTable, RowsMaySayOnWhatDevice) {
  const std::string header = "arch,cu_num,format,m,n,k,variant,us,source,device\n";
  const std::string rows =
      "gfx942,304,e4m3fnuz,64,256,128,gfx942_mfma_64x128x128_v3,2,abc,mi325x\n"
      "gfx942,304,e4m3fnuz,96,256,128,gfx942_mfma_64x128x128_v3,2,abc,\n";
  const auto table = parse(header + rows);
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ(table->rows[0].device, "mi325x");
  EXPECT_EQ(table->rows[1].device, "");
  EXPECT_EQ(format_tuned_table(gemm(), table->rows), header + rows);
  const auto without = parse(kHeader + kGood);
  EXPECT_EQ(without->rows[0].device, "");
  EXPECT_EQ(format_tuned_table(gemm(), without->rows), kHeader + kGood);
  const auto twice = parse(header + rows + rows);
  ASSERT_EQ(twice->duplicates.size(), 2u);
  EXPECT_TRUE(twice->duplicates[0].ends_with("2 us on mi325x serve, not 2 on mi325x"))
      << twice->duplicates[0];
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

TEST(TunedTable, OfARepeatedKeyTheLowestTimeServesAndTheOthersAreReported) {
  const std::string start = "gfx942,304,e4m3fnuz,64,5120,5120,gfx942_mfma_";
  const auto table =
      parse(kHeader + kGood + start + "128x128x128_v3,1.5,s\n" + start + "16x64x256_v1,1.5,s\n");
  ASSERT_TRUE(table.ok());
  ASSERT_EQ(table->rows.size(), 1u);
  EXPECT_EQ(table->rows[0].us, 1.5);
  EXPECT_EQ(table->rows[0].where, "t.csv:3") << "of equal times the first name";
  EXPECT_TRUE(table->bad.empty());
  const std::string key = "gfx942 304 m=64 n=5120 k=5120 format=e4m3fnuz";
  EXPECT_EQ(table->duplicates,
            (std::vector<std::string>{
                "t.csv:2: " + key + " is in t.csv:3 too, whose 1.5 us serve, not 20.5",
                "t.csv:4: " + key + " is in t.csv:3 too, whose 1.5 us serve, not 1.5"}));
}

TEST(TunedTable, FilesOfOneLayerAreOneTable) {
  const auto read = [](const std::string& path, const std::string& rows) {
    return parse_tuned_table(gemm(), parse_csv(kHeader + rows, path).value()).value();
  };
  const std::string start = "gfx942,304,e4m3fnuz,64,5120,5120,gfx942_mfma_64x128x128_v3,";
  const std::vector<TunedTable> files{read("a.csv", start + "9,s\n"),
                                      read("b.csv", start + "8,s\nvax,1,e4m3fn,1,1,1,v,1,s\n")};
  const TunedTable layer = one_layer(gemm(), files);
  ASSERT_EQ(layer.rows.size(), 1u);
  EXPECT_EQ(layer.rows[0].us, 8);
  ASSERT_EQ(layer.duplicates.size(), 1u);
  EXPECT_TRUE(layer.duplicates[0].starts_with("a.csv:2: ")) << layer.duplicates[0];
  ASSERT_EQ(layer.bad.size(), 1u);
  EXPECT_TRUE(layer.bad[0].starts_with("b.csv:3: ")) << layer.bad[0];
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

}  // namespace
}  // namespace octet::select
