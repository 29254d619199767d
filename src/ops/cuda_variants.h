// From a CUDA kernel's contract to its variants, built or not.
#pragma once

#include <vector>

#include "octet/stream.h"
#include "src/select/contract.h"

namespace octet::ops {

/// Appends the variants of `Contract`. `Op` says how kernels see its problems and start its calls:
///
///   static <Problem> from(const select::Problem&);   what the op's contracts take
///   template <class Contract> static Status launch(int config, const void* args,
///                                                   select::Workspace, Stream&);
template <class Contract, class Op>
void append_cuda_variants(std::vector<select::Variant>& variants) {
  select::append_variants<Contract>(variants, [](select::Variant& variant) {
    variant.supports = select::contract_supports<Contract, Op::from>;
    variant.workspace_bytes = select::contract_workspace<Contract, Op::from>;
#if defined(OCTET_HAVE_SM90)
    variant.built = true;
    variant.launch = Op::template launch<Contract>;
    if constexpr (requires { Contract::device_code(0); }) {
      variant.device_code = Contract::device_code;
    }
#endif
  });
}

}  // namespace octet::ops
