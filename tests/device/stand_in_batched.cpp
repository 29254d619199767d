// The kernels of gemm_batched as the stand-in runs them: plain loops over what the launch passes.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "device/stand_in_gemm.h"
#include "device/stand_in_state.h"
#include "src/ops/gemm_batched/cuda/params.h"
#include "src/ops/gemm_batched/cuda/sm90_fp4_shape.h"
#include "src/ops/gemm_batched/cuda/sm90_wgmma_shape.h"

namespace octet::stand_in {
namespace {

using namespace ops::gemm_batched;

struct TileKernel {
  std::string entry;
  TileShape shape;
};
#define OCTET_KERNEL(NAME, METHOD, KIND, LEFT, M, N, STAGES, RESIDENT)         \
  TileKernel{"octet_sm90_batched_" #KIND "_" #NAME "_" #M "x" #N "_s" #STAGES, \
             TileShape{Method::METHOD, Left::LEFT, M, N, STAGES, RESIDENT}},
#define OCTET_SWAP(...) OCTET_SM90_BATCHED_METHODS(OCTET_KERNEL, __VA_ARGS__)
#define OCTET_INSIDE(...) OCTET_SM90_BATCHED_INSIDE(OCTET_KERNEL, __VA_ARGS__)
#define OCTET_FP4(NAME, METHOD, M, N, STAGES, RESIDENT, OWN) \
  TileKernel{"octet_sm90_batched_" #NAME "_" #M "x" #N,      \
             fp4_shape(Method::METHOD, M, N, STAGES, RESIDENT, OWN)},
const std::array kTileKernels{OCTET_SM90_BATCHED_WGMMA_SHAPES(OCTET_SWAP)
                                  OCTET_SM90_BATCHED_INSIDE_SHAPES(OCTET_INSIDE)
                                      OCTET_SM90_BATCHED_FP4_SHAPES(OCTET_FP4)};
#undef OCTET_FP4
#undef OCTET_INSIDE
#undef OCTET_SWAP
#undef OCTET_KERNEL

float bf16_at(const void* data, int64_t i) {
  return decode_bf16(static_cast<const uint16_t*>(data)[i]);
}

/// With its exponent, before it is quantised.
double plain_value(const DeviceOperand& x, int64_t batch, int64_t row, int64_t k) {
  const uint8_t* data = x.data + batch * x.batch + row * x.row;
  if (x.codes == DeviceCodes::kE4m3) return double{table_of(kE4m3fnFormat)[data[k]]};
  if (x.codes == DeviceCodes::kI8) return static_cast<int8_t>(data[k]);
  if (x.codes != DeviceCodes::kE2m1) return double{bf16_at(data, k)};
  const uint8_t* exponents = x.exponents + batch * x.exponents_batch + row * x.exponents_row;
  return double{decode(kE2m1Format, data[k / 2] >> k % 2 * 4 & 15u)} *
         double{decode_e8m0(exponents[k / 32])};
}

/// The largest finite magnitude of `count` values of a around k; NaN in `special` where some are
/// not.
float largest(const Sm90Params& p, int64_t batch, int64_t row, int64_t k, int64_t count,
              double& special) {
  float most = 0;
  special = 0;
  for (int64_t i = k / count * count; i < std::min(k / count * count + count, p.k); ++i) {
    const auto size = static_cast<float>(std::fabs(plain_value(p.a_rows, batch, row, i)));
    if (std::isfinite(size)) most = std::max(most, size);
    if (!std::isfinite(size)) special = NAN;
  }
  return most;
}

float group_scale(const Sm90Params& p, int64_t batch, int64_t row, int64_t k) {
  double special;
  const float most = largest(p, batch, row, k, 128, special);
  return most == 0 ? 1.0f : std::max(most / 448, 0x1p-126f);
}

/// The scale of a block of 32 of a that is e2m1, or becomes it.
double block_scale(const Sm90Params& p, int64_t batch, int64_t row, int64_t k) {
  const DeviceOperand& a = p.a_rows;
  if (a.codes == DeviceCodes::kE2m1) {
    return double{
        decode_e8m0(a.exponents[batch * a.exponents_batch + row * a.exponents_row + k / 32])};
  }
  double special;
  const float most = largest(p, batch, row, k, 32, special);
  const uint8_t scale = mx_scale(std::bit_cast<uint32_t>(most), mx_even(kE2m1Format));
  return double{decode_e8m0(scale)} + special;
}

/// What the format makes of a.
double a_value(const Sm90Params& p, int64_t batch, int64_t row, int64_t k) {
  const double value = plain_value(p.a_rows, batch, row, k);
  const auto x = static_cast<float>(value);
  if (p.a_rows.codes == DeviceCodes::kBf16ToE4m3) {
    if (!std::isfinite(x)) return NAN;
    const float scale = group_scale(p, batch, row, k);
    return double{decode(kE4m3fnFormat, encode(kE4m3fnFormat, x / scale))} * double{scale};
  }
  if (p.a_rows.codes != DeviceCodes::kBf16ToE2m1) return value;
  const double scale = block_scale(p, batch, row, k);
  return double{decode(kE2m1Format, encode(kE2m1Format, static_cast<float>(x / scale)))} * scale;
}

/// Where element k of a row stands in prepared bf16: in each 32 by the remainder of four first.
int64_t wide_place(int64_t k) { return k / 32 * 32 + k % 4 * 8 + k % 32 / 4; }
/// In prepared codes of e2m1: even ones first.
int64_t code_place(int64_t k) { return k / 32 * 32 + k % 2 * 16 + k % 32 / 2; }

uint8_t* wide_row(const Sm90Params& p, int64_t batch, int64_t row) {
  return p.wide + (batch * p.m + row) * p.wide_row;
}
int64_t groups_of(const Sm90Params& p) { return (p.k + 127) / 128; }
/// The scale of a token's block of 32 of k.
float& scale_of_block(const Sm90Params& p, int64_t batch, int64_t row, int64_t k) {
  return p.wide_scales[(batch * (p.k / 32) + k / 32) * p.wide_scale_row + row];
}

void prepare_codes(const Sm90Params& p, int64_t batch, int64_t row) {
  for (int64_t k = 0; k < p.k; ++k) {
    const double scale = block_scale(p, batch, row, k);
    scale_of_block(p, batch, row, k) = static_cast<float>(scale);
    const auto value = static_cast<float>(a_value(p, batch, row, k) / scale * 0x1p-6);
    wide_row(p, batch, row)[code_place(k)] = static_cast<uint8_t>(encode(kE4m3fnFormat, value));
  }
}

void prepare_wide(const Sm90Params& p, int64_t batch, int64_t row) {
  auto* to = reinterpret_cast<uint16_t*>(wide_row(p, batch, row));
  const double down = p.a_rows.codes == DeviceCodes::kBf16 ? 1 : 0x1p-5;
  for (int64_t k = 0; k < p.k; ++k) {
    to[wide_place(k)] = encode_bf16(static_cast<float>(a_value(p, batch, row, k) * down));
  }
}
void prepare_groups(const Sm90Params& p, int64_t batch, int64_t row) {
  for (int64_t k = 0; k < p.k; ++k) {
    const float scale = group_scale(p, batch, row, k);
    const auto value = static_cast<float>(a_value(p, batch, row, k) / double{scale});
    wide_row(p, batch, row)[k] = static_cast<uint8_t>(encode(kE4m3fnFormat, value));
    p.wide_scales[(batch * groups_of(p) + k / 128) * p.wide_scale_row + row] = scale;
  }
}

int prepare(const Launch& launch, const Sm90Params& p) {
  const auto threads = int64_t{launch.grid[0]} * launch.block[0];
  const bool whole_warps = launch.block[0] % 32 == 0 && threads > 0;
  if (p.wide == nullptr || !whole_warps) return kLaunchFailed;
  const auto of_token = launch.entry == "octet_sm90_batched_prepare_codes"  ? prepare_codes
                        : launch.entry == "octet_sm90_batched_prepare_wide" ? prepare_wide
                                                                            : prepare_groups;
  for (int64_t batch = 0; batch < p.batch; ++batch) {
    for (int64_t row = 0; row < p.m; ++row) of_token(p, batch, row);
  }
  return kSuccess;
}

/// A token as the product finds it.
double token_value(const Sm90Params& p, Method method, int64_t batch, int64_t row, int64_t k) {
  if (method == Method::kE4m3Groups) {
    return double{table_of(kE4m3fnFormat)[wide_row(p, batch, row)[k]]} *
           double{p.wide_scales[(batch * groups_of(p) + k / 128) * p.wide_scale_row + row]};
  }
  if (method == Method::kE2m1Codes) {
    return double{table_of(kE4m3fnFormat)[wide_row(p, batch, row)[code_place(k)]]} * 0x1p6 *
           double{scale_of_block(p, batch, row, k)};
  }
  if (method != Method::kE2m1) return plain_value(p.a_rows, batch, row, k);
  const double up = p.a_rows.codes == DeviceCodes::kBf16 ? 1 : 0x1p5;
  return double{bf16_at(wide_row(p, batch, row), wide_place(k))} * up;
}

template <class A>
void multiply(const Sm90Params& p, bool wrong, const A& a_of) {
  const auto scale = [](const DeviceFactors& f, int64_t batch, int64_t row) {
    return f.data == nullptr ? 1.0 : double{f.data[batch * f.batch + row * f.row]};
  };
  for (int64_t at = 0; at < int64_t{p.batch} * p.m * p.n; ++at) {
    const int64_t batch = at / (int64_t{p.m} * p.n), row = at / p.n % p.m, col = at % p.n;
    double sum = 0;
    for (int64_t k = 0; k < p.k; ++k) {
      sum += a_of(batch, row, k) * plain_value(p.b_rows, batch, col, k);
    }
    sum *= scale(p.a_scale, batch, row) * scale(p.b_scale, batch, col);
    const int64_t bias = batch * p.bias_row + col;
    if (p.bias != nullptr) {
      sum +=
          double{p.bias_is_bf16 ? bf16_at(p.bias, bias) : static_cast<const float*>(p.bias)[bias]};
    }
    if (wrong && at == int64_t{p.batch} * p.m * p.n - 1) sum = sum * 1.5 + 1;
    gpu::GemmParams matrix = p;
    const int64_t bytes = p.output == gpu::OutputType::kF32 ? 4 : 2;
    matrix.d = static_cast<uint8_t*>(p.d) + batch * p.d_batch * bytes;
    store(matrix, row, col, static_cast<float>(sum));
  }
}

/// A stack of matrices, as its map describes it.
struct Stack {
  const void* data;
  int64_t row, matrix;   // bytes
  int64_t rows, cols;    // cols in elements of the map
  int64_t box_cols = 0;  // of 128 bytes
};
bool describes(const gpu::TensorMap& map, const Sm90Params& p, const Stack& s, int box_rows) {
  const uint64_t* w = map.words;
  const auto same = [](uint64_t word, int64_t value) {
    return word == static_cast<uint64_t>(value);
  };
  return w[kMapMark] == kMark && w[kAddress] == reinterpret_cast<uint64_t>(s.data) &&
         (s.rows == 1 || same(w[kRowBytes], s.row)) && same(w[kRows], s.rows) &&
         same(w[kCols], s.cols) && same(w[kBoxCols], s.box_cols) && w[kSwizzle] == 3 &&
         same(w[kBoxRows], box_rows) && same(w[kPlanes], p.batch) &&
         (p.batch == 1 || same(w[kPlaneBytes], s.matrix));
}
Stack stack_of(const DeviceOperand& x, int64_t rows, int64_t k) {
  if (x.codes == DeviceCodes::kBf16) return {x.data, x.row, x.batch, rows, k, 64};
  return {x.data, x.row, x.batch, rows, x.codes == DeviceCodes::kE2m1 ? k / 2 : k, 128};
}

int tiled(const Launch& launch, const Sm90Params& p, const TileShape& s, bool wrong) {
  const int64_t tiles = p.batch * s.rows(p.m) * s.columns(p.n);
  const bool fits = launch.block[0] == static_cast<uint32_t>(s.threads()) && launch.cluster == 1 &&

                    launch.shared_bytes == static_cast<uint32_t>(s.shared_bytes()) &&
                    launch.dependent == p.dependent && p.tiles == tiles &&
                    launch.grid[0] <= tiles && p.k_blocks == s.k_steps(p.k);
  if (!fits || !describes(p.b, p, stack_of(p.b_rows, p.n, p.k), s.block_n)) return kLaunchFailed;
  Stack tokens = stack_of(p.a_rows, p.m, p.k);
  if (s.brings_tokens()) {
    if (p.wide != nullptr) return kLaunchFailed;
  } else if (s.method == Method::kE2m1) {
    tokens = {p.wide, p.wide_row, p.m * p.wide_row, p.m, p.k, 64};
  } else if (s.scale_rows() > 0) {
    const bool codes = s.method == Method::kE2m1Codes;
    tokens = {p.wide, p.wide_row, p.m * p.wide_row, p.m, codes ? p.k : groups_of(p) * 128, 128};
    const uint64_t* w = p.token_scales.words;
    if (w[kAddress] != reinterpret_cast<uint64_t>(p.wide_scales) || w[kSwizzle] != 0 ||
        w[kBoxCols] != static_cast<uint64_t>(s.block_m) || w[kBoxRows] != (codes ? 8u : 1u) ||
        w[kRows] != static_cast<uint64_t>(codes ? p.k / 32 : groups_of(p))) {
      return kLaunchFailed;
    }
  }
  if (!s.brings_tokens() && !describes(p.a, p, tokens, s.block_m)) return kLaunchFailed;
  if (p.d_mapped && (s.swapped() || p.d_map.words[kAddress] != reinterpret_cast<uint64_t>(p.d))) {
    return kLaunchFailed;
  }
  multiply(p, wrong, [&](int64_t batch, int64_t row, int64_t k) {
    return s.brings_tokens() ? a_value(p, batch, row, k) : token_value(p, s.method, batch, row, k);
  });
  return kSuccess;
}

}  // namespace

size_t batched_parameter_bytes() { return sizeof(Sm90Params); }

int run_batched(const Launch& launch, bool wrong) {
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  if (launch.entry.starts_with("octet_sm90_batched_prepare_")) return prepare(launch, p);
  for (const auto& [entry, shape] : kTileKernels) {
    if (launch.entry == entry) return tiled(launch, p, shape, wrong);
  }
  if (launch.entry != "octet_sm90_batched_simple") return kLaunchFailed;
  multiply(p, wrong,
           [&](int64_t batch, int64_t row, int64_t k) { return a_value(p, batch, row, k); });
  return kSuccess;
}

}  // namespace octet::stand_in
