// From a CPU kernel's contract to its variants: besides what src/select/contract.h asks for it has
//
//   static cpu::Kernel kernel(int config);
#pragma once

#include "src/cpu/launch.h"
#include "src/select/contract.h"

namespace octet::cpu {

/// Portable kernels are in every build; those of an instruction set where the compiler targets it.
#if defined(OCTET_HAVE_X86)
inline constexpr bool kHaveX86 = true;
#else
inline constexpr bool kHaveX86 = false;
#endif

/// Appends the variants of `Contract`. `Op` says how kernels see its problems and calls:
///
///   static <Problem> from(const select::Problem&);   what the op's contracts take
///   static Task sizes(const select::Problem&);       sizes and no data
///   static Task task(const void* args);              of the op's argument struct
template <class Contract, class Op>
void append_variants(std::vector<select::Variant>& variants) {
  select::append_variants<Contract>(variants, [](select::Variant& variant) {
    variant.supports = select::contract_supports<Contract, Op::from>;
    variant.workspace_bytes = select::no_workspace;
    if constexpr (kHaveX86 || Contract::kArch == Arch::kGeneric) {
      variant.built = true;
      variant.workspace_bytes = [](int config, const select::Problem& problem,
                                   const Device& device) {
        return workspace_bytes(Contract::kernel(config), Op::sizes(problem), device.cu_num);
      };
      variant.launch = [](int config, const void* args, select::Workspace workspace,
                          Stream& stream) {
        return run(Contract::kernel(config), Op::task(args), workspace, stream);
      };
    }
  });
}

}  // namespace octet::cpu
