// The case of attn_decode, on the host.
#pragma once

#include <memory>

#include "src/harness/case.h"

namespace octet::harness {

/// kUnsupported on a GPU.
Result<std::unique_ptr<Instance>> make_attn_decode(const select::Problem&, Stream&,
                                                   const CaseOptions&);

}  // namespace octet::harness
