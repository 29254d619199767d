// Packed weights: the documented place of every byte, and the refusals.
#include "src/cpu/pack.h"

#include <gtest/gtest.h>

#include "octet/gemm_blockscale.h"

namespace octet {
namespace {

TEST(PackedBytes, RowsAreRoundedUpTo32) {
  EXPECT_EQ(gemm_blockscale_packed_bytes(0, 128).value(), 0);
  EXPECT_EQ(gemm_blockscale_packed_bytes(1, 128).value(), 4096);
  EXPECT_EQ(gemm_blockscale_packed_bytes(32, 128).value(), 4096);
  EXPECT_EQ(gemm_blockscale_packed_bytes(33, 384).value(), 24576);
}

TEST(PackedBytes, ErrorsNameTheValue) {
  const auto message = [](int64_t n, int64_t k) {
    const auto bytes = gemm_blockscale_packed_bytes(n, k);
    EXPECT_EQ(bytes.status().code(), StatusCode::kInvalidArgument);
    return bytes.status().message();
  };
  const std::string name = "gemm_blockscale_packed_bytes: ";
  EXPECT_EQ(message(-1, 128), name + "n = -1, must be 0 to 2^31 - 1");
  EXPECT_EQ(message(int64_t{1} << 62, 128),
            name + "n = 4611686018427387904, must be 0 to 2^31 - 1");
  EXPECT_EQ(message(32, 0), name + "k = 0, must be a multiple of 128, at least 128");
  EXPECT_EQ(message(32, 192), name + "k = 192, must be a multiple of 128, at least 128");
}

/// Every byte differs from its neighbours in n and in k.
uint8_t code_at(int64_t n, int64_t k) { return static_cast<uint8_t>(n * 37 + k * 11 + k / 128); }

TEST(Pack, EveryByteIsWhereTheFormulaSays) {
  constexpr int64_t kN = 70, kK = 384, kStride = 400;
  std::vector<uint8_t> b(kN * kStride, 0xdd);
  for (int64_t n = 0; n < kN; ++n) {
    for (int64_t k = 0; k < kK; ++k) b[static_cast<size_t>(n * kStride + k)] = code_at(n, k);
  }
  for (const int threads : {1, 2, 5}) {
    Stream stream = Stream::cpu(threads).value();
    std::vector<uint8_t> packed(96 * kK + 64, 0xcc);
    const ConstMatrix matrix{b.data(), DType::kE4m3fn, kN, kK, kStride};
    ASSERT_TRUE(gemm_blockscale_pack_b(matrix, packed.data(), stream).ok());
    for (int64_t n = 0; n < 96; ++n) {
      for (int64_t k = 0; k < kK; ++k) {
        // Blocks of 32 rows x 128 of k, 4096 bytes each, row blocks outermost; inside, two halves
        // of 64 of k, each with its 32 rows of 64 bytes.
        const int64_t block = n / 32 * 3 + k / 128;
        const int64_t inside = k % 128 / 64 * 2048 + n % 32 * 64 + k % 64;
        const int expected = n < kN ? code_at(n, k) : 0;
        ASSERT_EQ(packed[static_cast<size_t>(block * 4096 + inside)], expected)
            << "n " << n << " k " << k << ", " << threads << " threads";
      }
    }
    for (size_t i = 96 * kK; i < packed.size(); ++i) ASSERT_EQ(packed[i], 0xcc);
  }
}

TEST(Pack, Refusals) {
  Stream stream = Stream::cpu(1).value();
  std::vector<uint8_t> b(32 * 128, 1), packed(4096, 0xcc);
  const auto message = [&](const ConstMatrix& matrix, void* to) {
    const Status status = gemm_blockscale_pack_b(matrix, to, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.message();
  };
  const std::string name = "gemm_blockscale_pack_b: ";
  EXPECT_EQ(message({b.data(), DType::kF16, 32, 128}, packed.data()),
            name + "b.dtype = f16, must be 8-bit codes");
  EXPECT_EQ(message({b.data(), DType::kE4m3fn, 32, 128, 100}, packed.data()),
            name + "row_stride = 100 under 128 columns");
  EXPECT_EQ(message({nullptr, DType::kE4m3fn, 32, 128}, packed.data()),
            name + "b and packed must not be null");
  EXPECT_EQ(message({b.data(), DType::kE4m3fn, 32, 128}, nullptr),
            name + "b and packed must not be null");
  EXPECT_EQ(message({b.data(), DType::kE4m3fn, 32, 100}, packed.data()),
            "gemm_blockscale_packed_bytes: k = 100, must be a multiple of 128, at least 128");
  EXPECT_EQ(packed, std::vector<uint8_t>(4096, 0xcc));
  EXPECT_TRUE(gemm_blockscale_pack_b({nullptr, DType::kE4m3fn, 0, 128}, nullptr, stream).ok());
}

TEST(Pack, PackedWeightsGiveTheBitsOfRowMajorOnes) {
  constexpr int64_t kM = 2, kN = 45, kK = 256;
  std::vector<uint8_t> a(kM * kK), b(kN * kK), packed(64 * kK);
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<uint8_t>(i * 7 % 0x7f);
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<uint8_t>(i * 13 % 0x7f | (i & 0x80));
  const std::vector<float> a_scale{1, 0.5, 0.25, 2}, b_scale{0.125, 0.75};
  std::vector<float> row_major(kM * kN), from_packed(kM * kN);
  Stream stream = Stream::cpu(2).value();
  GemmBlockscaleArgs args;
  args.a = {a.data(), DType::kE4m3fn, kM, kK};
  args.b = {b.data(), DType::kE4m3fn, kN, kK};
  args.a_scale = {a_scale.data(), kM, 2};
  args.b_scale = {b_scale.data(), 1, 2};
  args.d = {row_major.data(), DType::kF32, kM, kN};
  ASSERT_TRUE(gemm_blockscale(args, stream, {"generic_ref"}).ok());
  ASSERT_TRUE(gemm_blockscale_pack_b(args.b, packed.data(), stream).ok());
  args.b.data = packed.data();
  args.b_layout = WeightLayout::kPacked;
  args.d.data = from_packed.data();
  ASSERT_TRUE(gemm_blockscale(args, stream, {"generic_ref"}).ok());
  EXPECT_EQ(from_packed, row_major);
  EXPECT_NE(row_major[0], 0.0f);
}

}  // namespace
}  // namespace octet
