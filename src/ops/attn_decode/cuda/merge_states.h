// attn_merge_states on a GPU: one launch, a warp a row.
#pragma once

#include "octet/attn_decode.h"

namespace octet::ops::attn_decode::cuda {

/// Of checked arguments; rows above 0. kUnsupported where this build has no sm90 kernels.
Status merge_states(const AttnMergeArgs& args, Stream& stream);

}  // namespace octet::ops::attn_decode::cuda
