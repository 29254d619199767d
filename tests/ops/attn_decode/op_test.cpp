// Every feature of attn_decode against the plain softmax, on every variant that runs here.
#include "src/ops/attn_decode/op.h"

#include "tests/ops/attn_decode/small_attention.h"

namespace octet::ops::attn_decode {
namespace {

TEST(AttnDecode, OneTokenIsItsValue) { expect_plain_on_all({.lengths = {1}}); }

TEST(AttnDecode, LengthsAroundTilesAndSplits) {
  expect_plain_on_all({.lengths = {0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 65, 511, 512, 513, 1030}});
}

TEST(AttnDecode, PagesOfEverySizeAroundTheirEdges) {
  for (const int64_t page : {1, 16, 32, 64, 128}) {
    for (const KvLayout layout : {KvLayout::kNhd, KvLayout::kHnd}) {
      expect_plain_on_all({.lengths = {0, page - 1, page, page + 1, 5 * page + 3},
                           .hq = 4,
                           .hkv = 2,
                           .dim = 32,
                           .layout = layout,
                           .page = page,
                           .extra_pages = 9});
    }
  }
}

TEST(AttnDecode, HeadsOfAnyRatio) {
  for (const auto& [hq, hkv] : {std::pair<int64_t, int64_t>{7, 7},
                                {7, 1},
                                {29, 1},
                                {58, 2},
                                {71, 1},
                                {16, 1},
                                {12, 4},
                                {128, 1},
                                {24, 8}}) {
    expect_plain_on_all({.lengths = {37, 70}, .hq = hq, .hkv = hkv, .dim = 24});
  }
}

TEST(AttnDecode, EveryDim) {
  for (int64_t dim = 16; dim <= 512; dim += 8) {
    if (dim > 136 && dim % 64 != 8 && dim % 64 != 0) continue;
    expect_plain_on_all({.lengths = {19, 40}, .hq = 5, .dim = dim, .pad = 8});
  }
}

TEST(AttnDecode, QueryTokensAreCausal) {
  for (int64_t tokens = 1; tokens <= 8; ++tokens) {
    expect_plain_on_all({.lengths = {0, 1, 3, 8, 9, 40, 515}, .q_tokens = tokens, .hq = 2});
  }
}

TEST(AttnDecode, EveryFormOfScales) {
  const ScaleForm forms[] = {ScaleForm::kNone,  ScaleForm::kTensor,     ScaleForm::kHead,
                             ScaleForm::kToken, ScaleForm::kTokenShift, ScaleForm::kPacked};
  for (const ScaleForm k : forms) {
    for (const ScaleForm v : forms) {
      for (const int64_t page : {0, 16}) {
        expect_plain_on_all({.lengths = {33, 70},
                             .q_tokens = 2,
                             .hq = 6,
                             .hkv = 3,
                             .dim = 40,
                             .layout = page == 0 ? KvLayout::kHnd : KvLayout::kNhd,
                             .page = page,
                             .k_scales = k,
                             .v_scales = v});
      }
    }
  }
}

TEST(AttnDecode, EveryType) {
  for (const DType kv : {DType::kE4m3fn, DType::kE5m2}) {
    for (const DType q : {DType::kBf16, DType::kF16}) {
      for (const DType out : {DType::kBf16, DType::kF16, DType::kF32}) {
        expect_plain_on_all({.lengths = {100, 3}, .hq = 8, .hkv = 2, .kv = kv, .q = q, .out = out});
      }
    }
  }
}

TEST(AttnDecode, WindowsAtTheirEdges) {
  for (const int64_t window : {0, 1, 2, 31, 32, 33, 255, 511, 512, 600, 5000}) {
    for (const int64_t page : {0, 32}) {
      expect_plain_on_all({.lengths = {0, 1, 33, 512, 700, 1100},
                           .q_tokens = 3,
                           .hq = 2,
                           .dim = 32,
                           .page = page,
                           .v_scales = ScaleForm::kTokenShift,
                           .window = window});
    }
  }
}

TEST(AttnDecode, SoftCapSinksAndScale) {
  for (const float cap : {0.0f, 2.0f, 50.0f}) {
    for (const bool sinks : {false, true}) {
      for (const float scale : {0.0f, 0.5f}) {
        expect_plain_on_all({.lengths = {0, 1, 40, 600},
                             .q_tokens = 2,
                             .hq = 4,
                             .hkv = 2,
                             .cap = cap,
                             .scale = scale,
                             .sinks = sinks});
      }
    }
  }
}

TEST(AttnDecode, SplitsOfEverySizeAgree) {
  for (const int64_t split : {256, 320, 512, 1024, 2048}) {
    expect_plain_on_all({.lengths = {2500, 10}, .hq = 3, .dim = 32, .split = split});
  }
}

/// As of outlier keys: weights of one token and of none.
TEST(AttnDecode, LargeLogits) {
  expect_plain_on_all({.lengths = {600}, .hq = 4, .dim = 64, .q_size = 100});
}

}  // namespace
}  // namespace octet::ops::attn_decode
