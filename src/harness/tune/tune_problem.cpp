#include "src/harness/tune/tune_problem.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/bench.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"

namespace octet::harness {

using select::Op;
using select::Problem;

const Measurement* TuneRecord::row(const std::string& variant) const {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const Measurement& row) { return row.variant == variant; });
  return found == rows.end() ? nullptr : &*found;
}

std::string winner_of(const TuneRecord& record) {
  const Measurement* best = nullptr;
  for (const Measurement& row : record.rows) {
    if (best == nullptr || row.us < best->us) best = &row;
  }
  if (best == nullptr) return "";
  const Measurement* heuristic = record.row(record.heuristic);
  if (heuristic != nullptr && heuristic->us < best->us * kWinMargin) return heuristic->variant;
  return best->variant;
}

void mark_winner(TuneRecord& record) {
  record.winner = winner_of(record);
  for (Measurement& row : record.rows) {
    if (row.variant != record.winner) {
      row.why = kNotChosen;
    } else if (!row.chosen()) {
      row.why = select::to_string({select::Why::Level::kTuned, 0, 0, ""});
    }
  }
}

namespace {

const std::string& name_of(const Op& op, int variant) {
  return op.variants()[static_cast<size_t>(variant)].name;
}

/// The heuristic's choice: choose() with no tables.
int heuristic_variant(const Op& op, const Problem& problem, const Device& device) {
  static const select::TunedTables no_tables;
  const auto choice = select::choose(op, problem, device, no_tables);
  return choice.ok() ? choice->variant : -1;
}

/// By name; -1 where it cannot run.
int runnable_variant(const Op& op, std::string_view name, const Problem& problem,
                     const Device& device) {
  const int variant = op.find(name);
  return variant >= 0 && select::can_run(op, variant, problem, device, true).ok ? variant : -1;
}

/// Those that are timed to the end whatever the model says of them.
struct Named {
  int heuristic, fixed, incumbent;

  Named(const Op& op, const TuneRequest& request, const Device& device)
      : heuristic(heuristic_variant(op, request.problem, device)),
        fixed(runnable_variant(op, op.fixed_default(device.arch), request.problem, device)),
        incumbent(runnable_variant(op, request.incumbent, request.problem, device)) {}

  bool has(int variant) const {
    return variant == heuristic || variant == fixed || variant == incumbent;
  }
};

/// How far a prediction may be off. Slack: fixed costs are fitted poorly where they are all there
/// is.
struct PruneLimit {
  double factor, slack_us;
};
PruneLimit prune_limit(const Device& device) {
  return is_cpu(device.arch) ? PruneLimit{3, 5} : PruneLimit{1.5, 2};
}

}  // namespace

std::vector<int> tune_candidates(const Op& op, const TuneRequest& request, const Device& device) {
  const int last = static_cast<int>(op.variants().size()) - 1;  // the reference
  const Named named(op, request, device);
  double least_us = INFINITY;
  const std::vector<int> all = runnable(op, request.problem, device);
  for (const int variant : all) {
    const double us = op.predict_us(variant, request.problem, device);
    if (us > 0) least_us = std::min(least_us, us);
  }
  const PruneLimit limit = prune_limit(device);
  std::vector<int> candidates;
  for (const int variant : all) {
    const auto& excluded = request.exclude;
    if (std::find(excluded.begin(), excluded.end(), name_of(op, variant)) != excluded.end())
      continue;
    const bool promising =
        op.predict_us(variant, request.problem, device) <= limit.factor * least_us + limit.slack_us;
    if (named.has(variant) || (promising && variant != last)) candidates.push_back(variant);
  }
  if (candidates.empty() && !all.empty()) candidates.push_back(all.back());
  return candidates;
}

namespace {

/// From here on candidates get fewer samples. A GPU repeats itself: 2 ms of it are a long time.
double slow_us(const Stream& stream) { return stream.is_gpu() ? 2'000 : 50'000; }

/// One sample of slow candidates, three of others: enough to drop the hopeless.
Result<double> quick_us(Instance& instance, const Op& op, int variant, const Problem& problem,
                        Stream& stream) {
  BenchOptions options;
  options.check = options.floor = false;
  options.timing = {1, stream.is_gpu() ? 1 : 3,
                    slow_us(stream)};  // a sample of a GPU is many calls
  options.timing.rest = 0;
  OCTET_TRY(const std::vector<Measurement> rows,
            bench_on(instance, op, problem, {variant}, stream, options));
  return rows[0].us_min;
}

/// Only what is bound by compute heats a card to its power limit, where it needs to rest.
double rest_of(const Op& op, const Problem& problem) {
  constexpr double kIntensity = 300;  // flops a byte
  return op.flops(problem) > kIntensity * static_cast<double>(op.bytes(problem)) ? 2 : 0;
}

constexpr double kFinalFactor = 1.3;
constexpr size_t kMaxFinalists = 4;

/// The fastest few, and the named ones in any case.
std::vector<int> finalists(std::vector<std::pair<double, int>> quick, const Named& named) {
  std::sort(quick.begin(), quick.end());
  std::vector<int> chosen;
  for (const auto& [us, variant] : quick) {
    const bool fast = us <= kFinalFactor * quick[0].first && chosen.size() < kMaxFinalists;
    if (fast || named.has(variant)) chosen.push_back(variant);
  }
  return chosen;
}

/// Drops candidates that are wrong.
std::vector<int> correct_ones(Instance& instance, const Op& op, const std::vector<int>& variants,
                              Stream& stream, const std::function<void(const std::string&)>& begin,
                              TuneRecord& record, std::vector<double>& errors) {
  std::vector<int> right;
  for (const int variant : variants) {
    begin(name_of(op, variant));
    const auto report = check_timed(instance, op, variant, record.problem, stream);
    if (report.ok() && report->ok()) {
      right.push_back(variant);
      errors.push_back(report->error);
    } else {
      record.failed.push_back({name_of(op, variant), report.ok()
                                                         ? "wrong result: " + report->failure
                                                         : report.status().message()});
    }
  }
  return right;
}

/// Passes the first call of each variant on, and one a second after that: the supervisor knows whom
/// to blame and that a slow problem is alive, and samples stay undisturbed.
std::function<void(const std::string&)> now_and_then(
    const std::function<void(const std::string&)>& begin) {
  using Clock = std::chrono::steady_clock;
  return [&begin, seen = std::set<std::string>(),
          last = Clock::time_point()](const std::string& variant) mutable {
    const Clock::time_point now = Clock::now();
    if (!seen.insert(variant).second && now - last < std::chrono::seconds(1)) return;
    last = now;
    begin(variant);
  };
}

}  // namespace

