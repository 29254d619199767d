// kv_append through the public API, on the CPU.
#include "octet/quantize.h"
#include "ops/quantize/append_forms.h"

namespace octet {
namespace {

using testing_append::By;
using testing_append::Form;
using testing_append::Shape;
using testing_append::SmallAppend;
using testing_append::TestCache;

TEST(KvAppend, EveryFormForAnyNumberOfThreads) {
  for (const int threads : {1, 3}) {
    Stream stream = Stream::cpu(threads).value();
    testing_append::expect_every_form([&](SmallAppend& call) {
      const Status status = kv_append(call.args, stream);
      ASSERT_TRUE(status.ok()) << status.message();
    });
  }
}

/// Calls one after the other on growing sequences leave what one call of all tokens leaves.
TEST(KvAppend, StepByStepIsAllAtOnce) {
  Stream stream = Stream::cpu(2).value();
  for (const int64_t page : {0, 16}) {
    for (const Form form : {Form::kHead, Form::kPacked}) {
      const Shape shape{By::kRagged,  {21, 5},        {},   2,   64, page, KvLayout::kNhd, 0,
                        DType::kBf16, DType::kE4m3fn, form, form};
      SmallAppend once(shape), steps(shape);
      ASSERT_TRUE(kv_append(once.args, stream).ok());
      for (int32_t token = 0; token < 21; token += 3) {
        KvAppendArgs args = steps.args;
        const int32_t second = std::min(token, 5), end = std::min(token + 3, 5);
        std::vector<int32_t> lengths{token + 3, end}, cu{0, 3, 3 + end - second};
        std::vector<uint8_t> rows[2];
        const int64_t row = 2 * 64 * 2;
        for (int side = 0; side < 2; ++side) {  // three of the first, up to three of the second
          const uint8_t* from = steps.x[side].data();
          rows[side].assign(from + token * row, from + (token + 3) * row);
          rows[side].insert(rows[side].end(), from + (21 + second) * row, from + (21 + end) * row);
        }
        args.k.data = rows[0].data();
        args.v.data = rows[1].data();
        args.k.tokens = args.v.tokens = cu[2];
        args.seqlens = lengths.data();
        args.cu_seqlens = cu.data();
        ASSERT_TRUE(kv_append(args, stream).ok());
      }
      EXPECT_TRUE(steps.k == once.k && steps.v == once.v) << page;
    }
  }
}

/// A row's scale and codes are those of quantize, which makes blocks of whole rows.
TEST(KvAppend, RowsAreThoseOfQuantize) {
  Stream stream = Stream::cpu(2).value();
  SmallAppend call({By::kRagged,
                    {40},
                    {},
                    3,
                    128,
                    0,
                    KvLayout::kNhd,
                    0,
                    DType::kF16,
                    DType::kE4m3fn,
                    Form::kToken,
                    Form::kToken});
  ASSERT_TRUE(kv_append(call.args, stream).ok());
  std::vector<uint8_t> codes(40 * 3 * 128);
  std::vector<float> scale(40 * 3);
  QuantizeArgs args;
  args.x = {call.x[1].data(), DType::kF16, 120, 128};
  args.q = {codes.data(), DType::kE4m3fn, 120, 128};
  args.scale = scale.data();
  args.block = ScaleBlock::kRow;
  ASSERT_TRUE(quantize(args, stream).ok());
  EXPECT_TRUE(std::equal(codes.begin(), codes.end(), call.v.codes.begin()));
  EXPECT_TRUE(std::equal(scale.begin(), scale.end(), call.v.scale.begin()));
}

/// out of a few queries over these caches.
std::vector<float> attend(const SmallAppend& call, const MutableKvCache& k,
                          const MutableKvCache& v) {
  AttnDecodeArgs args;
  const int64_t fresh = call.s.fresh[0], heads = 2 * call.s.heads, dim = call.s.dim;
  std::vector<uint16_t> q(static_cast<size_t>(call.tokens * heads * dim));
  for (size_t i = 0; i < q.size(); ++i) q[i] = encode_bf16(static_cast<float>(i % 17) / 8 - 1);
  std::vector<float> out(q.size());
  args.q = {q.data(), DType::kBf16, call.sequences, fresh, heads, dim};
  args.out = {out.data(), DType::kF32, call.sequences, fresh, heads, dim};
  args.k = read_only(k);
  args.v = read_only(v);
  args.seqlens = call.args.seqlens;
  args.page_table = call.args.page_table;
  args.page_table_cols = call.args.page_table_cols;
  Stream stream = Stream::cpu(2).value();
  const Status status = attn_decode(args, stream, {"generic_ref"});
  EXPECT_TRUE(status.ok()) << status.message();
  return out;
}

/// To append and attend is to attend over rows that were quantised apart.
TEST(KvAppend, AttentionReadsWhatWasAppended) {
  Stream stream = Stream::cpu(2).value();
  for (const Form form : testing_append::kForms) {
    for (const int64_t page : {0, 16}) {
      SmallAppend call({By::kLengths,
                        {4, 4},
                        {4, 2},
                        3,
                        64,
                        page,
                        KvLayout::kHnd,
                        8,
                        DType::kBf16,
                        DType::kE4m3fn,
                        form,
                        Form::kTokenShift});
      for (int64_t i = 0; i < call.tokens * 3 * 64; ++i) {
        for (const int side : {0, 1}) {
          const auto value = static_cast<float>(i * (7 + side) % 61 - 30) / 16;
          call.set(side, i / (3 * 64), i / 64 % 3, i % 64, value);
        }
      }
      const TestCache k = call.expected(0), v = call.expected(1);
      ASSERT_TRUE(kv_append(call.args, stream).ok());
      const std::vector<float> out = attend(call, call.args.k_cache, call.args.v_cache);
      EXPECT_EQ(out, attend(call, k.cache, v.cache));
      EXPECT_NE(std::count(out.begin(), out.end(), 0.0f), static_cast<int64_t>(out.size()));
    }
  }
}

TEST(KvAppend, NothingToDoIsFineAndNeedsNoMemory) {
  Stream stream = Stream::cpu(1).value();
  for (const By by : {By::kSlots, By::kLengths, By::kRagged}) {
    SmallAppend call({by, {0, 0}, {}, 2, 64});
    call.args.k.data = call.args.v.data = nullptr;
    call.args.k_cache.data = call.args.v_cache.data = nullptr;
    const Status status = kv_append(call.args, stream);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  SmallAppend none({By::kRagged, {}, {}, 2, 64});
  EXPECT_TRUE(kv_append(none.args, stream).ok());
}

TEST(KvAppend, TokensBehindTheLastSequenceAreSkipped) {
  Stream stream = Stream::cpu(2).value();
  SmallAppend call({By::kRagged, {3, 4}, {}, 2, 64});
  call.cu_seqlens = {0, 3, 5};  // the tokens of a graph's padding
  call.seqlens[1] = 2;
  call.slots[5] = call.slots[6] = -1;
  const TestCache k = call.expected(0);
  ASSERT_TRUE(kv_append(call.args, stream).ok());
  EXPECT_TRUE(call.k == k);
}

}  // namespace
}  // namespace octet
