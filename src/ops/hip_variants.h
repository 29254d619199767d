// From an AMD kernel's contract to its variants. A source file for gfx942 is compiled for gfx950
// too: a build that has one of the two as a target runs it on devices of that one.
#pragma once

#include <array>

#include "src/ops/gpu_variants.h"

namespace octet::ops {

#if defined(OCTET_HAVE_GFX942) && defined(OCTET_HAVE_GFX950)
inline constexpr std::array kHipTargets{Arch::kGfx942, Arch::kGfx950};
#elif defined(OCTET_HAVE_GFX942)
inline constexpr std::array kHipTargets{Arch::kGfx942};
#elif defined(OCTET_HAVE_GFX950)
inline constexpr std::array kHipTargets{Arch::kGfx950};
#else
inline constexpr std::array<Arch, 0> kHipTargets{};
#endif

/// `Op` is as append_gpu_variants describes it.
template <class Contract, class Op>
void append_hip_variants(std::vector<select::Variant>& variants) {
  static_assert(Contract::kArch == Arch::kGfx942 || Contract::kArch == Arch::kGfx950);
  constexpr bool kOnlyGfx950 = Contract::kArch == Arch::kGfx950;
  constexpr size_t kSkipped =
      kOnlyGfx950 && !kHipTargets.empty() && kHipTargets.front() == Arch::kGfx942 ? 1 : 0;
  constexpr bool kBuilt = kHipTargets.size() > kSkipped;
  append_gpu_variants<Contract, Op, kBuilt>(variants,
                                            std::span<const Arch>(kHipTargets).subspan(kSkipped));
}

}  // namespace octet::ops
