#include "src/harness/tables/aiter_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::harness {
namespace {

const std::string kFolder = OCTET_SOURCE_DIR "/data/aiter/";
const std::string kHeader =
    "gfx,cu_num,M,N,K,libtype,kernelId,splitK,us,kernelName,tflops,bw,errRatio\n";
const std::string kKernel8 =
    "a8w8_blockscale_1x128x128_256x16x64x256_16x16_16x16_1x1_16x16x1_16x16x1_1x16x1x16_4_1x1_"
    "intrawave_v1";

const select::Op& op() { return ops::gemm_blockscale::op(); }

AiterImport import(const std::string& text) {
  const auto csv = parse_csv(text, "t.csv");
  EXPECT_TRUE(csv.ok()) << csv.status().message();
  auto result = import_aiter(*csv, "aiter");
  EXPECT_TRUE(result.ok()) << result.status().message();
  return std::move(result).value();
}

std::map<std::string, int64_t> counts(const std::vector<ReasonCount>& list) {
  std::map<std::string, int64_t> map;
  for (const ReasonCount& entry : list) map[entry.reason] = entry.rows;
  return map;
}

const std::string& variant_name(const select::TunedRow& row) {
  return op().variants()[static_cast<size_t>(row.variant)].name;
}

TEST(AiterImport, PublishedBlockscaleTable) {
  const auto csv = read_csv(kFolder + "a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv");
  ASSERT_TRUE(csv.ok());
  const auto result = import_aiter(*csv, "aiter");
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->kind, AiterKind::kBlockscale);
  EXPECT_EQ(result->rows, 8172);
  EXPECT_EQ(result->duplicates, 0);
  EXPECT_TRUE(result->bad.empty());
  EXPECT_TRUE(result->note.empty());
  // Counted in the file with cut | sort | uniq -c.
  std::map<std::string, int64_t> variants;
  for (const auto& row : result->table.rows) ++variants[variant_name(row)];
  const std::map<std::string, int64_t> expected{
      {"gfx942_mfma_128x128x128_v3", 7833}, {"gfx942_mfma_64x128x128_v3", 104},
      {"gfx942_mfma_64x64x256_v1", 82},     {"gfx942_mfma_16x64x256_v1", 47},
      {"gfx942_mfma_16x128x256_v1", 3},     {"gfx942_mfma_16x64x128_v1", 1}};
  EXPECT_EQ(variants, expected);
  ASSERT_EQ(result->unmapped.size(), 6u);
  EXPECT_EQ(result->unmapped[0].rows, 60);
  EXPECT_EQ(result->unmapped[0].reason,
            "a8w8_blockscale_1x128x128_256x64x64x128_16x16_32x32_1x1_8x32x1_8x32x1_1x32x1x8_8_1x1_"
            "intrawave_v3");
  std::vector<int64_t> rows;
  for (const ReasonCount& entry : result->unmapped) rows.push_back(entry.rows);
  EXPECT_EQ(rows, (std::vector<int64_t>{60, 24, 13, 2, 2, 1}));
  EXPECT_EQ(result->unmapped_rows.size(), 102u);
  // The file's first row.
  const auto format = op().schema->parse_format("e4m3fnuz").value();
  const auto first = std::find_if(
      result->table.rows.begin(), result->table.rows.end(), [](const select::TunedRow& row) {
        return row.problem.field == decltype(row.problem.field){16, 5120, 4096};
      });
  ASSERT_NE(first, result->table.rows.end());
  EXPECT_EQ(first->arch, Arch::kGfx942);
  EXPECT_EQ(first->cu_num, 304);
  EXPECT_EQ(first->problem.format, format);
  EXPECT_EQ(first->us, 16.1284);
  EXPECT_EQ(variant_name(*first), "gfx942_mfma_16x64x256_v1");
  EXPECT_EQ(first->source, "aiter");
}

