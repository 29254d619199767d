// Every AMD kernel of gemm_grouped as its contract launches it, for either device.
#include <gtest/gtest.h>

#include "ops/gemm_grouped/hip_case.h"
#include "src/ops/gemm_grouped/hip/gfx942_block.h"
#include "src/ops/gemm_grouped/hip/gfx942_mx.h"
#include "src/ops/gemm_grouped/hip/gfx942_simple.h"
#include "src/ops/gemm_grouped/hip/gfx950_block.h"
#include "src/ops/gemm_grouped/hip/gfx950_mx.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_grouped;
using gemm::Format;
using gpu::OutputType;
using testing_grouped::HipCase;
using testing_grouped::HipProblem;

gpu::LaunchShape shape_of(const HipCase& test, const gemm::hip::LaunchPlan& plan) {
  const auto& tile = plan.tile;
  gpu::LaunchShape shape;
  shape.grid_x = static_cast<uint32_t>(test.num_slots() / tile.slots);
  shape.grid_y = static_cast<uint32_t>((test.params().n + tile.block_n - 1) / tile.block_n);
  shape.block_x = static_cast<uint32_t>(64 * tile.waves);
  return shape;
}

/// A config of a contract on one problem: on both devices where it is of gfx942.
template <class Contract>
void expect_right(size_t config, const HipProblem& p) {
  const gemm::hip::LaunchPlan plan = Contract::plan(static_cast<int>(config), p.problem);
  const std::string name = Contract::name(Contract::kConfigs[config]);
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    const auto code = testing_hip::code_object(*plan.kernel, arch);
    if (code == nullptr) continue;
    SCOPED_TRACE(name + " on " + std::string(arch_name(arch)));
    HipCase test(p);
    testing_hip::run_code(*code, test.memory(), plan.kernel->entry(), shape_of(test, plan),
                          test.params(), config);
    test.expect_right();
  }
}

/// tokens, n, k, experts, topk.
gemm::Problem problem(int64_t tokens, int64_t n, int64_t k, int64_t experts, int64_t topk,
                      Format format, bool weighted) {
  gemm::Problem p{tokens, n, k, experts, topk};
  p.format = format;
  p.weighted = weighted;
  return p;
}

/// Rows shared by a token's choices; a list aligned to twice a tile, packed and weighted; more
/// tokens than a tile has slots. Odd n over two tiles.
template <class Contract>
void expect_tiles_right(Format format, bool any_k) {
  for (size_t i = 0; i < Contract::kConfigs.size(); ++i) {
    const auto& shape = Contract::kConfigs[i].shape;
    const int64_t slots = shape.slots, n = shape.block_n;
    const int twice = static_cast<int>(slots) * (slots > 32 ? 1 : 2);
    const int64_t k = any_k ? 416 : 384;
    expect_right<Contract>(
        i, {problem(7, n + 9, k, 5, 2, format, false), 2, shape.slots, false, OutputType::kBf16});
    expect_right<Contract>(
        i, {problem(11, 2 * n, 640, 6, 3, format, true), 1, twice, true, OutputType::kF32});
    expect_right<Contract>(i, {problem(slots + 3, n - 3, 128, 4, 2, format, true), 1, shape.slots,
                               false, OutputType::kF16});
  }
}

TEST(GroupedHipKernels, Gfx942Mx) { expect_tiles_right<gemm::Gfx942Mx>(Format::kMxfp8, false); }
TEST(GroupedHipKernels, Gfx950Mx) { expect_tiles_right<gemm::Gfx950Mx>(Format::kMxfp8, true); }
TEST(GroupedHipKernels, Gfx942Block) {
  expect_tiles_right<gemm::Gfx942Block>(Format::kBlockscale, false);
}
TEST(GroupedHipKernels, Gfx950Block) {
  expect_tiles_right<gemm::Gfx950Block>(Format::kBlockscale, false);
}

TEST(GroupedHipKernels, WeightsPastTheirFirstBlockOfScales) {
  const HipProblem p{problem(3, 150, 256, 4, 2, Format::kBlockscale, false), 2, 16, false,
                     OutputType::kF32};
  expect_right<gemm::Gfx942Block>(2, p);
  expect_right<gemm::Gfx950Block>(4, p);
}

TEST(GroupedHipKernels, AnyAddress) {
  expect_right<gemm::Gfx942Simple>(
      0, {problem(5, 19, 160, 5, 2, Format::kMxfp8, true), 2, 8, false, OutputType::kBf16, true});
  expect_right<gemm::Gfx942Simple>(0, {problem(3, 138, 256, 5, 3, Format::kBlockscale, false), 1,
                                       16, true, OutputType::kF32, true});
}

}  // namespace
}  // namespace octet
