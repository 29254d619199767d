#pragma once

#include <cstdint>

namespace octet::amdgcn {

/// Words, as many as `count` in a and b.
struct ProbeArgs {
  const uint32_t *a, *b;
  uint32_t* out;
  uint32_t count;
};

}  // namespace octet::amdgcn
