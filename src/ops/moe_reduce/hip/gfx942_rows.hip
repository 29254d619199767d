// moe_reduce: a work item adds up 8 columns of a token, a workgroup 2,048.
//
// Method     lane j of every wave looks up whether choice j has a row, one ballot tells all; four
//            rows are loaded together
// Numerics   float32 sums from 0 on, in the order of the choices; a row that is not there adds +0
// Emits      global_load_dwordx4 global_store_dwordx4
#include "src/gpu/hip/convert.h"
#include "src/gpu/hip/wave.h"
#include "src/ops/moe_reduce/hip/params.h"

namespace octet::ops::moe_reduce {
namespace {

using namespace gpu::hip;

constexpr int kFlight = 4;  // rows under way together

/// Neighbouring columns of one row, as they lie in memory.
template <Type kType>
struct Vector {
  static constexpr int kBytes = kType == Type::kF32 ? 4 : 2;
  static constexpr int kWords = kHipVector * kBytes / 16;
  Word4 words[kWords];

  OCTET_DEVICE Vector() {
    OCTET_UNROLL
    for (int i = 0; i < kWords; ++i) words[i] = Word4{0, 0, 0, 0};
  }
  /// kWhole: all columns, from a multiple of 16 bytes.
  template <bool kWhole>
  OCTET_DEVICE void load(const void* matrix, int64_t at, int count) {
    const uint8_t* from = static_cast<const uint8_t*>(matrix) + at * kBytes;
    if constexpr (kWhole) {
      OCTET_UNROLL
      for (int i = 0; i < kWords; ++i) words[i] = reinterpret_cast<const Word4*>(from)[i];
    } else if constexpr (kType == Type::kF32) {
      OCTET_UNROLL
      for (int i = 0; i < kHipVector; ++i) {
        if (i < count) words[i / 4][i % 4] = reinterpret_cast<const uint32_t*>(from)[i];
      }
    } else {
      OCTET_UNROLL
      for (int i = 0; i < kHipVector; ++i) {
        const uint32_t half = i < count ? reinterpret_cast<const uint16_t*>(from)[i] : 0;
        words[0][i / 2] |= half << i % 2 * 16;
      }
    }
  }
  OCTET_DEVICE float value(int i) const {
    if constexpr (kType == Type::kF32) return as_float(words[i / 4][i % 4]);
    const uint32_t pair = words[0][i / 2];
    if constexpr (kType == Type::kBf16) return i % 2 == 0 ? bf16_low(pair) : bf16_high(pair);
    return from_f16(static_cast<uint16_t>(i % 2 == 0 ? pair : pair >> 16));
  }
};

template <Type kType>
OCTET_DEVICE void store(void* matrix, int64_t at, int count, bool aligned,
                        const float (&sum)[kHipVector]) {
  using V = Vector<kType>;
  uint8_t* to = static_cast<uint8_t*>(matrix) + at * V::kBytes;
  const bool whole = aligned && count == kHipVector;
  if constexpr (kType == Type::kF32) {
    OCTET_UNROLL
    for (int i = 0; i < kHipVector; i += 4) {
      if (whole)
        *reinterpret_cast<Float4*>(to + i * 4) = Float4{sum[i], sum[i + 1], sum[i + 2], sum[i + 3]};
    }
    if (whole) return;
    OCTET_UNROLL
    for (int i = 0; i < kHipVector; ++i) {
      if (i < count) reinterpret_cast<float*>(to)[i] = sum[i];
    }
  } else {
    uint32_t halves[kHipVector];
    OCTET_UNROLL
    for (int i = 0; i < kHipVector; ++i) halves[i] = to_16_bits(sum[i], kType == Type::kF16);
    if (whole) {
      *reinterpret_cast<Word4*>(to) =
          Word4{halves[0] | halves[1] << 16, halves[2] | halves[3] << 16,
                halves[4] | halves[5] << 16, halves[6] | halves[7] << 16};
      return;
    }
    OCTET_UNROLL
    for (int i = 0; i < kHipVector; ++i) {
      if (i < count) reinterpret_cast<uint16_t*>(to)[i] = static_cast<uint16_t>(halves[i]);
    }
  }
}

/// A bit for each choice of the token that has a row. All lanes of a wave call it.
OCTET_DEVICE uint32_t rows_of(const Task& t, int64_t token) {
  const auto lane = static_cast<int32_t>(lane_index());
  const bool mine = lane < t.topk && has_row(t, token * t.topk + lane);
  return static_cast<uint32_t>(ballot(mine));  // kMostTopk lanes
}

/// Adds columns col to col + count of the rows of `left`.
template <Type kInput, bool kWhole>
OCTET_DEVICE void add_rows(const Task& t, int64_t token, uint32_t left, int64_t col, int count,
                           float (&sum)[kHipVector]) {
  OCTET_NO_UNROLL
  while (left != 0) {
    Vector<kInput> rows[kFlight];
    OCTET_UNROLL
    for (int i = 0; i < kFlight; ++i) {
      if (left == 0) continue;
      const int64_t row = token * t.topk + __builtin_ctz(left);
      rows[i].template load<kWhole>(t.x, row * t.x_stride + col, count);
      left &= left - 1;
    }
    OCTET_UNROLL
    for (int i = 0; i < kFlight; ++i) {
      OCTET_UNROLL
      for (int c = 0; c < kHipVector; ++c) sum[c] += rows[i].value(c);
    }
  }
}

template <Type kInput, Type kOutput>
OCTET_DEVICE void reduce(const HipParams& p) {
  const Task& t = p.task;
  const uint32_t token = p.parts.quotient(block_x()), part = block_x() - token * p.parts.divisor;
  const int64_t col = (int64_t{part} * kHipThreads + thread_index()) * kHipVector;
  const uint32_t rows = rows_of(t, token);
  if (col >= t.cols) return;
  const int64_t left = t.cols - col;
  const int count = static_cast<int>(left < kHipVector ? left : kHipVector);
  float sum[kHipVector] = {};
  // Why the branch is outside: loads under way together must not share code with the slow ones.
  if (p.x_aligned && count == kHipVector) {
    add_rows<kInput, true>(t, token, rows, col, count, sum);
  } else {
    add_rows<kInput, false>(t, token, rows, col, count, sum);
  }
  store<kOutput>(t.y, token * t.y_stride + col, count, p.y_aligned, sum);
}

}  // namespace

#define OCTET_REDUCE(INPUT, IN, OUTPUT, OUT)                         \
  OCTET_KERNEL(256, 4) octet_gfx942_rows_##IN##_##OUT(HipParams p) { \
    reduce<Type::INPUT, Type::OUTPUT>(p);                            \
  }
#define OCTET_REDUCE_INPUT(INPUT, IN)  \
  OCTET_REDUCE(INPUT, IN, kF32, f32)   \
  OCTET_REDUCE(INPUT, IN, kBf16, bf16) \
  OCTET_REDUCE(INPUT, IN, kF16, f16)
OCTET_REDUCE_INPUT(kF32, f32)
OCTET_REDUCE_INPUT(kBf16, bf16)
OCTET_REDUCE_INPUT(kF16, f16)
#undef OCTET_REDUCE_INPUT
#undef OCTET_REDUCE

}  // namespace octet::ops::moe_reduce
