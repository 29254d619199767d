// What the handlers of vector integer instructions share.
#pragma once

#include <cstdint>

#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {

using I = Instruction;
using M = Machine;
using U = uint32_t;
using S = int32_t;

constexpr S s(U v) { return static_cast<S>(v); }
constexpr U u(S v) { return static_cast<U>(v); }

template <auto kF>
void ternary(M&, Wave& w, const I& i) {
  map3(w, i, kF);
}

}  // namespace octet::amdgcn
