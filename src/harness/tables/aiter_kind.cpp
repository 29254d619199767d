// Which of AITER's tuned tables a CSV is.
#include <algorithm>
#include <array>
#include <initializer_list>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/tables/aiter_columns.h"
#include "src/harness/tables/aiter_table.h"

namespace octet::harness {

int aiter_column(const Csv& csv, std::string_view name) {
  const auto same = [&](const std::string& column) {
    return std::equal(column.begin(), column.end(), name.begin(), name.end(), [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  };
  const auto found = std::find_if(csv.header.begin(), csv.header.end(), same);
  return found == csv.header.end() ? -1 : static_cast<int>(found - csv.header.begin());
}

std::string_view name(AiterKind kind) {
  constexpr std::array<std::string_view, kNumAiterKinds> kNames{
      "block-scale GEMM", "row-wise a8w8 GEMM", "bpreshuffle a8w8 GEMM",
      "a4w4 GEMM",        "batched GEMM",       "batched GEMM with block scales",
      "bf16 GEMM",        "fused MoE",          "small-m MXFP8 GEMM"};
  return kNames[static_cast<size_t>(kind)];
}

Result<AiterKind> aiter_kind(const Csv& csv) {
  const auto has = [&](std::initializer_list<std::string_view> names) {
    return std::all_of(names.begin(), names.end(),
                       [&](std::string_view column) { return aiter_column(csv, column) >= 0; });
  };
  if (has({"token", "model_dim", "inter_dim", "expert", "topk", "us"})) return AiterKind::kFmoe;
  if (has({"m", "n", "k", "kernel", "n_sub", "k_splits"})) return AiterKind::kSmallMMx;
  if (has({"m", "n", "k", "bias", "outdtype", "us"})) return AiterKind::kBf16;
  if (!has({"m", "n", "k", "kernelid", "splitk", "us", "kernelname"})) {
    return fail(StatusCode::kCorruptData,
                "{}:1: the columns are those of no AITER tuned table ({})", csv.path,
                join(csv.header, ","));
  }
  if (has({"b"})) return has({"cu_num"}) ? AiterKind::kBatched : AiterKind::kBatchedScale;
  if (has({"q_dtype_w"})) return has({"libtype"}) ? AiterKind::kBpreshuffle : AiterKind::kRowwise;
  if (has({"libtype"})) return AiterKind::kBlockscale;
  // Why the name: block-scale files from before `libtype` have the columns of a4w4.
  const auto kernel = static_cast<size_t>(aiter_column(csv, "kernelname"));
  const bool blockscale =
      !csv.rows.empty() && csv.rows[0].fields[kernel].starts_with("a8w8_blockscale");
  return blockscale ? AiterKind::kBlockscale : AiterKind::kA4w4;
}

}  // namespace octet::harness
