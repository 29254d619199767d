// The machine code of the AMD kernels, interpreted, before the judge.
#include <gtest/gtest.h>

#include "ops/gemm_blockscale/edge_shapes.h"
#include "ops/interpreted_kernel.h"
#include "src/ops/gemm_blockscale/hip/gfx942_mfma.h"
#include "src/ops/gemm_blockscale/hip/gfx950_mfma.h"

#ifdef OCTET_HAVE_AMDGCN

namespace octet {
namespace {

namespace gemm = ops::gemm_blockscale;
using testing_gemm::Shape;

/// Tiles that end in the middle, one block of k and odd numbers of them, more tiles than dies.
constexpr Shape kShapes[] = {{1, 1, 128},    {3, 67, 384},   {16, 64, 256},  {17, 145, 640},
                             {33, 128, 128}, {65, 260, 384}, {130, 129, 256}};

int64_t span_bytes(const ConstMatrix& matrix) {
  return (matrix.rows - 1) * matrix.stride() + matrix.cols;
}
int64_t span_bytes(const ScaleMatrix& scales) {
  const ScaleMatrix s = scales.normalized();
  return ((s.rows - 1) * s.row_stride + (s.cols - 1) * s.col_stride + 1) * 4;
}

/// Runs one call as hip::run would.
Status interpret(const gemm::MfmaTile& tile, const gpu::Kernel& kernel, Arch arch,
                 const GemmBlockscaleArgs& args, uint64_t seed) {
  if (args.d.rows == 0 || args.d.cols == 0) return Status::Ok();
  const gemm::hip::LaunchPlan plan = gemm::hip::plan(tile, args);
  const int64_t d_bytes =
      ((args.d.rows - 1) * args.d.stride() + args.d.cols) * size_of(args.d.dtype);
  return amdgcn::run_kernel(kernel, arch, plan.shape, &plan.params, sizeof plan.params,
                            {{args.a.data, span_bytes(args.a)},
                             {args.b.data, span_bytes(args.b)},
                             {args.a_scale.data, span_bytes(args.a_scale)},
                             {args.b_scale.data, span_bytes(args.b_scale)},
                             {args.d.data, d_bytes, true}},
                            seed);
}

template <class Contract>
void expect_right(int config, const char* profile) {
  const Device device = device_profile(profile).value();
  const gemm::MfmaTile& tile = Contract::kConfigs[static_cast<size_t>(config)];
  const gpu::Kernel& kernel = Contract::kernel(config);
  if (kernel.code().image(device.arch) == nullptr) GTEST_SKIP() << "not in this build";
  Stream stream = Stream::cpu(1).value();
  const testing_gemm::Check check = [&](const select::Problem& problem, harness::Inputs inputs,
                                        uint64_t seed) -> Result<harness::CheckReport> {
    const auto support = Contract::supports(tile, gemm::from(problem), device);
    if (!support.ok) return Status(StatusCode::kUnsupported, support.reason);
    const harness::Launch launch = [&](const void* args, select::Workspace, Stream&) {
      return interpret(tile, kernel, device.arch, *static_cast<const GemmBlockscaleArgs*>(args),
                       seed);
    };
    auto instance = harness::case_of(gemm::op()).make(problem, stream, {inputs, seed});
    if (!instance.ok()) return instance.status();
    return (*instance)->check(launch, {}, stream);
  };
  constexpr int kOutputs = 3;  // of one kind of operands, in one layout
  EXPECT_GE(testing_gemm::check_shapes(gemm::op(), kShapes, check),
            static_cast<int>(std::size(kShapes)) * kOutputs);
}

class Interpreted : public testing::TestWithParam<int> {};
TEST_P(Interpreted, Gfx942Mfma) { expect_right<gemm::Gfx942Mfma>(GetParam(), "mi300x"); }
TEST_P(Interpreted, Gfx942MfmaOnGfx950) { expect_right<gemm::Gfx942Mfma>(GetParam(), "mi355x"); }
TEST_P(Interpreted, Gfx950Mfma) { expect_right<gemm::Gfx950Mfma>(GetParam(), "mi355x"); }
INSTANTIATE_TEST_SUITE_P(Tiles, Interpreted,
                         testing::Range(0, static_cast<int>(gemm::Gfx942Mfma::kConfigs.size())));

}  // namespace
}  // namespace octet

#endif
