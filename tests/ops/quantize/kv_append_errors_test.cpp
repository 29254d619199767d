// kv_append: every refusal names argument, value and limit, and leaves the caches as they were.
#include <gtest/gtest.h>

#include <functional>

#include "ops/quantize/small_append.h"

namespace octet {
namespace {

using testing_append::By;
using testing_append::Form;
using testing_append::SmallAppend;
using testing_append::TestCache;
using Args = KvAppendArgs;

struct Spoiled {
  std::function<void(Args&)> spoil;
  std::string message;
};

void expect_refused(SmallAppend& call, const std::vector<Spoiled>& all) {
  Stream stream = Stream::cpu(2).value();
  const TestCache k = call.k, v = call.v;
  const Args legal = call.args;
  for (const Spoiled& one : all) {
    Args args = legal;
    one.spoil(args);
    const Status status = kv_append(args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << one.message;
    EXPECT_EQ(status.message(), "kv_append: " + one.message);
    EXPECT_TRUE(call.k == k && call.v == v) << one.message;
  }
  const Status status = kv_append(legal, stream);
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(KvAppendErrors, Types) {
  SmallAppend call({By::kSlots, {3}, {}, 2, 64});
  expect_refused(
      call,
      {{[](Args& a) { a.k.dtype = DType::kE5m2; }, "k.dtype = e5m2, must be f32, bf16 or f16"},
       {[](Args& a) { a.v.dtype = DType::kF16; }, "v.dtype = f16, must be bf16 as k"},
       {[](Args& a) { a.k_cache.dtype = DType::kE4m3fnuz; },
        "k_cache.dtype = e4m3fnuz, must be e4m3fn or e5m2"},
       {[](Args& a) { a.v_cache.dtype = DType::kE5m2; },
        "v_cache.dtype = e5m2, must be e4m3fn as k_cache"}});
}

TEST(KvAppendErrors, Sizes) {
  SmallAppend call({By::kSlots, {3}, {}, 2, 64});
  const int64_t big = int64_t{1} << 31;
  expect_refused(
      call, {{[](Args& a) { a.k.heads = 0; }, "k.heads = 0, must be 1 to 1024"},
             {[](Args& a) { a.k.heads = 1025; }, "k.heads = 1025, must be 1 to 1024"},
             {[](Args& a) { a.k.dim = 8; }, "dim = 8, must be a multiple of 8, 16 to 512"},
             {[](Args& a) { a.k.dim = 68; }, "dim = 68, must be a multiple of 8, 16 to 512"},
             {[](Args& a) { a.k.dim = 520; }, "dim = 520, must be a multiple of 8, 16 to 512"},
             {[](Args& a) { a.k.batch = -1; }, "k.batch = -1, must be 0 to 2^31 - 1"},
             {[](Args& a) { a.k.tokens = -3; }, "k.tokens = -3, must be 0 to 2^31 - 1"},
             {[](Args& a) { a.k.tokens = 1 << 30; },
              "k is 1 x 1073741824 tokens of 2 heads, must be 2^31 - 1 rows at most"},
             {[](Args& a) { a.v.tokens = 2; }, "v is (1, 2, 2, 64), must be (1, 3, 2, 64) as k"},
             {[](Args& a) { a.k_cache.heads = 3; },
              "k_cache has 3 heads of dim 64, must have 2 of 64 as k"},
             {[](Args& a) { a.v_cache.dim = 32; },
              "v_cache has 2 heads of dim 32, must have 2 of 64 as k"},
             {[](Args& a) { a.v_cache.blocks = 2; },
              "v_cache is (2 blocks, 6 tokens, 2 heads), must be (1, 6, 2) as k_cache"},
             {[](Args& a) { a.k_cache.blocks = -1; }, "k_cache.blocks = -1, must be 0 to 2^31 - 1"},
             {[big](Args& a) { a.k_cache.block_tokens = big; },
              "k_cache.block_tokens = 2147483648, must be 0 to 2^31 - 1"},
             {[](Args& a) { a.k_cache.blocks = 1 << 29; },
              "k_cache is 536870912 blocks of 6 tokens, must be 2^31 - 1 tokens at most"}});
}

TEST(KvAppendErrors, Strides) {
  SmallAppend call({By::kSlots,
                    {3, 2},
                    {},
                    2,
                    64,
                    0,
                    KvLayout::kNhd,
                    0,
                    DType::kBf16,
                    DType::kE4m3fn,
                    Form::kToken,
                    Form::kToken});
  const auto strides = [](int64_t block, int64_t token, int64_t head) {
    return [=](Args& a) {
      a.k_cache.block_stride = block, a.k_cache.token_stride = token;
      a.k_cache.head_stride = head;
    };
  };
  expect_refused(
      call, {{[](Args& a) { a.k.head_stride = 63; }, "k.head_stride = 63, must be at least 64"},
             {[](Args& a) { a.v.token_stride = -1; }, "v.token_stride = -1, must be at least 64"},
             {strides(2000, 128, 0), "k_cache.head_stride = 0, must be at least 64"},
             {strides(2000, 64, 64),
              "k_cache strides are (2000, 64, 64), must keep all rows of 64 apart"},
             {strides(767, 128, 64),
              "k_cache strides are (767, 128, 64), must keep all rows of 64 apart"},
             {[](Args& a) { a.v_cache.scales.token_stride = 1; },
              "v_cache.scales strides are (0, 1, 0), must keep all rows of 1 apart"},
             {[](Args& a) { a.k_cache.scales.head_stride = -1; },
              "k_cache.scales.head_stride = -1, must be at least 0"}});
}

TEST(KvAppendErrors, Scales) {
  SmallAppend call({By::kSlots,
                    {3},
                    {},
                    2,
                    64,
                    0,
                    KvLayout::kNhd,
                    0,
                    DType::kBf16,
                    DType::kE4m3fn,
                    Form::kHead,
                    Form::kTensor});
  static float scales[64] = {};
  static uint32_t packed[64] = {};
  expect_refused(
      call,
      {{[](Args& a) { a.k_cache.scales.shift = scales; },
        "k_cache.scales.shift is given, must be null but with a scale per token and head "
        "(kTokenHead)"},
       {[](Args& a) { a.v_cache.scales.packed = packed; },
        "v_cache.scales.packed is given, must be null but with a scale per token and head "
        "(kTokenHead)"},
       {[](Args& a) {
          a.k_cache.scales = {KvScaleBlock::kTokenHead, scales, nullptr, packed};
        },
        "k_cache.scales.packed is given, so scale and shift must be null"},
       {[](Args& a) { a.k_cache.scales.scale = nullptr; },
        "k_cache.scales.scale is null, must be given with a scale per head or per token and head"},
       {[](Args& a) { a.k_cache.scales.head_stride = 1; },
        "k_cache.scales has strides (0, 0, 1), must be 0 but with a scale per token and head "
        "(kTokenHead)"},
       {[](Args& a) { a.k_cache.scales.scale = scales; },
        "k_cache.scales.scale[0] = 0, must be 2^-126 to 2^120"},
       {[](Args& a) { scales[7] = NAN, a.v_cache.scales.scale = scales + 7; },
        "v_cache.scales.scale[0] = nan, must be 2^-126 to 2^120"},
       {[](Args& a) { scales[8] = 1, scales[9] = 0x1p121f, a.k_cache.scales.scale = scales + 8; },
        "k_cache.scales.scale[1] = 2.658456e+36, must be 2^-126 to 2^120"}});
}

TEST(KvAppendErrors, Pointers) {
  SmallAppend call({By::kLengths, {1, 1}, {}, 2, 64});
  expect_refused(
      call,
      {{[](Args& a) { a.k.data = nullptr; }, "k and v must not be null"},
       {[](Args& a) { a.v_cache.data = nullptr; }, "k_cache and v_cache must not be null"},
       {[](Args& a) { a.seqlens = nullptr; }, "slots and seqlens are null, one must be given"},
       {[](Args& a) { a.sequences = 3; },
        "sequences = 3, must be 0 or k.batch = 2 without cu_seqlens"},
       {[](Args& a) { a.cu_seqlens = a.seqlens; }, "k.batch = 2, must be 1 with cu_seqlens"},
       {[](Args& a) { a.page_table = a.seqlens; },
        "page_table_cols = 0 with a page_table, must be at least 1"},
       {[](Args& a) {
          static const int64_t slots[2] = {};
          a.slots = slots;
        },
        "slots are given, so seqlens, cu_seqlens, page_table, page_table_cols and sequences must "
        "be null or 0"}});
}

TEST(KvAppendErrors, Slots) {
  SmallAppend call({By::kSlots, {9}, {}, 2, 64, 16});
  const int64_t last = call.blocks * 16 - 1;
  static std::vector<int64_t> slots;
  const auto with = [&](int64_t slot) {
    return [&call, slot](Args& a) {
      slots = call.slots;
      slots[5] = slot;
      a.slots = slots.data();
    };
  };
  const std::string limit =
      ", must be -1 or 0 to " + std::to_string(last) + " (the last of the cache)";
  expect_refused(call, {{with(-2), "slots[5] = -2" + limit},
                        {with(last + 1), "slots[5] = " + std::to_string(last + 1) + limit},
                        {with(int64_t{1} << 32), "slots[5] = 4294967296" + limit}});
}

TEST(KvAppendErrors, LengthsAndPages) {
  SmallAppend call({By::kRagged, {3, 5}, {20, 40}, 2, 64, 16});
  static std::vector<int32_t> words;
  const auto put = [](const std::vector<int32_t>& from, size_t at, int32_t value) {
    words = from;
    words[at] = value;
    return words.data();
  };
  const auto lengths = [&, put](size_t at, int32_t value) {
    return [&call, put, at, value](Args& a) { a.seqlens = put(call.seqlens, at, value); };
  };
  const auto cu = [&, put](size_t at, int32_t value) {
    return [&call, put, at, value](Args& a) { a.cu_seqlens = put(call.cu_seqlens, at, value); };
  };
  const auto page = [&, put](size_t at, int32_t value) {
    return [&call, put, at, value](Args& a) { a.page_table = put(call.table, at, value); };
  };
  const std::string room = ", must be 0 to the 64 tokens that a sequence has room for";
  const std::string blocks =
      ", must be 0 to " + std::to_string(call.blocks - 1) + " (k_cache.blocks - 1)";
  expect_refused(
      call,
      {{lengths(0, -1), "seqlens[0] = -1" + room},
       {lengths(1, 65), "seqlens[1] = 65" + room},
       {cu(0, 1), "cu_seqlens[0] = 1, must be 0"},
       {cu(2, 2), "cu_seqlens[2] = 2, must be at least cu_seqlens[1] = 3"},
       {cu(2, 9), "cu_seqlens[2] = 9, must be at most the 8 tokens"},
       {[](Args& a) { a.sequences = -1; }, "sequences = -1, must be 0 to 2^31 - 1"},
       {page(1, -1), "page_table[0, 1] = -1" + blocks},
       {page(6, call.args.k_cache.blocks),
        "page_table[1, 2] = " + std::to_string(call.blocks) + blocks},
       {[](Args& a) { a.page_table = nullptr; },
        "page_table is null, must be given with page_table_cols = 4"},
       {[](Args& a) { a.page_table_cols = -1; }, "page_table_cols = -1, must be 0 to 2^31 - 1"},
       {[](Args& a) { a.page_table_stride = 3; },
        "page_table_stride = 3, must be at least the 4 columns"},
       {[](Args& a) { a.k_cache.block_tokens = a.v_cache.block_tokens = 17; },
        "k_cache.block_tokens = 17, must be 1, 16, 32, 64 or 128 with a page table"}});
}

TEST(KvAppendErrors, AContiguousCacheHasABlockASequence) {
  SmallAppend call({By::kLengths, {1, 1}, {}, 2, 64});
  expect_refused(call, {{[](Args& a) { a.k_cache.blocks = a.v_cache.blocks = 3; },
                         "k_cache.blocks = 3, must be batch = 2 without a page table"}});
}

}  // namespace
}  // namespace octet
