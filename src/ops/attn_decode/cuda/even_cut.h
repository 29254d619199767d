// A line of elements cut into shares that are equal to one element.
#pragma once

#include <cstdint>

#include "src/gpu/cuda/host_device.h"

namespace octet::ops::attn_decode {

/// Share b has elements begin_of(b), which is b total / shares rounded down, up to begin_of(b + 1).
/// Why rounded so: longer shares lie evenly among the others, and shares of equal items begin where
/// items do, if their number allows.
///
/// Requires   total up to 2^31 - 1; shares 1 to 2^10, at most total
struct EvenCut {
  int32_t each, longer;  // elements of a share, rounded down; how many have one more
  uint32_t of_share;     // 2^32 / shares, or more by up to 2^-20 of it and 16; any of one share
  float of_element;      // shares / total

  OCTET_DEVICE int32_t begin_of(int32_t share) const {
    const auto more = static_cast<uint64_t>(static_cast<uint32_t>(share * longer)) * of_share >> 32;
    return share * each + static_cast<int32_t>(more);
  }
  /// The share that holds `element`.
  OCTET_DEVICE int32_t share_with(int32_t element) const {
    auto share = static_cast<int32_t>(static_cast<float>(element) * of_element);  // right to one
    while (begin_of(share) > element) --share;
    while (begin_of(share + 1) <= element) ++share;
    return share;
  }
};

}  // namespace octet::ops::attn_decode
