// gemm_batched on AMD GPUs, its code objects interpreted: every variant before the judge on edge
// problems in every format, exponents at both ends bit for bit; what is launched and refused.
#include "ops/gemm_batched/edge_problems.h"
#include "ops/gemm_batched/small_batched.h"
#include "ops/gemm_checks.h"
#include "ops/hip_stream.h"

namespace octet {
namespace {

using testing_batched::edge_problems;
using testing_batched::Format;
using testing_batched::Problem;
using testing_batched::SmallBatched;

namespace gemm = ops::gemm_batched;

constexpr std::array kFp4Formats{Format::kA16wfp4, Format::kA16wfp4Wide, Format::kAfp4wfp4};

class BatchedLaunchHipTest : public testing_hip::HipTest {
 protected:
  void SetUp() override {
    const auto& op = gemm::op();
    const auto& simple = op.variants()[static_cast<size_t>(op.find("gfx942_simple"))];
    HipTest::SetUp();
    if (!simple.built_on(stream_->device().arch)) {
      GTEST_SKIP() << "this build has no kernels of the device";
    }
  }
  /// Those of AMD that run on the device and take the problem.
  std::vector<int> variants_for(const Problem& problem) const {
    std::vector<int> found;
    const auto variants = gemm::variants();
    for (int i = 0; i < static_cast<int>(variants.size()); ++i) {
      const bool amd = arch_runs(Arch::kGfx950, variants[static_cast<size_t>(i)].arch) &&
                       variants[static_cast<size_t>(i)].arch >= Arch::kGfx942;
      if (amd &&
          select::can_run(gemm::op(), i, gemm::to_select(problem), stream_->device(), true).ok) {
        found.push_back(i);
      }
    }
    return found;
  }
  static const std::string& name_of(int variant) {
    return gemm::variants()[static_cast<size_t>(variant)].name;
  }
  Status run(SmallBatched& small, const std::string& variant) {
    testing_hip::Operands on_device(*stream_);
    GemmBatchedArgs args = small.args;
    on_device.in(args.a.data, small.a);
    on_device.in(args.b.data, small.b, b_offset_);
    const bool floats = args.b_scale.dtype == DType::kF32;
    if (floats) {
      on_device.in(args.a_scale.data, small.a_scale);
      on_device.in(args.b_scale.data, small.b_scale);
    } else {
      on_device.in(args.a_scale.data, small.a_exponent, 1);
      on_device.in(args.b_scale.data, small.b_exponent, 3);
    }
    on_device.in(args.bias.data, small.bias);
    on_device.out(args.d.data, small.d);
    control().reset();
    Options options;
    options.variant = variant;
    const Status status = gemm_batched(args, *stream_, options);
    launches_ = control().launches();
    return on_device.finish(status);
  }
  std::string refusal(SmallBatched& small, const char* variant, StatusCode code) {
    const Status status = run(small, variant);
    EXPECT_EQ(status.code(), code);
    EXPECT_TRUE(launches_.empty());
    return status.message();
  }
  /// Every variant that takes the problem, before the judge.
  int expect_right(const select::Problem& problem, uint64_t seed) {
    int checks = 0;
    for (const int variant : variants_for(gemm::from(problem))) {
      const auto check = testing_gemm::check_on(gemm::op(), variant, *stream_);
      for (const auto inputs : testing_gemm::inputs_of(gemm::op(), problem.format, seed)) {
        const auto report = check(problem, inputs, seed);
        EXPECT_TRUE(report.ok()) << report.status().message();
        if (!report.ok()) return checks;
        EXPECT_TRUE(report->ok()) << name_of(variant) << ": "
                                  << testing_gemm::describe(problem, inputs, seed) << ": "
                                  << report->failure;
        ++checks;
      }
    }
    return checks;
  }

