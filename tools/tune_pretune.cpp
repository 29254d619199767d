// octet tune --pretune: tables that exist, measured again on this machine. A table or a problem
// that fails is told of and the others go on.
#include "tools/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/progress.h"
#include "src/harness/tune/pretune.h"
#include "tools/cli.h"
#include "tools/table.h"

namespace octet::tools {
namespace {

using harness::PretunePlan;

/// One table, as far as it came.
struct Done {
  PretunePlan plan;
  harness::TuneRunResult run;
  harness::PretuneCounts counts;
  std::string error;  // "" where all of it was looked at

  int64_t failed() const { return static_cast<int64_t>(run.failed.size()) + counts.no_winner; }
  bool fine() const { return error.empty() && failed() == 0; }
  int64_t measured() const { return static_cast<int64_t>(run.records.size()) - run.resumed; }
};

/// <folder>/pretune.journal.jsonl, or beside the first table.
std::string journal_path(const TuneOptions& options) {
  if (!options.journal.empty()) return options.journal;
  if (options.out.empty()) return options.tables[0] + ".journal.jsonl";
  return (std::filesystem::path(options.out) / "pretune.journal.jsonl").string();
}

Status make_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  return error ? fail(StatusCode::kIo, "{}: {}", folder.string(), error.message()) : Status::Ok();
}

class Pretune {
 public:
  Pretune(const TuneOptions& options, Device device)
      : options_(options), device_(std::move(device)) {}

  Status begin() {
    OCTET_TRY(run_, run_options(options_, device_, std::numeric_limits<double>::infinity()));
    run_.go_on = true;
    if (options_.dry_run) return Status::Ok();
    const std::string results[]{options_.results};
    OCTET_CHECK_OK(check_outputs(results));
    const std::string path = journal_path(options_);
    OCTET_CHECK_OK(make_folder_of(path));
    OCTET_TRY(journal_, harness::Journal::open(path, device_, options_.resume));
    if (!journal_.set_aside().empty()) {
      fmt::print(stderr, "octet: the journal was set aside as .old: {}\n", journal_.set_aside());
    }
    return Status::Ok();
  }

  /// Plans here, behind the table before it: two of them may have one file.
  void table(const harness::PretuneSource& source) {
    std::vector<const PretunePlan*> before;
    for (const Done& done : done_) before.push_back(&done.plan);
    PretunePlan plan = harness::plan_pretune(source, device_);
    for (std::string& line : harness::repeated_rows(plan, before)) {
      plan.told.push_back(std::move(line));
    }
    Done& done = done_.emplace_back();
    done.plan = std::move(plan);
    done.error = done.plan.error;
    for (const std::string& line : done.plan.told) fmt::print(stderr, "octet: {}\n", line);
    if (!done.error.empty() || options_.dry_run) return;
    const Status status = measure(done);
    if (!status.ok()) done.error = status.message();
  }

  Status write_results() const {
    if (options_.results.empty() || options_.dry_run) return Status::Ok();
    std::string text = harness::results_line(journal_.environment());
    for (const Done& done : done_) {
      for (const harness::TuneRecord& record : done.run.records) {
        for (const harness::Measurement& row : record.rows) {
          text += harness::results_line(harness::to_json(row));
        }
      }
    }
    return write_file(options_.results, text);
  }

  const std::vector<Done>& done() const { return done_; }

 private:
  static constexpr double kLogEveryS = 60;

  Status measure(Done& done) {
    const PretunePlan& plan = done.plan;
    OCTET_CHECK_OK(make_folder_of(plan.out));
    const std::string out[]{plan.out};
    OCTET_CHECK_OK(check_outputs(out));
    fmt::print(stderr, "octet: {}: {} shapes\n", plan.name, plan.items.size());
    harness::Progress progress(stderr, {}, kLogEveryS);
    run_.progress = [&](int64_t at, int64_t total, const harness::TuneItem& item) {
      progress.show(at, total, fmt::format("{} {}", plan.name, brief(item.problem)));
    };
    const auto start = std::chrono::steady_clock::now();
    OCTET_TRY(done.run, harness::tune_run(*plan.op, plan.items, journal_, run_));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    run_.budget_s = std::max(0.0, run_.budget_s - took.count());
    std::error_code error;
    const std::string file = std::filesystem::weakly_canonical(plan.out, error).string();
    const auto outcome = harness::merge_pretuned(plan, done.run.records, device_, row_source(),
                                                 counted_[error ? plan.out : file]);
    done.counts = outcome.counts;
    OCTET_CHECK_OK(write_file(plan.out, select::format_tuned_table(*plan.op, outcome.rows)));
    if (done.run.failed.size() < harness::kMostFailures) return Status::Ok();
    return fail(StatusCode::kBackend, "{}: {} problems failed, the last: {}", plan.name,
                done.run.failed.size(), done.run.failed.back());
  }

