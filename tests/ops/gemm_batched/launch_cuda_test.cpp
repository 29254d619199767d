// gemm_batched on a GPU, on the stand-in: what each kernel is given, the launch that prepares
// tokens, and what is refused.
#include <algorithm>
#include <memory>

#include "device/stand_in.h"
#include "ops/gemm_batched/small_batched.h"

namespace octet {
namespace {

using stand_in::control;
using testing_batched::Format;
using testing_batched::Problem;
using testing_batched::SmallBatched;

namespace gemm = ops::gemm_batched;

constexpr const char* kSwap = "sm90_swap_16x128_s11";
constexpr const char* kFp4 = "sm90_fp4_16x128";
constexpr const char* kCodes = "sm90_fp4_codes_16x128";
constexpr std::array kFormats{Format::kBf16,         Format::kA8w8,    Format::kA8w8Int8,
                              Format::kA8w8Prequant, Format::kA16wfp4, Format::kA16wfp4Wide,
                              Format::kAfp4wfp4};

/// Host memory is device memory to the stand-in; operands of tensor maps lie where those take them.
class BatchedLaunchCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    const auto& op = gemm::op();
    if (!op.variants()[static_cast<size_t>(op.find(kSwap))].built) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu().value());
  }
  /// Row 1 of matrix 1 of a is all two, the last row of b of the same all three, the bias there is
  /// one; the scales of a8w8 and of e2m1 are two each.
  void fill(SmallBatched& small) {
    const Problem& p = small.p;
    for (int64_t k = 0; k < p.k; ++k) {
      small.set_a(1, 1, k, 2);
      small.set_b(1, p.n - 1, k, 3);
    }
    small.give_bias();
    small.bias.back() = 1;
    std::fill(small.a_scale.begin(), small.a_scale.end(), 2.0f);
    std::fill(small.b_scale.begin(), small.b_scale.end(), 2.0f);
    std::fill(small.a_exponent.begin(), small.a_exponent.end(), uint8_t{128});
    std::fill(small.b_exponent.begin(), small.b_exponent.end(), uint8_t{128});
    small.args.a.data = align(small.a, a_);
    small.args.b.data = align(small.b, b_);
  }
  static float expected(const Problem& p) {
    const bool of_a = p.is_a8w8() || p.format == Format::kAfp4wfp4;
    const float scale = (of_a ? 2.0f : 1.0f) * (p.format == Format::kBf16 ? 1.0f : 2.0f);
    return static_cast<float>(p.k) * 6 * scale + 1;
  }
  static const uint8_t* align(const std::vector<uint8_t>& from, std::vector<uint8_t>& to) {
    to.resize(from.size() + 512);
    auto* begin = to.data() + (256 - reinterpret_cast<uintptr_t>(to.data()) % 256);
    std::copy(from.begin(), from.end(), begin);
    return begin;
  }
  Status run(SmallBatched& small, const std::string& variant, bool overlap = false) {
    Options options;
    options.variant = variant;
    options.overlap_previous = overlap;
    return gemm_batched(small.args, *stream_, options);
  }
  /// The error of a call that must not reach the device.
  std::string refusal(SmallBatched& small, const char* variant, StatusCode code) {
    control().reset();
    const Status status = run(small, variant);
    EXPECT_EQ(status.code(), code);
    EXPECT_TRUE(control().launches().empty());
    return status.message();
  }

  std::vector<uint8_t> a_, b_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(BatchedLaunchCudaTest, EveryVariantIsGivenItsProblemInEveryFormat) {
  int ran = 0;
  for (const Format format : kFormats) {
    for (const int64_t k : {32, 160, 640}) {
      for (const select::Variant& variant : gemm::variants()) {
        if (variant.arch != Arch::kSm90) continue;
        SmallBatched small({2, 70, k, 2, format, DType::kF32});
        fill(small);
        const select::Problem problem = gemm::to_select(small.p);
        if (!variant.supports(variant.config, problem, stream_->device()).ok) continue;
        const Status status = run(small, variant.name);
        ASSERT_TRUE(status.ok()) << variant.name << ": " << status.message();
        EXPECT_FLOAT_EQ(small.f32(1, 1, 69), expected(small.p)) << variant.name << " k " << k;
        EXPECT_EQ(small.f32(0, 1, 69), 0.0f) << variant.name;
        ++ran;
      }
    }
  }
  EXPECT_GT(ran, 7 * 3 * 5);
}

