#include "src/harness/measure/read_floor.h"

#include <cstring>

namespace octet::harness {
namespace {

// Why 8 streams: one core of a server reads memory 8 % faster from 4 to 8 places than from one,
// since each prefetcher follows one stream.
constexpr int kStreams = 8;
constexpr int64_t kLine = 64;

/// The sum of all lines, `Vector` at a time. Inlined into functions for several instruction sets
/// below.
template <class Vector>
[[gnu::always_inline]] inline long long read_lines(const uint8_t* data, int64_t lines) {
  constexpr int64_t kPerLine = kLine / static_cast<int64_t>(sizeof(Vector));
  Vector sums[kStreams] = {};
  const int64_t share = lines / kStreams;
  for (int64_t line = 0; line < share; ++line) {
    for (int stream = 0; stream < kStreams; ++stream) {
      const uint8_t* at = data + (stream * share + line) * kLine;
      for (int64_t i = 0; i < kPerLine; ++i) {
        Vector value;
        std::memcpy(&value, at + i * static_cast<int64_t>(sizeof value), sizeof value);
        sums[stream] ^= value;
      }
    }
  }
  Vector sum = sums[0];
  for (int stream = 1; stream < kStreams; ++stream) sum ^= sums[stream];
  long long result = 0;
  for (size_t i = 0; i < sizeof(Vector) / sizeof(long long); ++i) result ^= sum[i];
  return result;
}

using Vector16 [[gnu::vector_size(16)]] = long long;

long long read_baseline(const uint8_t* data, int64_t lines) {
  return read_lines<Vector16>(data, lines);
}

#if defined(__x86_64__)
using Vector32 [[gnu::vector_size(32)]] = long long;
using Vector64 [[gnu::vector_size(64)]] = long long;

[[gnu::target("avx2")]] long long read_avx2(const uint8_t* data, int64_t lines) {
  return read_lines<Vector32>(data, lines);
}

[[gnu::target("avx512f")]] long long read_avx512(const uint8_t* data, int64_t lines) {
  return read_lines<Vector64>(data, lines);
}
#endif

/// The widest reads that the machine has, whatever tier the kernels are held to.
long long read_widest(const uint8_t* data, int64_t lines) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return read_avx512(data, lines);
  if (__builtin_cpu_supports("avx2")) return read_avx2(data, lines);
#endif
  return read_baseline(data, lines);
}

void read_share(void* context, int thread, int threads) {
  for (const Region& region : *static_cast<const std::span<const Region>*>(context)) {
    const int64_t lines = region.bytes / kLine;
    const int64_t begin = lines * thread / threads, end = lines * (thread + 1) / threads;
    const long long sum =
        read_widest(static_cast<const uint8_t*>(region.data) + begin * kLine, end - begin);
    __asm__ volatile("" : : "r"(sum));  // Why: else the compiler may drop the reads
  }
}

}  // namespace

void read_all(Stream& stream, std::span<const Region> regions) {
  stream.parallel(read_share, &regions);
}

}  // namespace octet::harness
