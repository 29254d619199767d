// From a CUDA kernel's contract to its variants, built or not.
#pragma once

#include "src/ops/gpu_variants.h"

namespace octet::ops {

#if defined(OCTET_HAVE_SM90)
inline constexpr bool kHaveSm90 = true;
#else
inline constexpr bool kHaveSm90 = false;
#endif

/// `Op` is as append_gpu_variants describes it.
template <class Contract, class Op>
void append_cuda_variants(std::vector<select::Variant>& variants) {
  append_gpu_variants<Contract, Op, kHaveSm90>(variants, {});
}

}  // namespace octet::ops
