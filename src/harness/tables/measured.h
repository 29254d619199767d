// Results files as selection sees them: per problem, the time of every variant that was measured on
// one device.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "octet/device.h"
#include "src/harness/measure/results.h"
#include "src/select/op.h"

namespace octet::harness {

struct MeasuredProblem {
  select::Problem problem;
  std::vector<double> us;  // by variant index; 0: not measured

  /// Index of the fastest variant; -1 where none was measured.
  int best() const;
  int num_measured() const;
};

struct Measured {
  const select::Op* op = nullptr;
  Device device;
  std::vector<MeasuredProblem> problems;  // by format, then fields

  // Rows that take no part:
  int64_t other_op = 0, other_device = 0, other_policy = 0;  // device: arch and cu_num
  int64_t wrong = 0;                                         // error over its bound
  int64_t unknown = 0;                                       // variant that this version lacks
};

/// The rows of `op` on `device` under `policy` ("cold"); of a variant measured twice the lower time
/// counts. kCorruptData, with the file, for a problem that is not one of the op.
Result<Measured> measured_problems(const select::Op& op, std::span<const Results> files,
                                   const Device& device, std::string_view policy = "cold");

}  // namespace octet::harness
