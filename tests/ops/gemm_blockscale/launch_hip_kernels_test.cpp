// The source of the AMD kernels on fibers, one for each work item, before the judge: divergence at
// collectives and barriers, and other orders of waves.
#include <gtest/gtest.h>

#include "ops/gemm_blockscale/edge_shapes.h"
#include "ops/hip_operands.h"
#include "src/ops/gemm_blockscale/hip/gfx942_mfma.h"
#include "src/ops/gemm_blockscale/hip/gfx950_mfma.h"

namespace gemm = octet::ops::gemm_blockscale;

#define OCTET_DECLARE(block_m, block_n, block_k, pipeline, waves)                    \
  extern "C" void octet_gfx942_mfma_##block_m##x##block_n##x##block_k##_v##pipeline( \
      gemm::AmdParams params);                                                       \
  extern "C" void octet_gfx950_mfma_##block_m##x##block_n##x##block_k##_v##pipeline( \
      gemm::AmdParams params);
OCTET_MFMA_TILES(OCTET_DECLARE)
#undef OCTET_DECLARE

namespace octet {
namespace {

using testing_gemm::Shape;
using Kernel = void (*)(gemm::AmdParams);

#define OCTET_GFX942(block_m, block_n, block_k, pipeline, waves) \
  octet_gfx942_mfma_##block_m##x##block_n##x##block_k##_v##pipeline,
#define OCTET_GFX950(block_m, block_n, block_k, pipeline, waves) \
  octet_gfx950_mfma_##block_m##x##block_n##x##block_k##_v##pipeline,
const Kernel kGfx942[] = {OCTET_MFMA_TILES(OCTET_GFX942)};
const Kernel kGfx950[] = {OCTET_MFMA_TILES(OCTET_GFX950)};
#undef OCTET_GFX942
#undef OCTET_GFX950

/// A tile that ends in the middle, and an odd number of blocks of k.
constexpr Shape kShapes[] = {{19, 145, 384}};

template <class Contract>
void expect_right(int config, Kernel kernel, const char* profile) {
  const Device device = device_profile(profile).value();
  const gemm::MfmaTile& tile = Contract::kConfigs[static_cast<size_t>(config)];
  Stream stream = Stream::cpu(1).value();
  const testing_gemm::Check check = [&](const select::Problem& problem, harness::Inputs inputs,
                                        uint64_t seed) -> Result<harness::CheckReport> {
    const auto support = Contract::supports(tile, gemm::from(problem), device);
    if (!support.ok) return Status(StatusCode::kUnsupported, support.reason);
    const harness::Launch launch = [&](const void* pointer, select::Workspace, Stream&) {
      const auto& args = *static_cast<const GemmBlockscaleArgs*>(pointer);
      if (args.d.rows == 0 || args.d.cols == 0) return Status::Ok();
      const gemm::hip::LaunchPlan plan = gemm::hip::plan(tile, args);
      testing_hip::run_source(kernel, plan.shape, plan.params, device.arch == Arch::kGfx950, seed);
      return Status::Ok();
    };
    auto instance = harness::case_of(gemm::op()).make(problem, stream, {inputs, seed});
    if (!instance.ok()) return instance.status();
    return (*instance)->check(launch, {}, stream);
  };
  EXPECT_GE(testing_gemm::check_shapes(gemm::op(), kShapes, check), 1);
}

class Source : public testing::TestWithParam<int> {};
TEST_P(Source, Gfx942Mfma) {
  expect_right<gemm::Gfx942Mfma>(GetParam(), kGfx942[GetParam()], "mi300x");
}
TEST_P(Source, Gfx950Mfma) {
  expect_right<gemm::Gfx950Mfma>(GetParam(), kGfx950[GetParam()], "mi355x");
}
INSTANTIATE_TEST_SUITE_P(Tiles, Source, testing::Range(0, static_cast<int>(std::size(kGfx942))));

}  // namespace
}  // namespace octet
