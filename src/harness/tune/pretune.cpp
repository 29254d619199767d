#include "src/harness/tune/pretune.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "src/core/embedded.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"

namespace octet::harness {
namespace {

using select::TunedKey;
using select::TunedRow;

constexpr std::string_view kBuiltIn = "data/tuned/";

/// "gemm_blockscale/sm90" of data/tuned/gemm_blockscale/sm90.csv.
std::string short_name(std::string_view path) {
  return std::string(path.substr(kBuiltIn.size(), path.size() - kBuiltIn.size() - 4));
}

PretuneSource built_in(const EmbeddedFile& file, const std::string& folder) {
  const std::string name = short_name(file.path);
  if (folder.empty()) {
    return {name, "",
            fail(StatusCode::kInvalidArgument,
                 "{}: is built in; --out names the folder for its rows", name)};
  }
  return {name, (std::filesystem::path(folder) / (name + ".csv")).string(),
          parse_csv(file.content, std::string(file.path))};
}

PretuneSource of_file(const std::string& path, const std::string& folder) {
  auto csv = read_csv(path);
  if (folder.empty() || !csv.ok()) return {path, path, std::move(csv)};
  const auto op = ops::op_of_table(*csv);
  if (!op.ok()) return {path, path, op.status()};
  const auto file = std::filesystem::path(path).filename();
  return {path, (std::filesystem::path(folder) / (*op)->name() / file).string(), std::move(csv)};
}

}  // namespace

std::vector<PretuneSource> pretune_sources(std::span<const std::string> names,
                                           const std::string& folder) {
  const std::vector<EmbeddedFile> files = embedded_files(kBuiltIn);
  std::vector<PretuneSource> sources;
  if (names.empty()) {
    for (const EmbeddedFile& file : files) sources.push_back(built_in(file, folder));
  }
  for (const std::string& name : names) {
    std::vector<std::string> known;
    const size_t before = sources.size();
    for (const EmbeddedFile& file : files) {
      known.push_back(short_name(file.path));
      const bool meant = known.back() == name || known.back().starts_with(name + "/");
      if (meant) sources.push_back(built_in(file, folder));
    }
    if (sources.size() > before) continue;
    std::error_code error;
    if (std::filesystem::exists(name, error)) {
      sources.push_back(of_file(name, folder));
    } else {
      sources.push_back({name, "",
                         fail(StatusCode::kIo,
                              "{}: no such file or built-in table{}; "
                              "built in: {}",
                              name, did_you_mean(name, known), join(known, " "))});
    }
  }
  return sources;
}

namespace {

/// The problem of a row on the device (plan_pretune says in which format).
select::Problem problem_on(const select::Op& op, const TunedRow& row, const Device& device) {
  const auto runs = [&](const select::Problem& problem) {
    const auto all = op.variants();
    for (size_t i = 0; i + 1 < all.size(); ++i) {  // the last is the reference
      if (select::can_run(op, static_cast<int>(i), problem, device, true).ok) return true;
    }
    return false;
  };
  select::Problem in_own = row.problem;
  in_own.format = op.default_format(device.arch);
  const bool can_own = op.validate(in_own).ok() && runs(in_own);
  const bool rows_own = row.problem.format == op.default_format(row.arch);
  return can_own && (rows_own || !runs(row.problem)) ? in_own : row.problem;
}

bool anything_runs(const select::Op& op, const select::Problem& problem, const Device& device) {
  static const select::TunedTables none;
  return select::choose(op, problem, device, none).ok();
}

TunedKey key_on(const Device& device, const select::Problem& problem) {
  TunedRow row{device.arch, device.cu_num, problem, -1, 0, ""};
  row.problem.format = problem.schema->table_format(problem.format);
  return select::tuned_key(row);
}

std::map<TunedKey, const TunedRow*> by_key(const std::vector<TunedRow>& rows) {
  std::map<TunedKey, const TunedRow*> map;
  for (const TunedRow& row : rows) map.emplace(select::tuned_key(row), &row);
  return map;
}

/// Whether a row of a table that was read is `result`, as far as its text tells.
bool is_result(const TunedRow& row, const TunedRow& result) {
  return row.variant == result.variant && row.device == result.device &&
         fmt::format("{:.6g}", row.us) == fmt::format("{:.6g}", result.us);
}

Status fill(const PretuneSource& source, const Device& device, PretunePlan& plan) {
  if (!source.csv.ok()) return source.csv.status();
  OCTET_TRY(plan.op, ops::op_of_table(*source.csv));
  OCTET_TRY(const select::TunedTable table, select::parse_tuned_table(*plan.op, *source.csv));
  plan.rows = static_cast<int64_t>(source.csv->rows.size());
  plan.told = table.bad;
  plan.told.insert(plan.told.end(), table.duplicates.begin(), table.duplicates.end());
  OCTET_TRY(select::TunedTable there, table_to_keep(*plan.op, plan.out));
  std::error_code error;
  plan.kept = std::filesystem::exists(plan.out, error) ? std::move(there.rows) : table.rows;
  const auto rows = by_key(plan.kept);
  std::map<TunedKey, bool> seen;
  for (const TunedRow& row : table.rows) {
    plan.keys.push_back(select::tuned_key(row));
    const select::Problem problem = problem_on(*plan.op, row, device);
    const TunedKey key = key_on(device, problem);
    if (!seen.emplace(key, true).second) continue;
    if (!anything_runs(*plan.op, problem, device)) {
      ++plan.unable;
      continue;
    }
    const auto now = rows.find(key);
    plan.items.push_back(
        {problem, 1, "",
         now == rows.end() ? ""
                           : plan.op->variants()[static_cast<size_t>(now->second->variant)].name});
  }
  return Status::Ok();
}

}  // namespace

PretunePlan plan_pretune(const PretuneSource& source, const Device& device) {
  PretunePlan plan;
  plan.name = source.name;
  plan.out = source.out;
  const Status status = fill(source, device, plan);
  if (!status.ok()) plan.error = status.message();
  return plan;
}

std::vector<std::string> repeated_rows(const PretunePlan& plan,
                                       std::span<const PretunePlan* const> before) {
  const std::set<TunedKey> own(plan.keys.begin(), plan.keys.end());
  std::vector<std::string> lines;
  for (const PretunePlan* other : before) {
    if (other->op != plan.op) continue;
    const auto count = std::count_if(other->keys.begin(), other->keys.end(),
                                     [&](const TunedKey& key) { return own.contains(key); });
    if (count == 0) continue;
    lines.push_back(
        fmt::format("{}: {} of its rows {} in {}, too; of equal keys the lowest time serves calls",
                    plan.name, count, count == 1 ? "is" : "are", other->name));
  }
  return lines;
}

PretuneOutcome merge_pretuned(const PretunePlan& plan, std::span<const TuneRecord> records,
                              const Device& device, const std::string& source,
                              std::set<TunedKey>& counted) {
  PretuneOutcome outcome;
  outcome.rows = plan.kept;
  std::map<TunedKey, size_t> at;
  for (size_t i = 0; i < outcome.rows.size(); ++i) {
    at.emplace(select::tuned_key(outcome.rows[i]), i);
  }
  PretuneCounts& counts = outcome.counts;
  for (const TuneRecord& record : records) {
    const auto fresh = tuned_rows(*plan.op, std::span(&record, 1), device, source);
    if (fresh.empty()) {
      ++counts.no_winner;
      continue;
    }
    const TunedKey key = select::tuned_key(fresh[0]);
    const bool first = counted.insert(key).second;
    const auto found = at.find(key);
    if (found == at.end()) {
      outcome.rows.push_back(fresh[0]);
      ++counts.added;
      continue;
    }
    TunedRow& row = outcome.rows[found->second];
    if (is_result(row, fresh[0])) {
      ++(!first ? counts.kept : record.incumbent.empty() ? counts.added : counts.replaced);
      continue;
    }
    const std::string& name = plan.op->variants()[static_cast<size_t>(row.variant)].name;
    const Measurement* incumbent = record.row(name);
    const bool of_this = select::other_device(row.device, device).empty();
    if (of_this && incumbent != nullptr && incumbent->us < fresh[0].us * kWinMargin) {
      ++counts.kept;
    } else {
      row = fresh[0];
      ++counts.replaced;
    }
  }
  return outcome;
}

}  // namespace octet::harness
