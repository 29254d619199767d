#include "tools/bench_passes.h"

#include <fmt/format.h>

#include <algorithm>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/environment.h"
#include "src/harness/measure/repetitions.h"
#include "src/harness/progress.h"
#include "tools/cli.h"

namespace octet::tools {

using harness::Measurement;

Json bench_environment(const BenchArguments& arguments, const Stream& stream) {
  Json environment = harness::run_environment(stream);
  environment["policy"] = arguments.policy();
  if (!arguments.suite.empty()) environment["suite"] = arguments.suite;
  environment["repetitions"] = arguments.least_repetitions();
  environment["budget_ms"] = bench_options(arguments).timing.budget_us * 1e-3;
  return environment;
}

namespace {

/// The repetitions of one row: a problem and a variant.
using Repetitions = std::vector<Measurement>;

/// One problem and its rows.
struct Cell {
  const BenchItem* item;
  std::vector<int> variants;
  std::vector<Repetitions> rows;

  bool more(int least) const {
    return std::any_of(rows.begin(), rows.end(), [&](const Repetitions& row) {
      std::vector<double> us;
      for (const Measurement& one : row) us.push_back(one.us);
      return harness::settle(us, least).more;
    });
  }
};

class Passes {
 public:
  Passes(const BenchArguments& arguments, Stream& stream)
      : arguments_(arguments), stream_(stream), least_(arguments.least_repetitions()) {
    results_.environment = bench_environment(arguments, stream);
  }

  Status add(const BenchItem& item) {
    OCTET_TRY(std::vector<int> variants,
              variants_of(*item.op, item.problem, stream_.device(), arguments_.variants));
    std::vector<Repetitions> rows(variants.size());
    cells_.push_back({&item, std::move(variants), std::move(rows)});
    return Status::Ok();
  }

  /// Every row that needs it, once more; whether there was one.
  Result<bool> pass(int repetition) {
    std::vector<Cell*> due;
    for (Cell& cell : cells_) {
      if (cell.more(least_)) due.push_back(&cell);
    }
    for (size_t i = 0; i < due.size(); ++i) {
      const std::string what =
          repetition == 0 ? "" : fmt::format(", repetition {}", repetition + 1);
      progress_.show(static_cast<int64_t>(i), static_cast<int64_t>(due.size()),
                     brief(due[i]->item->problem) + what);
      OCTET_CHECK_OK(measure(*due[i], repetition));
    }
    return !due.empty();
  }

  const harness::Results& results() const { return results_; }

 private:
  Status measure(Cell& cell, int repetition) {
    harness::BenchOptions options = bench_options(arguments_);
    options.check = options.check && repetition == 0;
    options.attn.contexts = cell.item->contexts;
    OCTET_TRY(const std::vector<Measurement> rows,
              harness::bench(*cell.item->op, cell.item->problem, cell.variants, stream_, options));
    for (size_t i = 0; i < rows.size(); ++i) cell.rows[i].push_back(rows[i]);
    collect();
    return arguments_.out.empty() ? Status::Ok() : harness::write_results(arguments_.out, results_);
  }

  void collect() {
    results_.rows.clear();
    for (const Cell& cell : cells_) {
      for (const Repetitions& row : cell.rows) {
        if (row.empty()) continue;
        results_.rows.push_back(least_ == 1 ? row[0] : harness::combine(row, least_));
      }
    }
  }

  const BenchArguments& arguments_;
  Stream& stream_;
  int least_;
  harness::Progress progress_;
  harness::Results results_;
  std::vector<Cell> cells_;
};

}  // namespace

Result<harness::Results> bench_passes(const BenchArguments& arguments,
                                      const std::vector<BenchItem>& items, Stream& stream) {
  Passes passes(arguments, stream);
  for (const BenchItem& item : items) OCTET_CHECK_OK(passes.add(item));
  for (int repetition = 0;; ++repetition) {
    OCTET_TRY(const bool any, passes.pass(repetition));
    if (!any) break;
  }
  OCTET_REQUIRE(!passes.results().rows.empty(),
                "bench: none of the variants '{}' runs any of the {} problems", arguments.variants,
                items.size());
  return passes.results();
}

}  // namespace octet::tools
