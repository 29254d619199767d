// The kernels of moe_reduce as the stand-in runs them: thread by thread, the columns that each has.
#include <algorithm>
#include <cstring>
#include <string>

#include "device/stand_in_state.h"
#include "src/core/formats.h"
#include "src/ops/moe_reduce/cuda/params.h"

namespace octet::stand_in {
namespace {

using namespace ops::moe_reduce;

float element_at(const Task& t, int64_t row, int64_t col) {
  const int64_t at = row * t.x_stride + col;
  if (t.input == Type::kF32) return static_cast<const float*>(t.x)[at];
  const uint16_t code = static_cast<const uint16_t*>(t.x)[at];
  return t.input == Type::kBf16 ? decode_bf16(code) : decode(kF16Format, code);
}

void reduce_column(const Task& t, int64_t token, int64_t col) {
  float sum = 0;
  for (int32_t j = 0; j < t.topk; ++j) {
    const int64_t choice = token * t.topk + j;
    if (has_row(t, choice)) sum += element_at(t, choice, col);
  }
  const int64_t at = token * t.y_stride + col;
  if (t.output == Type::kF32) {
    static_cast<float*>(t.y)[at] = sum;
  } else {
    static_cast<uint16_t*>(t.y)[at] =
        t.output == Type::kBf16
            ? encode_bf16(sum)
            : static_cast<uint16_t>(encode(kF16Format, sum, Overflow::kSpecial));
  }
}

bool multiple_of_16(const void* data, int64_t stride, Type type) {
  return reinterpret_cast<uint64_t>(data) % 16 == 0 && stride * bytes_of(type) % 16 == 0;
}

/// The entry and the parameters are those of the task.
bool fits(const Launch& launch, const Sm90Params& p) {
  constexpr const char* kTypes[] = {"f32", "bf16", "f16"};
  const Task& t = p.task;
  return launch.entry == std::string("octet_moe_reduce_") + kTypes[static_cast<int>(t.input)] +
                             "_" + kTypes[static_cast<int>(t.output)] &&
         launch.block[0] == kThreads && launch.cluster == 1 &&
         launch.dependent == static_cast<int>(p.dependent) &&
         launch.grid[0] == static_cast<uint64_t>(t.tokens) * p.parts.divisor &&
         p.x_aligned == multiple_of_16(t.x, t.x_stride, t.input) &&
         p.y_aligned == multiple_of_16(t.y, t.y_stride, t.output);
}

/// Whether x or y ends behind its allocation.
bool past_the_end(const Task& t, const State& s) {
  const auto bytes = [&](int64_t rows, int64_t stride, Type type) {
    return static_cast<size_t>(((rows - 1) * stride + t.cols) * bytes_of(type));
  };
  return overruns(s, reinterpret_cast<uint64_t>(t.x),
                  bytes(t.tokens * t.topk, t.x_stride, t.input)) ||
         overruns(s, reinterpret_cast<uint64_t>(t.y), bytes(t.tokens, t.y_stride, t.output));
}

}  // namespace

size_t moe_reduce_parameter_bytes() { return sizeof(Sm90Params); }

int run_moe_reduce(const Launch& launch, State& s) {
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  if (!fits(launch, p)) return kLaunchFailed;
  s.broken = past_the_end(p.task, s);
  if (s.broken) return kSuccess;
  for (uint32_t block = 0; block < launch.grid[0]; ++block) {
    const uint32_t token = p.parts.quotient(block), part = block - token * p.parts.divisor;
    const int64_t first = int64_t{part} * kThreads * kVector;
    const int64_t end = std::min(p.task.cols, first + kThreads * kVector);
    for (int64_t col = first; col < end; ++col) reduce_column(p.task, token, col);
  }
  return kSuccess;
}

}  // namespace octet::stand_in
