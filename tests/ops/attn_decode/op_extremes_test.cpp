// NaN, infinities, queries that see nothing, bytes that nobody may write.
#include "src/ops/attn_decode/op.h"
#include "tests/ops/attn_decode/small_attention.h"

namespace octet::ops::attn_decode {
namespace {

int64_t count_nan(const std::vector<float>& values, int64_t begin, int64_t count) {
  return std::count_if(values.begin() + begin, values.begin() + begin + count,
                       [](float value) { return std::isnan(value); });
}

TEST(AttnDecodeExtremes, NanKeysStayInTheirSequenceAndHead) {
  SmallAttention a({.lengths = {40, 600, 33}, .hq = 4, .hkv = 2, .dim = 32});
  const int64_t token = a.args.k.block_tokens * 2 * 32;                    // bytes of a sequence
  a.k.memory[static_cast<size_t>(token + (599 * 2 + 1) * 32 + 5)] = 0xff;  // last token, head 1
  for (const std::string& variant : runnable_variants()) {
    const std::vector<float> got = a.run(variant);
    const int64_t sequence = 4 * 32;
    EXPECT_EQ(count_nan(got, 0, sequence), 0) << variant;
    EXPECT_EQ(count_nan(got, sequence, 2 * 32), 0) << variant;
    EXPECT_EQ(count_nan(got, sequence + 2 * 32, 2 * 32), 2 * 32) << variant;
    EXPECT_EQ(count_nan(got, 2 * sequence, sequence), 0) << variant;
    EXPECT_TRUE(std::isnan(a.lse[6]) && std::isnan(a.lse[7])) << variant;
  }
}

TEST(AttnDecodeExtremes, ANanValueIsOneElementOfTheQueriesThatSeeIt) {
  SmallAttention a({.lengths = {70}, .q_tokens = 3, .hq = 1, .dim = 32});
  a.v.memory[69 * 32 + 7] = 0x7f;  // the last token: only the last query sees it
  for (const std::string& variant : runnable_variants()) {
    const std::vector<float> got = a.run(variant);
    EXPECT_EQ(count_nan(got, 0, 2 * 32), 0) << variant;
    EXPECT_EQ(count_nan(got, 2 * 32, 32), 1) << variant;
    EXPECT_TRUE(std::isnan(got[2 * 32 + 7])) << variant;
  }
}

TEST(AttnDecodeExtremes, NanScalesAndShiftsAreOfTheQueriesThatSeeThem) {
  SmallAttention a({.lengths = {70},
                    .q_tokens = 3,
                    .hq = 1,
                    .dim = 32,
                    .k_scales = ScaleForm::kTokenShift,
                    .v_scales = ScaleForm::kTokenShift});
  for (std::vector<float>* memory :
       {&a.k.scale_memory, &a.k.shift_memory, &a.v.scale_memory, &a.v.shift_memory}) {
    const float kept = (*memory)[69];  // of the last token: only the last query sees it
    (*memory)[69] = NAN;
    for (const std::string& variant : runnable_variants()) {
      const std::vector<float> got = a.run(variant);
      EXPECT_EQ(count_nan(got, 0, 2 * 32), 0) << variant;
      EXPECT_EQ(count_nan(got, 2 * 32, 32), 32) << variant;
    }
    (*memory)[69] = kept;
  }
}

TEST(AttnDecodeExtremes, InfiniteLogitsOfMinusSign) {
  SmallAttention a({.lengths = {20}, .dim = 16, .kv = DType::kE5m2});
  std::fill(a.q_memory.begin(), a.q_memory.end(), encode_bf16(1.0f));
  std::fill_n(a.k.memory.begin(), 20 * 16, uint8_t{0xfc});  // -infinity
  for (const std::string& variant : runnable_variants()) {
    const std::vector<float> got = a.run(variant);
    for (int64_t d = 0; d < 16; ++d) EXPECT_EQ(got[static_cast<size_t>(d)], 0.0f) << variant;
    EXPECT_EQ(a.lse[0], -INFINITY) << variant;
  }
}

/// Weights in two parts must not make NaN of it, nor tiles that it is not in.
TEST(AttnDecodeExtremes, AnInfiniteValueIsOneElement) {
  for (const int64_t rows : {1, 3, 5}) {
    SmallAttention a({.lengths = {150}, .hq = rows, .dim = 32, .kv = DType::kE5m2});
    a.v.memory[70 * 32 + 9] = 0xfc;  // -infinity
    for (const std::string& variant : runnable_variants()) {
      const std::vector<float> got = a.run(variant);
      for (size_t i = 0; i < got.size(); ++i) {
        EXPECT_EQ(got[i] == -INFINITY, i % 32 == 9) << variant << " " << rows << " " << i;
        EXPECT_FALSE(std::isnan(got[i])) << variant << " " << rows << " " << i;
      }
    }
  }
}

TEST(AttnDecodeExtremes, AQueryThatSeesNothingIsZero) {
  SmallAttention a({.lengths = {2, 0}, .q_tokens = 4, .hq = 1, .dim = 16});
  for (const std::string& variant : runnable_variants()) {
    const std::vector<float> got = a.run(variant);
    for (const size_t row : {0u, 1u, 4u, 5u, 6u, 7u}) {
      EXPECT_EQ(got[row * 16], 0.0f) << variant << row;
      EXPECT_EQ(a.lse[row], -INFINITY) << variant << row;
    }
    EXPECT_TRUE(std::isfinite(a.lse[2]) && std::isfinite(a.lse[3])) << variant;
  }
}

TEST(AttnDecodeExtremes, PaddedRowsOfOutKeepTheirBytes) {
  SmallAttention a({.lengths = {9, 5}, .hq = 3, .dim = 16});
  std::vector<float> wide(2 * 3 * 20 + 8, 7.0f);
  a.args.out.data = wide.data();
  a.args.out.head_stride = 20;
  for (const std::string& variant : runnable_variants()) {
    a.run(variant);
    for (size_t i = 0; i < wide.size(); ++i) {
      const bool element = i < 2 * 3 * 20 && i % 20 < 16;
      EXPECT_EQ(wide[i] == 7.0f, !element) << variant << " " << i;
    }
  }
}

TEST(AttnDecodeExtremes, NoSequencesAreNoWork) {
  AttnDecodeArgs args;
  args.q = {nullptr, DType::kBf16, 0, 1, 2, 64};
  args.k.heads = args.v.heads = 1;
  args.k.dim = args.v.dim = 64;
  args.out = {nullptr, DType::kBf16, 0, 1, 2, 64};
  Stream stream = Stream::cpu(1).value();
  EXPECT_TRUE(octet::attn_decode(args, stream).ok());
}

}  // namespace
}  // namespace octet::ops::attn_decode
