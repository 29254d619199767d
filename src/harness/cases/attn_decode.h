// The case of attn_decode, on the host or on a GPU.
#pragma once

#include <memory>

#include "src/harness/case.h"

namespace octet::harness {

Result<std::unique_ptr<Instance>> make_attn_decode(const select::Problem&, Stream&,
                                                   const CaseOptions&);

}  // namespace octet::harness
