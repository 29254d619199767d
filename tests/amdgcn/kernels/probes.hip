// What clang makes of typical code: arithmetic, a sort and counts in LDS, atomics, reductions,
// softmax.
#include "src/gpu/hip/wave.h"
#include "tests/amdgcn/kernels/probe_args.h"
#include "tests/amdgcn/kernels/probe_functions.h"

using namespace octet::amdgcn;
namespace hip = octet::gpu::hip;

/// out[which][item] = integer_probe(which, a[item], b[item]); a workgroup of 64.
OCTET_KERNEL(64, 1) octet_probe_integers(ProbeArgs args) {
  const uint32_t item = hip::block_x() * 64 + hip::thread_index();
  const uint32_t a = args.a[item], b = args.b[item];
  OCTET_UNROLL
  for (int which = 0; which < kIntegerProbes; ++which) {
    args.out[static_cast<uint32_t>(which) * args.count + item] = integer_probe(which, a, b);
  }
}

/// Pairs of words.
OCTET_KERNEL(64, 1) octet_probe_wide(ProbeArgs args) {
  const uint32_t item = hip::block_x() * 64 + hip::thread_index();
  const auto word = [&](uint32_t at) {
    return args.a[at] | static_cast<uint64_t>(args.b[at]) << 32;
  };
  const uint64_t a = word(item), b = word(args.count - 1 - item);
  OCTET_UNROLL
  for (int which = 0; which < kWideProbes; ++which) {
    const uint64_t value = wide_probe(which, a, b);
    const uint32_t at = (static_cast<uint32_t>(which) * args.count + item) * 2;
    args.out[at] = static_cast<uint32_t>(value);
    args.out[at + 1] = static_cast<uint32_t>(value >> 32);
  }
}

OCTET_KERNEL(64, 1) octet_probe_floats(ProbeArgs args) {
  const uint32_t item = hip::block_x() * 64 + hip::thread_index();
  const float a = __builtin_bit_cast(float, args.a[item]);
  const float b = __builtin_bit_cast(float, args.b[item]);
  OCTET_UNROLL
  for (int which = 0; which < kFloatProbes; ++which) {
    const float value = float_probe(which, a, b);
    args.out[static_cast<uint32_t>(which) * args.count + item] =
        __builtin_bit_cast(uint32_t, value);
  }
}

/// Sorts 256 words of each workgroup, bitonically, in LDS.
OCTET_KERNEL(256, 1) octet_probe_sort(ProbeArgs args) {
  OCTET_SHARED uint32_t keys[256];
  const uint32_t item = hip::thread_index(), at = hip::block_x() * 256 + item;
  keys[item] = args.a[at];
  hip::barrier();
  for (uint32_t size = 2; size <= 256; size *= 2) {
    for (uint32_t stride = size / 2; stride > 0; stride /= 2) {
      const uint32_t other = item ^ stride;
      const uint32_t mine = keys[item], theirs = keys[other];
      const bool ascending = (item & size) == 0, first = item < other;
      hip::barrier();
      keys[item] = (first == ascending) == (mine < theirs) ? mine : theirs;
      hip::barrier();
    }
  }
  args.out[at] = keys[item];
}

/// Counts a[item] % 16: by atomics in LDS, then on device memory; out[16] counts workgroups, of
/// which the last writes the sum to out[17].
OCTET_KERNEL(256, 1) octet_probe_count(ProbeArgs args) {
  OCTET_SHARED uint32_t counts[16];
  OCTET_SHARED uint32_t last;
  const uint32_t item = hip::thread_index();
  if (item < 16) counts[item] = 0;
  hip::barrier();
  hip::shared_add(&counts[args.a[hip::block_x() * 256 + item] % 16], 1);
  hip::barrier();
  if (item < 16) hip::device_add(&args.out[item], counts[item]);
  hip::device_fence();
  hip::barrier();
  if (item == 0) last = hip::device_add(&args.out[16], 1) + 1;
  hip::barrier();
  if (last * 256 != args.count) return;
  if (item < 64) {
    const float sum = hip::sum_lanes<64>(item < 16 ? static_cast<float>(args.out[item]) : 0.0f);
    if (item == 0) args.out[17] = static_cast<uint32_t>(sum);
  }
}

/// Softmax of 64 floats, by the exponential and reciprocal of the device.
OCTET_KERNEL(64, 1) octet_probe_softmax(ProbeArgs args) {
  const uint32_t item = hip::block_x() * 64 + hip::thread_index();
  const float x = __builtin_bit_cast(float, args.a[item]);
  const float top = hip::max_lanes<64>(x);
  const float power = __builtin_amdgcn_exp2f((x - top) * 1.44269504f);
  const float sum = hip::sum_lanes<64>(power);
  args.out[item] = __builtin_bit_cast(uint32_t, power * __builtin_amdgcn_rcpf(sum));
}
