// Phase: the regimes of m that figures are given apart for.
#pragma once

#include <cstdint>

namespace octet::harness {

enum class Phase { kDecode, kMid, kPrefill };  // m up to 64, up to 1024, above
inline constexpr int kNumPhases = 3;

Phase phase_of(int64_t m);
const char* name(Phase phase);  // "decode"

}  // namespace octet::harness
