// OCP weights for gfx942: every code, every layout of scales, and whole products bit for bit.
#include "octet/fnuz.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "device/stand_in.h"
#include "src/core/formats.h"
#include "tests/ops/gemm_blockscale/small_gemm.h"

namespace octet {
namespace {

struct Fnuz {
  explicit Fnuz(int64_t rows_in = 16, int64_t cols_in = 16, int64_t scale_rows = 1,
                int64_t scale_cols = 1)
      : rows(rows_in),
        cols(cols_in),
        ocp(static_cast<size_t>(rows * cols)),
        fnuz(ocp.size(), 0xee),
        ocp_scale(static_cast<size_t>(scale_rows * scale_cols), 0.75f),
        fnuz_scale(ocp_scale.size(), -1) {
    std::iota(ocp.begin(), ocp.end(), uint8_t{0});
    args = {{ocp.data(), DType::kE4m3fn, rows, cols},
            {fnuz.data(), DType::kE4m3fnuz, rows, cols},
            {ocp_scale.data(), scale_rows, scale_cols},
            fnuz_scale.data()};
  }
  Status run(int threads = 1) {
    Stream stream = Stream::cpu(threads).value();
    return fnuz_from_ocp(args, stream);
  }
  /// The refusal, with nothing written.
  std::string refusal() {
    const Status status = run();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    for (const uint8_t code : fnuz) EXPECT_EQ(code, 0xee);
    for (const float scale : fnuz_scale) EXPECT_EQ(scale, -1);
    return status.message();
  }

