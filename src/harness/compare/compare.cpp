#include "src/harness/compare/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {

Result<Rule> parse_rule(std::string_view word) {
  if (word == "robust") return Rule::kRobust;
  if (word == "golden") return Rule::kGolden;
  if (word == "threshold") return Rule::kThreshold;
  const std::string rules[] = {"robust", "golden", "threshold"};
  return fail(StatusCode::kInvalidArgument, "no rule '{}'{}; there are robust, golden, threshold",
              word, did_you_mean(word, rules));
}

const char* name(State state) {
  constexpr const char* kNames[kNumStates] = {"SLOWER",  "AMBIGUOUS", "FASTER", "NEW",
                                              "REMOVED", "SAME",      "SKIPPED"};
  return kNames[static_cast<int>(state)];
}

namespace {

constexpr double kGoldenMinUs = 4, kGoldenRatio = 1.005, kGoldenSlackUs = 0.5;
constexpr double kRobustGap = 0.01, kRobustAmbiguous = 0.05;

/// Whether `slow` is slower than `fast` beyond the rule's tolerance.
bool slower(const Measurement& slow, const Measurement& fast, const CompareOptions& options) {
  switch (options.rule) {
    case Rule::kGolden:
      return slow.us > kGoldenRatio * fast.us + kGoldenSlackUs;
    case Rule::kThreshold:
      return slow.us > (1 + options.threshold) * fast.us;
    case Rule::kRobust:
      // Why: the minimum is the sample with the least disturbance. A noisy neighbour lifts the
      // quartiles and leaves the minimum; a slower kernel lifts both.
      return slow.us_q1 >= fast.us_q3 + kRobustGap * fast.us && slow.us_min > fast.us_min;
  }
  return false;
}

}  // namespace

State judge(const Measurement& base, const Measurement& next, const CompareOptions& options) {
  if (options.rule == Rule::kGolden && base.us < kGoldenMinUs) return State::kSkipped;
  if (slower(next, base, options)) return State::kSlower;
  if (slower(base, next, options)) return State::kFaster;
  const double apart = std::max(base.us, next.us) / std::min(base.us, next.us) - 1;
  const bool ambiguous = options.rule == Rule::kRobust && apart > kRobustAmbiguous;
  return ambiguous ? State::kAmbiguous : State::kSame;
}

