#include "src/ops/gemm_mxfp8/hip/choice.h"

#include <algorithm>

#include "src/ops/gemm_mxfp8/hip/gfx942_gemv.h"
#include "src/ops/gemm_mxfp8/hip/gfx942_mfma.h"
#include "src/ops/gemm_mxfp8/hip/gfx950_mfma.h"

namespace octet::ops::gemm_mxfp8::hip {
namespace {

/// Up to so many tokens vector instructions keep up with memory: eight products an instruction and
/// row of weights, beside 16 codes to widen.
constexpr int64_t kMostGemvTokens = 2;
/// Bytes of weights that each compute unit is to have under way: a microsecond of its share of
/// memory's speed, about.
constexpr int64_t kBytesAhead = 24576;

int64_t tiles(int64_t size, int64_t block) { return (size + block - 1) / block; }

bool usable_name(const select::Op& op, select::Usable usable, const std::string& name, int& index) {
  index = op.find(name);
  return index >= 0 && usable[static_cast<size_t>(index)];
}

/// Waves that must share the k of a tile for so many bytes ahead: one has 128 of each row.
int64_t waves_wanted(const Problem& p, int64_t block_m, int cu_num) {
  return tiles(kBytesAhead * cu_num, 128 * p.n * tiles(p.m, block_m));
}

/// The widest tile whose workgroups are enough for all compute units, or else the narrowest; of its
/// kernels that of the fewest waves that are enough, and where the most are not, several workgroups
/// a tile. No wave is to go without a step.
template <class Contract>
MfmaConfig mfma_config(const Problem& p, int64_t block_m, int cu_num) {
  const int64_t wanted = std::min(waves_wanted(p, block_m, cu_num), p.k / 128);
  MfmaConfig best{};
  for (const MfmaConfig& c : Contract::kConfigs) {
    if (c.shape.block_m != block_m || c.shape.split != 1) continue;
    const bool wider = c.shape.block_n > best.shape.block_n;
    const bool enough = tiles(p.m, block_m) * tiles(p.n, c.shape.block_n) >= cu_num;
    const bool more = !wider && best.shape.waves < wanted && c.shape.waves <= p.k / 128;
    if (best.shape.block_m == 0 || (wider ? enough : more)) best = c;
  }
  for (const int split : kMfmaSplits) {
    if (split > 1 && best.shape.waves * split > p.k / 128) break;
    best.shape.split = split;
    if (best.shape.waves * split >= wanted) break;
  }
  return best;
}

/// Why four waves for one row where rows are few: every compute unit then has a workgroup.
std::string gemv_name(const Problem& p, int cu_num) {
  const auto& [alone, together] = Gfx942Gemv::kConfigs;
  const bool enough = tiles(p.n, Gfx942Gemv::block_n(alone, p.m)) * tiles(p.m, 16) >= cu_num;
  return Gfx942Gemv::name(enough ? alone : together);
}

}  // namespace

select::HeuristicChoice choose(const select::Op& op, const Problem& p, const Device& device,
                               select::Usable usable) {
  int index = -1;
  if (p.m <= kMostGemvTokens && usable_name(op, usable, gemv_name(p, device.cu_num), index)) {
    return {index, "m<=2"};
  }
  const int64_t block_m = p.m <= 16 ? 16 : p.m <= 32 ? 32 : 64;
  const std::string_view arm = p.m <= 16 ? "m<=16" : p.m <= 32 ? "m<=32" : "m>32";
  const auto take = [&]<class Contract>() {
    const MfmaConfig config = mfma_config<Contract>(p, block_m, device.cu_num);
    return usable_name(op, usable, Contract::name(config), index);
  };
  if (device.arch == Arch::kGfx950 && take.template operator()<Gfx950Mfma>()) return {index, arm};
  if (take.template operator()<Gfx942Mfma>()) return {index, arm};
  if (usable_name(op, usable, gemv_name(p, device.cu_num), index)) return {index, "any-k"};
  return {};
}

}  // namespace octet::ops::gemm_mxfp8::hip
