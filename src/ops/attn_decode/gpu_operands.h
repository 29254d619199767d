// From the arguments of a call to what its GPU kernels are passed, and how they share the work.
#pragma once

#include "octet/attn_decode.h"
#include "src/device/gpu_queue.h"
#include "src/ops/attn_decode/gpu_params.h"
#include "src/ops/attn_decode/merge_states_params.h"
#include "src/select/variant.h"

namespace octet::ops::attn_decode {

/// All that the operands say: not the cuts of the line, records and counters.
void set_operands(const AttnDecodeArgs& args, GpuParams& params);

/// Refuses addresses and strides that are not what the copies of a split kernel need; `simple` is
/// the variant that takes any.
Status check_copies(const AttnDecodeArgs& args, std::string_view simple);

/// How the thread blocks of a launch share all tokens.
struct GpuShares {
  int row_blocks = 1;   // of each KV head
  int unit = 0;         // tokens that are computed together
  int least_units = 0;  // that a thread block is worth, where no split is given
  uint32_t workgroups = 0;
  int64_t record_bytes = 0;  // of a part of an item
};

/// Most fixed splits of a sequence.
inline constexpr int64_t kMostSplits = 1 << 20;

/// How the line of all items is cut; `simple` is the variant that takes any split.
Status cut_line(const GpuShares& shares, const AttnDecodeArgs& args, std::string_view simple,
                GpuParams& params);
/// Bytes of the sums of parts, which the thread blocks of a launch add up.
int64_t record_bytes(const GpuShares& shares, const GpuParams& params);
/// Where they are kept.
Status set_records(const GpuShares& shares, select::Workspace workspace, Stream& stream,
                   GpuParams& params);

/// Thread blocks, up to `most`, that share `items` of equal size without a cut that is not needed,
/// and no item among more than the `fan` that one of them can add up, where that leaves at most a
/// sixteenth of `most` idle. Each cut is a sum through memory in the end.
int64_t blocks_for(int64_t items, int64_t most, int64_t fan);

/// What the arguments of attn_merge_states say.
MergeStatesParams merge_params(const AttnMergeArgs& args);

/// The status of a launch, with the call in its message where it is an error.
Status named_launch_error(const AttnDecodeArgs& args, const gpu::Kernel& kernel,
                          const Status& status);
Status named_launch_error(const AttnMergeArgs& args, const gpu::Kernel& kernel,
                          const Status& status);

constexpr OutType out_type(DType d) {
  return d == DType::kBf16 ? OutType::kBf16 : d == DType::kF16 ? OutType::kF16 : OutType::kF32;
}

}  // namespace octet::ops::attn_decode
