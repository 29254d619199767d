#include "src/ops/quantize/variants.h"

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

std::span<const AppendVariant> append_variants() {
  static constexpr AppendVariant kVariants[] = {
#if defined(OCTET_HAVE_X86)
    {"x86_avx512_append", Arch::kX86Avx512, cpu::x86_avx512_append},
    {"x86_avx2_append", Arch::kX86Avx2, cpu::x86_avx2_append},
#endif
    {"generic_append", Arch::kGeneric, cpu::generic_append},
  };
  return kVariants;
}

}  // namespace octet::ops::quantize
