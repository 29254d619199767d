// What two results files must be for their times to be compared.
#pragma once

#include "src/harness/compare/compare.h"

namespace octet::harness {

/// Errors (kInvalidArgument), naming file and line: a file without measurements, a measurement that
/// is there twice, a file of several devices, files of different devices or policies. The options
/// allow what differs, never what repeats.
Status check_comparable(const Results& base, const Results& next, const CompareOptions& options);

}  // namespace octet::harness