TEST(AiterImport, OtherKindsAreNamedAndCounted) {
  const struct {
    const char* file;
    AiterKind kind;
    int64_t rows;
    const char* name;
  } kFiles[] = {
      {"a8w8_blockscale_tuned_fmoe_qwen3_235b.csv", AiterKind::kFmoe, 28, "fused MoE"},
      {"a8w8_bpreshuffle_tuned_gemm_minimax_m3.csv", AiterKind::kBpreshuffle, 80,
       "bpreshuffle a8w8 GEMM"},
      {"a8w8_tuned_batched_gemm.csv", AiterKind::kBatched, 26, "batched GEMM"},
      {"a8w8_tuned_gemm.csv", AiterKind::kRowwise, 579, "row-wise a8w8 GEMM"},
      {"bf16_tuned_batched_gemm.csv", AiterKind::kBatched, 26, "batched GEMM"},
      {"dsv4_batched_gemm_a8w8_blockscale_mxscale_tuned.csv", AiterKind::kBatchedScale, 77,
       "batched GEMM with block scales"},
      {"minimax_m3_mxfp8_tuned_fmoe.csv", AiterKind::kFmoe, 32, "fused MoE"},
      {"smallm_mxfp8_tuned.csv", AiterKind::kSmallMMx, 105, "small-m MXFP8 GEMM"},
  };
  for (const auto& file : kFiles) {
    const auto csv = read_csv(kFolder + file.file);
    ASSERT_TRUE(csv.ok()) << file.file;
    const auto result = import_aiter(*csv, "aiter");
    ASSERT_TRUE(result.ok()) << file.file << ": " << result.status().message();
    EXPECT_EQ(result->kind, file.kind) << file.file;
    EXPECT_EQ(result->rows, file.rows) << file.file;
    EXPECT_TRUE(result->table.rows.empty());
    EXPECT_EQ(result->note, fmt::format("{}{}: {}: {} rows; no op of this version reads them",
                                        kFolder, file.file, file.name, file.rows));
  }
}

TEST(AiterImport, Bf16AndA4w4ByTheirHeaders) {
  EXPECT_EQ(import("gfx,cu_num,M,N,K,bias,dtype,outdtype,scaleAB,bpreshuffle,libtype,solidx,splitK,"
                   "us,kernelName,err_ratio,tflops,bw\n")
                .kind,
            AiterKind::kBf16);
  const std::string without_libtype =
      "gfx,cu_num,M,N,K,kernelId,splitK,us,kernelName,tflops,bw,errRatio\n";
  EXPECT_EQ(
      import(without_libtype + "gfx950,256,1,7168,4608,21,0,9.8,_ZN5aiter41f4gemm,1,1,0\n").kind,
      AiterKind::kA4w4);
  const AiterImport old =
      import(without_libtype + "gfx942,304,16,5120,4096,8,0,16.5," + kKernel8 + ",1,1,0\n");
  EXPECT_EQ(old.kind, AiterKind::kBlockscale);
  EXPECT_EQ(old.table.rows.size(), 1u);
}

TEST(AiterImport, ColumnsInAnyOrderAndCaseAndCrlf) {
  const AiterImport result = import(
      "US,kernelname,K,n,m,splitk,kernelid,LIBTYPE,CU_NUM,GFX\r\n"
      "12.5," +
      kKernel8 + ",4096,5120,32,0,8,ck,256,gfx950\r\n");
  ASSERT_EQ(result.table.rows.size(), 1u);
  const select::TunedRow& row = result.table.rows[0];
  EXPECT_EQ(row.arch, Arch::kGfx950);
  EXPECT_EQ(row.cu_num, 256);
  EXPECT_EQ(row.problem.field, (decltype(row.problem.field){32, 5120, 4096}));
  EXPECT_EQ(row.problem.format, op().schema->parse_format("e4m3fn").value());
  EXPECT_EQ(row.us, 12.5);
}

