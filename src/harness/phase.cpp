#include "src/harness/phase.h"

namespace octet::harness {

Phase phase_of(int64_t m) {
  if (m <= 64) return Phase::kDecode;
  return m <= 1024 ? Phase::kMid : Phase::kPrefill;
}

const char* name(Phase phase) {
  constexpr const char* kNames[kNumPhases] = {"decode", "mid", "prefill"};
  return kNames[static_cast<int>(phase)];
}

}  // namespace octet::harness
