// Results files: JSON lines. The first line is the environment, every other one a measured
// (problem, variant). Fields are a data contract: other programs read them (docs/tuning.md).
//
// A reader ignores keys that it does not know; `peers`, `clock_mhz`, `power_w`, `repetitions`, and
// the derived `gbps` and `tflops` may be absent, everything else must be there. kResultsSchema
// grows when a field changes its meaning.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "octet/status.h"
#include "src/core/json_lines.h"

namespace octet::harness {

inline constexpr int kResultsSchema = 1;

/// The `why` of a variant that was timed beside the one that the plan takes.
inline constexpr std::string_view kNotChosen = "bench";

/// One measured (problem, variant). Times in microseconds, medians over `samples` unless said.
struct Measurement {
  std::string op, format, device, arch;
  int cu_num = 0;
  std::vector<std::pair<std::string, int64_t>> problem;  // {"m", 64}, {"n", 5120}, in schema order
  std::string variant, why;
  double us = 0, us_min = 0, us_max = 0, us_q1 = 0, us_q3 = 0;
  int samples = 0;
  bool stable = false;  // is_stable of timer.h
  double bytes = 0, flops = 0;
  double floor_us = 0;  // a read-only kernel over the same bytes, in the same run; 0: not timed
  std::string policy;   // "cold" or "warm", and what else sets the run apart (bench.cpp)
  int clock_mhz = 0;    // GPU: of its multiprocessors as the timing ended; 0: not known
  double power_w = 0;   // GPU: the same of the card
  double error = 0;     // worst error over its bound among the elements checked; <= 1 is right
  std::map<std::string, double> peers;  // name -> us, timed in the same run
  std::vector<double> repetitions;      // medians in us, as taken; empty: one (repetitions.h)
  std::string commit, time, env;

  double gbps() const { return bytes / us * 1e-3; }
  double tflops() const { return flops / us * 1e-6; }
  bool correct() const { return error <= 1; }
  bool chosen() const { return why != kNotChosen; }  // the plan takes it
  int64_t field(std::string_view name) const;        // 0 if absent
  std::string shape() const;                         // "m=64 n=5120 k=5120"
};

/// One file.
struct Results {
  std::string path;  // for messages
  Json environment;  // {"schema":1,"env":id,"device":...,"cpu":...,"compiler":...,"commit":...}
  std::vector<Measurement> rows;
  std::vector<int> lines;  // of each row in the file; empty: not read from one

  /// "path:line" of a row, "path" where lines are not known.
  std::string at(size_t row) const;
};

/// Of two measurements of one problem: right before wrong, then the lower median, then the name.
bool better(const Measurement& left, const Measurement& right);

Json to_json(const Measurement& row);
/// `where` is path:line, for messages. Missing fields, wrong types, times that are not positive and
/// finite, and quartiles out of order are kCorruptData errors.
Result<Measurement> measurement_from_json(const Json& object, const std::string& where);

/// One line of a results file, with its newline. Bytes that are not UTF-8 become U+FFFD.
std::string results_line(const Json& object);

/// A file with an environment and no rows is legal (a run that was stopped at once).
Result<Results> read_results(const std::string& path);
Status write_results(const std::string& path, const Results& results);

}  // namespace octet::harness
