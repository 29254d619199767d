// What decides the bits of a result, and what must not: threads, repetition, other sequences.
#include <cstring>

#include "src/ops/attn_decode/op.h"
#include "tests/ops/attn_decode/small_attention.h"

namespace octet::ops::attn_decode {
namespace {

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(AttnDecodeBits, AHundredRunsAndAnyNumberOfThreads) {
  SmallAttention a({.lengths = {1500, 3, 0, 700}, .q_tokens = 2, .hq = 6, .hkv = 3, .split = 256});
  for (const std::string& variant : runnable_variants()) {
    const std::vector<float> first = a.run(variant, 1);
    for (int run = 0; run < 100; ++run) {
      ASSERT_TRUE(same_bits(first, a.run(variant, 1 + run % 9))) << variant << " run " << run;
    }
  }
}

/// Heads side by side are read together where threads have enough to do, heads apart never.
TEST(AttnDecodeBits, HeadsReadTogetherAreAsHeadsReadAlone) {
  const Shape shapes[] = {
      {.lengths = {700, 0, 90},
       .q_tokens = 2,
       .hq = 14,
       .hkv = 7,
       .dim = 72,
       .page = 16,
       .k_scales = ScaleForm::kTokenShift,
       .v_scales = ScaleForm::kTokenShift,
       .window = 300},
      {.lengths = {1030}, .hq = 17, .hkv = 17, .dim = 64, .k_scales = ScaleForm::kHead},
      {.lengths = {200, 530}, .hq = 48, .hkv = 12, .dim = 136, .pad = 8, .sinks = true},
      {.lengths = {130}, .hq = 36, .hkv = 4, .dim = 128, .kv = DType::kE5m2},
      {.lengths = {5000}, .hq = 3, .hkv = 3, .dim = 16, .split = 256}};
  for (const Shape& shape : shapes) {
    Shape apart = shape;
    apart.layout = KvLayout::kHnd;
    SmallAttention a(shape), b(apart);
    for (const std::string& variant : runnable_variants()) {
      const std::vector<float> want = b.run(variant, 1);
      for (const int threads : {1, 2, 3}) {
        ASSERT_TRUE(same_bits(a.run(variant, threads), want)) << variant << " x" << threads;
      }
    }
  }
}

/// The first sequence alone, and among others of other lengths, which move every thread's share.
TEST(AttnDecodeBits, ASequenceDoesNotKnowItsNeighbours) {
  const Shape alone{.lengths = {1300}, .hq = 4, .hkv = 2, .window = 1200};
  SmallAttention one(alone);
  for (const std::string& variant : runnable_variants()) {
    const std::vector<float> want = one.run(variant, 3);
    for (const std::vector<int64_t>& others :
         {std::vector<int64_t>{1}, {1300, 1300}, {0, 17, 900}, {1299, 512, 3}}) {
      Shape shape = alone;
      shape.lengths.insert(shape.lengths.end(), others.begin(), others.end());
      SmallAttention many(shape);
      // The same operands for sequence 0: a pool is filled from one seed, so they are copied.
      const int64_t q_bytes = one.rows() * alone.dim * 2;
      std::memcpy(many.q_memory.data(), one.q_memory.data(), static_cast<size_t>(q_bytes));
      const int64_t block = many.args.k.block_tokens * alone.hkv * alone.dim;
      std::copy_n(one.k.memory.begin(), block, many.k.memory.begin());
      std::copy_n(one.v.memory.begin(), block, many.v.memory.begin());
      const std::vector<float> got = many.run(variant, 3);
      ASSERT_EQ(
          std::memcmp(got.data(), want.data(), static_cast<size_t>(one.rows() * alone.dim) * 4), 0)
          << variant;
      ASSERT_EQ(std::memcmp(many.lse.data(), one.lse.data(), static_cast<size_t>(one.rows()) * 4),
                0)
          << variant;
    }
  }
}

TEST(AttnDecodeBits, AWiderPageTableChangesNothing) {
  const Shape shape{.lengths = {90, 200, 0}, .hq = 4, .hkv = 2, .page = 16};
  Shape wide = shape;
  wide.extra_pages = 500;
  SmallAttention a(shape), b(wide);
  for (const std::string& variant : runnable_variants()) {
    expect_plain(b, variant);
    b.args.page_table_cols = a.args.page_table_cols + 500;
    Stream stream = Stream::cpu(2).value();
    const Plan narrow = plan_attn_decode(a.args, stream).value();
    const Plan plan = plan_attn_decode(b.args, stream).value();
    EXPECT_EQ(narrow.variant, plan.variant);
    EXPECT_EQ(narrow.workspace_bytes, plan.workspace_bytes);
  }
}

/// Equal logits: the mean of a million values, to the last bits that float32 sums keep.
TEST(AttnDecodeBits, AMillionEqualLogits) {
  const int64_t tokens = 1 << 20;
  std::vector<uint8_t> codes(static_cast<size_t>(tokens * 16), 0x38);  // 1
  for (size_t i = 0; i < codes.size(); i += 32) codes[i] = 0xb8;       // -1 in every other token
  std::vector<uint16_t> q(16, 0);
  std::vector<float> out(16), lse(1);
  AttnDecodeArgs args;
  args.q = {q.data(), DType::kBf16, 1, 1, 1, 16};
  args.k.data = args.v.data = codes.data();
  args.k.blocks = args.v.blocks = args.k.heads = args.v.heads = 1;
  args.k.block_tokens = args.v.block_tokens = tokens;
  args.k.dim = args.v.dim = 16;
  args.out = {out.data(), DType::kF32, 1, 1, 1, 16};
  args.lse = lse.data();
  Stream stream = Stream::cpu(2).value();
  for (const std::string& variant : runnable_variants()) {
    ASSERT_TRUE(octet::attn_decode(args, stream, {variant}).ok());
    EXPECT_EQ(out[0], 0.0f) << variant;
    EXPECT_EQ(out[1], 1.0f) << variant;
    EXPECT_NEAR(lse[0], 20 * std::log(2.0), 1e-6) << variant;
  }
}

}  // namespace
}  // namespace octet::ops::attn_decode
