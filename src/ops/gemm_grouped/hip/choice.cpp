#include "src/ops/gemm_grouped/hip/choice.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "src/ops/gemm_grouped/hip/gfx942_block.h"
#include "src/ops/gemm_grouped/hip/gfx942_mx.h"
#include "src/ops/gemm_grouped/hip/gfx950_block.h"
#include "src/ops/gemm_grouped/hip/gfx950_mx.h"

namespace octet::ops::gemm_grouped::hip {
namespace {

/// Tiles of slots, fewest first, and the names of the choice.
struct Arm {
  int slots;
  std::string_view name;
};
constexpr std::array kArms{Arm{8, "rows<=8"}, Arm{16, "rows<=16"}, Arm{32, "rows<=32"},
                           Arm{64, "rows>32"}};

/// The first arm that holds an average expert's rows; where block_m is no multiple of it,
/// "block_m": the largest that divides it.
Arm arm_of(const Problem& p) {
  const double rows = static_cast<double>(p.rows()) / std::max(1.0, p.active_experts());
  size_t wanted = 0;
  while (wanted + 1 < kArms.size() && kArms[wanted].slots < rows) ++wanted;
  size_t i = wanted;
  while (i > 0 && p.block_m % kArms[i].slots != 0) --i;
  return i == wanted ? kArms[i] : Arm{kArms[i].slots, "block_m"};
}

/// Bytes of weights that each compute unit is to have under way: a microsecond of its share of
/// memory's speed, about.
constexpr double kBytesAhead = 24576;

/// The widest tile whose workgroups are enough for all compute units, or else the narrowest; of its
/// kernels that of the fewest waves that have so many bytes under way (128 of each row).
template <class Contract>
HipTileConfig config_of(const Problem& p, int slots, int cu_num) {
  const double active = std::max(1.0, p.active_experts());
  const double tiles =
      active * std::max(1.0, std::ceil(static_cast<double>(p.rows()) / active / slots));
  const double wanted = kBytesAhead * cu_num / (128 * tiles * static_cast<double>(p.n));
  HipTileConfig best{};
  for (const HipTileConfig& c : Contract::kConfigs) {
    if (c.shape.slots != slots) continue;
    const bool wider = c.shape.block_n > best.shape.block_n;
    const double workgroups = tiles * std::ceil(static_cast<double>(p.n) / c.shape.block_n);
    const bool more = !wider && best.shape.waves < wanted && c.shape.waves <= p.k / 128;
    if (best.shape.slots == 0 || (wider ? workgroups >= cu_num : more)) best = c;
  }
  return best;
}

}  // namespace

select::HeuristicChoice choose(const select::Op& op, const Problem& p, const Device& device,
                               select::Usable usable) {
  const Arm arm = arm_of(p);
  int index = -1;
  const auto take = [&]<class Contract>() {
    index = op.find(Contract::name(config_of<Contract>(p, arm.slots, device.cu_num)));
    return index >= 0 && usable[static_cast<size_t>(index)];
  };
  const bool mx = p.format == Format::kMxfp8;
  if (device.arch == Arch::kGfx950 &&
      (mx ? take.template operator()<Gfx950Mx>() : take.template operator()<Gfx950Block>())) {
    return {index, arm.name};
  }
  if (mx ? take.template operator()<Gfx942Mx>() : take.template operator()<Gfx942Block>()) {
    return {index, arm.name};
  }
  return {};
}

}  // namespace octet::ops::gemm_grouped::hip
