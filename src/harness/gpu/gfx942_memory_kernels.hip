// The kernels of memory_kernels.cu for AMD GPUs: codes from a seed, reads and copies at the speed
// of memory, and a pause.
//
// Emits      global_load_dwordx4 global_store_dwordx4 v_cvt_pk_fp8_f32 s_sleep
#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/wave.h"
#include "src/harness/gpu/memory_kernels.h"
#include "src/harness/gpu/normal_code.h"

namespace octet::harness {
namespace {

using namespace gpu::hip;

constexpr int kThreads = 256;

/// Of this launch: the work item's index, and how many there are.
struct Place {
  int64_t index, count;
};
OCTET_DEVICE Place place(const MemoryPointers& p, int threads) {
  return {static_cast<int64_t>(block_x()) * threads + thread_index(),
          static_cast<int64_t>(p.blocks) * threads};
}

}  // namespace
}  // namespace octet::harness

/// FP8 of the device's kind.
OCTET_KERNEL(256, 2) octet_fill_codes(const octet::harness::MemoryPointers p) {
  using namespace octet::harness;
  constexpr float kLargest = kGfx950 ? 448 : 240;
  auto* words = reinterpret_cast<uint32_t*>(p.data);
  const Place at = place(p, kThreads);
  for (int64_t i = at.index; i < p.bytes / 4; i += at.count) {
    const uint32_t seed = p.seed + static_cast<uint32_t>(i) * 4;
    const uint32_t low = to_fp8x2<false>(normal_code_value(seed, kLargest),
                                         normal_code_value(seed + 1, kLargest), 0);
    words[i] = to_fp8x2<true>(normal_code_value(seed + 2, kLargest),
                              normal_code_value(seed + 3, kLargest), low);
  }
}

/// About `bytes` nanoseconds at 2.1 GHz.
OCTET_KERNEL(64, 1) octet_pause(const octet::harness::MemoryPointers p) {
  constexpr int64_t kNanosecondsOfASleep = 3870;
  for (int64_t i = 0; i < p.bytes; i += kNanosecondsOfASleep) octet::gpu::hip::sleep();
}

/// Plain loads, 8 in flight a work item.
OCTET_KERNEL(512, 2) octet_read_loads(const octet::harness::MemoryPointers p) {
  using namespace octet::harness;
  constexpr int kFlight = 8;
  const auto* data = reinterpret_cast<const Word4*>(p.data);
  const int64_t count = p.bytes / 16;
  const Place at = place(p, 512);
  uint32_t sum = 0;
  for (int64_t i = at.index; i < count; i += at.count * kFlight) {
    Word4 v[kFlight];
    OCTET_UNROLL
    for (int j = 0; j < kFlight; ++j) {
      v[j] = Word4{0, 0, 0, 0};
      if (i + j * at.count < count) v[j] = data[i + j * at.count];
    }
    OCTET_UNROLL
    for (int j = 0; j < kFlight; ++j) sum ^= v[j][0] ^ v[j][1] ^ v[j][2] ^ v[j][3];
  }
  if (sum == 0x9e3779b9u) *reinterpret_cast<uint32_t*>(p.sink) = sum;  // keeps the loads
}

/// One step a work item: loads, then stores.
OCTET_KERNEL(256, 2) octet_copy_loads(const octet::harness::MemoryPointers p) {
  using namespace octet::harness;
  const auto* from = reinterpret_cast<const Word4*>(p.data);
  auto* to = reinterpret_cast<Word4*>(p.sink);
  const int64_t count = p.bytes / 16;
  const int64_t first =
      static_cast<int64_t>(block_x()) * kCopyThreads * kCopyFlight + thread_index();
  Word4 v[kCopyFlight];
  OCTET_UNROLL
  for (int j = 0; j < kCopyFlight; ++j) {
    v[j] = Word4{0, 0, 0, 0};
    if (first + j * kCopyThreads < count) v[j] = from[first + j * kCopyThreads];
  }
  OCTET_UNROLL
  for (int j = 0; j < kCopyFlight; ++j) {
    if (first + j * kCopyThreads < count) to[first + j * kCopyThreads] = v[j];
  }
}
