// attn_merge_states on a GPU, on the stand-in: what a launch passes, and refusals.
#include "device/stand_in.h"
#include "octet/attn_decode.h"
#include "src/core/formats.h"

namespace octet::ops::attn_decode {
namespace {

using stand_in::control;

class AttnMergeCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(0).value());
    if (merge(DType::kF32, DType::kF32).status.code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    control().reset();
  }

  struct Outcome {
    Status status;
    std::vector<double> out;  // (5, 3), rows of 4 in memory
    std::vector<float> lse;
  };
  /// 2 parts of 5 rows of 3, 20 elements from one part to the next: 1 + 4 * row and 5 - row.
  Outcome merge(DType in, DType out_dtype) {
    std::vector<float> wide(40);
    for (int64_t i = 0; i < 30; ++i) {
      const int64_t part = i / 15, row = i % 15 / 3;
      wide[static_cast<size_t>(part * 20 + i % 15)] =
          static_cast<float>(part == 0 ? 1 + 4 * row : 5 - row);
    }
    std::vector<uint16_t> narrow(40);
    for (size_t i = 0; i < 40; ++i) {
      narrow[i] = in == DType::kBf16
                      ? encode_bf16(wide[i])
                      : static_cast<uint16_t>(encode(kF16Format, wide[i], Overflow::kSpecial));
    }
    std::vector<float> lse{0, 0, 1, -INFINITY, -INFINITY, 0, -INFINITY, 1, 2, -INFINITY};
    const void* parts = in == DType::kF32 ? static_cast<const void*>(wide.data()) : narrow.data();
    AttnMergeArgs args{parts, in, 2, 5, 3, 20, lse.data()};
    std::vector<float> out(20, 7);
    args.out = {out.data(), out_dtype, 5, 3, 4};
    Outcome outcome;
    outcome.lse.resize(5);
    args.out_lse = outcome.lse.data();
    outcome.status = attn_merge_states(args, *stream_);
    for (size_t row = 0; row < 5; ++row) {
      for (size_t d = 0; d < 3; ++d) {
        const size_t at = row * 4 + d;
        const uint16_t code = reinterpret_cast<const uint16_t*>(out.data())[at];
        outcome.out.push_back(static_cast<double>(
            out_dtype == DType::kF32    ? out[at]
            : out_dtype == DType::kBf16 ? decode_bf16(code)
                                        : static_cast<float>(decode(kF16Format, code))));
      }
    }
    return outcome;
  }
  std::unique_ptr<Stream> stream_;
};

TEST_F(AttnMergeCudaTest, EveryTypeOfPartsAndOfOut) {
  for (const DType in : {DType::kF32, DType::kBf16, DType::kF16}) {
    for (const DType out : {DType::kF32, DType::kBf16, DType::kF16}) {
      const Outcome outcome = merge(in, out);
      ASSERT_TRUE(outcome.status.ok()) << outcome.status.message();
      const double want[] = {3, 5, 6, 2, 0};  // half and half, one part, both, the other, none
      for (size_t i = 0; i < 15; ++i) EXPECT_NEAR(outcome.out[i], want[i / 3], 1e-6) << i;
      EXPECT_NEAR(outcome.lse[0], std::log(2.0), 1e-6);
      EXPECT_EQ(outcome.lse[4], -INFINITY);
      const auto launches = control().launches();
      ASSERT_FALSE(launches.empty());
      EXPECT_EQ(launches.back().entry,
                std::string("octet_attn_merge_") + std::string(dtype_name(in)));
    }
  }
}

TEST_F(AttnMergeCudaTest, NoRowsAreNoLaunch) {
  float x = 0;
  AttnMergeArgs args{&x, DType::kF32, 1, 0, 4};
  args.lse = &x;
  args.out = {&x, DType::kF32, 0, 4};
  EXPECT_TRUE(attn_merge_states(args, *stream_).ok());
  EXPECT_TRUE(control().launches().empty());
}

TEST_F(AttnMergeCudaTest, RefusesMoreRowsThanALaunchHas) {
  float x = 0;
  AttnMergeArgs args{&x, DType::kF32, 1, int64_t{1} << 34, 1};
  args.lse = &x;
  args.out = {&x, DType::kF32, int64_t{1} << 34, 1};
  const Status status = attn_merge_states(args, *stream_);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "attn_merge_states: rows = 17179869184, must be below 2^33 on a GPU");
}

}  // namespace
}  // namespace octet::ops::attn_decode
