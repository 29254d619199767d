// The AMD kernels of attn_decode as C++ on fibers, one for each work item: divergence at
// collectives and barriers, and any order of waves.
#include <gtest/gtest.h>

#include <algorithm>

#include "ops/attn_decode/small_attention.h"

#ifdef OCTET_HAVE_AMDGCN

#include "src/ops/attn_decode/gpu_operands.h"
#include "src/ops/attn_decode/hip/gfx942_simple.h"
#include "src/ops/attn_decode/hip/gfx942_simple.hip"
#include "src/ops/attn_decode/hip/gfx942_split.h"
#include "src/ops/attn_decode/hip/split.h"
#include "tests/amdgcn/fibers.h"

namespace octet::ops::attn_decode {
namespace {

using hip::SplitShape;

/// Runs `kernel` of a call on a device of two compute units.
void run(SmallAttention& a, const hip::LaunchPlan& plan, uint64_t seed,
         void (*kernel)(const GpuParams&)) {
  std::fill(a.out.begin(), a.out.end(), uint8_t{0xff});
  std::fill(a.lse.begin(), a.lse.end(), NAN);
  hip::Call call = hip::call_of(plan, a.args).value();
  std::vector<float> records(
      static_cast<size_t>(record_bytes(plan.shares, call.params)) / sizeof(float), NAN);
  std::vector<uint32_t> counters(size_t{4} * plan.shares.workgroups);
  call.params.records = records.data(), call.params.counters = counters.data();
  amdgcn::FiberLaunch launch;
  launch.grid[0] = call.shape.grid_x, launch.threads = call.shape.block_x, launch.seed = seed;
  amdgcn::run_on_fibers(launch, [&] { kernel(call.params); });
}

void expect_close(const SmallAttention& a) {
  int64_t row = 0;
  for (int64_t b = 0; b < a.batch; ++b) {
    for (int64_t j = 0; j < a.s.q_tokens; ++j) {
      for (int64_t h = 0; h < a.s.hq; ++h, ++row) {
        const SmallAttention::Row want = a.plain(b, j, h);
        double size = 0;
        for (const double x : want.out) size = std::max(size, std::fabs(x));
        for (int64_t d = 0; d < a.s.dim; ++d) {
          ASSERT_NEAR(a.out_element(row * a.s.dim + d), want.out[static_cast<size_t>(d)],
                      3e-3 * size)
              << "sequence " << b << " token " << j << " head " << h << " dim " << d;
        }
      }
    }
  }
}

template <SplitShape S>
void expect_split(Shape s) {
  s.dim = S.dim, s.hq = 6, s.hkv = 2, s.lengths = {0, 33, 270}, s.q_tokens = 2, s.window = 150;
  s.kv = S.e5m2 ? DType::kE5m2 : DType::kE4m3fn;
  Device device = device_profile("mi300x").value();
  device.cu_num = 2;
  for (const uint64_t seed : {0, 5}) {
    SmallAttention a(s);
    run(a, Gfx942Split::plan(0, problem_of(a.args), device), seed, hip::run_split<S>);
    expect_close(a);
  }
}

TEST(SplitFibers, Dim64) {
  expect_split<SplitShape{64, false, false, false}>({});
  Shape s;
  s.page = 16, s.k_scales = ScaleForm::kPacked, s.v_scales = ScaleForm::kTokenShift;
  expect_split<SplitShape{64, true, true, true}>(s);
}

TEST(SplitFibers, Dim128) {
  Shape s;
  s.page = 1;
  expect_split<SplitShape{128, true, false, true}>(s);
  s.page = 0, s.k_scales = ScaleForm::kTokenShift, s.v_scales = ScaleForm::kToken;
  expect_split<SplitShape{128, false, true, false}>(s);
}

TEST(SplitFibers, Dim256) {
  Shape s;
  s.page = 64, s.k_scales = ScaleForm::kHead, s.sinks = true, s.cap = 4;
  expect_split<SplitShape{256, false, false, false}>(s);
}

TEST(SplitFibers, Simple) {
  Shape s;
  s.dim = 40, s.hq = 3, s.lengths = {0, 131}, s.v_scales = ScaleForm::kTokenShift;
  SmallAttention a(s);
  run(a, Gfx942Simple::plan(0, problem_of(a.args), device_profile("mi300x").value()), 3,
      [](const GpuParams& p) { hip::octet_gfx942_attn_simple(p); });
  expect_close(a);
}

}  // namespace
}  // namespace octet::ops::attn_decode

#endif
