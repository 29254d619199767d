#include "src/harness/compare/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/compare/comparable.h"

namespace octet::harness {

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

std::string value_text(const Json& environment, const std::string& key) {
  const auto found = environment.find(key);
  if (found == environment.end()) return "";
  if (found->is_string()) return found->get<std::string>();
  return found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<EnvironmentChange> environment_changes(const Json& base, const Json& next) {
  // Why: these differ in every run and say nothing about the cause of a change.
  const std::set<std::string> ignored = {"schema", "env", "time", kSessionKey};
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

CompareRow row_of(const Measurement* base, const Measurement* next) {
  CompareRow row;
  row.state = base == nullptr ? State::kNew : next == nullptr ? State::kRemoved : State::kSame;
  if (base != nullptr) row.base = *base;
  if (next != nullptr) row.next = *next;
  return row;
}

std::vector<CompareRow> join(const Index& base, const Index& next) {
  std::set<Key> keys;
  for (const Index* index : {&base, &next}) {
    for (const auto& [key, row] : *index) keys.insert(key);
  }
  const auto find = [](const Index& index, const Key& key) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : &found->second;
  };
  std::vector<CompareRow> rows;
  for (const Key& key : keys) rows.push_back(row_of(find(base, key), find(next, key)));
  return rows;
}

bool in_turn(const Results& base, const Results& next) {
  const auto session = base.environment.find(kSessionKey),
             other = next.environment.find(kSessionKey);
  return session != base.environment.end() && other != next.environment.end() && *session == *other;
}

void judge(CompareRow& row, const CompareOptions& options, const Noise& noise) {
  if (!row.base || !row.next) return;
  switch (options.rule) {
    case Rule::kGolden:
      row.state = judge_golden(row.base->us, row.next->us);
      return;
    case Rule::kThreshold:
      row.state = judge_threshold(row.base->us, row.next->us, options.threshold);
      return;
    case Rule::kRobust:
      row.interval = interval_of({&*row.base, &*row.next}, noise);
      row.state = judge_robust(row.interval);
  }
}

void judge_all(Comparison& comparison, bool measured_in_turn) {
  std::vector<Pair> pairs;
  for (const CompareRow& row : comparison.rows) {
    if (row.base && row.next) pairs.push_back({&*row.base, &*row.next});
  }
  comparison.noise = noise_of(pairs, measured_in_turn);
  for (CompareRow& row : comparison.rows) judge(row, comparison.options, comparison.noise);
}

void summarize(Comparison& comparison) {
  double log_sum = 0;
  comparison.count.fill(0);
  for (const CompareRow& row : comparison.rows) {
    ++comparison.count[static_cast<size_t>(row.state)];
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
  comparison.rows = join(index_of(base, options), index_of(next, options));
  const bool any_pair = std::any_of(comparison.rows.begin(), comparison.rows.end(),
                                    [](const CompareRow& row) { return row.base && row.next; });
  OCTET_REQUIRE(any_pair, "compare: {} and {} have no problem in common (for example {} and {})",
                base.path, next.path, base.rows[0].shape(), next.rows[0].shape());
  judge_all(comparison, in_turn(base, next));
  summarize(comparison);
  return comparison;
}

bool has_regression(const Comparison& comparison, bool count_ambiguous) {
  const int regressions = comparison.of(State::kSlower) + comparison.became_wrong;
  return regressions + (count_ambiguous ? comparison.of(State::kAmbiguous) : 0) > 0;
}

}  // namespace octet::harness
