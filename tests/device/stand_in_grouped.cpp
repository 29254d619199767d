// The kernels of gemm_grouped as the stand-in runs them: plain loops over the slot list and what
// else the launch passes.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "device/stand_in_gemm.h"
#include "device/stand_in_state.h"
#include "device/stand_in_wide.h"
#include "src/ops/gemm_grouped/cuda/params.h"
#include "src/ops/gemm_grouped/cuda/sm90_block_swap_shape.h"
#include "src/ops/gemm_grouped/cuda/sm90_block_tile_shape.h"
#include "src/ops/gemm_grouped/cuda/sm90_mx_loose_shape.h"
#include "src/ops/gemm_grouped/cuda/sm90_mx_widen_shape.h"
#include "src/ops/gemm_grouped/cuda/walk.h"

namespace octet::stand_in {
namespace {

using namespace ops::gemm_grouped;

struct SwapKernel {
  std::string entry;
  GroupedShape shape;
  bool mx;
  int k_grain;
};
#define OCTET_BLOCK(M, N, GROUPS, STAGES, GATHERERS, BLOCKS)                   \
  SwapKernel{"octet_sm90_moe_block_swap_" #M "x" #N "_g" #GROUPS "_b" #BLOCKS, \
             block_swap_shape(M, N, GROUPS, STAGES, GATHERERS, BLOCKS), false, 128},
#define OCTET_MX(M, N, GROUPS, STAGES, GATHERERS, BLOCKS)                   \
  SwapKernel{"octet_sm90_moe_mx_swap_" #M "x" #N "_g" #GROUPS "_b" #BLOCKS, \
             mx_swap_shape(M, N, GROUPS, STAGES, GATHERERS, BLOCKS), true, 128},
#define OCTET_LOOSE(M, N, GROUPS, ...)                          \
  SwapKernel{"octet_sm90_moe_mx_loose_" #M "x" #N "_g" #GROUPS, \
             mx_swap_shape(M, N, GROUPS, __VA_ARGS__), true, 32},
const std::array kSwapKernels{OCTET_SM90_BLOCK_SWAP_KERNELS(OCTET_BLOCK) OCTET_SM90_MX_SWAP_KERNELS(
    OCTET_MX) OCTET_SM90_MX_LOOSE_KERNELS(OCTET_LOOSE)};
#undef OCTET_BLOCK
#undef OCTET_MX
#undef OCTET_LOOSE

/// The row of d of a slot, or -1.
int64_t row_of(const SlotParams& slots, int32_t id) {
  const int64_t token = slots.packed ? id & 0xffffff : id / slots.topk;
  const int64_t choice = slots.packed ? id >> 24 & 0xff : id % slots.topk;
  const bool real = id >= 0 && token < slots.tokens && choice < slots.topk;
  return real ? token * slots.topk + choice : -1;
}

/// What a kernel multiplies: codes with floats or with exponents, or a from the workspace.
enum class Kind : uint8_t { kBlocks, kMx, kWide };

/// Scale included.
double a_value(const Sm90Params& p, Kind kind, int64_t row, int64_t k) {
  const double code{table_of(kE4m3fnFormat)[p.a_codes[row * p.a_row + k]]};
  if (kind == Kind::kBlocks) {
    return code * double{static_cast<const float*>(p.a_scale)[row * p.a_scale_row + k / 128]};
  }
  const uint8_t exponent = static_cast<const uint8_t*>(p.a_scale)[row * p.a_scale_row + k / 32];
  if (kind == Kind::kWide && fits_wide(exponent)) {
    return from_wide(static_cast<const uint16_t*>(p.wide_tokens)[row * p.k + wide_place(k)]);
  }
  return code * double{decode_e8m0(exponent)};
}

double b_scale(const Sm90Params& p, Kind kind, int64_t expert, int64_t n, int64_t k) {
  const int64_t scales = expert * p.b_scale_expert;
  if (kind == Kind::kBlocks) {
    return double{static_cast<const float*>(p.b_scale)[scales + n / 128 * p.b_scale_row + k / 128]};
  }
  return double{
      decode_e8m0(static_cast<const uint8_t*>(p.b_scale)[scales + n * p.b_scale_row + k / 32])};
}

void multiply_row(const Sm90Params& p, Kind kind, int64_t row, int64_t expert, bool wrong) {
  const float* values = table_of(kE4m3fnFormat);
  const int64_t a_row = p.slots.by_a_div.quotient(static_cast<uint32_t>(row));
  const float weight = p.slots.topk_weights == nullptr ? 1.0f : p.slots.topk_weights[row];
  for (int64_t n = 0; n < p.n; ++n) {
    const uint8_t* b = p.b_codes + expert * p.b_expert + n * p.b_row;
    double sum = 0;
    for (int64_t k = 0; k < p.k; ++k) {
      sum += a_value(p, kind, a_row, k) * double{values[b[k]]} * b_scale(p, kind, expert, n, k);
    }
    if (wrong && n == p.n - 1) sum = sum * 1.5 + 1;
    store(p, row, n, static_cast<float>(sum) * weight);
  }
}

void multiply(const Sm90Params& p, Kind kind, bool wrong) {
  const SlotParams& slots = p.slots;
  const int32_t tiles = std::min(*slots.padded_slots / slots.block_m, slots.max_tiles);
  for (int32_t slot = 0; slot < tiles * slots.block_m; ++slot) {
    const int32_t expert = slots.tile_experts[slot / slots.block_m];
    const int64_t row = row_of(slots, slots.sorted_ids[slot]);
    if (row < 0 || expert < 0 || expert >= slots.experts) continue;
    multiply_row(p, kind, row, expert, wrong);
  }
}

/// What the launch before a product leaves for it.
int widen_tokens(const Launch& launch, const Sm90Params& p) {
  auto* wide = static_cast<uint16_t*>(p.wide_tokens);
  const bool covers = launch.block[0] == 128 && launch.grid[0] * 256 >= static_cast<uint32_t>(p.k);
  if (wide == nullptr || !covers) return kLaunchFailed;
  for (int64_t row = 0; row < p.a_rows; ++row) {
    for (int64_t k = 0; k < p.k; ++k) {
      wide[row * p.k + wide_place(k)] = to_wide(a_value(p, Kind::kMx, row, k));
    }
  }
  return kSuccess;
}

/// Whether the walks of all workers, by the parameters of the launch, meet every tile of an expert
/// that is here once in each half of `columns` ranges of n. kPairs: as Walk's, d has all halves.
template <bool kPairs = false>
bool walks_cover(const SlotParams& slots, int columns, int workers) {
  constexpr int kWholeTile = 128;  // as one part, whatever the kernel's own
  const int tiles = std::min(*slots.padded_slots / slots.block_m, slots.max_tiles);
  if (slots.group_tiles < 1) return false;
  const int halves = 2 * columns;
  std::vector<int> met(static_cast<size_t>(tiles) * static_cast<size_t>(halves));
  for (int worker = 0; worker < workers; ++worker) {
    Walk<kWholeTile, kPairs> at(slots, columns, worker, workers, halves);
    for (; !at.done(); at.advance()) {
      const int first = at.slot() / slots.block_m * halves + at.half();
      ++met[static_cast<size_t>(first)];
      ++met[static_cast<size_t>(first + (at.tall() ? halves : 1))];
    }
  }
  for (size_t i = 0; i < met.size(); ++i) {
    const int expert = slots.tile_experts[i / static_cast<size_t>(halves)];
    if (met[i] != (expert >= 0 && expert < slots.experts ? 1 : 0)) return false;
  }
  return true;
}

/// The map is of the stack of weights that the addresses name.
bool b_matches(const Sm90Params& p, int box_rows) {
  Codes b;
  const uint64_t* w = p.b.words;
  const auto strides_match = [&] {
    return (p.n == 1 || b.stride == static_cast<uint64_t>(p.b_row)) &&
           (p.slots.experts == 1 || w[kPlaneBytes] == static_cast<uint64_t>(p.b_expert));
  };
  return mapped(p.b, p.n, p.k, box_rows, b) && b.data == p.b_codes && strides_match() &&
         w[kPlanes] == static_cast<uint64_t>(p.slots.experts) && p.k_blocks == (p.k + 127) / 128;
}

int swapped(const Launch& launch, const Sm90Params& p, bool wrong) {
  for (const auto& [entry, shape, mx, k_grain] : kSwapKernels) {
    if (launch.entry != entry) continue;
    const auto split = static_cast<uint32_t>(p.split);
    const bool fits =
        launch.block[0] == static_cast<uint32_t>(shape.threads()) && launch.cluster == split &&
        launch.grid[0] % split == 0 && launch.dependent == p.dependent &&
        p.slots.block_m % shape.swap.block_m == 0 && p.k_blocks >= p.split && p.k % k_grain == 0 &&
        launch.shared_bytes == static_cast<uint32_t>(shape.shared_bytes(p.split));
    if (!fits || !b_matches(p, shape.swap.block_n)) return kLaunchFailed;
    const int columns = (p.n + shape.swap.block_n - 1) / shape.swap.block_n;
    if (!walks_cover(p.slots, columns, static_cast<int>(launch.grid[0] / split))) {
      return kLaunchFailed;
    }
    multiply(p, mx ? Kind::kMx : Kind::kBlocks, wrong);
    return kSuccess;
  }
  return kLaunchFailed;
}

struct TileKernel {
  std::string entry;
  TileShape shape;
};
#define OCTET_BLOCK(WAVES, STAGES, TALL, SHARES)                                        \
  TileKernel{"octet_sm90_moe_block_tile_w" #WAVES "_s" #STAGES "_t" #TALL "_c" #SHARES, \
             block_tile_shape(WAVES, STAGES, TALL, SHARES)},
const std::array kTileKernels{OCTET_SM90_BLOCK_TILE_KERNELS(OCTET_BLOCK)};
#undef OCTET_BLOCK

int tiled(const Launch& launch, const Sm90Params& p, bool wrong) {
  for (const auto& [entry, shape] : kTileKernels) {
    if (launch.entry != entry) continue;
    const auto cluster = static_cast<uint32_t>(shape.cluster());
    const bool fits = launch.block[0] == TileShape::kThreads && launch.cluster == cluster &&
                      launch.grid[0] % cluster == 0 && launch.dependent == p.dependent &&
                      p.slots.block_m % TileShape::kSlots == 0 &&
                      launch.shared_bytes == static_cast<uint32_t>(shape.shared_bytes());
    if (!fits || !b_matches(p, 128)) return kLaunchFailed;
    const int column = shape.block_n() * shape.cluster(), columns = (p.n + column - 1) / column;
    const auto workers = static_cast<int>(launch.grid[0] / cluster);
    const bool covers = shape.tall ? walks_cover<true>(p.slots, columns, workers)
                                   : walks_cover(p.slots, columns, workers);
    if (!covers) return kLaunchFailed;
    multiply(p, Kind::kBlocks, wrong);
    return kSuccess;
  }
  return kLaunchFailed;
}

struct WidenKernel {
  std::string entry;
  WidenShape shape;
};
#define OCTET_WIDEN(SLOTS, N, STAGES, CONSUMERS) \
  WidenKernel{"octet_sm90_moe_mx_widen_" #SLOTS "x" #N, WidenShape{SLOTS, N, STAGES, CONSUMERS}},
const std::array kWidenKernels{OCTET_SM90_MX_WIDEN_KERNELS(OCTET_WIDEN)};
#undef OCTET_WIDEN

int widened(const Launch& launch, const Sm90Params& p, bool wrong) {
  for (const auto& [entry, shape] : kWidenKernels) {
    if (launch.entry != entry) continue;
    // It depends on the launch that widened rows of a.
    const bool fits = launch.block[0] == static_cast<uint32_t>(shape.threads()) &&
                      launch.cluster == 1 && launch.dependent && p.dependent &&
                      p.slots.block_m % shape.slots == 0 &&
                      launch.shared_bytes == static_cast<uint32_t>(shape.shared_bytes());
    if (!fits || !b_matches(p, shape.block_n)) return kLaunchFailed;
    const int columns = (p.n + shape.block_n - 1) / shape.block_n;
    if (!walks_cover(p.slots, columns, static_cast<int>(launch.grid[0]))) return kLaunchFailed;
    multiply(p, Kind::kWide, wrong);
    return kSuccess;
  }
  return kLaunchFailed;
}

}  // namespace

size_t grouped_parameter_bytes() { return sizeof(Sm90Params); }

int run_grouped(const Launch& launch, bool wrong) {
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  if (launch.entry.find("_tile_") != std::string::npos) return tiled(launch, p, wrong);
  if (launch.entry == "octet_sm90_moe_mx_widen_tokens") return widen_tokens(launch, p);
  if (launch.entry.find("_widen_") != std::string::npos) return widened(launch, p, wrong);
  const bool mx_simple = launch.entry == "octet_sm90_moe_mx_simple";
  if (!mx_simple && launch.entry != "octet_sm90_moe_block_simple") {
    return swapped(launch, p, wrong);
  }
  multiply(p, mx_simple ? Kind::kMx : Kind::kBlocks, wrong);
  return kSuccess;
}

}  // namespace octet::stand_in
