#include "src/ops/quantize/variants.h"

#include <algorithm>

namespace octet::ops::quantize {

std::span<const Variant> variants() {
  static constexpr Variant kVariants[] = {
#if defined(OCTET_HAVE_X86)
    {"x86_avx512_blocks", Arch::kX86Avx512, cpu::x86_avx512_blocks},
    {"x86_avx2_blocks", Arch::kX86Avx2, cpu::x86_avx2_blocks},
#endif
    {"generic_ref", Arch::kGeneric, cpu::generic_ref},
  };
  return kVariants;
}

const Variant& choose(const Device& device) {
  const auto all = variants();
  const auto fits = [&](const Variant& v) { return arch_runs(device.arch, v.arch); };
  const auto found = std::find_if(all.begin(), all.end(), fits);
  return found == all.end() ? all.back() : *found;
}

}  // namespace octet::ops::quantize
