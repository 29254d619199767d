// gemm_mxfp8 through the public API: results worked out by hand, on every variant that runs here.
#include <gtest/gtest.h>

#include <cmath>

#include "ops/gemm_mxfp8/small_mx_gemm.h"

namespace octet {
namespace {

using testing_mx::fill_varied;
using testing_mx::kMinusOne;
using testing_mx::kNan;
using testing_mx::kOne;
using testing_mx::kScaleNan;
using testing_mx::kThree;
using testing_mx::kTwo;
using testing_mx::runnable_names;
using testing_mx::SmallMxGemm;

class MxGemmTest : public testing::Test {
 protected:
  /// Runs the call as chosen, then with every variant, and looks at the result each time.
  template <class Look>
  void on_every_variant(SmallMxGemm& gemm, Look look) {
    std::vector<std::string> names = runnable_names(gemm.args, stream_);
    ASSERT_GE(names.size(), 2u);
    names.emplace_back("");
    for (const std::string& name : names) {
      SCOPED_TRACE(name.empty() ? "as chosen" : name);
      std::fill(gemm.d.begin(), gemm.d.end(), uint8_t{0xee});
      const Status status = gemm_mxfp8(gemm.args, stream_, {name});
      ASSERT_TRUE(status.ok()) << status.message();
      look();
    }
  }

