// Device code of the probes: a lane's registers from memory, one instruction, and its result back.
#pragma once

#include "src/gpu/hip/matrix.h"
#include "src/gpu/hip/wave.h"
#include "src/harness/gpu/probe_params.h"

namespace octet::harness {

/// Index of this lane among those of all workgroups.
OCTET_DEVICE int64_t probe_lane() {
  return static_cast<int64_t>(gpu::hip::block_x()) * gpu::hip::kWaveLanes + gpu::hip::lane_index();
}

template <class Words>
OCTET_DEVICE Words probe_load(const uint32_t* words) {
  return reinterpret_cast<const Words*>(words)[probe_lane()];
}

template <class Words>
OCTET_DEVICE void probe_store(uint32_t* words, Words value) {
  reinterpret_cast<Words*>(words)[probe_lane()] = value;
}

}  // namespace octet::harness

/// A kernel that is one matrix instruction of the device layer.
#define OCTET_PROBE_MATRIX(instruction, Operand, Sums)                                 \
  OCTET_KERNEL(64, 1) octet_probe_##instruction(const octet::harness::ProbeParams p) { \
    using namespace octet::harness;                                                    \
    using namespace octet::gpu::hip;                                                   \
    probe_store(p.d, instruction(probe_load<Operand>(p.a), probe_load<Operand>(p.b),   \
                                 probe_load<Sums>(p.c)));                              \
  }
