#include "src/harness/tables/aiter_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/tables/aiter_columns.h"
#include "src/harness/tables/table_merge.h"
#include "src/ops/gemm_blockscale/op.h"

namespace octet::harness {
namespace {

namespace gemm = ops::gemm_blockscale;
using select::TunedRow;

/// AITER's instances behind our gfx942 variants: what export writes.
struct Instance {
  std::string_view variant;
  int id;
  std::string_view kernel;
};

constexpr std::string_view kPrefix = "a8w8_blockscale_1x128x128_256x";

constexpr std::array kInstances{
    Instance{"gfx942_mfma_128x128x128_v3", 0,
             "128x128x128_16x16_32x32_2x2_8x32x1_8x32x1_1x32x1x8_8_1x1_intrawave_v3"},
    Instance{"gfx942_mfma_64x128x128_v3", 2,
             "64x128x128_16x16_32x32_1x2_8x32x1_8x32x1_1x32x1x8_8_1x1_intrawave_v3"},
    Instance{"gfx942_mfma_16x64x128_v1", 6,
             "16x64x128_8x16_16x16_1x1_16x16x1_8x32x1_1x16x1x16_4_1x1_intrawave_v1"},
    Instance{"gfx942_mfma_16x128x256_v1", 7,
             "16x128x256_16x16_16x16_1x2_16x16x1_16x16x1_1x16x1x16_8_1x2_intrawave_v1"},
    Instance{"gfx942_mfma_16x64x256_v1", 8,
             "16x64x256_16x16_16x16_1x1_16x16x1_16x16x1_1x16x1x16_4_1x1_intrawave_v1"},
    Instance{"gfx942_mfma_32x64x128_v1", 11,
             "32x64x128_16x16_16x16_2x1_8x32x1_8x32x1_1x32x1x8_8_2x1_intrawave_v1"},
    Instance{"gfx942_mfma_64x64x128_v1", 16,
             "64x64x128_16x16_32x32_1x1_8x32x1_8x32x1_1x32x1x8_8_1x1_intrawave_v1"},
    Instance{"gfx942_mfma_64x64x256_v1", 18,
             "64x64x256_16x16_32x32_1x1_16x16x1_16x16x1_1x32x1x8_8_1x1_intrawave_v1"},
};

/// Our variant of a kernel name by tile and pipeline, or -1.
int variant_of(std::string_view kernel) {
  if (!kernel.starts_with(kPrefix)) return -1;
  kernel.remove_prefix(kPrefix.size());
  const size_t tile_end = kernel.find('_');
  const size_t pipeline = kernel.rfind("_intrawave_");
  if (tile_end == std::string_view::npos || pipeline == std::string_view::npos) return -1;
  return gemm::op().find(
      fmt::format("gfx942_mfma_{}_{}", kernel.substr(0, tile_end), kernel.substr(pipeline + 11)));
}

select::Problem problem_of(Arch arch, int64_t m, int64_t n, int64_t k) {
  return {&gemm::schema(), gemm::op().default_format(arch), {m, n, k}};
}

/// One file's rows, column by column.
class Reader {
 public:
  explicit Reader(const Csv& csv) : csv_(csv) {}

  bool has(std::string_view name) const { return aiter_column(csv_, name) >= 0; }
  const std::string& text(const CsvRow& row, std::string_view name) const {
    return row.fields[static_cast<size_t>(aiter_column(csv_, name))];
  }
  Result<int64_t> number(const CsvRow& row, std::string_view name) const {
    const auto value = parse_int(text(row, name));
    if (value.ok()) return value;
    return fail(StatusCode::kCorruptData, "{}: {}", name, value.status().message());
  }

  /// Everything but the variant; errors say column and value.
  Result<TunedRow> row(const CsvRow& line) const {
    TunedRow row;
    OCTET_TRY(const int64_t cu_num, number(line, "cu_num"));
    OCTET_REQUIRE(cu_num >= 1 && cu_num <= 100000, "cu_num: {} is not in 1 to 100000", cu_num);
    row.cu_num = static_cast<int>(cu_num);
    OCTET_TRY(row.arch, arch(line, cu_num));
    OCTET_TRY(const int64_t m, number(line, "m"));
    OCTET_TRY(const int64_t n, number(line, "n"));
    OCTET_TRY(const int64_t k, number(line, "k"));
    row.problem = problem_of(row.arch, m, n, k);
    OCTET_CHECK_OK(gemm::validate_problem(row.problem));
    const auto us = parse_double(text(line, "us"));
    OCTET_REQUIRE(us.ok() && std::isfinite(*us) && *us > 0,
                  "us: '{}' is not a positive, finite time", text(line, "us"));
    row.us = *us;
    return row;
  }

 private:
  Result<Arch> arch(const CsvRow& line, int64_t cu_num) const {
    if (!has("gfx")) {
      if (cu_num == 304 || cu_num == 80) return Arch::kGfx942;
      if (cu_num == 256) return Arch::kGfx950;
      return fail(StatusCode::kCorruptData, "no gfx, and cu_num {} tells no arch", cu_num);
    }
    const std::string& gfx = text(line, "gfx");
    if (gfx == "gfx942") return Arch::kGfx942;
    if (gfx == "gfx950") return Arch::kGfx950;
    return fail(StatusCode::kCorruptData, "gfx: '{}' is neither gfx942 nor gfx950", gfx);
  }

