// Every refusal of attn_decode: argument, value, limit; and nothing is written.
#include <functional>

#include "src/ops/attn_decode/op.h"
#include "tests/ops/attn_decode/small_attention.h"

namespace octet::ops::attn_decode {
namespace {

using Change = std::function<void(AttnDecodeArgs&)>;

struct Refusal {
  Change change;
  std::string message;  // what the message must hold
};

void expect_refused(SmallAttention& a, const std::vector<Refusal>& refusals) {
  Stream stream = Stream::cpu(2).value();
  const AttnDecodeArgs legal = a.args;
  ASSERT_TRUE(octet::attn_decode(legal, stream).ok());
  for (const Refusal& refusal : refusals) {
    AttnDecodeArgs args = legal;
    refusal.change(args);
    std::fill(a.out.begin(), a.out.end(), uint8_t{0x55});
    const Status status = octet::attn_decode(args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << refusal.message;
    EXPECT_NE(status.message().find(refusal.message), std::string::npos)
        << status.message() << "\nis not: " << refusal.message;
    EXPECT_TRUE(std::all_of(a.out.begin(), a.out.end(), [](uint8_t b) { return b == 0x55; }));
  }
}

TEST(AttnDecodeErrors, Sizes) {
  SmallAttention a({.lengths = {40, 20}, .q_tokens = 2, .hq = 6, .hkv = 3});
  const auto all_dims = [](int64_t dim) {
    return [dim](AttnDecodeArgs& x) {
      x.q.dim = x.out.dim = x.k.dim = x.v.dim = dim;
      x.q.head_stride = x.out.head_stride = 1024;
    };
  };
  expect_refused(
      a,
      {{[](auto& x) { x.q.batch = -1, x.out.batch = -1, x.k.blocks = x.v.blocks = 0; },
        "k.blocks = 0, must be batch = -1"},
       {[](auto& x) { x.q.tokens = x.out.tokens = 9; }, "query tokens = 9, must be 1 to 8"},
       {[](auto& x) { x.q.tokens = x.out.tokens = 0; }, "query tokens = 0, must be 1 to 8"},
       {[](auto& x) { x.q.heads = x.out.heads = 1026; }, "query heads = 1026, must be 1 to 1024"},
       {[](auto& x) { x.q.heads = x.out.heads = 7; }, "KV heads = 3, must divide the 7 query"},
       {[](auto& x) { x.k.heads = x.v.heads = 0; }, "KV heads = 0, must divide the 6 query"},
       {all_dims(8), "dim = 8, must be a multiple of 8, 16 to 512"},
       {all_dims(20), "dim = 20, must be a multiple of 8, 16 to 512"},
       {all_dims(520), "dim = 520, must be a multiple of 8, 16 to 512"},
       {[](auto& x) { x.k.blocks = 3; }, "k.blocks = 3, must be batch = 2"},
       {[](auto& x) { x.v.blocks = 3; }, "v is (3 blocks, 43 tokens, 3 heads), must be (2, 43, 3)"},
       {[](auto& x) { x.v.dim = 32; }, "v.dim = 32, must be 64 as q"},
       {[](auto& x) { x.out.heads = 5; }, "out is (2, 2, 5, 64), must be (2, 2, 6, 64) as q"},
       {[](auto& x) { x.max_seqlen = 44; }, "max_seqlen = 44, must be 0 to the 43 tokens"},
       {[](auto& x) { x.max_seqlen = -1; }, "max_seqlen = -1, must be 0 to the 43 tokens"}});
}

TEST(AttnDecodeErrors, Types) {
  SmallAttention a({.lengths = {4}});
  expect_refused(
      a, {{[](auto& x) { x.q.dtype = DType::kF32; }, "q.dtype = f32, must be bf16 or f16"},
          {[](auto& x) { x.k.dtype = DType::kE4m3fnuz; },
           "k.dtype = e4m3fnuz, must be e4m3fn or e5m2"},
          {[](auto& x) { x.v.dtype = DType::kE5m2; }, "v.dtype = e5m2, must be e4m3fn as k"},
          {[](auto& x) { x.out.dtype = DType::kE5m2; },
           "out.dtype = e5m2, must be bf16, f16 or f32"}});
}

TEST(AttnDecodeErrors, KernelsOnBf16RefuseOtherQueries) {
  Problem problem;
  problem.q = DType::kF16;
  const Device device = device_profile("x86_amx").value();
  for (const std::string_view name : {"x86_amx_split_512", "x86_avx512_dpbf16_split_512"}) {
    const auto support = select::can_run(op(), op().find(name), to_select(problem), device, false);
    EXPECT_FALSE(support.ok) << name;
    EXPECT_EQ(support.reason, "q is f16, must be bf16") << name;
  }
}

TEST(AttnDecodeErrors, AmxIsForManyRowsAndVdpbf16psBesideItForFew) {
  Problem problem{.batch = 1, .q_heads = 14, .kv_heads = 2, .context = 100};
  const Device device = device_profile("x86_amx").value();
  const int variant = op().find("x86_amx_split_512");
  EXPECT_EQ(select::can_run(op(), variant, to_select(problem), device, false).reason,
            "7 rows of q a KV head, for at least 8");
  problem.q_tokens = 2;
  EXPECT_TRUE(select::can_run(op(), variant, to_select(problem), device, false).ok);
  const int narrower = op().find("x86_avx512_dpbf16_split_512");
  EXPECT_EQ(select::can_run(op(), narrower, to_select(problem), device, false).reason,
            "14 rows of q a KV head, for up to 2 on machines with AMX");
  problem.q_heads = 2;
  EXPECT_TRUE(select::can_run(op(), narrower, to_select(problem), device, false).ok);
}

TEST(AttnDecodeErrors, Strides) {
  SmallAttention a({.lengths = {4, 4}, .q_tokens = 2, .hq = 2, .hkv = 2});
  expect_refused(
      a, {{[](auto& x) { x.q.head_stride = 63; }, "q.head_stride = 63, must be at least 64"},
          {[](auto& x) { x.q.token_stride = 10; }, "q.token_stride = 10, must be at least 64"},
          {[](auto& x) { x.out.batch_stride = -5; }, "out.batch_stride = -5, must be at least 64"},
          {[](auto& x) { x.k.token_stride = 128; }, "k.block_stride = 0, must be at least 64"},
          {[](auto& x) { x.v.block_stride = 1000, x.v.token_stride = 9, x.v.head_stride = 64; },
           "v.token_stride = 9, must be at least 64"}});
}

TEST(AttnDecodeErrors, Scales) {
  SmallAttention a({.lengths = {4, 4}, .hq = 2, .hkv = 2});
  static const float scales[64] = {};
  static const uint32_t packed[64] = {};
  expect_refused(
      a,
      {{[](auto& x) { x.k.scales.shift = scales; }, "k.scales.shift is given, must be null"},
       {[](auto& x) { x.v.scales.packed = packed; }, "v.scales.packed is given, must be null"},
       {[](auto& x) { x.v.scales.token_stride = 2; }, "v.scales has strides (0, 2, 0), must be 0"},
       {[](auto& x) {
          x.k.scales = {KvScaleBlock::kTokenHead, scales, nullptr, packed};
        },
        "k.scales.packed is given, so scale and shift must be null"},
       {[](auto& x) {
          x.k.scales = {KvScaleBlock::kTokenHead, scales};
          x.k.scales.head_stride = -1;
        },
        "k.scales.head_stride = -1, must be at least 0"},
       {[](auto& x) { x.k.scales.block = KvScaleBlock::kHead; }, "k.scales.scale is null, must be"},
       {[](auto& x) { x.v.scales.block = KvScaleBlock::kTokenHead; },
        "v.scales.scale is null, must be"}});
}

TEST(AttnDecodeErrors, Numbers) {
  SmallAttention a({.lengths = {4}});
  expect_refused(
      a,
      {{[](auto& x) { x.softmax_scale = NAN; }, "softmax_scale = nan, must be finite"},
       {[](auto& x) { x.softmax_scale = -1; }, "softmax_scale = -1, must be finite and at least 0"},
       {[](auto& x) { x.soft_cap = INFINITY; }, "soft_cap = inf, must be finite"},
       {[](auto& x) { x.window_left = -2; }, "window_left = -2, must be at least -1"},
       {[](auto& x) { x.split_tokens = 128; }, "split_tokens = 128, must be 0 or a multiple of 64"},
       {[](auto& x) { x.split_tokens = 300; }, "split_tokens = 300, must be 0 or a multiple of 64"},
       {[](auto& x) { x.split_tokens = 2112; }, "split_tokens = 2112, must be 0 or"}});
}

TEST(AttnDecodeErrors, Pointers) {
  SmallAttention a({.lengths = {4}});
  expect_refused(a, {{[](auto& x) { x.q.data = nullptr; }, "q and out must not be null"},
                     {[](auto& x) { x.out.data = nullptr; }, "q and out must not be null"},
                     {[](auto& x) { x.v.data = nullptr; }, "k and v must not be null"}});
}

TEST(AttnDecodeErrors, LengthsOnACpu) {
  SmallAttention a({.lengths = {4, 9}});
  a.args.max_seqlen = 10;
  Stream stream = Stream::cpu(2).value();
  for (const std::string& variant : runnable_variants()) {
    for (const int32_t length : {-1, 11}) {
      a.seqlens[1] = length;
      const Status status = octet::attn_decode(a.args, stream, {variant});
      EXPECT_EQ(status.message(), "attn_decode: seqlens[1] = " + std::to_string(length) +
                                      ", must be 0 to 10 (max_seqlen)");
    }
    a.seqlens[1] = 9;
    EXPECT_TRUE(octet::attn_decode(a.args, stream, {variant}).ok());
  }
}

TEST(AttnDecodeErrors, Pages) {
  SmallAttention a({.lengths = {40, 20}, .page = 16});
  expect_refused(
      a,
      {{[](auto& x) { x.k.block_tokens = x.v.block_tokens = 8; },
        "k.block_tokens = 8, must be 1, 16, 32, 64 or 128 with a page table"},
       {[](auto& x) { x.page_table_stride = 2; }, "page_table_stride = 2, must be at least the 3"},
       {[](auto& x) { x.page_table_cols = 0; }, "page_table_cols = 0 with a page_table"},
       {[](auto& x) { x.page_table_cols = -1; }, "page_table_cols = -1, must be 0 to"},
       {[](auto& x) { x.page_table = nullptr; }, "page_table is null, must be given with"}});
  Stream stream = Stream::cpu(2).value();
  for (const std::string& variant : runnable_variants()) {
    for (const int32_t id : {-1, 9}) {  // of a pool of 9
      a.table[4] = id;
      EXPECT_EQ(octet::attn_decode(a.args, stream, {variant}).message(),
                "attn_decode: page_table[1, 1] = " + std::to_string(id) +
                    ", must be 0 to 8 (k.blocks - 1)");
    }
  }
}

}  // namespace
}  // namespace octet::ops::attn_decode
