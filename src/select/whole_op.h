// An Op of what its files define under the same names.
#pragma once

#include "src/select/op.h"

namespace octet::select {

/// `op` with what follows from how its problems are read and made: sizes, and the format of a
/// problem by default where `op` has no other.
template <auto kFrom, auto kToSelect>
Op whole_op(Op op) {
  if (op.default_format == nullptr) {
    op.default_format = [](Arch) { return kToSelect({}).format; };
  }
  op.flops = [](const Problem& problem) { return kFrom(problem).flops(); };
  op.bytes = [](const Problem& problem) { return kFrom(problem).bytes(); };
  return op;
}

}  // namespace octet::select
