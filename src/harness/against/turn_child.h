// `octet bench --turns`: a child process that has its operands ready and measures when told to.
//
// Protocol   lines of JSON over pipes. The child says {"turns":1,"environment":{...}} once it has
//            its operands. To each {"budget_us":..,"samples":..,"check":..,"floor":..} it answers
//            {"rows":[...]}, rows as in a results file, or {"error":".."}; it ends with its input.
//            A version that knows no --turns ends without the first line.
#pragma once

#include <functional>

#include "src/harness/line_child.h"
#include "src/harness/measure/results.h"

namespace octet::harness {

struct Turn {
  double budget_us = 0;  // of all that is timed in it
  int min_samples = 1;
  bool check = false;  // the results first
  bool floor = false;  // time the read floor too
};

using MeasureTurn = std::function<Result<std::vector<Measurement>>(const Turn&)>;

/// The child's loop, until the end of `in`.
Status serve_turns(std::FILE* in, std::FILE* out, const Json& environment,
                   const MeasureTurn& measure);

class TurnChild {
 public:
  static Result<TurnChild> start(const std::vector<std::string>& words);

  /// Waits for the child's first line. kUnsupported where it ends without it.
  Status ready();
  /// After ready(). kInternal with the child's reason.
  Result<std::vector<Measurement>> measure(const Turn& turn);
  const Json& environment() const { return environment_; }

 private:
  explicit TurnChild(LineChild child) : child_(std::move(child)) {}
  Result<Json> hear();

  LineChild child_;
  Json environment_;
};

}  // namespace octet::harness