  const TuneOptions& options_;
  Device device_;
  harness::TuneRunOptions run_;
  harness::Journal journal_;
  std::vector<Done> done_;
  std::map<std::string, std::set<select::TunedKey>> counted_;  // by the file that is written
};

Json to_json(const Done& done) {
  return {{"table", done.plan.name},
          {"out", done.plan.out},
          {"op", done.plan.op == nullptr ? "" : std::string(done.plan.op->name())},
          {"rows", done.plan.rows},
          {"shapes", done.plan.items.size()},
          {"unable", done.plan.unable},
          {"told", done.plan.told},
          {"measured", done.measured()},
          {"resumed", done.run.resumed},
          {"added", done.counts.added},
          {"replaced", done.counts.replaced},
          {"kept", done.counts.kept},
          {"failed", done.run.failed},
          {"no_winner", done.counts.no_winner},
          {"left", done.run.left},
          {"error", done.error}};
}

void print_plans(const std::vector<Done>& all) {
  Table table({"table", "rows", "shapes", "with a row\nof this device", "no kernel\nhere runs"});
  for (const Done& done : all) {
    const auto now = std::count_if(done.plan.items.begin(), done.plan.items.end(),
                                   [](const auto& item) { return !item.incumbent.empty(); });
    table.add({done.plan.name, std::to_string(done.plan.rows),
               std::to_string(done.plan.items.size()), std::to_string(now),
               std::to_string(done.plan.unable)});
  }
  print(table.text());
  for (const Done& done : all) {
    print(done.error.empty() ? fmt::format("{}: to {}\n", done.plan.name, done.plan.out)
                             : fmt::format("failed: {}\n", done.error));
  }
}

void print_done(const std::vector<Done>& all) {
  Table table({"table", "shapes", "measured", "taken\nover", "added", "replaced", "kept", "failed",
               "left"});
  int64_t left = 0;
  for (const Done& done : all) {
    left += done.run.left;
    table.add({done.plan.name, std::to_string(done.plan.items.size()),
               std::to_string(done.measured()), std::to_string(done.run.resumed),
               std::to_string(done.counts.added), std::to_string(done.counts.replaced),
               std::to_string(done.counts.kept), std::to_string(done.failed()),
               std::to_string(done.run.left)});
  }
  print(table.text());
  print(
      "replaced: a kernel that beat the row's by 3 %, or any where the row was another card's; "
      "kept: "
      "none did; --resume takes finished shapes over\n");
  for (const Done& done : all) {
    for (const std::string& reason : done.run.failed) print("failed: " + reason + "\n");
    if (!done.error.empty()) print("failed: " + done.error + "\n");
  }
  print(fmt::format("{} tables, {} shapes left for want of time\n", all.size(), left));
}

}  // namespace

int pretune(const TuneOptions& options) {
  const auto device = tuning_device(options);
  if (!device.ok()) return complain(device.status());
  if (options.out.empty() && options.tables.empty() && !options.dry_run) {
    return complain(fail(StatusCode::kInvalidArgument,
                         "tune: --pretune of built-in tables needs --out, the folder for theirs"));
  }
  Pretune work(options, *device);
  Status status = work.begin();
  if (!status.ok()) return complain(status);
  const bool nowhere = options.out.empty() && options.dry_run && options.tables.empty();
  for (const auto& source : harness::pretune_sources(options.tables, nowhere ? "." : options.out)) {
    work.table(source);
  }
  status = work.write_results();
  if (!status.ok()) return complain(status);
  Json list = Json::array();
  bool fine = true;
  for (const Done& done : work.done()) {
    list.push_back(to_json(done));
    fine = fine && done.fine();
  }
  if (options.json) {
    print_json(list);
  } else {
    options.dry_run ? print_plans(work.done()) : print_done(work.done());
  }
  return fine ? kExitOk : kExitFailed;
}

}  // namespace octet::tools
