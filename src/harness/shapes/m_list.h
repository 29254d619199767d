// Lists of m (tokens of a step): the named sets that Octet is judged on, numbers and ranges.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "octet/status.h"

namespace octet::harness {

/// A list of m, without repeats, in the order written. `text` is a comma list of
///   decode   1 2 4 ... 64                      serving  22 sizes from 1 to 32768
///   mid      serving's, 65 to 1024             grid     the 681 padded sizes, 16 to 80000
///   prefill  serving's, above 1024
///   7        one size                          1:64:x2, 16:256:16   first:last:factor or step
/// Errors are kInvalidArgument and quote the word: unknown names, sizes outside 1 to 2^31 - 1,
/// ranges that run backwards or stand still, more than 100,000 sizes.
Result<std::vector<int64_t>> m_list(std::string_view text);

}  // namespace octet::harness
