// What the format of an attn_decode problem leaves open.
#pragma once

#include <vector>

#include "octet/attn_decode.h"
#include "src/harness/case.h"
#include "src/harness/random.h"
#include "src/ops/attn_decode/problem.h"

namespace octet::harness {

/// The defaults are those of timing.
struct AttnFeatures {
  int64_t page = 64;
  KvLayout layout = KvLayout::kNhd;
  int64_t pad = 0;  // elements between rows of codes, heads of q and of out
  bool ragged = false, per_head = false, packed = false, soft_cap = false, sinks = false;
  int64_t window = -1, split = 0, extra_pages = 0;
  std::vector<int64_t> contexts;  // empty: as `ragged` says
};

/// For timing. Errors: kInvalidArgument where the problem's batch, context or format do not agree.
Result<AttnFeatures> timed_features(const ops::attn_decode::Problem&, const AttnLoad& load);

/// For a check: every feature in some of the seeds.
AttnFeatures choose_features(const ops::attn_decode::Problem&, Inputs inputs, Random& random);

/// Sizes and strides of k and of v, without memory.
KvCache cache_of(const ops::attn_decode::Problem&, const AttnFeatures& features);

}  // namespace octet::harness
