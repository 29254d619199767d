// Divider: division by a number that is known before a loop, as a multiplication and a shift; the
// same in host and device code.
//
// Requires   dividend below 2^31, divisor 1 to 2^31 - 1
// Source     Granlund and Montgomery, Division by Invariant Integers using Multiplication (1994)
#pragma once

#include <cstdint>

namespace octet {

struct Divider {
  uint32_t divisor = 1;
  uint32_t multiplier = 1;
  int shift = 0;

  constexpr Divider() = default;
  constexpr explicit Divider(uint32_t by) : divisor(by) {
    while (uint64_t{1} << shift < by) ++shift;
    multiplier = static_cast<uint32_t>(((((uint64_t{1} << shift) - by) << 32) / by) + 1);
  }

  constexpr uint32_t quotient(uint32_t dividend) const {
    const auto high = static_cast<uint32_t>(uint64_t{dividend} * multiplier >> 32);
    return (high + dividend) >> shift;
  }
};

}  // namespace octet
