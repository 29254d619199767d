// What the report shows, as numbers: measurements grouped, bounded and averaged. No HTML here.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "src/harness/measure/results.h"
#include "src/harness/measure/roofline.h"
#include "src/harness/phase.h"

namespace octet::harness {

/// By `m`, else by `tokens`; a problem with neither is a decode step.
Phase phase_of(const Measurement& row);

/// One problem: the variant that the plan takes, the fastest where none of those measured is it,
/// and what can be expected of it. A wrong one only where there is no right one.
struct Cell {
  const Measurement* best = nullptr;
  std::vector<const Measurement*> others;  // the other variants, fastest first
  std::map<std::string, double> peers;     // name -> us, the fastest of the problem's rows
  Phase phase = Phase::kDecode;
  Bound bound;

  double share() const { return bound.us / best->us; }  // 1 is the roofline
  double floor_share() const { return best->floor_us / best->us; }
  const Measurement* faster() const;  // the fastest of the others if it beats `best`, else null
};

/// Geometric means over the cells of a phase; 0 where there is nothing to average.
struct PhaseSummary {
  int shapes = 0, unstable = 0, wrong = 0;
  double share = 0, worst_share = 0, gbps = 0, tflops = 0;
  std::map<std::string, double> peers;  // name -> peer us / our us; above 1 we are faster
};

/// Measurements that belong in one picture.
struct Group {
  std::string op, format, device, arch, policy;
  int cu_num = 0;
  std::vector<Cell> cells;               // by the fields without the lead, then the lead
  std::string lead;                      // the field of the heat map's rows: "m" or the first
  std::vector<std::string> other_names;  // the problem's fields without the lead
  std::vector<std::string> peers;        // every peer's name
  Roofline roofline;
  std::array<PhaseSummary, kNumPhases> phase;
  PhaseSummary all;

  std::vector<int64_t> other_values(const Cell& cell) const;
};

/// Groups in order of op, format, device, policy. Pointers go into `files`.
std::vector<Group> group_results(std::span<const Results> files);

}  // namespace octet::harness