TEST(AiterImport, WithoutGfxTheCuNumTellsTheArch) {
  const std::string header = "cu_num,M,N,K,libtype,kernelId,splitK,us,kernelName\n";
  const AiterImport result =
      import(header + "304,16,5120,4096,ck,8,0,1," + kKernel8 + "\n" + "80,16,5120,4096,ck,8,0,1," +
             kKernel8 + "\n" + "256,16,5120,4096,ck,8,0,1," + kKernel8 + "\n" +
             "7,16,5120,4096,ck,8,0,1," + kKernel8 + "\n");
  ASSERT_EQ(result.table.rows.size(), 3u);
  EXPECT_EQ(result.table.rows[0].arch, Arch::kGfx942);
  EXPECT_EQ(result.table.rows[0].cu_num, 80);
  EXPECT_EQ(result.table.rows[2].arch, Arch::kGfx950);
  EXPECT_EQ(result.bad, std::vector<std::string>{"t.csv:5: no gfx, and cu_num 7 tells no arch"});
}

TEST(AiterImport, NoCounterpart) {
  const std::string row = "gfx942,304,16,5120,4096,";
  const AiterImport result =
      import(kHeader + row + "ck,8,1,16," + kKernel8 + ",1,1,0\n" +  // split k
             row + "cktile,8,0,16," + kKernel8 + ",1,1,0\n" +        // another library
             row + "ck,8,0,16,a8w8_blockscale_1x128x128_64x16x64x256_x_intrawave_v1,1,1,0\n" + row +
             "ck,8,0,16,a8w8_blockscale_1x128x128_256x16x64x256_x_interwave_v1,1,1,0\n" + row +
             "ck,8,0,16,a8w8_blockscale_1x128x128_256x16x64x256_x_intrawave_v2,1,1,0\n" + row +
             "ck,8,0,16,,1,1,0\n");
  EXPECT_TRUE(result.table.rows.empty());
  EXPECT_TRUE(result.bad.empty());
  EXPECT_EQ(result.unmapped_rows.size(), 6u);
  const auto names = counts(result.unmapped);
  EXPECT_EQ(names.at(kKernel8 + " splitK=1"), 1);
  EXPECT_EQ(names.at(kKernel8 + " libtype=cktile"), 1);
  EXPECT_EQ(names.at(""), 1);
}

TEST(AiterImport, BadRowsNameLineColumnAndValue) {
  const std::string tail = "," + kKernel8 + ",1,1,0\n";
  const AiterImport result = import(
      kHeader + "gfx942,304,16,5120,4096,ck,8,0,inf" + tail + "gfx942,304,16,5120,4096,ck,8,0,-1" +
      tail + "gfx942,304,x,5120,4096,ck,8,0,1" + tail + "gfx1250,256,16,5120,4096,ck,8,0,1" + tail +
      "gfx942,304,16,5120,100,ck,8,0,1" + tail + "gfx942,304,16,5120,4096,ck,8,z,1" + tail);
  ASSERT_EQ(result.bad.size(), 6u);
  const char* values[] = {"inf", "-1", "'x'", "gfx1250", "100", "'z'"};
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_TRUE(result.bad[i].starts_with(fmt::format("t.csv:{}: ", i + 2))) << result.bad[i];
    EXPECT_NE(result.bad[i].find(values[i]), std::string::npos) << result.bad[i];
  }
}

TEST(AiterImport, ARepeatedKeyKeepsTheLowestTime) {
  const std::string row = "gfx942,304,16,5120,4096,ck,8,0,";
  const AiterImport result =
      import(kHeader + row + "17," + kKernel8 + ",1,1,0\n" + row + "16," + kKernel8 + ",1,1,0\n");
  ASSERT_EQ(result.table.rows.size(), 1u);
  EXPECT_EQ(result.table.rows[0].us, 16);
  EXPECT_EQ(result.duplicates, 1);
}

TEST(AiterImport, OtherCsvFilesAreCorruptData) {
  const auto csv = parse_csv("m\n16\n", "grid.csv");
  const auto result = import_aiter(*csv, "aiter");
  EXPECT_EQ(result.status().code(), StatusCode::kCorruptData);
  EXPECT_TRUE(result.status().message().starts_with("grid.csv:1: "));
}

