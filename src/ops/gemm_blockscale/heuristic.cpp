// What runs where no tuned row fits. CPU and sm90: the variant with the least predicted time
// (data/cost). gfx942 and gfx950: seven arms on (m*n, k), each with a tile; on gfx950 the tile of
// its own matrix instruction where that takes the problem.
//
// Source     arms and thresholds: ROCm/aiter pull request 3316, measured on a 304-CU MI300X
#include <array>

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/op.h"
#include "src/select/fitted_cost.h"

namespace octet::ops::gemm_blockscale {
namespace {

struct Arm {
  std::string_view name;
  std::string_view tile;
  bool (*takes)(int64_t mn, int64_t k);
};

constexpr std::array kGfx942Arms{
    Arm{"k128_mn<=307200", "16x64x128_v1",
        [](int64_t mn, int64_t k) { return k == 128 && mn <= 307'200; }},
    Arm{"k128_mn<=2000000", "32x64x128_v1",
        [](int64_t mn, int64_t k) { return k == 128 && mn <= 2'000'000; }},
    Arm{"k128", "64x64x128_v1", [](int64_t, int64_t k) { return k == 128; }},
    Arm{"mn<=307200", "16x64x256_v1", [](int64_t mn, int64_t) { return mn <= 307'200; }},
    Arm{"mn<=1050000|k<384", "64x64x256_v1",
        [](int64_t mn, int64_t k) { return mn <= 1'050'000 || k < 384; }},
    Arm{"mn<=2500000", "64x128x128_v3", [](int64_t mn, int64_t) { return mn <= 2'500'000; }},
    Arm{"large", "128x128x128_v3", [](int64_t, int64_t) { return true; }},
};

/// The variants of the arms' tiles.
std::array<int, kGfx942Arms.size()> variants_of(std::string_view family) {
  std::array<int, kGfx942Arms.size()> found{};
  for (size_t i = 0; i < found.size(); ++i) {
    found[i] = op().find(fmt::format("{}_mfma_{}", family, kGfx942Arms[i].tile));
  }
  return found;
}

/// The first arm that takes the problem and whose variant is usable.
select::HeuristicChoice amd(const Problem& problem, Arch arch, select::Usable usable) {
  static const auto gfx942 = variants_of("gfx942"), gfx950 = variants_of("gfx950");
  for (size_t i = 0; i < kGfx942Arms.size(); ++i) {
    if (!kGfx942Arms[i].takes(problem.m * problem.n, problem.k)) continue;
    const bool own = arch == Arch::kGfx950 && usable[static_cast<size_t>(gfx950[i])];
    const int variant = own ? gfx950[i] : gfx942[i];
    if (usable[static_cast<size_t>(variant)]) return {variant, kGfx942Arms[i].name};
  }
  return {};
}

}  // namespace

select::HeuristicChoice heuristic(const select::Problem& problem, const Device& device,
                                  select::Usable usable) {
  const bool arms = device.arch == Arch::kGfx942 || device.arch == Arch::kGfx950;
  return arms ? amd(from(problem), device.arch, usable)
              : select::fitted_cost<op>().least(problem, device, usable);
}

double predict_us(int variant, const select::Problem& problem, const Device& device) {
  return select::fitted_cost<op>().predict_us(variant, problem, device);
}

}  // namespace octet::ops::gemm_blockscale
