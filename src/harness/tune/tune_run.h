// A tuning run: many problems by weight, within a budget, over a worker process, into a journal.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "src/harness/tune/journal.h"
#include "src/harness/tune/worker.h"
#include "src/select/tuned_table.h"

namespace octet::harness {

struct TuneItem {
  select::Problem problem;
  int64_t weight = 1;  // calls of a forward pass; heavier problems come first, then smaller m
  std::string layer;
  std::string incumbent = "";  // variant of the row that is there, "" where none is
};

/// This process's part of a fleet: problems whose key hashes to `index` modulo `count`.
struct Shard {
  int64_t index = 0, count = 1;
  std::string from = {};  // "--shard", or the launcher with the variables that say so

  bool takes(const select::Problem& problem) const;
};

/// "i/N" with 1 <= i <= N; "" looks for Slurm, Open MPI or PMI and is 1/1 without them.
Result<Shard> parse_shard(const std::string& text);

/// "shard 2/4 from Slurm (...): 3 of 12 problems", and how to have them all where a launcher's
/// variables made it one, which batch shells set unasked; "" where there is but one shard.
std::string describe(const Shard& shard, std::span<const TuneItem> items);

struct TuneRunOptions {
  double budget_s = 120;
  Shard shard;
  WorkerOptions worker;
  bool go_on = false;  // past a problem that fails as a whole, up to kMostFailures in a row
  /// If set, called as a problem begins and as each of its candidates does.
  std::function<void(int64_t done, int64_t total, const TuneItem&)> progress;
};

/// With TuneRunOptions::go_on: what fails so often is not the problems.
inline constexpr int kMostFailures = 3;

struct TuneRunResult {
  std::vector<TuneRecord> records;  // heaviest first, then the smallest
  int64_t resumed = 0;              // taken over from the journal
  int64_t left = 0;                 // not reached within the budget, or after kMostFailures
  std::vector<std::string> failed;  // of problems that have no record: why
};

/// Problems that the journal has finished are not measured again. Without `go_on` a problem that
/// fails ends the run.
Result<TuneRunResult> tune_run(const select::Op& op, std::span<const TuneItem> items,
                               Journal& journal, const TuneRunOptions& options);

/// The winners of `records` as rows of a tuned table, for the device that was measured; of problems
/// in one bucket that of the first.
std::vector<select::TunedRow> tuned_rows(const select::Op& op, std::span<const TuneRecord> records,
                                         const Device& device, const std::string& source);

/// The table at `path`; empty where there is no file. kCorruptData where the file is no table of
/// the op or has a bad row. Repeated keys are in its `duplicates` and no error.
Result<select::TunedTable> table_to_keep(const select::Op& op, const std::string& path);

/// Writes `rows` to the table at `path`; rows of other keys that it holds already stay, one a key.
/// Nothing is written if the file there is no table of the op.
Status update_tuned_table(const select::Op& op, const std::string& path,
                          std::vector<select::TunedRow> rows);

}  // namespace octet::harness
