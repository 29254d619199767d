// Every AMD kernel of gemm_mxfp8 as its contract launches it, for either device.
#include <gtest/gtest.h>

#include "ops/gemm_mxfp8/hip_case.h"
#include "src/ops/gemm_mxfp8/hip/gfx942_gemv.h"
#include "src/ops/gemm_mxfp8/hip/gfx942_mfma.h"
#include "src/ops/gemm_mxfp8/hip/gfx942_simple.h"
#include "src/ops/gemm_mxfp8/hip/gfx950_mfma.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_mxfp8;
using gpu::OutputType;
using testing_mx::HipCase;

using Params = gemm::HipParams;

/// The launch that adds up parts of k.
gpu::LaunchShape reduce_shape(const Params& p) {
  gpu::LaunchShape shape;
  shape.grid_x = static_cast<uint32_t>(p.n + 255) / 256;
  shape.grid_y = static_cast<uint32_t>(p.m);
  shape.block_x = 256;
  return shape;
}

/// False where this build has no kernels for the arch.
bool on_device(HipCase& test, const gemm::hip::LaunchPlan& plan, Arch arch, uint64_t seed) {
  const auto code = testing_hip::code_object(*plan.kernel, arch);
  if (code == nullptr) return false;
  testing_hip::run_code(*code, test.memory(), plan.kernel->entry(), plan.shape, test.params(),
                        seed);
  if (plan.split == 1) return true;
  const gpu::Kernel& reduce = gemm::hip::reduce_kernel();
  testing_hip::run_code(*testing_hip::code_object(reduce, arch), test.memory(), reduce.entry(),
                        reduce_shape(test.params()), test.params(), seed);
  return true;
}

/// A config of a contract on one problem: on both devices where it is of gfx942.
template <class Contract>
void expect_right(size_t config, const gemm::Problem& p, OutputType type, bool any = false) {
  const auto& chosen = Contract::kConfigs[config];
  const gemm::hip::LaunchPlan plan = Contract::plan(static_cast<int>(config), p);
  for (const Arch arch : {Arch::kGfx942, Arch::kGfx950}) {
    SCOPED_TRACE(fmt::format("{} on {}", Contract::name(chosen), arch_name(arch)));
    HipCase test(p.m, p.n, p.k, type, plan.split, any);
    if (on_device(test, plan, arch, config)) test.expect_right();
  }
}

/// Odd m and n over two tiles, and few tokens; k whole and, where that is taken, not.
template <class Contract>
void expect_tiles_right(bool any_k) {
  for (size_t i = 0; i < Contract::kConfigs.size(); ++i) {
    const auto& shape = Contract::kConfigs[i].shape;
    const int64_t rest = any_k ? 32 * (1 + static_cast<int64_t>(i) % 3) : 0;
    const auto type = static_cast<OutputType>(i % 3);
    expect_right<Contract>(i, {shape.block_m + 3, shape.block_n + 5, 640 + rest}, type);
    expect_right<Contract>(i, {5, shape.block_n - 3, 128 * shape.split + rest}, type);
  }
}

TEST(MxHipKernels, Gfx942Tiles) { expect_tiles_right<gemm::Gfx942Mfma>(false); }
TEST(MxHipKernels, Gfx950Tiles) { expect_tiles_right<gemm::Gfx950Mfma>(true); }

TEST(MxHipKernels, Gemv) {
  for (size_t i = 0; i < gemm::Gfx942Gemv::kConfigs.size(); ++i) {
    for (const int64_t m : {1, 2, 3, 7, 16, 19}) {
      const auto type = static_cast<OutputType>((m + static_cast<int64_t>(i)) % 3);
      expect_right<gemm::Gfx942Gemv>(i, {m, 19, m % 2 == 0 ? 1056 : 96}, type);
    }
  }
}

TEST(MxHipKernels, AnyAddress) {
  expect_right<gemm::Gfx942Simple>(0, {7, 9, 160}, OutputType::kBf16, true);
  expect_right<gemm::Gfx942Simple>(0, {3, 13, 1120}, OutputType::kF32, true);
}

TEST(MxHipKernels, GivesTheSameBitsAnySchedule) {
  const gemm::hip::LaunchPlan plan = gemm::Gfx942Mfma::plan(4, {19, 21, 1024});
  std::vector<float> first;
  for (const uint64_t seed : {0, 1, 2}) {
    HipCase test(19, 21, 1024, OutputType::kF32, plan.split);
    if (!on_device(test, plan, Arch::kGfx942, seed)) GTEST_SKIP() << "no kernels for gfx942";
    const auto* d = static_cast<const float*>(test.params().d);
    const std::vector<float> bits(d, d + 19 * 24);
    if (seed == 0) first = bits;
    EXPECT_EQ(std::memcmp(bits.data(), first.data(), bits.size() * sizeof(float)), 0) << seed;
  }
}

}  // namespace
}  // namespace octet