Result<TuneRecord> tune_problem(const Op& op, const TuneRequest& request, Stream& stream,
                                const std::function<void(const std::string&)>& begin) {
  const Problem& problem = request.problem;
  const Named named(op, request, stream.device());
  TuneRecord record{problem,
                    named.heuristic < 0 ? "" : name_of(op, named.heuristic),
                    named.fixed < 0 ? "" : name_of(op, named.fixed),
                    "",
                    {},
                    {},
                    request.incumbent};
  OCTET_TRY(const auto instance, timed_operands(op, problem, stream, true));
  std::vector<std::pair<double, int>> quick;
  for (const int variant : tune_candidates(op, request, stream.device())) {
    begin(name_of(op, variant));
    const auto us = quick_us(*instance, op, variant, problem, stream);
    if (us.ok()) quick.emplace_back(*us, variant);
    if (!us.ok()) record.failed.push_back({name_of(op, variant), us.status().message()});
  }
  std::vector<double> errors;
  const std::vector<int> right =
      correct_ones(*instance, op, finalists(quick, named), stream, begin, record, errors);
  if (right.empty()) return record;
  BenchOptions options;
  options.check = false;
  const bool slow =
      !quick.empty() && std::min_element(quick.begin(), quick.end())->first > slow_us(stream);
  options.timing = {slow ? 3 : stream.is_gpu() ? 5 : 7, 200, request.budget_us};
  options.timing.rest = rest_of(op, problem);
  options.begin = now_and_then(begin);
  OCTET_TRY(record.rows, bench_on(*instance, op, problem, right, stream, options));
  for (size_t i = 0; i < errors.size(); ++i) record.rows[i].error = errors[i];
  mark_winner(record);
  return record;
}

Json to_json(const TuneRecord& record) {
  Json object;
  object["op"] = std::string(record.problem.schema->name);
  object["problem"] = select::to_string(record.problem);
  object["heuristic"] = record.heuristic;
  object["default"] = record.fixed_default;
  object["winner"] = record.winner;
  if (!record.incumbent.empty()) object["incumbent"] = record.incumbent;
  object["rows"] = Json::array();
  for (const Measurement& row : record.rows) object["rows"].push_back(to_json(row));
  object["failed"] = Json::array();
  for (const FailedCandidate& failed : record.failed) {
    object["failed"].push_back({{"variant", failed.variant}, {"reason", failed.reason}});
  }
  return object;
}

namespace {

Result<std::string> text_of(const Json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found != object.end() && found->is_string()) return found->get<std::string>();
  return fail(StatusCode::kCorruptData, "{}: '{}' is missing or not a text", where, key);
}

Result<const Json*> array_of(const Json& object, const char* key, const std::string& where) {
  const auto found = object.find(key);
  if (found != object.end() && found->is_array()) return &*found;
  return fail(StatusCode::kCorruptData, "{}: '{}' is missing or not a list", where, key);
}

Result<Problem> problem_of(const Json& object, const std::string& where) {
  OCTET_TRY(const std::string op_name, text_of(object, "op", where));
  OCTET_TRY(const std::string words, text_of(object, "problem", where));
  const auto parsed = [&]() -> Result<Problem> {
    OCTET_TRY(const Op* op, ops::find(op_name));
    OCTET_TRY(const Problem problem, select::parse_problem(*op->schema, split(words, ' '), 0));
    OCTET_CHECK_OK(op->validate(problem));
    return problem;
  }();
  if (parsed.ok()) return parsed;
  return fail(StatusCode::kCorruptData, "{}: {}", where, parsed.status().message());
}

}  // namespace

Result<TuneRecord> tune_record_from_json(const Json& object, const std::string& where) {
  TuneRecord record;
  OCTET_TRY(record.problem, problem_of(object, where));
  OCTET_TRY(record.heuristic, text_of(object, "heuristic", where));
  OCTET_TRY(record.fixed_default, text_of(object, "default", where));
  OCTET_TRY(record.winner, text_of(object, "winner", where));
  if (object.contains("incumbent")) {
    OCTET_TRY(record.incumbent, text_of(object, "incumbent", where));
  }
  OCTET_TRY(const Json* rows, array_of(object, "rows", where));
  for (const Json& row : *rows) {
    OCTET_TRY(Measurement measurement, measurement_from_json(row, where));
    record.rows.push_back(std::move(measurement));
  }
  OCTET_TRY(const Json* failed, array_of(object, "failed", where));
  for (const Json& one : *failed) {
    FailedCandidate candidate;
    OCTET_TRY(candidate.variant, text_of(one, "variant", where));
    OCTET_TRY(candidate.reason, text_of(one, "reason", where));
    record.failed.push_back(std::move(candidate));
  }
  return record;
}

}  // namespace octet::harness