  int64_t b_offset_ = 0;  // of weights past an aligned address
  std::vector<stand_in::Launch> launches_;
};

/// One type of results a kind of operands and problem, half of them, in turn: all take a minute.
TEST_P(BatchedLaunchHipTest, EveryVariantIsRightOnEdgeProblems) {
  uint64_t seed = 1;
  int checks = 0;
  std::vector<Problem> problems = edge_problems();
  problems.push_back({70, 130, 320, 2});  // more than a tile each way, a step that is not whole
  problems.push_back({33, 70, 1312, 1});  // more steps than the waves of a stream have on their way
  for (const Problem& sizes : problems) {
    if (sizes.m > 128) continue;  // minutes of emulation
    for (uint32_t format = seed % 3; format < gemm::kNumFormats; format += 3, ++seed) {
      select::Problem problem = gemm::to_select(sizes);
      problem.format = format;
      if (seed % 2 != 0 || !gemm::op().validate(problem).ok()) continue;
      checks += expect_right(problem, seed);
      if (HasFailure()) return;
    }
  }
  EXPECT_GT(checks, 300);
}

/// Operands whose sums are exact, and rows of weights and tokens with one exponent at an end: the
/// bits of the reference, NaN of any bits; where the sum leaves float32, which infinity or NaN is
/// the order's.
TEST_P(BatchedLaunchHipTest, ExponentsAtBothEndsGiveTheBitsOfTheReference) {
  constexpr std::array<uint8_t, 6> kEnds{254, 255, 0, 134, 133, 1};
  for (const Format format : kFp4Formats) {
    const Problem p{7, 37, 288, 2, format, DType::kF32};
    const auto fill = [&](SmallBatched& small) {
      for (int64_t i = 0; i < 2 * 7 * 288; ++i) small.set_a(0, 0, i, static_cast<float>(i % 7) - 3);
      for (int64_t i = 0; i < 2 * 37 * 288; ++i)
        small.set_b(0, 0, i, static_cast<float>(i % 5) - 2);
      for (size_t i = 0; i < kEnds.size(); ++i) {
        small.b_exponent[i * 2 * 9 + i] = kEnds[i];
        if (format == Format::kAfp4wfp4) small.a_exponent[i * 9 + 3] = kEnds[i];
      }
    };
    SmallBatched expected(p);
    fill(expected);
    Options reference;
    reference.variant = "generic_ref";
    ASSERT_TRUE(gemm_batched(expected.args, cpu_, reference).ok());
    for (const int variant : variants_for(p)) {
      SmallBatched small(p);
      fill(small);
      const Status status = run(small, name_of(variant));
      ASSERT_TRUE(status.ok()) << status.message();
      for (int64_t i = 0; i < 2 * 7 * 37; ++i) {
        const float got = small.f32(0, 0, i), exact = expected.f32(0, 0, i);
        ASSERT_TRUE(std::isinf(exact) ? !std::isfinite(got)
                                      : got == exact || (std::isnan(got) && std::isnan(exact)))
            << name_of(variant) << " format " << static_cast<int>(format) << " at " << i << ": "
            << got << " for " << exact;
      }
    }
  }
}

/// All pairs of FP8 codes, NaN and both zeros among them: column n of row m is m's code times n's.
TEST_P(BatchedLaunchHipTest, EveryPairOfFp8Codes) {
  const Problem p{16, 256, 16, 16, Format::kA8w8, DType::kF32};
  SmallBatched small(p);
  for (int64_t code = 0; code < 256; ++code) {
    small.a[static_cast<size_t>(code * 16)] =
        static_cast<uint8_t>(code);  // row code % 16 of matrix code / 16
    for (int64_t batch = 0; batch < 16; ++batch) {
      small.b[static_cast<size_t>((batch * 256 + code) * 16)] = static_cast<uint8_t>(code);
    }
  }
  for (const int variant : variants_for(p)) {
    const Status status = run(small, name_of(variant));
    ASSERT_TRUE(status.ok()) << status.message();
    for (uint32_t i = 0; i < 65536; ++i) {
      const float exact = decode(kE4m3fnFormat, i / 256) * decode(kE4m3fnFormat, i % 256);
      const float got = small.f32(0, 0, i);
      ASSERT_TRUE(got == exact || (std::isnan(got) && std::isnan(exact)))
          << name_of(variant) << " codes " << i / 256 << " and " << i % 256 << ": " << got;
    }
  }
}

TEST_P(BatchedLaunchHipTest, TokensArePreparedByALaunchBefore) {
  const auto entries = [&](Format format, const char* variant) {
    SmallBatched small({3, 40, 256, 2, format, DType::kF32});
    EXPECT_TRUE(run(small, variant).ok());
    std::vector<std::string> names;
    for (const auto& launch : launches_) names.push_back(launch.entry);
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(entries(Format::kA8w8Prequant, "gfx942_stream_16x16"),
            (Names{"octet_gfx942_prepare_groups", "octet_gfx942_stream_groups_16x16"}));
  EXPECT_EQ(entries(Format::kA16wfp4, "gfx942_tile_16x64"),
            (Names{"octet_gfx942_prepare_blocks", "octet_gfx942_tile_e2m1_16x64"}));
  EXPECT_EQ(entries(Format::kA16wfp4Wide, "gfx942_tile_64x64"),
            (Names{"octet_gfx942_tile_wide_64x64"}));
  EXPECT_EQ(entries(Format::kAfp4wfp4, "gfx942_simple"), (Names{"octet_gfx942_simple_e2m1"}));
}

TEST_P(BatchedLaunchHipTest, WhatKernelsCannotReadIsRefused) {
  SmallBatched small({3, 20, 64, 2, Format::kA8w8, DType::kF32});
  b_offset_ = 8;
  const std::string address = refusal(small, "gfx942_tile_16x64", StatusCode::kInvalidArgument);
  EXPECT_NE(address.find("gemm_batched: b at 0x"), std::string::npos) << address;
  EXPECT_NE(address.find("with 64 bytes between rows and 1280 between matrices: on a GPU all must "
                         "be multiples of 16 (variant gfx942_simple takes any)"),
            std::string::npos)
      << address;
  b_offset_ = 0;
  SmallBatched wide({3, 20, 64, 1, Format::kA8w8, DType::kF32});
  wide.args.a.row_stride = 1 << 24;
  EXPECT_NE(refusal(wide, "gfx942_stream_16x16", StatusCode::kInvalidArgument)
                .find("a with 16777216 bytes between rows and 0 between those of its scales: must "
                      "be below 16777216 (variant gfx942_simple takes any)"),
            std::string::npos);
}

TEST_P(BatchedLaunchHipTest, ProblemsThatTilesCannotServeAreNamed) {
  const auto reason = [&](const char* name, const Problem& problem) {
    const auto& op = gemm::op();
    const auto& variant = op.variants()[static_cast<size_t>(op.find(name))];
    return variant.supports(variant.config, gemm::to_select(problem), stream_->device()).reason;
  };
  EXPECT_EQ(reason("gfx942_tile_64x64", {3, 20, 40, 2, Format::kA8w8}),
            "k = 40, must be a multiple of 16: rows of 16 bytes");
  EXPECT_EQ(reason("gfx942_stream_16x16", {3, 20, 64, 2, Format::kAfp4wfp4}),
            "multiplies bf16, e4m3fn and i8, not e2m1");
  EXPECT_EQ(reason("gfx950_stream_16x16", {3, 20, 64, 2, Format::kA16wfp4Wide}),
            "multiplies e2m1 with e2m1 only");
  EXPECT_EQ(reason("gfx942_tile_128x128", {300, 300, 64, 2, Format::kA8w8Prequant}),
            "its rows leave no LDS for scales of k");
  EXPECT_EQ(reason("gfx942_simple", {16, 64, 131072, 1, Format::kA8w8Int8}),
            "k = 131072, at most 131071 with i8");
  EXPECT_EQ(reason("gfx942_tile_64x64", {16, 2'000'000'000, 64, 4096, Format::kA8w8}),
            "3.12e+07 tiles of a matrix, at most 16777215");
  EXPECT_EQ(reason("gfx942_tile_64x64", {500'000'000, 16, 64, 1, Format::kA8w8Prequant}),
            "5e+08 scales of tokens, at most 268435456");
}

OCTET_ON_AMD_DEVICES(BatchedLaunchHipTest);

}  // namespace
}  // namespace octet
