#include "src/ops/moe_reduce/variants.h"

namespace octet::ops::moe_reduce {

std::span<const Variant> variants() {
  static constexpr Variant kVariants[] = {
#if defined(OCTET_HAVE_X86)
    {"x86_avx512_rows", Arch::kX86Avx512, cpu::x86_avx512_rows},
    {"x86_avx2_rows", Arch::kX86Avx2, cpu::x86_avx2_rows},
#endif
    {"generic_ref", Arch::kGeneric, cpu::generic_ref},
  };
  return kVariants;
}

}  // namespace octet::ops::moe_reduce