  int64_t rows, cols;
  std::vector<uint8_t> ocp, fnuz;
  std::vector<float> ocp_scale, fnuz_scale;
  FnuzArgs args;
};

TEST(FnuzFromOcp, EveryCodeKeepsItsValueUnderTheDoubledScale) {
  Fnuz all;
  ASSERT_TRUE(all.run().ok());
  EXPECT_EQ(all.fnuz_scale[0], 1.5f);
  int nans = 0;
  for (uint32_t code = 0; code < 256; ++code) {
    const float before = decode(kE4m3fnFormat, code) * all.ocp_scale[0];
    const float after = decode(kE4m3fnuzFormat, all.fnuz[code]) * all.fnuz_scale[0];
    if (std::isnan(before)) {
      EXPECT_TRUE(std::isnan(after)) << code;
      ++nans;
    } else {
      EXPECT_EQ(before, after) << code;
      EXPECT_FALSE(std::signbit(after) && after == 0) << code << " there is no -0";
    }
  }
  EXPECT_EQ(nans, 2);
  EXPECT_EQ(all.fnuz[0x80], 0x00);
  EXPECT_EQ(all.fnuz[0x7f], 0x80);
  EXPECT_EQ(all.fnuz[0xff], 0x80);
  EXPECT_EQ(all.fnuz[0x7e], 0x7e) << "448 is 224 times two";
}

TEST(FnuzFromOcp, InPlaceAndForAnyNumberOfThreads) {
  Fnuz apart(33, 77);
  ASSERT_TRUE(apart.run().ok());
  for (const int threads : {1, 2, 5, 64}) {
    Fnuz in_place(33, 77);
    in_place.args.fnuz.data = in_place.ocp.data();
    in_place.args.fnuz_scale = in_place.ocp_scale.data();
    ASSERT_TRUE(in_place.run(threads).ok());
    EXPECT_EQ(in_place.ocp, apart.fnuz) << threads;
    EXPECT_EQ(in_place.ocp_scale, apart.fnuz_scale);
  }
}

TEST(FnuzFromOcp, WhatLiesBetweenRowsAndScalesIsLeftAlone) {
  Fnuz wide(4, 16, 4, 1);
  wide.args.ocp.cols = wide.args.fnuz.cols = 10;
  wide.args.ocp.row_stride = wide.args.fnuz.row_stride = 16;
  wide.args.ocp_scale = {wide.ocp_scale.data(), 2, 1, 2, 1};  // every other one
  ASSERT_TRUE(wide.run().ok());
  for (size_t i = 0; i < wide.fnuz.size(); ++i) {
    EXPECT_EQ(wide.fnuz[i], i % 16 < 10 ? static_cast<uint8_t>(i) : 0xee) << i;
  }
  EXPECT_EQ(wide.fnuz_scale, (std::vector<float>{1.5f, -1, 1.5f, -1}));
}

TEST(FnuzFromOcp, SpecialScales) {
  Fnuz special(1, 16, 1, 5);
  const float infinity = std::numeric_limits<float>::infinity(), least = 0x1p-149f;
  special.ocp_scale = {0, -infinity, least, 0x1.fffffep126f, std::nanf("")};
  special.args.ocp_scale.data = special.ocp_scale.data();
  ASSERT_TRUE(special.run().ok());
  EXPECT_EQ(special.fnuz_scale[0], 0);
  EXPECT_EQ(special.fnuz_scale[1], -infinity);
  EXPECT_EQ(special.fnuz_scale[2], 2 * least) << "exact where it is no normal number";
  EXPECT_EQ(special.fnuz_scale[3], 0x1.fffffep127f);
  EXPECT_TRUE(std::isnan(special.fnuz_scale[4]));
}

/// The results of a product as bits, every NaN the same one: e4m3fnuz has no sign for it.
std::vector<uint32_t> bits_of(const testing_gemm::SmallGemm& gemm, int64_t& nans) {
  const DType type = gemm.args.d.dtype;
  const uint32_t infinity = type == DType::kF32    ? 0x7f800000u
                            : type == DType::kBf16 ? 0x7f80u
                                                   : 0x7c00u;
  const uint32_t magnitude = type == DType::kF32 ? 0x7fffffffu : 0x7fffu;
  std::vector<uint32_t> bits;
  for (int64_t i = 0; i < gemm.m * gemm.n; ++i) {
    uint32_t value = 0;
    std::memcpy(&value, gemm.d.data() + i * size_of(type), static_cast<size_t>(size_of(type)));
    const bool nan = (value & magnitude) > infinity;
    nans += nan;
    bits.push_back(nan ? magnitude : value);
  }
  return bits;
}

/// The reference of a whole product, all codes and both zeros in it, before and after.
TEST(FnuzFromOcp, ABlockscaleProductIsTheSameBitForBit) {
  for (const DType type : {DType::kF32, DType::kBf16, DType::kF16}) {
    testing_gemm::SmallGemm ocp(5, 200, 384, type), fnuz(5, 200, 384, type);
    fill_varied(ocp);
    fill_varied(fnuz);
    for (auto* gemm : {&ocp, &fnuz}) {
      gemm->set_b(3, 0, 384, 0x80);  // a row of -0
      gemm->set_b(7, 10, 11, 0x7f);  // and two with a NaN
      gemm->set_b(150, 383, 384, 0xff);
    }
    Stream stream = Stream::cpu(2).value();
    const auto convert = [&](std::vector<uint8_t>& codes, ConstMatrix& matrix,
                             std::vector<float>& scales, ScaleMatrix& scale) {
      FnuzArgs args{
          matrix, {codes.data(), DType::kE4m3fnuz, matrix.rows, matrix.cols}, scale, scales.data()};
      ASSERT_TRUE(fnuz_from_ocp(args, stream).ok());
      matrix.dtype = DType::kE4m3fnuz;
    };
    convert(fnuz.a, fnuz.args.a, fnuz.a_scale, fnuz.args.a_scale);
    convert(fnuz.b, fnuz.args.b, fnuz.b_scale, fnuz.args.b_scale);
    ASSERT_TRUE(gemm_blockscale(ocp.args, stream, {"generic_ref"}).ok());
    ASSERT_TRUE(gemm_blockscale(fnuz.args, stream, {"generic_ref"}).ok());
    int64_t nans = 0;
    EXPECT_EQ(bits_of(ocp, nans), bits_of(fnuz, nans));
    EXPECT_EQ(nans, 2 * 5 * 2) << "two columns of d, before and after";
    EXPECT_NE(ocp.a, fnuz.a) << "a -0 or so was in it";
  }
}

/// A scale a channel: b[n,:] * scale[n], one value of k after the other in double.
TEST(FnuzFromOcp, APerChannelProductIsTheSameBitForBit) {
  Fnuz weights(64, 96, 64, 1);
  for (size_t i = 0; i < weights.ocp_scale.size(); ++i) {
    weights.ocp_scale[i] = 0.013f * static_cast<float>(i + 1);
  }
  ASSERT_TRUE(weights.run(3).ok());
  const auto product = [&](const Minifloat& format, const std::vector<uint8_t>& codes,
                           const std::vector<float>& scales, size_t n) {
    double sum = 0;
    for (size_t k = 0; k < 96; ++k) {
      sum += (0.37 * static_cast<double>(k) - 11) * decode(format, codes[n * 96 + k]);
    }
    return static_cast<float>(sum * scales[n]);
  };
  int numbers = 0;
  for (size_t n = 0; n < 64; ++n) {
    const float before = product(kE4m3fnFormat, weights.ocp, weights.ocp_scale, n);
    const float after = product(kE4m3fnuzFormat, weights.fnuz, weights.fnuz_scale, n);
    EXPECT_EQ(std::isnan(before), std::isnan(after)) << n;
    if (std::isnan(before)) continue;
    EXPECT_EQ(std::bit_cast<uint32_t>(before), std::bit_cast<uint32_t>(after)) << n;
    ++numbers;
  }
  EXPECT_GE(numbers, 10);
}

TEST(FnuzFromOcp, RefusalsNameArgumentValueAndLimit) {
  const auto refused = [](auto change) {
    Fnuz call;
    change(call);
    return call.refusal();
  };
  EXPECT_EQ(refused([](Fnuz& f) { f.args.ocp.dtype = DType::kE4m3fnuz; }),
            "fnuz_from_ocp: ocp.dtype = e4m3fnuz, must be e4m3fn");
  EXPECT_EQ(refused([](Fnuz& f) { f.args.fnuz.dtype = DType::kE4m3fn; }),
            "fnuz_from_ocp: fnuz.dtype = e4m3fn, must be e4m3fnuz");
  EXPECT_EQ(refused([](Fnuz& f) { f.args.ocp.rows = -1; }),
            "fnuz_from_ocp: ocp.rows = -1, must be 0 to 2^31 - 1");
  EXPECT_EQ(refused([](Fnuz& f) { f.args.ocp.cols = int64_t{1} << 31; }),
            "fnuz_from_ocp: ocp.cols = 2147483648, must be 0 to 2^31 - 1");
  EXPECT_EQ(refused([](Fnuz& f) { f.args.fnuz.rows = 15; }),
            "fnuz_from_ocp: fnuz is (15, 16), must be (16, 16)");
  EXPECT_EQ(refused([](Fnuz& f) { f.args.ocp.row_stride = 15; }),
            "fnuz_from_ocp: ocp.row_stride = 15, must be at least its 16 columns");
  EXPECT_EQ(refused([](Fnuz& f) { f.args.fnuz.row_stride = 1; }),
            "fnuz_from_ocp: fnuz.row_stride = 1, must be at least its 16 columns");
  EXPECT_EQ(refused([](Fnuz& f) { f.args.ocp.data = nullptr; }),
            "fnuz_from_ocp: ocp and fnuz must not be null");
  EXPECT_EQ(refused([](Fnuz& f) {
              f.args.fnuz.data = f.ocp.data();
              f.args.fnuz.row_stride = 17;
            }),
            "fnuz_from_ocp: fnuz.row_stride = 17 in the memory of ocp, must be 16");
  EXPECT_EQ(refused([](Fnuz& f) { f.args.ocp_scale.rows = -2; }),
            "fnuz_from_ocp: ocp_scale is (-2, 1), must not be negative");
  EXPECT_EQ(refused([](Fnuz& f) { f.args.fnuz_scale = nullptr; }),
            "fnuz_from_ocp: ocp_scale and fnuz_scale must not be null");
  EXPECT_EQ(refused([](Fnuz& f) { f.ocp_scale[0] = 0x1p127f; }),
            "fnuz_from_ocp: ocp_scale[0, 0] = 1.7014118e+38, its double must be finite");
}

TEST(FnuzFromOcp, NothingIsNothing) {
  Stream stream = Stream::cpu(1).value();
  FnuzArgs none;
  none.ocp.dtype = DType::kE4m3fn;
  none.fnuz.dtype = DType::kE4m3fnuz;
  EXPECT_TRUE(fnuz_from_ocp(none, stream).ok());
}

class FnuzGpuTest : public stand_in::StandInTest {};

TEST_F(FnuzGpuTest, MemoryOfAGpuIsRefused) {
  Fnuz call;
  Stream gpu = Stream::gpu(0).value();
  const Status status = fnuz_from_ocp(call.args, gpu);
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(),
            "fnuz_from_ocp: on a GPU stream; it converts memory of the host on a CPU stream");
  EXPECT_EQ(call.fnuz[0], 0xee);
}

}  // namespace
}  // namespace octet
