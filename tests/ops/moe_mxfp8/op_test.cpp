// moe_mxfp8 on the CPU against double precision: types, activations, every kind of routing; and
// against the composition by hand.
#include "octet/gemm_grouped.h"
#include "octet/moe_align.h"
#include "octet/moe_reduce.h"
#include "ops/moe_mxfp8/layer_reference.h"

namespace octet {
namespace {

using testing_moe::expect_right;
using testing_moe::Sizes;
using testing_moe::SmallMoe;

class MoeMxfp8Test : public testing::Test {
 protected:
  /// The workspace holds NaN of every type first: what no step wrote shows.
  void run(SmallMoe& layer) {
    const int64_t bytes = plan_moe_mxfp8(layer.args, stream_).value().workspace_bytes;
    std::memset(stream_.workspace(bytes).value(), 0xff, static_cast<size_t>(bytes));
    const Status status = moe_mxfp8(layer.args, stream_);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void run_and_expect_right(SmallMoe& layer) {
    run(layer);
    if (!HasFatalFailure()) expect_right(layer);
  }
  Stream stream_ = Stream::cpu(2).value();
};

TEST_F(MoeMxfp8Test, EveryTypeAndActivation) {
  for (const Activation activation : {Activation::kSiluMul, Activation::kClampedSwiglu}) {
    for (const DType x : {DType::kBf16, DType::kF16, DType::kF32, DType::kE4m3fn}) {
      for (const DType y : {DType::kBf16, DType::kF16, DType::kF32}) {
        SCOPED_TRACE(std::string(dtype_name(x)) + " to " + dtype_name(y));
        SmallMoe layer({7, 3, 5, 96, 64, x, y, activation});
        run_and_expect_right(layer);
      }
    }
  }
}

TEST_F(MoeMxfp8Test, EndsOfEveryRange) {
  for (const Sizes& sizes : {Sizes{1, 1, 1, 32, 32},
                             {1, 32, 3, 64, 32},
                             {40, 1, 1, 32, 96},
                             {3, 32, 40, 64, 64},
                             {130, 4, 9, 64, 32},
                             {2, 8, 1024, 32, 32}}) {
    SCOPED_TRACE(std::to_string(sizes.tokens) + " tokens, topk " + std::to_string(sizes.topk));
    SmallMoe layer(sizes);
    run_and_expect_right(layer);
  }
}

TEST_F(MoeMxfp8Test, EveryChoiceToOneExpert) {
  SmallMoe layer({50, 4, 6, 64, 64});
  std::fill(layer.ids.begin(), layer.ids.end(), 5);
  run_and_expect_right(layer);
}

TEST_F(MoeMxfp8Test, ExpertsOfOtherDevicesAddNothing) {
  SmallMoe layer({60, 4, 3, 64, 64});
  layer.set_mask({0, 1, 0, 0, 7, 0, 1, 0}, 3);
  run_and_expect_right(layer);
}

TEST_F(MoeMxfp8Test, TokensWithoutAnExpertHereGetZeros) {
  SmallMoe layer({20, 4, 3, 64, 64});
  layer.set_mask({1, 1, 1, 0, 0}, 3);
  std::fill(layer.ids.begin(), layer.ids.end(), 4);
  run(layer);
  for (int64_t token = 0; token < 20; ++token) {
    for (int64_t col = 0; col < 64; ++col) ASSERT_EQ(layer.result(token, col), 0.0f);
  }
}

TEST_F(MoeMxfp8Test, NoWeightsAreOnes) {
  SmallMoe layer({9, 3, 4, 64, 64});
  layer.args.topk_weights = nullptr;
  run_and_expect_right(layer);
}

TEST_F(MoeMxfp8Test, NoTokens) {
  SmallMoe layer({0, 3, 4, 64, 64});
  layer.args.x.data = layer.args.y.data = nullptr;
  layer.args.topk_ids = nullptr;
  const Status status = moe_mxfp8(layer.args, stream_);
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST_F(MoeMxfp8Test, ANanOfATokenStaysThatTokens) {
  SmallMoe layer({6, 2, 3, 64, 64, DType::kE4m3fn});
  layer.x.codes[2 * 64 + 7] = 0x7f;
  run(layer);
  for (int64_t token = 0; token < 6; ++token) {
    EXPECT_EQ(std::isnan(layer.result(token, 5)), token == 2) << token;
  }
}

/// The steps as a caller writes them, on buffers of its own, of a layer with bf16 rows.
class ByHand {
 public:
  ByHand(const SmallMoe& layer, int64_t block_m)
      : m_(layer),
        choices_(layer.sizes.tokens * layer.sizes.topk),
        h_(size(choices_ * 2 * layer.sizes.inner)),
        rows_(size(choices_ * layer.sizes.hidden)),
        codes_(size(choices_ * layer.sizes.inner)),
        scale_(codes_.size() / 32) {
    align_ = {layer.sizes.tokens, layer.sizes.topk, layer.args.experts, block_m};
    align_.topk_ids = layer.args.topk_ids;
    align_.expert_mask = layer.args.expert_mask;
    align_.sorted_ids_size =
        moe_align_max_slots(align_.tokens, align_.topk, align_.experts, block_m).value();
    align_.tile_experts_size = align_.sorted_ids_size / block_m;
    slots_.resize(size(align_.sorted_ids_size));
    tiles_.resize(size(align_.tile_experts_size));
    align_.sorted_ids = slots_.data();
    align_.tile_experts = tiles_.data();
    align_.counts = counts_;
  }
  ByHand(const ByHand&) = delete;

  /// All of y.
  std::vector<uint8_t> run(Stream& stream) {
    const int64_t hidden = m_.sizes.hidden;
    EXPECT_TRUE(moe_align(align_, stream).ok());
    GemmGroupedArgs up = routed(m_.x.codes, m_.x.scale, m_.sizes.tokens, hidden);
    up.a_div = m_.sizes.topk;
    up.b = m_.args.w1;
    up.b_scale = m_.args.w1_scale;
    up.d = {h_.data(), DType::kBf16, choices_, 2 * m_.sizes.inner};
    EXPECT_TRUE(gemm_grouped(up, stream).ok());
    activate(stream);
    GemmGroupedArgs down = routed(codes_, scale_, choices_, m_.sizes.inner);
    down.b = m_.args.w2;
    down.b_scale = m_.args.w2_scale;
    down.topk_weights = m_.args.topk_weights;
    down.d = {rows_.data(), DType::kBf16, choices_, hidden};
    EXPECT_TRUE(gemm_grouped(down, stream).ok());
    return reduce(stream);
  }

 private:
  static size_t size(int64_t count) { return static_cast<size_t>(count); }

  GemmGroupedArgs routed(const std::vector<uint8_t>& codes, const std::vector<uint8_t>& scale,
                         int64_t rows, int64_t cols) const {
    GemmGroupedArgs gemm;
    gemm.a = {codes.data(), DType::kE4m3fn, rows, cols};
    gemm.a_scale = {scale.data(), DType::kE8m0, rows, cols / 32};
    gemm.tokens = align_.tokens;
    gemm.topk = align_.topk;
    gemm.sorted_ids = slots_.data();
    gemm.sorted_ids_size = align_.sorted_ids_size;
    gemm.tile_experts = tiles_.data();
    gemm.tile_experts_size = align_.tile_experts_size;
    gemm.counts = counts_;
    gemm.block_m = align_.block_m;
    return gemm;
  }
  void activate(Stream& stream) {
    QuantizeArgs to;
    to.x = {h_.data(), DType::kBf16, choices_, 2 * m_.sizes.inner};
    to.q = {codes_.data(), DType::kE4m3fn, choices_, m_.sizes.inner};
    to.scale = scale_.data();
    to.scale_dtype = DType::kE8m0;
    to.block = ScaleBlock::k1x32;
    to.activation = m_.sizes.activation;
    EXPECT_TRUE(quantize(to, stream).ok());
  }
  std::vector<uint8_t> reduce(Stream& stream) const {
    std::vector<uint8_t> y(m_.y.size(), SmallMoe::kCanary);
    MoeReduceArgs to;
    to.x = {rows_.data(), DType::kBf16, choices_, m_.sizes.hidden};
    to.y = m_.args.y;
    to.y.data = y.data();
    to.topk = align_.topk;
    to.experts = align_.experts;
    to.topk_ids = align_.topk_ids;
    to.expert_mask = align_.expert_mask;
    EXPECT_TRUE(moe_reduce(to, stream).ok());
    return y;
  }

  const SmallMoe& m_;
  int64_t choices_;
  MoeAlignArgs align_;
  std::vector<int32_t> slots_, tiles_;
  int32_t counts_[kNumMoeCounts] = {};
  std::vector<uint16_t> h_, rows_;
  std::vector<uint8_t> codes_, scale_;
};

TEST_F(MoeMxfp8Test, IsTheCompositionByHandBitForBit) {
  for (const Activation activation : {Activation::kSiluMul, Activation::kClampedSwiglu}) {
    SmallMoe layer({33, 4, 6, 96, 64, DType::kBf16, DType::kBf16, activation});
    layer.set_mask({1, 1, 0, 1, 1, 0, 1, 1, 0}, 3);
    run(layer);
    const int64_t block_m = plan_moe_mxfp8(layer.args, stream_).value().block_m;
    EXPECT_EQ(layer.y, ByHand(layer, block_m).run(stream_));
  }
}

TEST_F(MoeMxfp8Test, SameBitsAHundredTimesAndForAnyNumberOfThreads) {
  SmallMoe layer({40, 4, 7, 96, 160});
  run(layer);
  const std::vector<uint8_t> first = layer.y;
  for (int i = 0; i < 100; ++i) {
    stream_ = Stream::cpu(1 + i % 5).value();
    layer.clear();
    run(layer);
    ASSERT_EQ(layer.y, first) << "run " << i;
  }
}

TEST_F(MoeMxfp8Test, TheCallersWorkspaceIsEnoughAtThePlannedSize) {
  for (const DType x : {DType::kBf16, DType::kE4m3fn}) {
    for (const int64_t tokens : {1, 37, 300}) {
      SmallMoe layer({tokens, 4, 5, 64, 64, x});
      const int64_t bytes = plan_moe_mxfp8(layer.args, stream_).value().workspace_bytes;
      const auto room = static_cast<size_t>(bytes);
      std::vector<uint8_t> memory(room + 1024, 0xcd);
      const size_t skew = 64 - reinterpret_cast<uintptr_t>(memory.data()) % 64;
      std::memset(memory.data() + skew, 0xff, room);
      const Status status = moe_mxfp8(layer.args, stream_, {"", memory.data() + skew, bytes});
      ASSERT_TRUE(status.ok()) << status.message();
      expect_right(layer);
      for (size_t i = 0; i < skew; ++i) ASSERT_EQ(memory[i], 0xcd) << "before the workspace";
      for (size_t i = skew + room; i < memory.size(); ++i) {
        ASSERT_EQ(memory[i], 0xcd) << "behind the workspace";
      }
    }
  }
}

TEST_F(MoeMxfp8Test, PlansSayWhatRuns) {
  SmallMoe layer({12, 4, 5, 64, 64});
  const MoeMxfp8Plan plan = plan_moe_mxfp8(layer.args, stream_).value();
  EXPECT_FALSE(plan.gemm1.variant.empty() || plan.gemm2.variant.empty());
  EXPECT_GE(plan.workspace_bytes, plan.gemm1.workspace_bytes);
  const MoeMxfp8Plan forced = plan_moe_mxfp8(layer.args, stream_, {"generic_ref"}).value();
  EXPECT_EQ(forced.gemm1.variant + forced.gemm2.variant, "generic_refgeneric_ref");
  ASSERT_TRUE(moe_mxfp8(layer.args, stream_, {"generic_ref"}).ok());
  expect_right(layer);
}

}  // namespace
}  // namespace octet