namespace {

using DeviceKey = std::tuple<std::string, std::string, int>;
using Key = std::tuple<std::string, std::string, std::string,
                       std::vector<std::pair<std::string, int64_t>>, DeviceKey, std::string>;
using Index = std::map<Key, Measurement>;

DeviceKey device_of(const Measurement& row) { return {row.device, row.arch, row.cu_num}; }

/// What must be equal for two rows to be compared.
Key key_of(const Measurement& row, const CompareOptions& options) {
  return {row.op,
          row.format,
          options.allow_other_policy ? "" : row.policy,
          row.problem,
          options.allow_other_device ? DeviceKey() : device_of(row),
          options.join_variants ? row.variant : ""};
}

Index index_of(const Results& results, const CompareOptions& options) {
  Index index;
  for (const Measurement& row : results.rows) {
    const auto [at, added] = index.try_emplace(key_of(row, options), row);
    if (!added && better(row, at->second)) at->second = row;
  }
  return index;
}

template <class T>
bool disjoint(const std::set<T>& a, const std::set<T>& b) {
  return std::none_of(a.begin(), a.end(), [&](const T& value) { return b.count(value) > 0; });
}

std::string device_words(const Results& results) {
  std::set<std::string> words;
  for (const Measurement& row : results.rows) {
    words.insert(fmt::format("{} ({}, cu_num {})", row.device, row.arch, row.cu_num));
  }
  return fmt::format("{} has {}", results.path, fmt::join(words, ", "));
}

std::string policy_words(const Results& results) {
  std::set<std::string> words;
  for (const Measurement& row : results.rows) words.insert(row.policy);
  return fmt::format("{} has {}", results.path, fmt::join(words, ", "));
}

/// Refuses pairs of files whose times mean different things.
Status check_comparable(const Results& base, const Results& next, const CompareOptions& options) {
  std::set<DeviceKey> devices[2];
  std::set<std::string> policies[2];
  const Results* files[] = {&base, &next};
  for (int i = 0; i < 2; ++i) {
    OCTET_REQUIRE(!files[i]->rows.empty(), "compare: {} has no measurements", files[i]->path);
    for (const Measurement& row : files[i]->rows) {
      devices[i].insert(device_of(row));
      policies[i].insert(row.policy);
    }
  }
  OCTET_REQUIRE(options.allow_other_device || !disjoint(devices[0], devices[1]),
                "compare: measured on different devices: {}; {}", device_words(base),
                device_words(next));
  OCTET_REQUIRE(options.allow_other_policy || !disjoint(policies[0], policies[1]),
                "compare: measured with different policies: {}; {}", policy_words(base),
                policy_words(next));
  return Status::Ok();
}

std::string value_text(const Json& environment, const std::string& key) {
  const auto found = environment.find(key);
  if (found == environment.end()) return "";
  if (found->is_string()) return found->get<std::string>();
  return found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<EnvironmentChange> environment_changes(const Json& base, const Json& next) {
  // Why: these differ in every run and say nothing about the cause of a change.
  const std::set<std::string> ignored = {"schema", "env", "time"};
  std::vector<std::string> keys;
  for (const Json* environment : {&base, &next}) {
    for (const auto& [key, value] : environment->items()) {
      const bool seen = std::find(keys.begin(), keys.end(), key) != keys.end();
      if (!seen && ignored.count(key) == 0) keys.push_back(key);
    }
  }
  std::vector<EnvironmentChange> changes;
  for (const std::string& key : keys) {
    EnvironmentChange change{key, value_text(base, key), value_text(next, key)};
    if (change.base != change.next) changes.push_back(std::move(change));
  }
  return changes;
}

CompareRow row_of(const Measurement* base, const Measurement* next, const CompareOptions& options) {
  CompareRow row;
  if (base != nullptr) row.base = *base;
  if (next != nullptr) row.next = *next;
  if (base == nullptr) {
    row.state = State::kNew;
  } else if (next == nullptr) {
    row.state = State::kRemoved;
  } else {
    row.state = judge(*base, *next, options);
  }
  return row;
}

std::vector<CompareRow> join(const Index& base, const Index& next, const CompareOptions& options) {
  std::set<Key> keys;
  for (const Index* index : {&base, &next}) {
    for (const auto& [key, row] : *index) keys.insert(key);
  }
  const auto find = [](const Index& index, const Key& key) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : &found->second;
  };
  std::vector<CompareRow> rows;
  for (const Key& key : keys) {
    rows.push_back(row_of(find(base, key), find(next, key), options));
  }
  return rows;
}

void summarize(Comparison& comparison) {
  double log_sum = 0;
  comparison.count.fill(0);
  for (const CompareRow& row : comparison.rows) {
    ++comparison.count[static_cast<int>(row.state)];
    comparison.became_wrong += row.became_wrong();
    if (!row.base || !row.next || row.state == State::kSkipped) continue;
    log_sum += std::log(row.ratio());
    ++comparison.judged;
  }
  if (comparison.judged > 0) comparison.geomean = std::exp(log_sum / comparison.judged);
}

}  // namespace

Result<Comparison> compare(const Results& base, const Results& next,
                           const CompareOptions& options) {
  OCTET_REQUIRE(options.threshold >= 0, "compare: threshold is {}, it must not be negative",
                options.threshold);
  OCTET_CHECK_OK(check_comparable(base, next, options));
  Comparison comparison;
  comparison.base_path = base.path;
  comparison.next_path = next.path;
  comparison.options = options;
  comparison.environment = environment_changes(base.environment, next.environment);
  comparison.rows = join(index_of(base, options), index_of(next, options), options);
  const bool any_pair = std::any_of(comparison.rows.begin(), comparison.rows.end(),
                                    [](const CompareRow& row) { return row.base && row.next; });
  OCTET_REQUIRE(any_pair, "compare: {} and {} have no problem in common (for example {} and {})",
                base.path, next.path, base.rows[0].shape(), next.rows[0].shape());
  summarize(comparison);
  return comparison;
}

bool has_regression(const Comparison& comparison, bool count_ambiguous) {
  const int slower = comparison.count[static_cast<int>(State::kSlower)];
  const int ambiguous = comparison.count[static_cast<int>(State::kAmbiguous)];
  return slower + comparison.became_wrong + (count_ambiguous ? ambiguous : 0) > 0;
}

}  // namespace octet::harness
