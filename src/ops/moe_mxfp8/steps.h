// The calls of public ops that make up the layer, and where in its workspace their results lie.
#pragma once

#include "octet/gemm_grouped.h"
#include "octet/moe_align.h"
#include "octet/moe_reduce.h"
#include "src/ops/moe_mxfp8/problem.h"

namespace octet::ops::moe_mxfp8 {

/// Offsets in the workspace, each a multiple of 256.
struct Layout {
  int64_t x_codes, x_scale;      // (tokens, d), (tokens, d/32); none where x is quantised
  int64_t slots, tiles, counts;  // of moe_align
  int64_t h_codes, h_scale;      // (choices, I), (choices, I/32)
  int64_t rows;                  // (choices, 2I) bf16, then (choices, d): never both in use
  int64_t scratch;               // of either product
  int64_t bytes;
};
Layout layout_of(const Problem& problem, int64_t block_m, int64_t scratch_bytes);

struct Steps {
  QuantizeArgs quantize_x;  // not where x is quantised
  MoeAlignArgs align;
  GemmGroupedArgs gemm1;
  QuantizeArgs activate;
  GemmGroupedArgs gemm2;
  MoeReduceArgs reduce;
};

/// `memory` may be null: for plans, which look at no pointer.
Steps steps_of(const MoeMxfp8Args& args, const Problem& problem, int64_t block_m,
               const Layout& layout, uint8_t* memory);

}  // namespace octet::ops::moe_mxfp8
