// From a GPU kernel's contract to its variants: what the backends share.
#pragma once

#include <vector>

#include "octet/stream.h"
#include "src/select/contract.h"

namespace octet::ops {

/// Appends the variants of `Contract`, built or not. `Op` says how kernels see its problems and
/// start its calls:
///
///   static <Problem> from(const select::Problem&);   what the op's contracts take
///   template <class Contract> static Status launch(int config, const void* args,
///                                                   select::Workspace, Stream&);
template <class Contract, class Op, bool kBuilt>
void append_gpu_variants(std::vector<select::Variant>& variants, std::span<const Arch> built_for) {
  select::append_variants<Contract>(variants, [&](select::Variant& variant) {
    variant.supports = select::contract_supports<Contract, Op::from>;
    variant.workspace_bytes = select::contract_workspace<Contract, Op::from>;
    variant.built = kBuilt;
    variant.built_for = built_for;
    if constexpr (kBuilt) {
      variant.launch = Op::template launch<Contract>;
      if constexpr (requires { Contract::device_code(0); }) {
        variant.device_code = Contract::device_code;
      }
    }
  });
}

}  // namespace octet::ops