TEST(AiterExport, ImportOfExportGivesTheSameRows) {
  const auto csv = read_csv(kFolder + "a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv");
  const AiterImport first = import_aiter(*csv, "aiter").value();
  const auto text = export_aiter(first.table);
  ASSERT_TRUE(text.ok()) << text.status().message();
  EXPECT_EQ(text->rows, 8070);
  EXPECT_TRUE(text->left_out.empty());
  const AiterImport second = import(text->text);
  EXPECT_TRUE(second.bad.empty());
  EXPECT_TRUE(second.unmapped.empty());
  ASSERT_EQ(second.table.rows.size(), first.table.rows.size());
  for (size_t i = 0; i < first.table.rows.size(); ++i) {
    const select::TunedRow &a = first.table.rows[i], &b = second.table.rows[i];
    ASSERT_TRUE(a.arch == b.arch && a.cu_num == b.cu_num && a.problem == b.problem &&
                a.variant == b.variant && a.us == b.us && a.source == b.source)
        << i;
  }
}

TEST(AiterExport, EveryVariantGoesBothWays) {
  select::TunedTable table{&op(), {}, {}};
  for (const char* name :
       {"gfx942_mfma_128x128x128_v3", "gfx942_mfma_64x128x128_v3", "gfx942_mfma_64x64x256_v1",
        "gfx942_mfma_16x64x256_v1", "gfx942_mfma_64x64x128_v1", "gfx942_mfma_32x64x128_v1",
        "gfx942_mfma_16x64x128_v1"}) {
    for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
      const auto m = static_cast<int64_t>(table.rows.size() + 1);
      table.rows.push_back({arch,
                            256,
                            {op().schema, op().default_format(arch), {m, 128, 256}},
                            op().find(name),
                            1.0 / 3,
                            "aiter"});
    }
  }
  const AiterImport back = import(export_aiter(table)->text);
  ASSERT_EQ(back.table.rows.size(), 14u);
  for (const select::TunedRow& row : back.table.rows) {
    const select::TunedRow& original = table.rows[static_cast<size_t>(row.problem.field[0]) - 1];
    EXPECT_EQ(row.variant, original.variant);
    EXPECT_EQ(row.arch, original.arch);
    EXPECT_EQ(row.us, original.us) << "times are written to the last bit";
  }
}

TEST(AiterExport, ALineAsAiterWroteIt) {
  // The first rows of the published file; bw and tflops by AITER.
  const std::string line =
      "gfx942,304,16,5120,4096,ck,8,0,16.1284," + kKernel8 + ",41.61,1314.51,0.0\n";
  EXPECT_EQ(export_aiter(import(kHeader + line).table)->text, kHeader + line);
}

TEST(AiterExport, WhatHasNoPlaceIsLeftOutAndNamed) {
  const auto format = [](const char* name) { return op().schema->parse_format(name).value(); };
  const int kernel = op().find("gfx942_mfma_16x64x256_v1");
  const std::array<int64_t, select::kMaxFields> field{16, 5120, 4096};
  const select::TunedTable table{
      &op(),
      {{Arch::kGfx942, 304, {op().schema, format("e4m3fnuz"), field}, kernel, 1, "s"},
       {Arch::kGfx942, 304, {op().schema, format("e4m3fn"), field}, kernel, 1, "s"},
       {Arch::kGfx942,
        80,
        {op().schema, format("e4m3fnuz"), field},
        op().find("generic_ref"),
        1,
        "s"},
       {Arch::kGeneric,
        2,
        {op().schema, format("e4m3fn"), field},
        op().find("generic_ref"),
        1,
        "s"}},
      {}};
  const auto result = export_aiter(table);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->rows, 1);
  const std::map<std::string, int64_t> expected{
      {"arch generic: AITER has gfx942 and gfx950", 1},
      {"format e4m3fn on gfx942: the file has no column for it", 1},
      {"variant generic_ref: no AITER kernel", 1}};
  EXPECT_EQ(counts(result->left_out), expected);
}

}  // namespace
}  // namespace octet::harness
