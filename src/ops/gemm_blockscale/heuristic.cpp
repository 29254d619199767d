// What runs where no tuned row fits. CPU and sm90: the variant with the least predicted time
// (data/cost).
// gfx942 and gfx950: seven arms on (m*n, k).
//
// Source     arms and thresholds: ROCm/aiter pull request 3316, measured on a 304-CU MI300X
#include <array>

#include "src/ops/gemm_blockscale/op.h"
#include "src/select/fitted_cost.h"

namespace octet::ops::gemm_blockscale {
namespace {

struct Arm {
  std::string_view name;
  std::string_view variant;
  bool (*takes)(int64_t mn, int64_t k);
};

constexpr std::array kGfx942Arms{
    Arm{"k128_mn<=307200", "gfx942_mfma_16x64x128_v1",
        [](int64_t mn, int64_t k) { return k == 128 && mn <= 307'200; }},
    Arm{"k128_mn<=2000000", "gfx942_mfma_32x64x128_v1",
        [](int64_t mn, int64_t k) { return k == 128 && mn <= 2'000'000; }},
    Arm{"k128", "gfx942_mfma_64x64x128_v1", [](int64_t, int64_t k) { return k == 128; }},
    Arm{"mn<=307200", "gfx942_mfma_16x64x256_v1",
        [](int64_t mn, int64_t) { return mn <= 307'200; }},
    Arm{"mn<=1050000|k<384", "gfx942_mfma_64x64x256_v1",
        [](int64_t mn, int64_t k) { return mn <= 1'050'000 || k < 384; }},
    Arm{"mn<=2500000", "gfx942_mfma_64x128x128_v3",
        [](int64_t mn, int64_t) { return mn <= 2'500'000; }},
    Arm{"large", "gfx942_mfma_128x128x128_v3", [](int64_t, int64_t) { return true; }},
};

/// The first arm that takes the problem and whose variant is usable.
select::HeuristicChoice gfx942(const Problem& problem, select::Usable usable) {
  for (const Arm& arm : kGfx942Arms) {
    if (!arm.takes(problem.m * problem.n, problem.k)) continue;
    const int variant = op().find(arm.variant);
    if (usable[static_cast<size_t>(variant)]) return {variant, arm.name};
  }
  return {};
}

}  // namespace

select::HeuristicChoice heuristic(const select::Problem& problem, const Device& device,
                                  select::Usable usable) {
  const bool arms = device.arch == Arch::kGfx942 || device.arch == Arch::kGfx950;
  return arms ? gfx942(from(problem), usable)
              : select::fitted_cost<op>().least(problem, device, usable);
}

double predict_us(int variant, const select::Problem& problem, const Device& device) {
  return select::fitted_cost<op>().predict_us(variant, problem, device);
}

}  // namespace octet::ops::gemm_blockscale