  const Csv& csv_;
};

/// The kernel as counted where it has no counterpart: "<name>", "<name> splitK=2",
/// "<name> libtype=cktile".
struct Kernel {
  int variant = -1;
  std::string label;
};

Result<Kernel> kernel_of(const Reader& reader, const CsvRow& line) {
  OCTET_TRY(const int64_t split_k, reader.number(line, "splitk"));
  const std::string libtype = reader.has("libtype") ? reader.text(line, "libtype") : "ck";
  Kernel kernel{-1, reader.text(line, "kernelname")};
  if (split_k == 0 && libtype == "ck") kernel.variant = variant_of(kernel.label);
  if (libtype != "ck") kernel.label += " libtype=" + libtype;
  if (split_k != 0) kernel.label += fmt::format(" splitK={}", split_k);
  return kernel;
}

Status read_blockscale(const Csv& csv, const std::string& source, AiterImport& import) {
  const Reader reader(csv);
  if (!reader.has("cu_num")) {
    return fail(StatusCode::kCorruptData, "{}:1: no column 'cu_num'", csv.path);
  }
  std::map<std::string, int64_t> unmapped;
  for (const CsvRow& line : csv.rows) {
    auto row = reader.row(line);
    const auto kernel = kernel_of(reader, line);
    if (!row.ok() || !kernel.ok()) {
      const Status& status = row.ok() ? kernel.status() : row.status();
      import.bad.push_back(fmt::format("{}: {}", csv.at(line), status.message()));
    } else if (kernel->variant < 0) {
      ++unmapped[kernel->label];
      import.unmapped_rows.push_back({row->arch, row->cu_num, row->problem});
    } else {
      row->variant = kernel->variant;
      row->source = source;
      import.table.rows.push_back(std::move(row).value());
    }
  }
  import.unmapped = by_count(unmapped);
  return Status::Ok();
}

}  // namespace

Result<AiterImport> import_aiter(const Csv& csv, const std::string& source) {
  AiterImport import;
  OCTET_TRY(import.kind, aiter_kind(csv));
  import.rows = static_cast<int64_t>(csv.rows.size());
  import.table.op = &gemm::op();
  if (import.kind != AiterKind::kBlockscale) {
    import.note = fmt::format("{}: {}: {} rows; no op of this version reads them", csv.path,
                              name(import.kind), import.rows);
    return import;
  }
  OCTET_CHECK_OK(read_blockscale(csv, source, import));
  // Why: AITER keeps the lowest us of a repeated key, and so does a merge.
  const auto count = static_cast<int64_t>(import.table.rows.size());
  OCTET_TRY(import.table, merge_tables({&import.table, 1}));
  import.duplicates = count - static_cast<int64_t>(import.table.rows.size());
  return import;
}

namespace {

/// Why the row cannot be written; "" where it can.
std::string export_refusal(const select::Op& op, const TunedRow& row, const Instance*& instance) {
  if (row.arch != Arch::kGfx942 && row.arch != Arch::kGfx950) {
    return fmt::format("arch {}: AITER has gfx942 and gfx950", arch_name(row.arch));
  }
  if (row.problem.format != op.default_format(row.arch)) {
    return fmt::format("format {} on {}: the file has no column for it",
                       op.schema->format_name(row.problem.format), arch_name(row.arch));
  }
  const std::string& variant = op.variants()[static_cast<size_t>(row.variant)].name;
  const auto found =
      std::find_if(kInstances.begin(), kInstances.end(),
                   [&](const Instance& candidate) { return candidate.variant == variant; });
  if (found == kInstances.end()) return fmt::format("variant {}: no AITER kernel", variant);
  instance = &*found;
  return "";
}

/// tflops and bw as AITER counts them: 2mnk, and bytes of a, b and a 16-bit d without scales.
std::string export_line(const TunedRow& row, const Instance& instance) {
  const int64_t m = row.problem.field[0], n = row.problem.field[1], k = row.problem.field[2];
  const double mn = static_cast<double>(m) * static_cast<double>(n);
  const double tflops = 2 * mn * static_cast<double>(k) / row.us * 1e-6;
  const double bytes = static_cast<double>(m + n) * static_cast<double>(k) + 2 * mn;
  return fmt::format("{},{},{},{},{},ck,{},0,{},{}{},{:.2f},{:.2f},0.0\n", arch_name(row.arch),
                     row.cu_num, m, n, k, instance.id, row.us, kPrefix, instance.kernel, tflops,
                     bytes / row.us * 1e-3);
}

}  // namespace

Result<AiterExport> export_aiter(const select::TunedTable& table) {
  OCTET_REQUIRE(table.op == &gemm::op(), "export to AITER: a table of {}, only {} has a schema",
                table.op->name(), gemm::op().name());
  OCTET_TRY(const select::TunedTable sorted, merge_tables({&table, 1}));
  AiterExport result;
  result.text = "gfx,cu_num,M,N,K,libtype,kernelId,splitK,us,kernelName,tflops,bw,errRatio\n";
  std::map<std::string, int64_t> left_out;
  for (const TunedRow& row : sorted.rows) {
    const Instance* instance = nullptr;
    const std::string reason = export_refusal(*table.op, row, instance);
    if (reason.empty()) {
      result.text += export_line(row, *instance);
      ++result.rows;
    } else {
      ++left_out[reason];
    }
  }
  result.left_out = by_count(left_out);
  return result;
}

}  // namespace octet::harness
