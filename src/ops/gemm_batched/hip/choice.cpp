#include "src/ops/gemm_batched/hip/choice.h"

#include <array>

namespace octet::ops::gemm_batched::hip {
namespace {

int64_t tiles_of(const Problem& p, int64_t block_m, int64_t block_n) {
  return p.batch * ((p.m + block_m - 1) / block_m) * ((p.n + block_n - 1) / block_n);
}

struct Arm {
  std::string_view name;
  std::string_view variant;
  bool (*takes)(const Problem&, int64_t cu_num);
};

constexpr auto kFewTiles = [](const Problem& p, int64_t cu_num) {
  return p.m <= 16 && tiles_of(p, 16, 32) < 2 * cu_num;
};
template <int kMost>
constexpr auto kUpTo = [](const Problem& p, int64_t) { return p.m <= kMost; };
/// A tile a compute unit at least, and more than half of its rows in use.
template <int kBlockM, int kBlockN>
constexpr auto kFills = [](const Problem& p, int64_t cu_num) {
  return p.m > kBlockM / 2 && tiles_of(p, kBlockM, kBlockN) >= cu_num;
};
constexpr auto kAny = [](const Problem&, int64_t) { return true; };

/// The first arm that takes the problem and whose variant is usable decides: those of e2m1 on
/// gfx950 are usable for no other codes.
constexpr std::array kArms{
    Arm{"m<=16, few tiles", "gfx950_stream_16x16", kFewTiles},
    Arm{"m<=16, few tiles", "gfx942_stream_16x16", kFewTiles},
    Arm{"m<=16", "gfx950_stream_16x32", kUpTo<16>},
    Arm{"m<=16", "gfx942_stream_16x32", kUpTo<16>},
    Arm{"m<=16", "gfx942_tile_16x64", kUpTo<16>},
    Arm{"m<=32", "gfx950_stream_32x32", kUpTo<32>},
    Arm{"m<=32", "gfx942_stream_32x32", kUpTo<32>},
    Arm{"large", "gfx942_tile_128x128", kFills<128, 128>},
    Arm{"mid", "gfx942_tile_64x128", kFills<64, 128>},
    Arm{"few tiles", "gfx942_tile_64x64", kAny},
    Arm{"any rows", "gfx942_simple", kAny},
};

}  // namespace

select::HeuristicChoice choose(const select::Op& op, const Problem& problem, const Device& device,
                               select::Usable usable) {
  for (const Arm& arm : kArms) {
    if (!arm.takes(problem, device.cu_num)) continue;
    const int variant = op.find(arm.variant);
    if (variant >= 0 && usable[static_cast<size_t>(variant)]) return {variant, arm.name};
  }
  return {};
}

}  // namespace octet::ops::gemm_batched::hip
