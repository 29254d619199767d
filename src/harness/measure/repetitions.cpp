#include "src/harness/measure/repetitions.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "src/harness/measure/statistics.h"

namespace octet::harness {
namespace {

constexpr double kWithin = 1.05;  // largest over smallest

double apart(double left, double right) { return std::max(left, right) / std::min(left, right); }

bool is_within(std::span<const double> us) {
  const auto [low, high] = std::minmax_element(us.begin(), us.end());
  return *high <= kWithin * *low;
}

/// The two that lie closest, the earlier pair of equal ones.
std::pair<size_t, size_t> closest_pair(std::span<const double> us) {
  std::pair<size_t, size_t> best{0, 1};
  for (size_t i = 0; i < us.size(); ++i) {
    for (size_t j = i + 1; j < us.size(); ++j) {
      if (apart(us[i], us[j]) < apart(us[best.first], us[best.second])) best = {i, j};
    }
  }
  return best;
}

std::vector<size_t> all_of(size_t count) {
  std::vector<size_t> indices(count);
  std::iota(indices.begin(), indices.end(), size_t{0});
  return indices;
}

}  // namespace

Settled settle(std::span<const double> us, int least) {
  Settled settled;
  settled.more = us.size() < static_cast<size_t>(least);
  if (settled.more || us.empty()) return settled;
  if (is_within(us)) {
    settled.kept = all_of(us.size());
    settled.us = mean(us);
    settled.stable = true;
    return settled;
  }
  const auto [i, j] = closest_pair(us);
  if (apart(us[i], us[j]) <= kWithin) {
    settled.kept = {i, j};
    settled.us = (us[i] + us[j]) / 2;
    settled.stable = true;
    return settled;
  }
  settled.more = us.size() < static_cast<size_t>(kMostRepetitions);
  if (settled.more) return settled;
  settled.kept = all_of(us.size());
  settled.us = median(us);
  return settled;
}

namespace {

std::vector<double> times_of(std::span<const Measurement> repetitions) {
  std::vector<double> us;
  for (const Measurement& one : repetitions) us.push_back(one.us);
  return us;
}

}  // namespace

Measurement combine_kept(std::span<const Measurement> repetitions, const std::vector<size_t>& kept,
                         double (*middle_of)(std::span<const double>)) {
  Measurement row = repetitions.front();
  row.repetitions = times_of(repetitions);
  // Why the same kind of middle for all: it keeps minimum, quartiles and median in order.
  const auto middle = [&](const auto& time_of) {
    std::vector<double> values;
    for (const size_t i : kept) values.push_back(time_of(repetitions[i]));
    return middle_of(values);
  };
  row.us = middle([](const Measurement& one) { return one.us; });
  row.us_q1 = middle([](const Measurement& one) { return one.us_q1; });
  row.us_q3 = middle([](const Measurement& one) { return one.us_q3; });
  row.floor_us = middle([](const Measurement& one) { return one.floor_us; });
  std::vector<double> kept_us;
  row.samples = 0;
  row.us_min = row.us_max = row.us;
  for (const size_t i : kept) {
    const Measurement& one = repetitions[i];
    row.us_min = std::min(row.us_min, one.us_min);
    row.us_max = std::max(row.us_max, one.us_max);
    row.samples += one.samples;
    kept_us.push_back(one.us);
  }
  for (auto& [name, us] : row.peers) {
    us = middle([&peer = name](const Measurement& one) { return one.peers.at(peer); });
  }
  row.stable = is_within(kept_us);
  row.clock_mhz = repetitions.back().clock_mhz;
  row.power_w = repetitions.back().power_w;
  return row;
}

Measurement combine(std::span<const Measurement> repetitions, int least) {
  Settled settled = settle(times_of(repetitions), least);
  if (settled.more) settled.kept = all_of(repetitions.size());
  Measurement row = combine_kept(repetitions, settled.kept, settled.stable ? mean : median);
  row.stable = settled.stable;
  return row;
}

}  // namespace octet::harness
