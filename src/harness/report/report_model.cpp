#include "src/harness/report/report_model.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace octet::harness {

namespace {

bool has_field(const Measurement& row, std::string_view field) {
  return std::any_of(row.problem.begin(), row.problem.end(),
                     [&](const auto& pair) { return pair.first == field; });
}

}  // namespace

Phase phase_of(const Measurement& row) {
  const int64_t tokens = has_field(row, "m") ? row.field("m") : row.field("tokens");
  return phase_of(tokens);
}

const Measurement* Cell::faster() const {
  const bool beaten = !others.empty() && better(*others.front(), *best);
  return beaten ? others.front() : nullptr;
}

std::vector<int64_t> Group::other_values(const Cell& cell) const {
  std::vector<int64_t> values;
  for (const std::string& field : other_names) values.push_back(cell.best->field(field));
  return values;
}

namespace {

class GeometricMean {
 public:
  void add(double value) {
    if (!(value > 0)) return;
    log_sum_ += std::log(value);
    ++count_;
  }
  double value() const { return count_ == 0 ? 0 : std::exp(log_sum_ / count_); }

 private:
  double log_sum_ = 0;
  int count_ = 0;
};

using GroupKey = std::tuple<std::string, std::string, std::string, std::string, int, std::string>;
using Rows = std::vector<const Measurement*>;

std::map<GroupKey, Rows> rows_of_groups(std::span<const Results> files) {
  std::map<GroupKey, Rows> groups;
  for (const Results& file : files) {
    for (const Measurement& row : file.rows) {
      groups[{row.op, row.format, row.device, row.arch, row.cu_num, row.policy}].push_back(&row);
    }
  }
  return groups;
}

/// Right before wrong, the plan's before others, faster before slower.
bool goes_before(const Measurement* left, const Measurement* right) {
  const bool by_choice = left->correct() == right->correct() && left->chosen() != right->chosen();
  return by_choice ? left->chosen() : better(*left, *right);
}

bool faster_first(const Measurement* left, const Measurement* right) {
  return better(*left, *right);
}

/// One cell a problem.
std::vector<Cell> cells_of(const Rows& rows) {
  std::map<std::vector<std::pair<std::string, int64_t>>, Rows> problems;
  for (const Measurement* row : rows) problems[row->problem].push_back(row);
  std::vector<Cell> cells;
  for (auto& [problem, variants] : problems) {
    std::stable_sort(variants.begin(), variants.end(), goes_before);
    std::stable_sort(variants.begin() + 1, variants.end(), faster_first);
    Cell cell;
    cell.best = variants.front();
    cell.others.assign(variants.begin() + 1, variants.end());
    cell.phase = phase_of(*cell.best);
    for (const Measurement* row : variants) {
      for (const auto& [peer, us] : row->peers) {
        const auto [at, added] = cell.peers.try_emplace(peer, us);
        at->second = std::min(at->second, us);
      }
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

void name_fields(Group& group) {
  const Measurement& first = *group.cells.front().best;
  group.lead = has_field(first, "m") ? "m" : first.problem.front().first;
  for (const Cell& cell : group.cells) {
    for (const auto& [field, value] : cell.best->problem) {
      const auto end = group.other_names.end();
      const bool seen = std::find(group.other_names.begin(), end, field) != end;
      if (field != group.lead && !seen) group.other_names.push_back(field);
    }
  }
  std::sort(group.cells.begin(), group.cells.end(), [&](const Cell& left, const Cell& right) {
    const auto left_values = group.other_values(left), right_values = group.other_values(right);
    if (left_values != right_values) return left_values < right_values;
    return left.best->field(group.lead) < right.best->field(group.lead);
  });
}

void find_bounds(Group& group, const Rows& rows) {
  group.roofline = roofline_of(rows);
  for (Cell& cell : group.cells) cell.bound = bound_of(group.roofline, *cell.best);
}

PhaseSummary summarize(const std::vector<const Cell*>& cells) {
  PhaseSummary summary;
  GeometricMean share, gbps, tflops;
  std::map<std::string, GeometricMean> peers;
  for (const Cell* cell : cells) {
    const Measurement& row = *cell->best;
    ++summary.shapes;
    summary.unstable += !row.stable;
    summary.wrong += !row.correct();
    if (!row.correct()) continue;
    share.add(cell->share());
    gbps.add(row.gbps());
    tflops.add(row.tflops());
    for (const auto& [peer, us] : cell->peers) peers[peer].add(us / row.us);
    if (cell->bound.us > 0 && (summary.worst_share == 0 || cell->share() < summary.worst_share)) {
      summary.worst_share = cell->share();
    }
  }
  summary.share = share.value();
  summary.gbps = gbps.value();
  summary.tflops = tflops.value();
  for (const auto& [peer, mean] : peers) summary.peers[peer] = mean.value();
  return summary;
}

void summarize_phases(Group& group) {
  std::array<std::vector<const Cell*>, kNumPhases> by_phase;
  std::vector<const Cell*> all;
  std::set<std::string> peers;
  for (const Cell& cell : group.cells) {
    by_phase[static_cast<int>(cell.phase)].push_back(&cell);
    all.push_back(&cell);
    for (const auto& [peer, us] : cell.peers) peers.insert(peer);
  }
  for (int i = 0; i < kNumPhases; ++i) group.phase[i] = summarize(by_phase[i]);
  group.all = summarize(all);
  group.peers.assign(peers.begin(), peers.end());
}

}  // namespace

std::vector<Group> group_results(std::span<const Results> files) {
  std::vector<Group> groups;
  for (const auto& [key, rows] : rows_of_groups(files)) {
    Group group;
    std::tie(group.op, group.format, group.device, group.arch, group.cu_num, group.policy) = key;
    group.cells = cells_of(rows);
    name_fields(group);
    find_bounds(group, rows);
    summarize_phases(group);
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace octet::harness
