// Re-tuning of tables that exist on the machine that will use them: the shapes of every row, of
// whatever device, measured on the live one and written under its (arch, cu_num).
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "octet/device.h"
#include "src/core/csv.h"
#include "src/harness/tune/tune_run.h"
#include "src/select/tuned_table.h"

namespace octet::harness {

/// A table to re-tune, as it is found.
struct PretuneSource {
  std::string name;  // a path, or "gemm_blockscale/sm90" of a table that is built in
  std::string out;   // the file to write
  Result<Csv> csv;
};

/// The built-in tables (none named), or those that are named: a path, "<op>/<name>", or "<op>" for
/// all of an op. With `folder` the result goes to <folder>/<op>/<name>.csv; without it a file is
/// updated where it is, and a built-in table is an error of its own. A name that is nothing of
/// these is such an error too: the others go on.
std::vector<PretuneSource> pretune_sources(std::span<const std::string> names,
                                           const std::string& folder);

/// What is to be measured for one table.
struct PretunePlan {
  std::string name, out;
  std::string error;  // why nothing is: the file is no table, or `out` cannot be updated; or ""
  const select::Op* op = nullptr;
  int64_t rows = 0;
  std::vector<std::string> told;       // bad and repeated rows of the source
  std::vector<select::TunedKey> keys;  // of the source's rows
  std::vector<select::TunedRow> kept;  // of `out`, or of the source where `out` is not there yet
  std::vector<TuneItem> items;         // one a look-up of the device, with the row that it has now
  int64_t unable = 0;                  // shapes that no kernel here can run
};

/// A row in its own device's format (gfx942's is e4m3fnuz) is measured in this one's; any other
/// format stands, unless no kernel here takes it.
PretunePlan plan_pretune(const PretuneSource& source, const Device& device);

/// A line for each table of `before` that has rows with the keys of this one's: calls are served by
/// the lowest time of equal keys (docs/tuning.md).
std::vector<std::string> repeated_rows(const PretunePlan& plan,
                                       std::span<const PretunePlan* const> before);

/// A row that an earlier part of the run wrote counts as what it was then.
struct PretuneCounts {
  int64_t added = 0;     // shapes that had no row of this device
  int64_t replaced = 0;  // the winner beats the row's kernel by kWinMargin, or that one failed, or
                         // the row was measured on another device
  int64_t kept = 0;      // the row's kernel won, or lost by less
  int64_t no_winner = 0;
};

/// The rows of the table after measuring: those of other devices and shapes as they were.
struct PretuneOutcome {
  PretuneCounts counts;
  std::vector<select::TunedRow> rows;
};
/// `counted`: keys of the same `out` that earlier tables of the run have counted; they are kept
/// here, and this table's are added to them.
PretuneOutcome merge_pretuned(const PretunePlan& plan, std::span<const TuneRecord> records,
                              const Device& device, const std::string& source,
                              std::set<select::TunedKey>& counted);

}  // namespace octet::harness
