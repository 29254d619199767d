// What gemm_batched computes, from operands that a test writes down.
#include <utility>

#include "ops/gemm_batched/small_batched.h"

namespace octet {
namespace {

using namespace testing_batched;  // NOLINT: the vocabulary of this file

constexpr Format kAllFormats[] = {Format::kBf16,         Format::kA8w8,    Format::kA8w8Int8,
                                  Format::kA8w8Prequant, Format::kA16wfp4, Format::kA16wfp4Wide,
                                  Format::kAfp4wfp4};

TEST(GemmBatched, EveryMatrixMeetsItsOwn) {
  for (const Format format : kAllFormats) {
    SmallBatched small({2, 3, 64, 4, format, DType::kF32});
    for (int batch = 0; batch < 4; ++batch) {
      small.set_a(batch, 1, 63, 2);
      small.set_b(batch, 2, 63, batch == 3 ? 3.0f : static_cast<float>(batch));
    }
    // a8w8_prequant: 2 is the largest of its group, and 448 * (2 / 448) rounds to 2 within an ulp.
    on_every_variant(small, [&] {
      for (int batch = 0; batch < 4; ++batch) {
        EXPECT_NEAR(small.f32(batch, 1, 2), 2 * (batch == 3 ? 3 : batch), 1e-6);
        EXPECT_EQ(small.f32(batch, 0, 2), 0);
        EXPECT_EQ(small.f32(batch, 1, 1), 0);
      }
    });
  }
}

TEST(GemmBatched, ScalesOfRowsAndChannelsThenTheBiasOnce) {
  for (const Format format : {Format::kA8w8, Format::kA8w8Int8}) {
    SmallBatched small({2, 2, 1100, 2, format, DType::kF32});  // chunks of k: the bias comes once
    for (int k = 0; k < 1100; ++k) {
      small.set_a(1, 1, k, 1);
      small.set_b(1, 0, k, k % 2 == 0 ? 1 : -2);
    }
    small.a_scale = {1, 1, 1, 0.25f};
    small.b_scale = {1, 1, 8, 1};
    small.bias = {1, 2, 3, 4};
    small.give_bias();
    on_every_variant(small, [&] {
      EXPECT_EQ(small.f32(1, 1, 0), -550 * 0.25f * 8 + 3);
      EXPECT_EQ(small.f32(1, 1, 1), 4);
      EXPECT_EQ(small.f32(0, 0, 1), 2);
    });
  }
}

TEST(GemmBatched, BiasInBf16) {
  SmallBatched small({1, 2, 32, 2, Format::kBf16, DType::kF32});
  const std::vector<uint16_t> bias{encode_bf16(1.5f), encode_bf16(-2), encode_bf16(7), 0};
  small.args.bias = {bias.data(), DType::kBf16, 2, 2};
  on_every_variant(small, [&] {
    EXPECT_EQ(small.f32(0, 0, 0), 1.5f);
    EXPECT_EQ(small.f32(0, 0, 1), -2);
    EXPECT_EQ(small.f32(1, 0, 0), 7);
  });
}

TEST(GemmBatched, Int8HasMinus128) {
  SmallBatched small({1, 1, 3, 1, Format::kA8w8Int8, DType::kF32});
  for (int k = 0; k < 3; ++k) small.set_a(0, 0, k, -128), small.set_b(0, 0, k, -128);
  on_every_variant(small, [&] { EXPECT_EQ(small.f32(0, 0, 0), 3 * 16384); });
}

TEST(GemmBatched, TheLowNibbleIsTheEvenColumn) {
  SmallBatched small({1, 1, 32, 1, Format::kAfp4wfp4, DType::kF32});
  small.a[0] = 0x2 | 0x4 << 4;  // 1 at column 0, 2 at column 1
  small.b[0] = 0x5 | 0xf << 4;  // 3 at column 0, -6 at column 1
  on_every_variant(small, [&] { EXPECT_EQ(small.f32(0, 0, 0), 3 - 12); });
}

/// Every pair of bytes of e8m0: the sum of exponents decides, not the exponents.
TEST(GemmBatched, ExponentsOfE8m0OverTheirWholeRange) {
  SmallBatched small({1, 1, 64, 1, Format::kAfp4wfp4, DType::kF32});
  small.set_a(0, 0, 40, 6);
  small.set_b(0, 0, 40, 0.5f);
  for (const int a : {0, 1, 3, 4, 5, 127, 250, 251, 252, 253, 254}) {
    small.a_exponent[1] = static_cast<uint8_t>(a);
    small.b_exponent[1] = static_cast<uint8_t>(254 - a);
    on_every_variant(small, [&] { EXPECT_EQ(small.f32(0, 0, 0), 3) << a; });
  }
}

TEST(GemmBatched, ANanScaleIsNanInItsWholeRowOrColumn) {
  SmallBatched small({2, 3, 64, 2, Format::kAfp4wfp4, DType::kF32});  // all zero
  small.a_exponent[1] = 255;                                          // matrix 0, row 0
  small.b_exponent[(3 + 2) * 2] = 255;                                // matrix 1, row 2
  on_every_variant(small, [&] {
    for (int row = 0; row < 2; ++row) {
      for (int col = 0; col < 3; ++col) {
        EXPECT_EQ(std::isnan(small.f32(0, row, col)), row == 0);
        EXPECT_EQ(std::isnan(small.f32(1, row, col)), col == 2);
      }
    }
  });
}

/// The same numbers with the batch inside the rows, as (m, batch, k) and (m, batch, n).
TEST(GemmBatched, TheBatchMayLieInsideTheRows) {
  for (const Format format : kAllFormats) {
    SmallBatched plain({3, 5, 64, 4, format}), inside({3, 5, 64, 4, format});
    for (int batch = 0; batch < 4; ++batch) {
      for (int k = 0; k < 64; ++k) {
        for (int row = 0; row < 3; ++row) {
          const auto value = static_cast<float>((batch * 31 + row * 7 + k) % 5 - 2);
          plain.set_a(batch, row, k, value);
          inside.set(inside.a, inside.p.a_dtype(), (row * 4 + batch) * 64 + k, value);
        }
        for (int row = 0; row < 5; ++row) {
          const auto value = static_cast<float>((batch + row * 3 + k) % 4 - 1);
          plain.set_b(batch, row, k, value);
          inside.set_b(batch, row, k, value);
        }
      }
    }
    inside.args.a.row_stride = 4 * 64;
    inside.args.a.batch_stride = 64;
    inside.args.d.row_stride = 4 * 5;
    inside.args.d.batch_stride = 5;
    Stream stream = Stream::cpu(2).value();
    ASSERT_TRUE(gemm_batched(plain.args, stream).ok());
    ASSERT_TRUE(gemm_batched(inside.args, stream).ok());
    const auto* by_batch = reinterpret_cast<const uint16_t*>(plain.d.data());
    const auto* by_row = reinterpret_cast<const uint16_t*>(inside.d.data());
    for (int i = 0; i < 4 * 3 * 5; ++i) {
      const int batch = i / 15, row = i / 5 % 3, col = i % 5;
      EXPECT_EQ(by_batch[i], by_row[(row * 4 + batch) * 5 + col]);
    }
  }
}

TEST(GemmBatched, TheSameBitsForAnyNumberOfThreads) {
  SmallBatched small({5, 37, 1056, 6, Format::kBf16, DType::kF32});
  uint32_t state = 1;
  const auto next = [&] { return static_cast<float>((state = state * 1664525 + 1013904223) >> 8); };
  for (int64_t i = 0; i < 6 * 5 * 1056; ++i) small.set(small.a, DType::kBf16, i, next() - 0x1p23f);
  for (int64_t i = 0; i < 6 * 37 * 1056; ++i) small.set(small.b, DType::kBf16, i, next() - 0x1p23f);
  std::vector<uint8_t> first;
  for (const int threads : {1, 2, 3, 7}) {
    Stream stream = Stream::cpu(threads).value();
    ASSERT_TRUE(gemm_batched(small.args, stream).ok());
    if (first.empty()) first = small.d;
    EXPECT_EQ(small.d, first) << threads;
  }
}

/// More widened rows than the workspace holds: rows of one matrix, and whole matrices, in turns.
TEST(GemmBatched, SeveralRoundsOfRowsAndOfMatrices) {
  Stream stream = Stream::cpu(3).value();
  for (const auto& [m, batch] : {std::pair{300, 1}, std::pair{8, 40}}) {
    SmallBatched small({m, 2, 65536, batch, Format::kBf16, DType::kF32});
    for (int i = 0; i < batch; ++i) {
      for (int row = 0; row < m; ++row) small.set_a(i, row, 65535, static_cast<float>(row % 7 + 1));
      small.set_b(i, 1, 65535, static_cast<float>(i + 1));
    }
    ASSERT_TRUE(gemm_batched(small.args, stream).ok());
    for (int i = 0; i < batch; ++i) {
      for (int row = 0; row < m; ++row) {
        ASSERT_EQ(small.f32(i, row, 0), 0) << i << " " << row;
        ASSERT_EQ(small.f32(i, row, 1), (row % 7 + 1) * (i + 1)) << i << " " << row;
      }
    }
  }
}

TEST(GemmBatched, NothingToDo) {
  Stream stream = Stream::cpu(2).value();
  for (const Problem& p : {Problem{0, 4, 32, 2}, Problem{3, 0, 32, 2}, Problem{3, 4, 32, 0}}) {
    SmallBatched small(p);
    EXPECT_TRUE(gemm_batched(small.args, stream).ok());
    EXPECT_TRUE(small.untouched());
  }
}

TEST(GemmBatched, ThePlanNamesTheVariantWithoutData) {
  Stream stream = Stream::cpu(2).value();
  SmallBatched small({16, 32, 64, 8, Format::kAfp4wfp4});
  small.args.a.data = small.args.b.data = nullptr;
  const auto plan = plan_gemm_batched(small.args, stream);
  ASSERT_TRUE(plan.ok()) << plan.status().message();
  EXPECT_EQ(plan->variant, gemm::op().fixed_default(stream.device().arch));
  EXPECT_GT(plan->workspace_bytes, 0);
}

}  // namespace
}  // namespace octet
