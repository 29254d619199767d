// Results files of machines whose truth is known: samples with noise, spikes and drift from a seed,
// taken into rows by the code that takes real ones.
#pragma once

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "src/harness/compare/compare.h"
#include "src/harness/measure/repetitions.h"
#include "src/harness/measure/timer.h"

namespace octet::testing_compare {

struct Machine {
  double noise = 0.01;   // of a sample, relative
  double spikes = 0.05;  // part of the samples that something interrupts, by up to half
  double drift = 0.002;  // of the machine from one repetition to another, relative
  double between = 0;    // how much slower the machine is in the second file
  int samples = 40;      // a repetition
};

class Synthetic {
 public:
  Synthetic(uint64_t seed, Machine machine) : random_(seed), machine_(machine) {}

  /// `rows` problems of 25 us to 2.5 ms; `step(i)` is what the new build multiplies the time of row
  /// i by. `in_turn`: a repetition of both sides meets one state of the machine.
  std::pair<harness::Results, harness::Results> files(int rows, bool in_turn,
                                                      const std::function<double(int)>& step) {
    harness::Results base{"base.jsonl", {{"schema", 1}}, {}, {}};
    harness::Results next{"new.jsonl", {{"schema", 1}}, {}, {}};
    if (in_turn) base.environment["session"] = next.environment["session"] = "s1";
    for (int i = 0; i < rows; ++i) {
      const double us = 25 * std::pow(100.0, static_cast<double>(i) / rows);
      std::vector<harness::Measurement> sides[2];
      for (int repetition = 0; repetition < harness::kUsualRepetitions; ++repetition) {
        double state = machine_.drift * normal_(random_);
        for (const int side : {0, 1}) {
          if (side == 1 && !in_turn) state = machine_.drift * normal_(random_);
          const double slower = std::exp(state) * (side == 1 ? 1 + machine_.between : 1);
          sides[side].push_back(measured(i, us, slower * (side == 1 ? step(i) : 1), slower));
        }
      }
      base.rows.push_back(harness::combine(sides[0]));
      next.rows.push_back(harness::combine(sides[1]));
    }
    return {std::move(base), std::move(next)};
  }

 private:
  harness::Measurement measured(int index, double us, double slower, double floor_slower) {
    std::vector<double> samples;
    for (int i = 0; i < machine_.samples; ++i) {
      double sample = us * slower * std::exp(machine_.noise * normal_(random_));
      if (uniform_(random_) < machine_.spikes) sample *= 1 + 0.5 * uniform_(random_);
      samples.push_back(sample);
    }
    const harness::Timing timing = harness::summarize(samples);
    harness::Measurement row;
    row.op = "gemm_blockscale", row.format = "e4m3fn", row.device = "H200", row.arch = "sm90";
    row.cu_num = 132, row.problem = {{"m", index}, {"n", 512}, {"k", 256}};
    row.variant = "v1", row.why = "heuristic:model", row.policy = "cold";
    row.us = timing.us, row.us_min = timing.us_min, row.us_max = timing.us_max;
    row.us_q1 = timing.us_q1, row.us_q3 = timing.us_q3;
    row.samples = timing.samples, row.stable = timing.stable, row.bytes = row.flops = 1e6;
    row.floor_us = us * 0.7 * floor_slower * std::exp(0.003 * normal_(random_));
    return row;
  }

  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::uniform_real_distribution<double> uniform_;
  Machine machine_;
};

}  // namespace octet::testing_compare
