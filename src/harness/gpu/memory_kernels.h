// What the host passes to the harness's own kernels.
#pragma once

#include <cstdint>

namespace octet::harness {

struct MemoryParams {
  uint64_t data;  // address, a multiple of 16
  uint64_t sink;  // of a copy, where to; else address of a word that is never written in practice
  int64_t bytes;
  uint32_t seed;
  uint32_t blocks;  // of the launch
};

/// The same as a kernel of an AMD GPU takes it: its compiler then knows what memory it is.
struct MemoryPointers {
  uint8_t* data;
  uint8_t* sink;
  int64_t bytes;
  uint32_t seed, blocks;
};
static_assert(sizeof(MemoryPointers) == sizeof(MemoryParams));

/// Vectors of 16 bytes that a thread block of the copy moves, so many of them a thread.
inline constexpr int kCopyThreads = 256, kCopyFlight = 4;

inline constexpr int kReadChunk = 16384, kReadRing = 12;
inline constexpr int kReadSharedBytes = kReadRing * (kReadChunk + 8);

}  // namespace octet::harness
