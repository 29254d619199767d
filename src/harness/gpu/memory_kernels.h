// What the host passes to the harness's own kernels.
#pragma once

#include <cstdint>

namespace octet::harness {

struct MemoryParams {
  uint64_t data;  // address, a multiple of 16
  uint64_t sink;  // address of a word that is never written in practice
  int64_t bytes;
  uint32_t seed;
};

inline constexpr int kReadChunk = 16384, kReadRing = 12;
inline constexpr int kReadSharedBytes = kReadRing * (kReadChunk + 8);

}  // namespace octet::harness
