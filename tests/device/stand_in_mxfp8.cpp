// The kernels of gemm_mxfp8 as the stand-in runs them: plain loops over what the launch passes.
#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "device/stand_in_gemm.h"
#include "device/stand_in_state.h"
#include "device/stand_in_wide.h"
#include "src/ops/gemm_mxfp8/cuda/params.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_promote_shape.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_swap_shape.h"
#include "src/ops/gemm_mxfp8/cuda/sm90_wgmma_widen_shape.h"

namespace octet::stand_in {
namespace {

using namespace ops::gemm_mxfp8;

double scale_of(const uint8_t* scales, int64_t row_bytes, int64_t row, int64_t k) {
  return double{decode_e8m0(scales[row * row_bytes + k / 32])};
}

/// d from the values of a by `a_of(row, k)`, scales included.
template <class A>
void multiply(const Sm90Params& p, int64_t rows, bool wrong, const A& a_of) {
  const float* values = table_of(kE4m3fnFormat);
  for (int64_t row = 0; row < std::min<int64_t>(rows, p.m); ++row) {
    for (int64_t col = 0; col < p.n; ++col) {
      double sum = 0;
      for (int64_t k = 0; k < p.k; ++k) {
        sum += a_of(row, k) * double{values[p.b_codes[col * p.b_row + k]]} *
               scale_of(p.b_scale, p.b_scale_row, col, k);
      }
      if (wrong && row == p.m - 1 && col == p.n - 1) sum = sum * 1.5 + 1;
      store(p, row, col, static_cast<float>(sum));
    }
  }
}

double code_value(const Sm90Params& p, int64_t row, int64_t k) {
  return double{table_of(kE4m3fnFormat)[p.a_codes[row * p.a_row + k]]} *
         scale_of(p.a_scale, p.a_scale_row, row, k);
}

/// The maps describe the operands that the addresses name.
bool describes(const Codes& codes, const uint8_t* data, int64_t row_bytes, int64_t rows) {
  return codes.data == data && (rows == 1 || codes.stride == static_cast<uint64_t>(row_bytes));
}

bool a_matches(const Sm90Params& p, int box_rows) {
  Codes a;
  return mapped(p.a, p.m, p.k, box_rows, a) && describes(a, p.a_codes, p.a_row, p.m);
}
bool b_matches(const Sm90Params& p, int box_rows) {
  Codes b;
  return mapped(p.b, p.n, p.k, box_rows, b) && describes(b, p.b_codes, p.b_row, p.n) &&
         p.k == p.k_blocks * 128;
}

int swapped(const Launch& launch, const Sm90Params& p, bool wrong) {
  int block_m = 0, block_n = 0, groups = 0;
  if (std::sscanf(launch.entry.c_str(), "octet_sm90_mx_wgmma_swap_%dx%d_g%d", &block_m, &block_n,
                  &groups) != 3) {
    return kLaunchFailed;
  }
  const bool fits = launch.block[0] == static_cast<uint32_t>(block_n / 64 * groups * 128 + 64) &&
                    static_cast<int>(launch.cluster) == p.split &&
                    launch.dependent == p.dependent && p.m <= block_m;
  if (!fits || !a_matches(p, block_m) || !b_matches(p, block_n)) return kLaunchFailed;
  multiply(p, p.m, wrong, [&](int64_t row, int64_t k) { return code_value(p, row, k); });
  return kSuccess;
}

struct TileKernel {
  std::string entry;
  TileShape shape;
};

/// The launch is what the kernel's shape asks for.
bool fits(const Launch& launch, const Sm90Params& p, const TileShape& shape) {
  return launch.block[0] == static_cast<uint32_t>(shape.threads()) &&
         static_cast<int>(launch.cluster) == shape.split && p.split == shape.split &&
         launch.grid[0] % static_cast<uint32_t>(shape.split) == 0;
}

#define OCTET_PROMOTE(M, N, GROUPS, STAGES, SPLIT)                              \
  TileKernel{"octet_sm90_mx_wgmma_promote_" #M "x" #N "_g" #GROUPS "_c" #SPLIT, \
             promote_shape(M, N, GROUPS, STAGES, SPLIT)},
const std::array kPromoteKernels{OCTET_SM90_MX_PROMOTE_KERNELS(OCTET_PROMOTE)};
#undef OCTET_PROMOTE

int promoted(const Launch& launch, const Sm90Params& p, bool wrong) {
  for (const auto& [entry, shape] : kPromoteKernels) {
    if (launch.entry != entry) continue;
    if (!fits(launch, p, shape) || launch.dependent != p.dependent) return kLaunchFailed;
    if (!a_matches(p, shape.block_m) || !b_matches(p, shape.block_n)) return kLaunchFailed;
    multiply(p, p.m, wrong, [&](int64_t row, int64_t k) { return code_value(p, row, k); });
    return kSuccess;
  }
  return kLaunchFailed;
}

int widen_tokens(const Sm90Params& p) {
  auto* wide = static_cast<uint16_t*>(p.wide_tokens);
  if (wide == nullptr) return kLaunchFailed;
  for (int64_t row = 0; row < p.m; ++row) {
    for (int64_t k = 0; k < p.k; ++k) {
      wide[row * p.k + wide_place(k)] = to_wide(code_value(p, row, k));
    }
  }
  return kSuccess;
}

#define OCTET_WIDEN(M, N, GROUPS, STAGES, SPLIT)                              \
  TileKernel{"octet_sm90_mx_wgmma_widen_" #M "x" #N "_g" #GROUPS "_c" #SPLIT, \
             widen_shape(M, N, GROUPS, STAGES, SPLIT)},
const std::array kWidenKernels{OCTET_SM90_MX_WIDEN_KERNELS(OCTET_WIDEN)};
#undef OCTET_WIDEN

bool wide_map_matches(const Sm90Params& p, int box_rows) {
  const uint64_t* w = p.wide_map.words;
  return w[kMapMark] == kMark && w[kAddress] == reinterpret_cast<uint64_t>(p.wide_tokens) &&
         w[kRowBytes] == static_cast<uint64_t>(p.k) * 2 && w[kRows] == static_cast<uint64_t>(p.m) &&
         w[kCols] == static_cast<uint64_t>(p.k) && w[kBoxCols] == 64 && w[kSwizzle] == 3 &&
         w[kBoxRows] == static_cast<uint64_t>(box_rows);
}

int widened(const Launch& launch, const Sm90Params& p, bool wrong) {
  for (const auto& [entry, shape] : kWidenKernels) {
    if (launch.entry != entry) continue;
    // It depends on the launch that widened tokens.
    if (!fits(launch, p, shape) || !launch.dependent) return kLaunchFailed;
    if (!b_matches(p, shape.block_n)) return kLaunchFailed;
    if (!wide_map_matches(p, shape.block_m)) return kLaunchFailed;
    const auto* wide = static_cast<const uint16_t*>(p.wide_tokens);
    multiply(p, p.m, wrong, [&](int64_t row, int64_t k) {
      // Values of other exponents may not fit: the kernel sums what they touch again from the
      // codes.
      if (!fits_wide(p.a_scale[row * p.a_scale_row + k / 32])) return code_value(p, row, k);
      return from_wide(wide[row * p.k + wide_place(k)]);
    });
    return kSuccess;
  }
  return kLaunchFailed;
}

}  // namespace

size_t mxfp8_parameter_bytes() { return sizeof(Sm90Params); }

int run_mxfp8(const Launch& launch, bool wrong) {
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  if (launch.entry == "octet_sm90_mx_widen_tokens") return widen_tokens(p);
  if (launch.entry.starts_with("octet_sm90_mx_wgmma_widen_")) return widened(launch, p, wrong);
  if (launch.entry.starts_with("octet_sm90_mx_wgmma_promote_")) return promoted(launch, p, wrong);
  if (launch.entry.starts_with("octet_sm90_mx_wgmma_swap_")) return swapped(launch, p, wrong);
  if (launch.entry != "octet_sm90_mx_simple") return kLaunchFailed;
  multiply(p, p.m, wrong, [&](int64_t row, int64_t k) { return code_value(p, row, k); });
  return kSuccess;
}

}  // namespace octet::stand_in
