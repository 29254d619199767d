// AITER's tuned CSV files: which kind a file is, its block-scale rows as a tuned table, and back.
//
// A block-scale kernel name a8w8_blockscale_1x128x128_256x{M}x{N}x{K}_..._intrawave_v{1|3} is the
// variant gfx942_mfma_{M}x{N}x{K}_v{1|3}; other names, other thread counts, other libraries and
// split k have no counterpart and are counted.
//
// Source     schemas and names: ROCm/aiter, aiter/configs and csrc/ck_gemm_a8w8_blockscale
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"
#include "src/core/csv.h"
#include "src/harness/tables/table_check.h"
#include "src/select/tuned_table.h"

namespace octet::harness {

enum class AiterKind {
  kBlockscale,    // dense block-scale FP8 GEMM
  kRowwise,       // a8w8, a scale per row and per channel
  kBpreshuffle,   // the same with shuffled weights
  kA4w4,          // FP4
  kBatched,       // batched a8w8 or bf16
  kBatchedScale,  // batched with MX or block scales
  kBf16,
  kFmoe,
  kSmallMMx,  // MXFP8 for small m
};
inline constexpr int kNumAiterKinds = 9;
/// "block-scale GEMM", "fused MoE", ...
std::string_view name(AiterKind kind);

/// A row that was read and whose kernel has no counterpart: it still counts in a match rate.
struct UnmappedRow {
  Arch arch = Arch::kGeneric;
  int cu_num = 0;
  select::Problem problem;
};

struct AiterImport {
  AiterKind kind = AiterKind::kBlockscale;
  int64_t rows = 0;        // of the file
  int64_t duplicates = 0;  // rows whose key occurs with a lower us
  std::string note;        // for kinds that no op reads: says so
  select::TunedTable table;
  std::vector<ReasonCount> unmapped;  // kernel names without counterpart, most rows first
  std::vector<UnmappedRow> unmapped_rows;
  std::vector<std::string> bad;  // path:line: reason
};

/// The kind by the names of the columns, in any case and order. kCorruptData where they fit none.
Result<AiterKind> aiter_kind(const Csv& csv);

/// Imports a file; `source` goes into every row. Kinds that no op reads give rows and note, no
/// error. Without a column gfx the arch follows from cu_num (80 or 304: gfx942; 256: gfx950).
/// kCorruptData where the columns are those of no AITER table.
Result<AiterImport> import_aiter(const Csv& csv, const std::string& source);

struct AiterExport {
  std::string text;  // the CSV file, sorted by key
  int64_t rows = 0;
  std::vector<ReasonCount> left_out;
};

/// The gfx942 and gfx950 rows of a gemm_blockscale table whose format is the arch's own, in AITER's
/// block-scale schema. Importing the text with one `source` gives these rows back.
/// kInvalidArgument for a table of another op.
Result<AiterExport> export_aiter(const select::TunedTable& table);

}  // namespace octet::harness