TEST_F(BatchedLaunchCudaTest, TokensArePreparedByALaunchBefore) {
  const auto launches_of = [&](Format format, const char* variant, bool overlap) {
    SmallBatched small({3, 300, 256, 5, format, DType::kF32});
    fill(small);
    control().reset();
    EXPECT_TRUE(run(small, variant, overlap).ok());
    return control().launches();
  };
  for (const bool overlap : {false, true}) {
    const auto quantised = launches_of(Format::kA8w8Prequant, kSwap, overlap);
    ASSERT_EQ(quantised.size(), 2u);
    EXPECT_EQ(quantised[0].entry, "octet_sm90_batched_prepare_groups");
    EXPECT_EQ(quantised[0].dependent, overlap);
    EXPECT_EQ(quantised[1].entry, "octet_sm90_batched_swap_groups_16x128_s11");
    EXPECT_TRUE(quantised[1].dependent);
    EXPECT_EQ(quantised[1].grid[0], 15u) << "five matrices of three tiles";
    const auto widened = launches_of(Format::kAfp4wfp4, kFp4, overlap);
    ASSERT_EQ(widened.size(), 2u);
    EXPECT_EQ(widened[0].entry, "octet_sm90_batched_prepare_wide");
    EXPECT_EQ(widened[0].dependent, overlap);
    const auto codes = launches_of(Format::kAfp4wfp4, kCodes, overlap);
    ASSERT_EQ(codes.size(), 2u);
    EXPECT_EQ(codes[0].entry, "octet_sm90_batched_prepare_codes");
    EXPECT_EQ(codes[0].dependent, overlap);
    EXPECT_TRUE(codes[1].dependent);
    const auto plain = launches_of(Format::kA8w8, kSwap, overlap);
    ASSERT_EQ(plain.size(), 1u);
    EXPECT_EQ(plain[0].entry, "octet_sm90_batched_swap_e4m3_16x128_s11");
    EXPECT_EQ(plain[0].dependent, overlap);
  }
}

/// Of any address, without a launch and memory for prepared ones.
TEST_F(BatchedLaunchCudaTest, AKernelMayBringTokensItself) {
  constexpr const char* kOwn = "sm90_fp4_codes_own_16x64";
  const auto& op = gemm::op();
  const select::Variant& own = op.variants()[static_cast<size_t>(op.find(kOwn))];
  for (const Format format : {Format::kA16wfp4, Format::kAfp4wfp4}) {
    SmallBatched small({3, 300, 320, 5, format, DType::kF32});
    fill(small);
    small.args.a.data = small.a.data();
    control().reset();
    const Status status = run(small, kOwn);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(control().launches().size(), 1u);
    EXPECT_FLOAT_EQ(small.f32(1, 1, 299), expected(small.p) - 1) << "its bias is zero";
    EXPECT_EQ(own.workspace_bytes(own.config, gemm::to_select(small.p), stream_->device()), 0);
  }
}

/// Threads of the launch that prepares tokens are spread where there are few.
TEST_F(BatchedLaunchCudaTest, FewTokensArePreparedByManyBlocks) {
  const auto launch_of = [&](int64_t m) {
    SmallBatched small({m, 20, 128, 5, Format::kA8w8Prequant, DType::kF32});
    fill(small);
    control().reset();
    EXPECT_TRUE(run(small, kSwap).ok());
    return control().launches().at(0);
  };
  // 128 of k of a token are the work of eight threads.
  const auto few = launch_of(24), many = launch_of(1000);
  EXPECT_EQ(few.block[0], 64u);
  EXPECT_EQ(few.grid[0], 5u * 24 * 8 / 64);
  EXPECT_EQ(many.block[0], 256u);
  EXPECT_EQ(many.grid[0], (5u * 1000 * 8 + 255) / 256);
}

