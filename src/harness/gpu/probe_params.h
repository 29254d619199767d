// What the host passes to the probes of an AMD GPU: one wave a workgroup, registers as they are.
#pragma once

#include <cstdint>

namespace octet::harness {

struct ProbeParams {
  // Registers of all lanes of all workgroups, a lane's words together.
  const uint32_t* a;
  const uint32_t* b;
  const uint32_t* c;
  const uint32_t* a_scale;  // a word a lane
  const uint32_t* b_scale;
  uint32_t* d;
  int64_t bytes;  // of a, for the probe of bounded memory
};

}  // namespace octet::harness
