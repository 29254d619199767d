// Runs kernels of src/gpu/hip, compiled as plain C++, on this CPU: one fiber for each work item,
// with the collectives of a wave and the barrier of a workgroup, and matrix instructions lane by
// lane.
//
// All 64 lanes of a wave must reach the same collective, and all waves of a workgroup the same
// number of barriers: anything else is an error. Waves run in turn between barriers, so that a
// missing barrier shows as a wrong result; `seed` changes the order of waves and of their lanes.
// Not for builds with sanitizers, which take a switched stack for a broken one.
#pragma once

#include <cstdint>
#include <functional>

namespace octet::amdgcn {

/// What is done wrong, to show that it would be seen.
enum class FiberFault : uint8_t {
  kNone,
  kLostLane,   // of each workgroup work item 1 ends before it begins
  kNoBarrier,  // waves do not wait for each other
};

struct FiberLaunch {
  uint32_t grid[3] = {1, 1, 1};  // workgroups
  uint32_t threads = 64;         // work items of a workgroup, a multiple of 64
  bool gfx950 = false;           // FP8 is OCP; as the kernel was compiled
  uint64_t seed = 0;
  FiberFault fault = FiberFault::kNone;
};

/// What waves came to.
struct FiberStatistics {
  uint64_t collectives = 0, barriers = 0;
};

/// Calls kernel() once for each work item. Throws Error.
FiberStatistics run_on_fibers(const FiberLaunch& launch, const std::function<void()>& kernel);

}  // namespace octet::amdgcn