  Stream stream_ = Stream::cpu(2).value();
};

TEST_F(MxGemmTest, OneElement) {
  SmallMxGemm gemm(1, 1, 32);
  gemm.set_a(0, 0, 32, kOne);
  gemm.set_b(0, 0, 32, kTwo);
  gemm.a_scale = {126};
  gemm.b_scale = {125};
  on_every_variant(gemm, [&] { EXPECT_EQ(gemm.f32(0, 0), 8.0f); });  // 32 * 2 / 8
}

TEST_F(MxGemmTest, EveryBlockOfKHasItsScales) {
  for (const int64_t k : {96, 160, 256}) {
    SmallMxGemm gemm(2, 3, k);
    float expected = 0;
    for (int64_t kb = 0; kb < k / 32; ++kb) {
      gemm.a_scale_at(1, kb) = static_cast<uint8_t>(127 + kb);
      gemm.b_scale_at(2, kb) = static_cast<uint8_t>(129 - 3 * kb);
      gemm.set_a(1, kb * 32 + kb, kb * 32 + kb + 1, kThree);  // one product a block
      gemm.set_b(2, kb * 32, kb * 32 + 32, kb % 2 == 0 ? kOne : kMinusOne);
      expected += std::ldexp(kb % 2 == 0 ? 3.0f : -3.0f, static_cast<int>(2 - 2 * kb));
    }
    on_every_variant(gemm, [&] {
      EXPECT_EQ(gemm.f32(1, 2), expected) << "k = " << k;
      EXPECT_EQ(gemm.f32(0, 2), 0.0f);
      EXPECT_EQ(gemm.f32(1, 1), 0.0f);
    });
  }
}

TEST_F(MxGemmTest, EveryRowHasScalesOfItsOwn) {
  SmallMxGemm gemm(3, 40, 64);
  for (int64_t row = 0; row < 3; ++row) gemm.set_a(row, 32, 64, kOne);
  for (int64_t row = 0; row < 40; ++row) gemm.set_b(row, 32, 33, kOne);
  for (int64_t row = 0; row < 3; ++row) gemm.a_scale_at(row, 1) = static_cast<uint8_t>(127 + row);
  for (int64_t row = 0; row < 40; ++row) gemm.b_scale_at(row, 1) = static_cast<uint8_t>(120 + row);
  on_every_variant(gemm, [&] {
    for (int row = 0; row < 3; ++row) {
      for (int col = 0; col < 40; ++col)
        EXPECT_EQ(gemm.f32(row, col), std::ldexp(1.0f, row + col - 7));
    }
  });
}

TEST_F(MxGemmTest, ANanScaleTakesItsRowOrColumnEvenOnZeros) {
  SmallMxGemm gemm(3, 4, 96);
  for (int64_t row = 0; row < 3; ++row) gemm.set_a(row, 0, 32, kOne);
  for (int64_t row = 0; row < 4; ++row) gemm.set_b(row, 0, 32, kOne);
  gemm.a_scale_at(1, 2) = kScaleNan;  // codes there are zero
  gemm.b_scale_at(3, 0) = kScaleNan;
  on_every_variant(gemm, [&] {
    for (int row = 0; row < 3; ++row) {
      for (int col = 0; col < 4; ++col) {
        if (row == 1 || col == 3) {
          EXPECT_TRUE(std::isnan(gemm.f32(row, col))) << row << " " << col;
        } else {
          EXPECT_EQ(gemm.f32(row, col), 32.0f) << row << " " << col;
        }
      }
    }
  });
}

TEST_F(MxGemmTest, ANanCodeTakesItsRowOrColumn) {
  SmallMxGemm gemm(2, 20, 160);
  gemm.a[static_cast<size_t>(gemm.k + 159)] = kNan;  // the last of row 1
  gemm.b[static_cast<size_t>(17 * gemm.k + 128)] = kNan | 0x80;
  on_every_variant(gemm, [&] {
    for (int row = 0; row < 2; ++row) {
      for (int col = 0; col < 20; ++col) {
        EXPECT_EQ(std::isnan(gemm.f32(row, col)), row == 1 || col == 17) << row << " " << col;
      }
    }
  });
}

TEST_F(MxGemmTest, EveryScaleByteThatIsNotNan) {
  for (int byte = 0; byte < 255; ++byte) {
    SmallMxGemm gemm(2, 17, 64);
    gemm.set_a(1, 0, 32, kThree);
    gemm.set_b(16, 0, 2, kOne);
    gemm.set_a(1, 33, 34, kOne);  // beside it a block with scales of one
    gemm.set_b(16, 33, 34, kTwo);
    gemm.a_scale_at(1, 0) = static_cast<uint8_t>(byte);
    gemm.b_scale_at(16, 0) = static_cast<uint8_t>(254 - byte);
    on_every_variant(gemm, [&] {
      EXPECT_EQ(gemm.f32(1, 16), 8.0f) << "byte " << byte;  // 2 * 3 + 2
      EXPECT_EQ(gemm.f32(0, 0), 0.0f);
    });
  }
}

TEST_F(MxGemmTest, ZeroBlocksMayHaveAnyScale) {
  for (const uint8_t byte : {0, 1, 52, 200, 254}) {
    SmallMxGemm gemm(2, 18, 96);
    for (int64_t row = 0; row < 2; ++row) gemm.set_a(row, 0, 32, kOne);
    for (int64_t row = 0; row < 18; ++row) gemm.set_b(row, 0, 96, kTwo);
    for (int64_t row = 0; row < 2; ++row) gemm.a_scale_at(row, 2) = byte;
    for (int64_t i = 32; i < 96; ++i) gemm.b[static_cast<size_t>(5 * gemm.k + i)] = 0x80;  // -0
    gemm.b_scale_at(5, 1) = byte;
    on_every_variant(gemm, [&] {
      for (int col = 0; col < 18; ++col) EXPECT_EQ(gemm.f32(1, col), 64.0f) << col << " " << +byte;
    });
  }
}

TEST_F(MxGemmTest, StridesBetweenRowsOfEverything) {
  SmallMxGemm gemm(2, 3, 64);
  std::vector<uint8_t> a(2 * 100, kThree), b(3 * 70, kThree);
  std::vector<uint8_t> a_scale(2 * 5, 1), b_scale(3 * 4, 1);
  std::vector<float> d(2 * 7, -7.0f);
  for (size_t i = 0; i < 64; ++i) {
    a[i] = kOne;
    a[100 + i] = kTwo;
    for (size_t row = 0; row < 3; ++row) b[row * 70 + i] = row == 2 ? kMinusOne : kOne;
  }
  for (const size_t at : {0, 1, 5, 6}) a_scale[at] = 127;
  for (const size_t at : {0, 1, 4, 5, 8, 9}) b_scale[at] = 128;
  gemm.args.a = {a.data(), DType::kE4m3fn, 2, 64, 100};
  gemm.args.b = {b.data(), DType::kE4m3fn, 3, 64, 70};
  gemm.args.a_scale = {a_scale.data(), DType::kE8m0, 2, 2, 5};
  gemm.args.b_scale = {b_scale.data(), DType::kE8m0, 3, 2, 4};
  gemm.args.d = {d.data(), DType::kF32, 2, 3, 7};
  on_every_variant(gemm, [&] {
    EXPECT_EQ(d[0], 128.0f);
    EXPECT_EQ(d[2], -128.0f);
    EXPECT_EQ(d[3], -7.0f) << "between the rows";
    EXPECT_EQ(d[7], 256.0f);
    EXPECT_EQ(d[9], -256.0f);
    EXPECT_EQ(d[10], -7.0f) << "behind the last row";
  });
}

TEST_F(MxGemmTest, NothingToDoIsFineAndNeedsNoMemory) {
  for (const auto& [m, n] : {std::pair<int64_t, int64_t>{0, 64}, {64, 0}, {0, 0}}) {
    SmallMxGemm gemm(m, n, 96);
    gemm.args.a.data = gemm.args.b.data = gemm.args.d.data = nullptr;
    gemm.args.a_scale.data = gemm.args.b_scale.data = nullptr;
    const Status status = gemm_mxfp8(gemm.args, stream_);
    EXPECT_TRUE(status.ok()) << m << " " << n << ": " << status.message();
  }
}

TEST_F(MxGemmTest, SameBitsAHundredTimesAndForAnyNumberOfThreads) {
  for (const int64_t m : {1, 3, 40}) {
    SmallMxGemm gemm(m, 200, 672);
    fill_varied(gemm);
    gemm.b_scale_at(77, 3) = 0;
    gemm.a_scale_at(m / 2, 5) = 254;
    for (const std::string& name : runnable_names(gemm.args, stream_)) {
      std::vector<uint8_t> first;
      for (int run = 0; run < (name == "generic_ref" ? 5 : 100); ++run) {
        Stream stream = Stream::cpu(1 + run % 5).value();
        std::fill(gemm.d.begin(), gemm.d.end(), uint8_t{0xee});
        ASSERT_TRUE(gemm_mxfp8(gemm.args, stream, {name}).ok());
        if (first.empty()) first = gemm.d;
        ASSERT_EQ(gemm.d, first) << name << ", m = " << m << ", run " << run;
      }
    }
  }
}

}  // namespace
}  // namespace octet
