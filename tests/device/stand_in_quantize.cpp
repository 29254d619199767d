// The kernels of quantize as the stand-in runs them: blocks found as the kernels find them, then
// plain loops.
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "device/stand_in_state.h"
#include "src/core/formats.h"
#include "src/ops/quantize/arithmetic.h"
#include "src/ops/quantize/cuda/params.h"

namespace octet::stand_in {
namespace {

using namespace ops::quantize;

float element_at(const Task& t, int64_t row, int64_t col) {
  const int64_t at = row * t.x_stride + col;
  if (t.input == Input::kF32) return static_cast<const float*>(t.x)[at];
  const uint16_t code = static_cast<const uint16_t*>(t.x)[at];
  return t.input == Input::kBf16 ? decode_bf16(code) : decode(kF16Format, code);
}

/// Of x, or of the activation of gate and up: the kernel's arithmetic, whose test is its own.
float value_at(const Task& t, int64_t row, int64_t col) {
  const auto fma = [](float a, float b, float c) { return std::fma(a, b, c); };
  const float x = element_at(t, row, col);
  if (t.gate == Gate::kNone) return x;
  const float up = element_at(t, row, t.cols + col);
  return t.gate == Gate::kSilu ? activate<Gate::kSilu>(x, up, fma)
                               : activate<Gate::kSwiglu>(x, up, fma);
}

void set_code(const Task& t, int64_t row, int64_t col, uint32_t code) {
  if (t.element != Element::kE2m1) {
    t.q[row * t.q_stride + col] = static_cast<uint8_t>(code);
    return;
  }
  uint8_t& pair = t.q[row * t.q_stride + col / 2];
  pair = static_cast<uint8_t>(col % 2 == 0 ? (pair & 0xf0) | code : (pair & 0x0f) | code << 4);
}

void quantize_block(const Task& t, int64_t scale_row, int64_t scale_col) {
  const int64_t row = scale_row * t.block_rows, col = scale_col * t.block_cols;
  const int64_t end = std::min(row + t.block_rows, t.rows);
  float amax = 0;
  bool special = false;
  for (int64_t i = row; i < end; ++i) {
    for (int64_t j = col; j < col + t.block_cols; ++j) {
      const float size = std::fabs(value_at(t, i, j));
      special |= !(size < INFINITY);
      if (size < INFINITY) amax = std::max(amax, size);
    }
  }
  const int64_t at = scale_row * t.scale_row_stride + scale_col * t.scale_col_stride;
  const bool e2m1 = t.element == Element::kE2m1;
  const uint8_t mx = mx_scale(std::bit_cast<uint32_t>(amax), {t.mx_add, t.mx_subtract});
  const float f32 = amax == 0 ? 1.0f : std::max(amax / 448, 0x1p-126f);
  if (t.mx) {
    static_cast<uint8_t*>(t.scale)[at] = special && e2m1 ? 255 : mx;
  } else {
    static_cast<float*>(t.scale)[at] = f32;
  }
  for (int64_t i = row; i < end; ++i) {
    for (int64_t j = col; j < col + t.block_cols; ++j) {
      const float x = value_at(t, i, j), y = t.mx ? std::ldexp(x, 127 - mx) : x / f32;
      const uint32_t code = encode(e2m1 ? kE2m1Format : kE4m3fnFormat, y);
      set_code(t, i, j, special && e2m1 ? 0 : code);
    }
  }
}

/// The entry says what its code was compiled for.
bool fits(const std::string& entry, const Sm90Params& p) {
  constexpr const char* kInputs[] = {"f32", "bf16", "f16"};
  const Task& t = p.task;
  const std::string blocks = t.mx                  ? "1x32"
                             : t.block_rows > 1    ? "128x128"
                             : t.block_cols == 128 ? "1x128"
                                                   : "row";
  const std::string family = t.gate == Gate::kSilu       ? "silu"
                             : t.gate == Gate::kSwiglu   ? "swiglu"
                             : t.mx || blocks == "1x128" ? "groups"
                                                         : "blocks";
  const std::string element = t.element == Element::kE2m1 ? "e2m1" : "e4m3fn";
  return entry == "octet_quantize_" + family + "_" + kInputs[static_cast<int>(t.input)] + "_" +
                      element + "_" + blocks &&
         t.element != Element::kE4m3fnuz;
}

/// Vectors of 16 bytes and their codes where the parameters say that they are aligned.
bool aligned(const Sm90Params& p) {
  const Task& t = p.task;
  const auto x = reinterpret_cast<uint64_t>(t.x), q = reinterpret_cast<uint64_t>(t.q);
  const int64_t bytes = t.input == Input::kF32 ? 4 : 2, codes = code_bytes(t.input, t.element);
  const bool x_right = x % 16 == 0 && t.x_stride * bytes % 16 == 0 && t.cols * bytes % 16 == 0;
  const bool q_right = q % static_cast<uint64_t>(codes) == 0 && t.q_stride % codes == 0;
  return p.x_aligned == x_right && p.q_aligned == q_right;
}

/// Whether x or q ends behind its allocation.
bool past_the_end(const Task& t, const State& s) {
  const auto bytes = [&](int64_t stride, int64_t row) {
    return static_cast<size_t>((t.rows - 1) * stride + row);
  };
  const int64_t element = t.input == Input::kF32 ? 4 : 2;
  const int64_t x_row = t.cols * element * (t.gate == Gate::kNone ? 1 : 2);
  const int64_t q_row = t.element == Element::kE2m1 ? t.cols / 2 : t.cols;
  return overruns(s, reinterpret_cast<uint64_t>(t.x), bytes(t.x_stride * element, x_row)) ||
         overruns(s, reinterpret_cast<uint64_t>(t.q), bytes(t.q_stride, q_row));
}

}  // namespace

size_t quantize_parameter_bytes() { return sizeof(Sm90Params); }

int run_quantize(const Launch& launch, State& s) {
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  const bool alone = launch.cluster == 1 && launch.dependent == static_cast<int>(p.dependent);
  if (launch.block[0] != kSm90Threads || !alone) return kLaunchFailed;
  if (!fits(launch.entry, p) || !aligned(p)) return kLaunchFailed;
  const bool groups = !launch.entry.starts_with("octet_quantize_blocks_");
  const uint32_t each = groups ? blocks_per_thread_block(p.task) : 1;
  const uint64_t reached = uint64_t{launch.grid[0]} * each;
  if (reached < p.blocks || reached - p.blocks >= each) return kLaunchFailed;
  s.broken = past_the_end(p.task, s);
  if (s.broken) return kSuccess;
  for (uint32_t block = 0; block < p.blocks; ++block) {
    const uint32_t row = p.per_row.quotient(block);
    quantize_block(p.task, row, block - row * p.per_row.divisor);
  }
  return kSuccess;
}

}  // namespace octet::stand_in
