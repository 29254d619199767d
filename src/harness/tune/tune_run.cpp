#include "src/harness/tune/tune_run.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "src/core/env.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/environment.h"

namespace octet::harness {

bool Shard::takes(const select::Problem& problem) const {
  return hash_bytes(Journal::key(problem)) % static_cast<uint64_t>(count) ==
         static_cast<uint64_t>(index);
}

Result<Shard> parse_shard(const std::string& text) {
  env::LauncherShard launcher;
  if (text.empty()) {
    OCTET_TRY(launcher, env::launcher_shard());
  }
  const std::string found = text.empty() ? launcher.shard : text;
  if (found.empty()) return Shard{};
  const std::vector<std::string> parts = split(found, '/');
  const auto index = parse_int(parts[0]), count = parse_int(parts.size() == 2 ? parts[1] : "");
  if (!index.ok() || !count.ok() || *count < 1 || *index < 1 || *index > *count) {
    return fail(StatusCode::kInvalidArgument, "shard '{}': must be i/N with 1 <= i <= N", found);
  }
  return Shard{*index - 1, *count, text.empty() ? launcher.from : "--shard"};
}

std::string describe(const Shard& shard, std::span<const TuneItem> items) {
  if (shard.count == 1) return "";
  const auto mine = std::count_if(items.begin(), items.end(),
                                  [&](const TuneItem& item) { return shard.takes(item.problem); });
  const bool asked = shard.from == "--shard";
  return fmt::format("shard {}/{} from {}: {} of {} problems{}", shard.index + 1, shard.count,
                     shard.from, mine, items.size(), asked ? "" : "; --shard 1/1 takes all");
}

namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<TuneItem> work_list(std::span<const TuneItem> items, const Shard& shard) {
  std::vector<TuneItem> mine;
  for (const TuneItem& item : items) {
    if (shard.takes(item.problem)) mine.push_back(item);
  }
  // Why small ones first: a run that ends early has every layer's decode, not some layers whole.
  std::stable_sort(mine.begin(), mine.end(), [](const TuneItem& a, const TuneItem& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.problem.field[0] < b.problem.field[0];
  });
  return mine;
}

/// The share of the first of `items` in what is left, half of it for the final timing. Shares go by
/// number and by work, half each, so that small problems leave the large ones their time.
double budget_us(const select::Op& op, double left_s, std::span<const TuneItem> items) {
  double flops = 0;
  for (const TuneItem& item : items) flops += op.flops(item.problem);
  const double by_number = 1 / static_cast<double>(items.size());
  const double by_work = flops > 0 ? op.flops(items[0].problem) / flops : by_number;
  return std::clamp(left_s * (by_number + by_work) / 4, 0.02, 1.0) * 1e6;
}

}  // namespace

Result<TuneRunResult> tune_run(const select::Op& op, std::span<const TuneItem> items,
                               Journal& journal, const TuneRunOptions& options) {
  const std::vector<TuneItem> mine = work_list(items, options.shard);
  const double end = now_s() + options.budget_s;
  TuneRunResult result;
  size_t i = 0;
  const auto progress = [&] {
    if (!options.progress) return;
    options.progress(static_cast<int64_t>(i), static_cast<int64_t>(mine.size()), mine[i]);
  };
  WorkerOptions worker_options = options.worker;
  worker_options.alive = progress;  // a long problem is heard of more than once
  Worker worker(worker_options);
  int failures = 0;  // in a row
  for (; i < mine.size(); ++i) {
    const auto finished = journal.finished().find(Journal::key(mine[i].problem));
    if (finished != journal.finished().end()) {
      result.records.push_back(finished->second);
      ++result.resumed;
      continue;
    }
    progress();
    const double left = end - now_s();
    if (left <= 0 || failures == kMostFailures) {
      ++result.left;
      continue;
    }
    auto record = worker.tune(
        op,
        {mine[i].problem, {}, budget_us(op, left, std::span(mine).subspan(i)), mine[i].incumbent});
    if (!record.ok() && !options.go_on) return record.status();
    if (!record.ok()) {
      result.failed.push_back(record.status().message());
      ++failures;
      continue;
    }
    failures = 0;
    OCTET_CHECK_OK(journal.append(*record));
    result.records.push_back(std::move(record).value());
  }
  return result;
}

std::vector<select::TunedRow> tuned_rows(const select::Op& op, std::span<const TuneRecord> records,
                                         const Device& device, const std::string& source) {
  std::vector<select::TunedRow> rows;
  for (const TuneRecord& record : records) {
    const Measurement* winner = record.row(record.winner);
    const int variant = op.find(record.winner);
    if (winner == nullptr || variant < 0) continue;
    select::Problem key = record.problem;
    key.format = op.schema->table_format(key.format);
    const bool has_row = std::any_of(rows.begin(), rows.end(), [&](const select::TunedRow& row) {
      return bucketed(row.problem) == bucketed(key);
    });
    if (!has_row) {
      // Why none of CPUs: "cpu" is all that they are called.
      const std::string name = is_cpu(device.arch) ? "" : device.name;
      rows.push_back({device.arch, device.cu_num, key, variant, winner->us, source, "", name});
    }
  }
  return rows;
}

Result<select::TunedTable> table_to_keep(const select::Op& op, const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {  // new, or a device such as /dev/stdout
    return select::TunedTable{&op, {}, {}};
  }
  OCTET_TRY(const Csv csv, read_csv(path));
  OCTET_TRY(select::TunedTable old, select::parse_tuned_table(op, csv));
  if (old.bad.empty()) return old;
  return fail(StatusCode::kCorruptData, "{} (octet db check lists all {} bad rows)", old.bad[0],
              old.bad.size());
}

Status update_tuned_table(const select::Op& op, const std::string& path,
                          std::vector<select::TunedRow> rows) {
  OCTET_TRY(select::TunedTable all, table_to_keep(op, path));
  const auto replaced = [&](const select::TunedRow& old) {
    return std::any_of(rows.begin(), rows.end(), [&](const select::TunedRow& row) {
      return select::tuned_key(row) == select::tuned_key(old);
    });
  };
  std::erase_if(all.rows, replaced);
  all.rows.insert(all.rows.end(), rows.begin(), rows.end());
  return write_file(path, select::format_tuned_table(op, std::move(all.rows)));
}

}  // namespace octet::harness