TEST_F(BatchedLaunchCudaTest, MatricesMayLieInsideRows) {
  const int64_t m = 3, k = 64, batch = 2;
  SmallBatched small({m, 20, k, batch, Format::kA8w8, DType::kF32});
  fill(small);
  // The same bytes as (m, batch, k): row 1 of a matrix 1 is the fourth run of k.
  small.args.a.row_stride = batch * k;
  small.args.a.batch_stride = k;
  small.args.d.row_stride = batch * 20;
  small.args.d.batch_stride = 20;
  ASSERT_TRUE(run(small, kSwap).ok());
  const auto* d = reinterpret_cast<const float*>(small.d.data());
  // Run 4 of a (all two) is row 2 of matrix 0 now, whose weights are zeros.
  EXPECT_EQ(d[2 * batch * 20 + 19], 0.0f);
  EXPECT_EQ(d[2 * batch * 20 + 20 + 19], 1.0f) << "the bias alone";
}

TEST_F(BatchedLaunchCudaTest, OperandsThatMapsCannotReadAreRefused) {
  SmallBatched small({3, 20, 64, 2, Format::kA8w8, DType::kF32});
  fill(small);
  small.args.b.data = static_cast<const uint8_t*>(small.args.b.data) + 8;
  const std::string address = refusal(small, kSwap, StatusCode::kInvalidArgument);
  EXPECT_NE(address.find("gemm_batched: b at 0x"), std::string::npos) << address;
  EXPECT_NE(address.find("with 64 bytes between rows and 1280 between matrices: on a GPU all must "
                         "be multiples of 16 (variant sm90_simple takes any)"),
            std::string::npos)
      << address;
  ASSERT_TRUE(run(small, "sm90_simple").ok());
}

TEST_F(BatchedLaunchCudaTest, ProblemsThatTilesCannotServeAreNamed) {
  SmallBatched small({3, 20, 40, 2, Format::kA8w8, DType::kF32});
  fill(small);
  EXPECT_NE(refusal(small, kSwap, StatusCode::kUnsupported)
                .find("k = 40, must be a multiple of 16: rows of 16 bytes"),
            std::string::npos);
  EXPECT_NE(refusal(small, kFp4, StatusCode::kUnsupported).find("weights of e2m1 only"),
            std::string::npos);
  ASSERT_TRUE(run(small, "sm90_simple").ok());
  const auto& op = gemm::op();
  const auto reason = [&](const Problem& problem) {
    const select::Variant& swap = op.variants()[static_cast<size_t>(op.find(kSwap))];
    return swap.supports(swap.config, gemm::to_select(problem), stream_->device()).reason;
  };
  EXPECT_EQ(reason({16, 64, 131072, 1, Format::kA8w8Int8}), "k = 131072, at most 131071 with i8");
  EXPECT_EQ(reason({16, 64, 131072, 1, Format::kA8w8}), "");
  EXPECT_EQ(reason({16, 2'000'000'000, 64, 4096, Format::kA8w8}),
            "6.4e+10 tiles, at most 2147483647");
  EXPECT_EQ(reason({1 << 20, 64, 8192, 8, Format::kA8w8Prequant}),
            "4.29e+09 runs of k of tokens to prepare, at most 2147483647");
  EXPECT_EQ(reason({1 << 20, 64, 8192, 8, Format::kA8w8}), "");
}

TEST_F(BatchedLaunchCudaTest, CodesTakeTokensOfE2m1Alone) {
  SmallBatched wide({3, 20, 64, 2, Format::kA16wfp4Wide, DType::kF32});
  fill(wide);
  EXPECT_NE(refusal(wide, kCodes, StatusCode::kUnsupported)
                .find("multiplies tokens of e2m1 only, not bf16"),
            std::string::npos);
  const auto workspace = [&](const char* name, Format format) {
    const auto& op = gemm::op();
    const select::Variant& variant = op.variants()[static_cast<size_t>(op.find(name))];
    return variant.workspace_bytes(variant.config, gemm::to_select({5, 20, 64, 3, format}),
                                   stream_->device());
  };
  // Two bytes an element; one, and a float for each 32 of k of eight tokens.
  EXPECT_EQ(workspace(kFp4, Format::kAfp4wfp4), 3 * 5 * 64 * 2);
  EXPECT_EQ(workspace(kCodes, Format::kAfp4wfp4), 3 * (5 * 64 + 2 * 8 * 4));
  EXPECT_EQ(workspace(kCodes, Format::kA16wfp4), 3 * (5 * 64 + 2 * 8 * 4));
}

}  // namespace
}  // namespace octet
