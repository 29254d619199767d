// How the AMD kernels are launched: a contract says which kernels and how many workgroups; this
// checks addresses and strides, fills in the parameters and enqueues.
#pragma once

#include "octet/attn_decode.h"
#include "src/device/gpu_queue.h"
#include "src/ops/attn_decode/gpu_operands.h"
#include "src/ops/attn_decode/problem.h"

namespace octet::ops::attn_decode::hip {

struct LaunchPlan {
  const gpu::Kernel* kernel = nullptr;
  const gpu::Kernel* scattered_kernel = nullptr;  // for pages of less than a unit
  uint32_t threads = 0;
  GpuShares shares;  // unit 0: workgroups take rows of q in turn
};

/// Bytes between tokens that offsets of 32 bits within a unit allow.
inline constexpr int64_t kMostTokenBytes = int64_t{1} << 26;

/// A launch but for the memory of its records and counters.
struct Call {
  const gpu::Kernel* kernel = nullptr;
  gpu::LaunchShape shape;
  GpuParams params{};
};
Result<Call> call_of(const LaunchPlan& plan, const AttnDecodeArgs& args);

/// Enqueues. kInvalidArgument where an address or stride is not what the kernel's loads need.
Status run(const LaunchPlan& plan, const AttnDecodeArgs& args, select::Workspace workspace,
           Stream& stream);

struct MergeCall {
  const gpu::Kernel* kernel = nullptr;
  gpu::LaunchShape shape;
  MergeStatesParams params{};
};
MergeCall merge_call(const AttnMergeArgs& args);

/// attn_merge_states of checked arguments; rows above 0.
Status merge_states(const AttnMergeArgs& args, Stream& stream);

}  // namespace octet::ops::attn_decode::hip
