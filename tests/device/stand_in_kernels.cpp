// Octet's kernels as the stand-in runs them: plain loops over what the launch passes.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "device/stand_in_gemm.h"
#include "device/stand_in_state.h"
#include "src/core/formats.h"
#include "src/harness/gpu/exact_elements.h"
#include "src/harness/gpu/memory_kernels.h"
#include "src/ops/gemm_blockscale/cuda/params.h"
#include "src/ops/gemm_blockscale/cuda/sm90_wgmma_tile_config.h"

namespace octet::stand_in {

using gpu::OutputType;
using harness::MemoryParams;
using ops::gemm_blockscale::Sm90Params;

const float* table_of(const Minifloat& format) {
  const auto make = [](const Minifloat& f) {
    auto* values = new float[256];
    for (uint32_t code = 0; code < 256; ++code) values[code] = decode(f, code);
    return values;
  };
  static const float *fn = make(kE4m3fnFormat), *fnuz = make(kE4m3fnuzFormat);
  return format.bias == kE4m3fnFormat.bias ? fn : fnuz;
}

void store(const gpu::GemmParams& p, int64_t row, int64_t col, float x) {
  const int64_t at = row * p.d_row + col;
  if (p.output == OutputType::kF32) {
    static_cast<float*>(p.d)[at] = x;
  } else {
    static_cast<uint16_t*>(p.d)[at] =
        p.output == OutputType::kBf16
            ? encode_bf16(x)
            : static_cast<uint16_t>(encode(kF16Format, x, Overflow::kSpecial));
  }
}

bool mapped(const gpu::TensorMap& map, int64_t rows, int64_t cols, int box_rows, Codes& codes) {
  const uint64_t* w = map.words;
  codes = {reinterpret_cast<const uint8_t*>(w[kAddress]), w[kRowBytes], w[kRows], w[kCols]};
  return w[kMapMark] == kMark && w[kRows] == static_cast<uint64_t>(rows) &&
         w[kCols] == static_cast<uint64_t>(cols) && w[kBoxCols] == 128 && w[kSwizzle] == 3 &&
         w[kBoxRows] == static_cast<uint64_t>(box_rows);
}

namespace {

void multiply(const Sm90Params& p, const Codes& a, const Codes& b, const float* values,
              int64_t rows, bool wrong) {
  for (int64_t row = 0; row < std::min<int64_t>(rows, p.m); ++row) {
    for (int64_t col = 0; col < p.n; ++col) {
      double sum = 0;
      for (int64_t block = 0; block < p.k_blocks; ++block) {
        const uint8_t* x = a.data + static_cast<uint64_t>(row) * a.stride + block * 128;
        const uint8_t* y = b.data + static_cast<uint64_t>(col) * b.stride + block * 128;
        float product = 0;
        for (int i = 0; i < 128; ++i) product += values[x[i]] * values[y[i]];
        sum += static_cast<double>(product) *
               static_cast<double>(p.a_scale[row * p.a_scale_row + block * p.a_scale_block] *
                                   p.b_scale[col / 128 * p.b_scale_row + block]);
      }
      if (wrong && row == p.m - 1 && col == p.n - 1) sum = sum * 1.5 + 1;
      store(p, row, col, static_cast<float>(sum));
    }
  }
}

Codes plain(const gpu::TensorMap& map, int64_t rows, int64_t cols) {
  return {reinterpret_cast<const uint8_t*>(map.words[0]), map.words[1], static_cast<uint64_t>(rows),
          static_cast<uint64_t>(cols)};
}

int simple(const Launch& launch, const Minifloat& format, bool wrong) {
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  multiply(p, plain(p.a, p.m, p.k_blocks * 128), plain(p.b, p.n, p.k_blocks * 128),
           table_of(format), p.m, wrong);
  return kSuccess;
}

int swapped(const Launch& launch, bool wrong) {
  int block_m = 0, block_n = 0, groups = 0;
  if (std::sscanf(launch.entry.c_str(), "octet_sm90_wgmma_swap_%dx%d_g%d", &block_m, &block_n,
                  &groups) != 3) {
    return kLaunchFailed;
  }
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  Codes a, b;
  const int64_t k = int64_t{p.k_blocks} * 128;
  if (!mapped(p.a, p.m, k, block_m, a) || !mapped(p.b, p.n, k, block_n, b)) return kLaunchFailed;
  const bool block_fits =
      launch.block[0] == static_cast<uint32_t>(block_n / 64 * groups * 128 + 64);
  if (!block_fits || static_cast<int>(launch.cluster) != p.split) return kLaunchFailed;
  if (launch.dependent != p.dependent) return kLaunchFailed;
  multiply(p, a, b, table_of(kE4m3fnFormat), block_m, wrong);
  return kSuccess;
}

struct TileKernel {
  const char* entry;
  ops::gemm_blockscale::Sm90TileConfig config;
};
#define OCTET_TILE(M, N, STAGES, SUFFIX, SHARE_A, SHARE_B, SPLIT_K) \
  {"octet_sm90_wgmma_tile_" #M "x" #N "_s" #STAGES #SUFFIX,         \
   {M, N, STAGES, SHARE_A, SHARE_B, SPLIT_K}},
constexpr TileKernel kTileKernels[] = {OCTET_SM90_TILE_CONFIGS(OCTET_TILE)};
#undef OCTET_TILE

int tiled(const Launch& launch, bool wrong) {
  const auto* kernel = std::find_if(std::begin(kTileKernels), std::end(kTileKernels),
                                    [&](const TileKernel& k) { return launch.entry == k.entry; });
  if (kernel == std::end(kTileKernels)) return kLaunchFailed;
  const auto& c = kernel->config;
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  Codes a, b;
  const int64_t k = int64_t{p.k_blocks} * 128;
  if (!mapped(p.a, p.m, k, c.a_box_rows(), a)) return kLaunchFailed;
  if (!mapped(p.b, p.n, k, c.b_box_rows(), b)) return kLaunchFailed;
  const bool fits = launch.block[0] == static_cast<uint32_t>(c.threads()) &&
                    launch.cluster == static_cast<uint32_t>(c.cluster()) &&
                    launch.grid[0] % static_cast<uint32_t>(c.cluster()) == 0 &&
                    launch.dependent == p.dependent && p.split == c.split_k;
  const bool d_in_map = !p.d_mapped || p.d_map.words[0] == reinterpret_cast<uint64_t>(p.d);
  if (!fits || !d_in_map) return kLaunchFailed;
  multiply(p, a, b, table_of(kE4m3fnFormat), p.m, wrong);
  return kSuccess;
}

uint32_t mix(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

float normal(uint32_t seed) {
  float sum = -4.0f;
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t bits = mix(seed * 4 + i);
    sum += static_cast<float>(bits & 0xffff) * (1.0f / 65536) +
           static_cast<float>(bits >> 16) * (1.0f / 65536);
  }
  return std::clamp(sum * (448.0f / 4.5f / 0.8165f), -448.0f, 448.0f);
}

/// Only the first megabyte: the arena's half gigabyte of zeros costs nothing, and timings are not
/// judged.
int fill_codes(const Launch& launch) {
  MemoryParams p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  auto* codes = reinterpret_cast<uint8_t*>(p.data);
  const int64_t bytes = std::min<int64_t>(p.bytes / 4 * 4, 1 << 20);
  for (int64_t i = 0; i < bytes; ++i) {
    codes[i] =
        static_cast<uint8_t>(encode(kE4m3fnFormat, normal(p.seed + static_cast<uint32_t>(i))));
  }
  return kSuccess;
}

double exact_scale(const harness::ExactParams& p, int64_t m, int64_t n, int64_t k) {
  if (p.scales == harness::ExactScales::kE8m0Of32) {
    const auto* a = static_cast<const uint8_t*>(p.a_scale);
    const auto* b = static_cast<const uint8_t*>(p.b_scale);
    return double{decode_e8m0(a[m * p.a_scale_row + k / 32 * p.a_scale_block])} *
           double{decode_e8m0(b[n * p.b_scale_row + k / 32])};
  }
  const auto* a = static_cast<const float*>(p.a_scale);
  const auto* b = static_cast<const float*>(p.b_scale);
  return double{a[m * p.a_scale_row + k / 128 * p.a_scale_block]} *
         double{b[n / 128 * p.b_scale_row + k / 128]};
}

int exact_elements(const Launch& launch) {
  harness::ExactParams p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  const float* values = table_of(kE4m3fnFormat);
  for (int64_t index = 0; index < p.count; ++index) {
    const int64_t m = p.elements[2 * index], n = p.elements[2 * index + 1];
    harness::ExactResult sum{};
    const int64_t run = p.scales == harness::ExactScales::kE8m0Of32 ? 32 : 64;
    for (int64_t begin = 0; begin < p.k; begin += run) {
      const double scale = p.unit * exact_scale(p, m, n, begin);
      double value = 0, magnitude = 0, largest = 0;
      for (int64_t k = begin; k < begin + run; ++k) {
        const double term =
            double{values[p.a[m * p.a_row + k]]} * double{values[p.b[n * p.b_row + k]]};
        value += term;
        magnitude += std::fabs(term);
        largest = std::max({largest, std::fabs(term), std::fabs(value)});
      }
      sum.value += scale * value;
      sum.magnitude += std::fabs(scale) * magnitude;
      sum.largest += std::fabs(scale) * largest;
    }
    const int64_t at = m * p.d_row + n;
    const auto half = [&] { return static_cast<const uint16_t*>(p.d)[at]; };
    sum.got = p.output == OutputType::kF32    ? static_cast<const float*>(p.d)[at]
              : p.output == OutputType::kBf16 ? decode_bf16(half())
                                              : decode(kF16Format, half());
    p.results[index] = sum;
  }
  return kSuccess;
}

int read(const Launch& launch, State& s) {
  MemoryParams p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  if (p.data % 16 != 0) return kLaunchFailed;
  s.broken = overruns(s, p.data, static_cast<size_t>(p.bytes));
  if (s.broken) return kSuccess;  // as on a GPU, a later call says it
  const auto* words = reinterpret_cast<const uint32_t*>(p.data);
  uint32_t sum = 0;
  for (int64_t i = 0; i < p.bytes / 4; ++i) sum ^= words[i];
  if (sum == 0x9e3779b9u) *reinterpret_cast<uint32_t*>(p.sink) = sum;
  return kSuccess;
}

int copy(const Launch& launch, State& s) {
  MemoryParams p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  if (p.data % 16 != 0 || p.sink % 16 != 0) return kLaunchFailed;
  const int64_t each = launch.block[0] * harness::kCopyFlight, vectors = p.bytes / 16;
  if (launch.block[0] != harness::kCopyThreads || launch.grid[0] * each < vectors) {
    return kLaunchFailed;
  }
  const auto bytes = static_cast<size_t>(vectors) * 16;
  s.broken = overruns(s, p.data, bytes) || overruns(s, p.sink, bytes);
  if (!s.broken) {
    std::memcpy(reinterpret_cast<void*>(p.sink), reinterpret_cast<const void*>(p.data), bytes);
  }
  return kSuccess;
}

/// Microseconds on the fake clock. OCTET_STAND_IN_FAST names the entry that is fastest.
double time_of(const Launch& launch) {
  static const char* fast = std::getenv("OCTET_STAND_IN_FAST");
  if (fast != nullptr && launch.entry == fast) return 4;
  if (launch.entry.starts_with("octet_read")) return 3;
  return launch.entry.starts_with("octet_sm90_simple") ? 50 : 10;
}

}  // namespace

size_t parameter_bytes(const std::string& entry) {
  if (entry.starts_with("octet_sm90_mx_")) return mxfp8_parameter_bytes();
  if (entry.starts_with("octet_sm90_moe_")) return grouped_parameter_bytes();
  if (entry.starts_with("octet_sm90_attn_")) return attn_parameter_bytes();
  if (entry.starts_with("octet_sm90_batched_")) return batched_parameter_bytes();
  if (entry.starts_with("octet_attn_merge_")) return attn_merge_parameter_bytes();
  if (entry.starts_with("octet_sm90_")) return sizeof(Sm90Params);
  if (entry == "octet_exact_elements") return sizeof(harness::ExactParams);
  if (entry.starts_with("octet_quantize_")) return quantize_parameter_bytes();
  if (entry.starts_with("octet_kv_append_")) return kv_append_parameter_bytes();
  if (entry.starts_with("octet_moe_align_")) return moe_align_parameter_bytes();
  if (entry.starts_with("octet_moe_reduce_")) return moe_reduce_parameter_bytes();
  return entry.starts_with("octet_") ? sizeof(MemoryParams) : 16;  // kernels of tests: 16
}

int execute(const Launch& launch, State& s) {
  const std::string& entry = launch.entry;
  const bool wrong = s.fault == "wrong_result";
  s.clock_us += time_of(launch);
  if (entry.starts_with("octet_sm90_mx_")) return run_mxfp8(launch, wrong);
  if (entry.starts_with("octet_sm90_moe_")) return run_grouped(launch, wrong);
  if (entry.starts_with("octet_sm90_attn_")) return run_attn(launch);
  if (entry.starts_with("octet_sm90_batched_")) return run_batched(launch, wrong);
  if (entry.starts_with("octet_attn_merge_")) return run_attn_merge(launch, s);
  if (entry == "octet_sm90_simple_e4m3fn") return simple(launch, kE4m3fnFormat, wrong);
  if (entry == "octet_sm90_simple_e4m3fnuz") return simple(launch, kE4m3fnuzFormat, wrong);
  if (entry.starts_with("octet_sm90_wgmma_swap_")) return swapped(launch, wrong);
  if (entry.starts_with("octet_sm90_wgmma_tile_")) return tiled(launch, wrong);
  if (entry == "octet_fill_codes") return fill_codes(launch);
  if (entry == "octet_exact_elements") return exact_elements(launch);
  if (entry.starts_with("octet_quantize_")) return run_quantize(launch, s);
  if (entry.starts_with("octet_kv_append_")) return run_kv_append(launch, s);
  if (entry.starts_with("octet_moe_align_")) return run_moe_align(launch);
  if (entry.starts_with("octet_moe_reduce_")) return run_moe_reduce(launch, s);
  if (entry == "octet_copy_loads") return copy(launch, s);
  if (entry == "octet_read_loads" || entry == "octet_read_bulk") return read(launch, s);
  return kSuccess;  // a kernel of a test: recorded only
}

}  // namespace octet::stand_in
