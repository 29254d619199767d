// gemm_blockscale through the public API: results worked out by hand, on every variant that runs
// here.
#include <gtest/gtest.h>

#include <thread>

#include "ops/gemm_blockscale/small_gemm.h"

namespace octet {
namespace {

using testing_gemm::fill_varied;
using testing_gemm::kHalf;
using testing_gemm::kMinusOne;
using testing_gemm::kOne;
using testing_gemm::kThree;
using testing_gemm::kTwo;
using testing_gemm::runnable_names;
using testing_gemm::SmallGemm;

class GemmTest : public testing::Test {
 protected:
  /// Runs the call as chosen, then with every variant, and looks at the result each time.
  template <class Look>
  void on_every_variant(SmallGemm& gemm, Look look) {
    std::vector<std::string> names = runnable_names(gemm.args, stream_);
    ASSERT_GE(names.size(), 2u);
    names.emplace_back("");
    for (const std::string& name : names) {
      SCOPED_TRACE(name.empty() ? "as chosen" : name);
      std::fill(gemm.d.begin(), gemm.d.end(), uint8_t{0xee});
      const Status status = gemm_blockscale(gemm.args, stream_, {name});
      ASSERT_TRUE(status.ok()) << status.message();
      look();
    }
  }

  Stream stream_ = Stream::cpu(2).value();
};

TEST_F(GemmTest, OneElement) {
  SmallGemm gemm(1, 1, 128);
  gemm.set_a(0, 0, 128, kOne);
  gemm.set_b(0, 0, 128, kTwo);
  gemm.a_scale = {0.5f};
  gemm.b_scale = {0.25f};
  on_every_variant(gemm, [&] { EXPECT_EQ(gemm.f32(0, 0), 32.0f); });  // 128 * 2 / 8
}

TEST_F(GemmTest, EveryBlockOfKHasItsScales) {
  SmallGemm gemm(1, 1, 384);
  gemm.set_a(0, 0, 128, kOne);  // 128 * 1 * 1 * (1 * 1)
  gemm.set_b(0, 0, 128, kOne);
  gemm.set_a(0, 128, 256, kTwo);  // 128 * 2 * -1 * (3 * 0.5) = -384
  gemm.set_b(0, 128, 256, kMinusOne);
  gemm.set_a(0, 383, 384, kThree);  // the last product: 3 * 0.5 * (8 * 16) = 192
  gemm.set_b(0, 383, 384, kHalf);
  gemm.a_scale = {1, 3, 8};
  gemm.b_scale = {1, 0.5, 16};
  on_every_variant(gemm, [&] { EXPECT_EQ(gemm.f32(0, 0), -64.0f); });
}

TEST_F(GemmTest, RowsColumnsAndTheirScalesKeepTheirPlaces) {
  SmallGemm gemm(3, 2, 256);
  for (int64_t row = 0; row < 3; ++row) gemm.set_a(row, 0, 256, kOne);
  gemm.set_b(0, 0, 128, kOne);    // column 0 sees the first block only
  gemm.set_b(1, 128, 256, kTwo);  // column 1 the second
  gemm.a_scale = {1, 10, 2, 20, 3, 30};
  gemm.b_scale = {0.5, 0.25};
  on_every_variant(gemm, [&] {
    EXPECT_EQ(gemm.f32(0, 0), 64.0f);  // 128 * 1 * 0.5
    EXPECT_EQ(gemm.f32(1, 0), 128.0f);
    EXPECT_EQ(gemm.f32(2, 0), 192.0f);
    EXPECT_EQ(gemm.f32(0, 1), 640.0f);  // 128 * 2 * 10 * 0.25
    EXPECT_EQ(gemm.f32(1, 1), 1280.0f);
    EXPECT_EQ(gemm.f32(2, 1), 1920.0f);
  });
}

TEST_F(GemmTest, AScaleColumnMajorGivesTheSame) {
  SmallGemm gemm(3, 1, 256);
  for (int64_t row = 0; row < 3; ++row) gemm.set_a(row, 0, 256, kOne);
  gemm.set_b(0, 0, 256, kOne);
  gemm.a_scale = {1, 2, 3, 0.25, 0.5, 0.75};  // (block 0 of rows 0 1 2), (block 1 of rows 0 1 2)
  gemm.args.a_scale.row_stride = 1;
  gemm.args.a_scale.col_stride = 3;
  on_every_variant(gemm, [&] {
    EXPECT_EQ(gemm.f32(0, 0), 160.0f);  // 128 * (1 + 0.25)
    EXPECT_EQ(gemm.f32(1, 0), 320.0f);
    EXPECT_EQ(gemm.f32(2, 0), 480.0f);
  });
}

TEST_F(GemmTest, ColumnsBeyond128TakeTheNextRowOfBScale) {
  SmallGemm gemm(1, 257, 128);
  gemm.set_a(0, 0, 128, kOne);
  for (int64_t row = 0; row < 257; ++row) gemm.set_b(row, 5, 6, kOne);
  gemm.b_scale = {1, 2, 4};
  on_every_variant(gemm, [&] {
    EXPECT_EQ(gemm.f32(0, 0), 1.0f);
    EXPECT_EQ(gemm.f32(0, 127), 1.0f);
    EXPECT_EQ(gemm.f32(0, 128), 2.0f);
    EXPECT_EQ(gemm.f32(0, 255), 2.0f);
    EXPECT_EQ(gemm.f32(0, 256), 4.0f);
  });
}

TEST_F(GemmTest, ResultsAreRoundedOnceToNearestEven) {
  for (const DType type : {DType::kBf16, DType::kF16}) {
    SmallGemm gemm(1, 4, 384, type);
    gemm.set_a(0, 0, 384, kOne);
    gemm.set_b(0, 0, 257, kOne);       // 257: bf16 has 256 and 258, to even: 256
    gemm.set_b(1, 0, 259, kOne);       // 259: bf16 has 258 and 260, to even: 260
    gemm.set_b(2, 0, 1, kMinusOne);    // -1
    gemm.set_b(3, 0, 384, kMinusOne);  // -384
    on_every_variant(gemm, [&] {
      const bool bf16 = type == DType::kBf16;
      EXPECT_EQ(gemm.half(0, 0), bf16 ? 0x4380 : 0x5c04);
      EXPECT_EQ(gemm.half(0, 1), bf16 ? 0x4382 : 0x5c0c);
      EXPECT_EQ(gemm.half(0, 2), bf16 ? 0xbf80 : 0xbc00);
      EXPECT_EQ(gemm.half(0, 3), bf16 ? 0xc3c0 : 0xde00);
    });
  }
}

TEST_F(GemmTest, BeyondTheRangeOfF16IsInfinity) {
  SmallGemm gemm(1, 2, 128, DType::kF16);
  gemm.set_a(0, 0, 128, kOne);
  gemm.set_b(0, 0, 128, kOne);
  gemm.set_b(1, 0, 128, kMinusOne);
  gemm.a_scale = {1024};  // 131072
  on_every_variant(gemm, [&] {
    EXPECT_EQ(gemm.half(0, 0), 0x7c00);
    EXPECT_EQ(gemm.half(0, 1), 0xfc00);
  });
}

TEST_F(GemmTest, TheFnuzKindHasItsOwnValues) {
  SmallGemm gemm(2, 1, 128);
  gemm.args.a.dtype = gemm.args.b.dtype = DType::kE4m3fnuz;
  gemm.set_a(0, 0, 4, 0x38);  // 0.5 in e4m3fnuz
  gemm.set_a(1, 0, 4, 0x7f);  // 240
  gemm.set_b(0, 0, 4, 0xc0);  // -1
  on_every_variant(gemm, [&] {
    EXPECT_EQ(gemm.f32(0, 0), -2.0f);
    EXPECT_EQ(gemm.f32(1, 0), -960.0f);
  });
}

TEST_F(GemmTest, StridesBetweenRows) {
  constexpr int64_t kN = 5, kStride = 9;
  SmallGemm gemm(2, kN, 128);
  std::vector<uint8_t> a(2 * 200, kThree), b(kN * 150, kThree);
  std::vector<float> d(2 * kStride, -7.0f);
  for (size_t i = 0; i < 128; ++i) {
    a[i] = kOne;
    a[200 + i] = kTwo;
    for (size_t row = 0; row < kN; ++row) b[row * 150 + i] = row == 4 ? kMinusOne : kOne;
  }
  gemm.args.a = {a.data(), DType::kE4m3fn, 2, 128, 200};
  gemm.args.b = {b.data(), DType::kE4m3fn, kN, 128, 150};
  gemm.args.d = {d.data(), DType::kF32, 2, kN, kStride};
  on_every_variant(gemm, [&] {
    EXPECT_EQ(d[0], 128.0f);
    EXPECT_EQ(d[4], -128.0f);
    EXPECT_EQ(d[5], -7.0f) << "between the rows";
    EXPECT_EQ(d[8], -7.0f);
    EXPECT_EQ(d[9], 256.0f);
    EXPECT_EQ(d[13], -256.0f);
    EXPECT_EQ(d[14], -7.0f) << "behind the last row";
  });
}

TEST_F(GemmTest, NothingToDoIsFineAndNeedsNoMemory) {
  for (const auto& [m, n] : {std::pair<int64_t, int64_t>{0, 64}, {64, 0}, {0, 0}}) {
    SmallGemm gemm(m, n, 256);
    gemm.args.a.data = gemm.args.b.data = gemm.args.d.data = nullptr;
    gemm.args.a_scale.data = gemm.args.b_scale.data = nullptr;
    const Status status = gemm_blockscale(gemm.args, stream_);
    EXPECT_TRUE(status.ok()) << m << " " << n << ": " << status.message();
  }
}

TEST_F(GemmTest, SameBitsTwiceAndForAnyNumberOfThreads) {
  for (const int64_t m : {1, 3, 40}) {
    SmallGemm gemm(m, 200, 640);
    fill_varied(gemm);
    for (const std::string& name : runnable_names(gemm.args, stream_)) {
      std::vector<uint8_t> first;
      for (const int threads : {1, 1, 2, 3, 5}) {
        Stream stream = Stream::cpu(threads).value();
        std::fill(gemm.d.begin(), gemm.d.end(), uint8_t{0xee});
        ASSERT_TRUE(gemm_blockscale(gemm.args, stream, {name}).ok());
        if (first.empty()) first = gemm.d;
        EXPECT_EQ(gemm.d, first) << name << ", m = " << m << ", " << threads << " threads";
      }
    }
  }
}

TEST_F(GemmTest, CallsOnStreamsOfTheirOwnAtOnce) {
  SmallGemm expected(5, 130, 512, DType::kBf16);
  fill_varied(expected);
  ASSERT_TRUE(gemm_blockscale(expected.args, stream_).ok());
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&expected, &wrong, caller] {
      Stream stream = Stream::cpu(2).value();
      SmallGemm mine(5, 130, 512, DType::kBf16);
      fill_varied(mine);
      for (int i = 0; i < 20; ++i) {
        std::fill(mine.d.begin(), mine.d.end(), static_cast<uint8_t>(caller));
        if (!gemm_blockscale(mine.args, stream).ok() || mine.d != expected.d) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace octet
