// The kernels of attn_merge_states as the stand-in runs them: rows in double.
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "device/stand_in_state.h"
#include "src/core/formats.h"
#include "src/ops/attn_decode/merge_states_params.h"

namespace octet::stand_in {
namespace {

using namespace ops::attn_decode;

int64_t bytes_of(OutType type) { return type == OutType::kF32 ? 4 : 2; }

double element(const void* data, OutType type, int64_t at) {
  if (type == OutType::kF32) return static_cast<double>(static_cast<const float*>(data)[at]);
  const uint16_t code = static_cast<const uint16_t*>(data)[at];
  return type == OutType::kBf16 ? static_cast<double>(decode_bf16(code))
                                : static_cast<double>(decode(kF16Format, code));
}

void store(void* data, OutType type, int64_t at, double x) {
  const auto value = static_cast<float>(x);
  if (type == OutType::kF32) {
    static_cast<float*>(data)[at] = value;
  } else {
    static_cast<uint16_t*>(data)[at] =
        type == OutType::kBf16
            ? encode_bf16(value)
            : static_cast<uint16_t>(encode(kF16Format, value, Overflow::kSpecial));
  }
}

void merge_row(const MergeStatesParams& p, OutType type, int64_t row) {
  std::vector<double> values(static_cast<size_t>(p.dim));
  double all = 0;
  for (int64_t i = 0; i < p.num_parts; ++i) {
    const double weight = std::exp(static_cast<double>(p.lse[i * p.rows + row]));
    if (weight == 0) continue;
    all += weight;
    for (int64_t d = 0; d < p.dim; ++d) {
      values[static_cast<size_t>(d)] +=
          weight * element(p.parts, type, i * p.part_stride + row * p.dim + d);
    }
  }
  for (int64_t d = 0; d < p.dim; ++d) {
    const double x = all == 0 ? 0 : values[static_cast<size_t>(d)] / all;
    store(p.out, p.out_type, row * p.out_stride + d, x);
  }
  if (p.out_lse != nullptr) p.out_lse[row] = static_cast<float>(std::log(all));
}

}  // namespace

size_t attn_merge_parameter_bytes() { return sizeof(MergeStatesParams); }

int run_attn_merge(const Launch& launch, State& s) {
  MergeStatesParams p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  const std::string name = launch.entry.substr(std::string("octet_attn_merge_").size());
  const OutType type = name == "f32"    ? OutType::kF32
                       : name == "bf16" ? OutType::kBf16
                                        : OutType::kF16;
  const int64_t blocks = launch.grid[0];
  if (launch.block[0] != kMergeThreads || blocks * kMergeRows < p.rows ||
      (blocks - 1) * kMergeRows >= p.rows || p.dim > kMergeMostDim) {
    return kLaunchFailed;
  }
  const int64_t part = (p.num_parts - 1) * p.part_stride + p.rows * p.dim;
  const int64_t out = (p.rows - 1) * p.out_stride + p.dim;
  s.broken = overruns(s, reinterpret_cast<uint64_t>(p.parts),
                      static_cast<size_t>(part * bytes_of(type))) ||
             overruns(s, reinterpret_cast<uint64_t>(p.out),
                      static_cast<size_t>(out * bytes_of(p.out_type)));
  for (int64_t row = 0; !s.broken && row < p.rows; ++row) merge_row(p, type, row);
  return kSuccess;
}

}  // namespace octet::stand_in
