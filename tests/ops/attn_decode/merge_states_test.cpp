// Parts of an attention merged are the whole of it.
#include <gtest/gtest.h>

#include "tests/ops/attn_decode/small_attention.h"

namespace octet::ops::attn_decode {
namespace {

/// A prefix and the rest of one sequence, each by attn_decode, against all of it.
TEST(AttnMergeStates, APrefixAndTheRestAreTheWhole) {
  SmallAttention a({.lengths = {300}, .hq = 4, .hkv = 2, .dim = 32});
  Stream stream = Stream::cpu(2).value();
  const int64_t rows = a.rows(), dim = 32;
  for (const int64_t prefix : {0, 1, 100, 299, 300}) {
    std::vector<float> parts(static_cast<size_t>(2 * rows * dim)),
        lse(static_cast<size_t>(2 * rows));
    for (const int64_t part : {0, 1}) {
      AttnDecodeArgs args = a.args;
      const int64_t skipped = part == 0 ? 0 : prefix;
      const auto length = static_cast<int32_t>(part == 0 ? prefix : 300 - prefix);
      args.k.data = a.k.memory.data() + skipped * 2 * dim;
      args.v.data = a.v.memory.data() + skipped * 2 * dim;
      args.seqlens = &length;
      args.out.data = parts.data() + part * rows * dim;
      args.lse = lse.data() + part * rows;
      ASSERT_TRUE(octet::attn_decode(args, stream).ok());
    }
    AttnMergeArgs merge{parts.data(), DType::kF32, 2, rows, dim};
    merge.lse = lse.data();
    std::vector<float> out(static_cast<size_t>(rows * dim)), out_lse(static_cast<size_t>(rows));
    merge.out = {out.data(), DType::kF32, rows, dim};
    merge.out_lse = out_lse.data();
    ASSERT_TRUE(attn_merge_states(merge, stream).ok());
    for (int64_t h = 0; h < rows; ++h) {
      const SmallAttention::Row want = a.plain(0, 0, h);
      for (int64_t d = 0; d < dim; ++d) {
        EXPECT_NEAR(out[static_cast<size_t>(h * dim + d)], want.out[static_cast<size_t>(d)],
                    want.tolerance);
      }
      EXPECT_NEAR(out_lse[static_cast<size_t>(h)], want.lse, 1e-5);
    }
  }
}

TEST(AttnMergeStates, RowsWithoutAPartAreZeroAndPartsOfNoWeightAreNotRead) {
  Stream stream = Stream::cpu(1).value();
  std::vector<float> parts{NAN, NAN, 3, 4, NAN, NAN, NAN, NAN};  // 2 parts, 2 rows of 2
  std::vector<float> lse{-INFINITY, 0.5f, -INFINITY, -INFINITY};
  AttnMergeArgs merge{parts.data(), DType::kF32, 2, 2, 2};
  merge.lse = lse.data();
  merge.out = {parts.data(), DType::kF32, 2, 2};  // in place
  merge.out_lse = lse.data();
  ASSERT_TRUE(attn_merge_states(merge, stream).ok());
  EXPECT_EQ(std::vector<float>(parts.begin(), parts.begin() + 4), (std::vector<float>{0, 0, 3, 4}));
  EXPECT_EQ(lse[0], -INFINITY);
  EXPECT_EQ(lse[1], 0.5f);
}

TEST(AttnMergeStates, SixteenBitTypesAndStrides) {
  Stream stream = Stream::cpu(1).value();
  std::vector<uint16_t> parts(20, 0);
  for (const int i : {0, 1})
    parts[static_cast<size_t>(i)] = encode_bf16(1),
    parts[static_cast<size_t>(10 + i)] = encode_bf16(3);
  const std::vector<float> lse{2, 2};
  std::vector<uint16_t> out(2);
  AttnMergeArgs merge{parts.data(), DType::kBf16, 2, 1, 2, 10, lse.data()};
  merge.out = {out.data(), DType::kF16, 1, 2};
  ASSERT_TRUE(attn_merge_states(merge, stream).ok());
  EXPECT_EQ(decode(kF16Format, out[0]), 2.0f);
  EXPECT_EQ(decode(kF16Format, out[1]), 2.0f);
}

TEST(AttnMergeStates, Refusals) {
  Stream stream = Stream::cpu(1).value();
  std::vector<float> data(64), lse(8);
  AttnMergeArgs legal{data.data(), DType::kF32, 2, 2, 4};
  legal.lse = lse.data();
  legal.out = {data.data(), DType::kF32, 2, 4};
  ASSERT_TRUE(attn_merge_states(legal, stream).ok());
  const auto refused = [&](auto&& change) {
    AttnMergeArgs args = legal;
    change(args);
    const Status status = attn_merge_states(args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.message().substr(0, status.message().find(", must"));
  };
  const std::string op = "attn_merge_states: ";
  EXPECT_EQ(refused([](auto& x) { x.dtype = DType::kE5m2; }), op + "dtype = e5m2");
  EXPECT_EQ(refused([](auto& x) { x.out.dtype = DType::kE8m0; }), op + "out.dtype = e8m0");
  EXPECT_EQ(refused([](auto& x) { x.num_parts = 0; }), op + "num_parts = 0");
  EXPECT_EQ(refused([](auto& x) { x.num_parts = 1025; }), op + "num_parts = 1025");
  EXPECT_EQ(refused([](auto& x) { x.dim = 513; }), op + "dim = 513");
  EXPECT_EQ(refused([](auto& x) { x.rows = -1; }), op + "rows = -1");
  EXPECT_EQ(refused([](auto& x) { x.part_stride = 7; }), op + "part_stride = 7");
  EXPECT_EQ(refused([](auto& x) { x.out.cols = 5; }), op + "out is (2, 5)");
  EXPECT_EQ(refused([](auto& x) { x.out.row_stride = 3; }), op + "out.row_stride = 3");
  EXPECT_EQ(refused([](auto& x) { x.lse = nullptr; }), op + "parts, lse and out must not be null");
}

}  // namespace
}  // namespace octet::ops::attn_decode
