#include "src/harness/read_floor.h"

#include <cstring>

namespace octet::harness {
namespace {

// Why 8 streams: one core of a server reads memory 8 % faster from 4 to 8 places than from one,
// since each prefetcher follows one stream.
constexpr int kStreams = 8;
constexpr int64_t kLine = 64;

using Vector [[gnu::vector_size(64)]] = long long;

/// Compiled for several widths; the widest that the machine has runs.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
[[gnu::target_clones("arch=x86-64-v4,arch=x86-64-v3,default")]]
#endif
long long
read_lines(const uint8_t* data, int64_t lines) {
  Vector sums[kStreams] = {};
  const int64_t share = lines / kStreams;
  for (int64_t line = 0; line < share; ++line) {
    for (int stream = 0; stream < kStreams; ++stream) {
      Vector value;
      std::memcpy(&value, data + (stream * share + line) * kLine, sizeof value);
      sums[stream] ^= value;
    }
  }
  long long result = 0;
  for (int stream = 0; stream < kStreams; ++stream) {
    for (int i = 0; i < 8; ++i) result ^= sums[stream][i];
  }
  return result;
}

struct Call {
  const uint8_t* data;
  int64_t lines;
};

void read_share(void* context, int thread, int threads) {
  const Call& call = *static_cast<const Call*>(context);
  const int64_t begin = call.lines * thread / threads, end = call.lines * (thread + 1) / threads;
  const long long sum = read_lines(call.data + begin * kLine, end - begin);
  __asm__ volatile("" : : "r"(sum));  // Why: else the compiler may drop the reads
}

}  // namespace

void read_all(Stream& stream, const uint8_t* data, int64_t bytes) {
  Call call{data, bytes / kLine};
  stream.parallel(read_share, &call);
}

}  // namespace octet::harness
