// attn_decode on a GPU, on the stand-in: the addresses that a launch passes, which kernel takes
// which cache, memory for parts, refusals.
#include "device/stand_in.h"
#include "ops/attn_decode/small_attention.h"
#include "src/ops/attn_decode/cuda/params.h"

namespace octet::ops::attn_decode {
namespace {

using stand_in::control;

class AttnLaunchCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(0).value());
    SmallAttention attention({});
    if (octet::attn_decode(attention.args, *stream_).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    control().reset();
  }

  Status run(SmallAttention& attention, const std::string& variant = "") {
    return octet::attn_decode(attention.args, *stream_, {variant});
  }
  /// The kernel of the only launch.
  std::string entry_of(const Shape& shape, const std::string& variant = "") {
    SmallAttention attention(shape);
    control().reset();
    const Status status = run(attention, variant);
    EXPECT_TRUE(status.ok()) << status.message();
    const auto launches = control().launches();
    EXPECT_EQ(launches.size(), 1u);
    return launches.empty() ? "" : launches.back().entry;
  }
  Sm90Params params_of(const Shape& shape) {
    (void)entry_of(shape);
    Sm90Params p{};
    std::memcpy(&p, control().launches().back().parameter.data(), sizeof p);
    return p;
  }
  void expect_right(const Shape& shape, const std::string& what) {
    for (const char* variant : {"sm90_split_4", "sm90_split_2_w4", "sm90_simple"}) {
      SmallAttention attention(shape);
      std::fill(attention.out.begin(), attention.out.end(), uint8_t{0xff});
      const Status status = run(attention, variant);
      ASSERT_TRUE(status.ok()) << what << ": " << status.message();
      expect_plain_results(attention, what + ", " + variant);
    }
  }
  std::unique_ptr<Stream> stream_;
};

TEST_F(AttnLaunchCudaTest, EveryFormOfCacheAndScales) {
  for (const int64_t page : {0, 1, 16, 64}) {
    for (const KvLayout layout : {KvLayout::kNhd, KvLayout::kHnd}) {
      for (const int64_t pad : {0, 16}) {
        Shape shape{.lengths = {0, 1, 17, 70}, .q_tokens = 2, .hq = 6, .hkv = 3, .dim = 64};
        shape.layout = layout, shape.page = page, shape.pad = pad, shape.extra_pages = 2;
        const std::string what = "pages of " + std::to_string(page);
        expect_right(shape, what);
        shape.k_scales = ScaleForm::kPacked, shape.v_scales = ScaleForm::kHead;
        shape.kv = DType::kE5m2, shape.q = DType::kF16, shape.out = DType::kBf16;
        shape.window = 20, shape.cap = 2, shape.sinks = true, shape.scale = 0.3f;
        expect_right(shape, what + ", packed scales");
        shape.k_scales = ScaleForm::kTokenShift, shape.v_scales = ScaleForm::kToken;
        expect_right(shape, what + ", scales of tokens");
      }
    }
  }
}

TEST_F(AttnLaunchCudaTest, BoxesWherePagesAreWorthThem) {
  EXPECT_EQ(entry_of({.lengths = {99}, .dim = 128}),
            "octet_sm90_attn_split_128_1_e4m3fn_constant_boxes");
  EXPECT_EQ(entry_of({.lengths = {99}, .dim = 128, .page = 1}),
            "octet_sm90_attn_split_128_1_e4m3fn_constant_pieces");
  Shape shape{.lengths = {99}, .q_tokens = 2, .hq = 5, .dim = 64, .kv = DType::kE5m2, .page = 16};
  shape.v_scales = ScaleForm::kToken;
  EXPECT_EQ(entry_of(shape), "octet_sm90_attn_split_64_2_e5m2_token_boxes");
  EXPECT_EQ(entry_of({.lengths = {99}, .dim = 256}),
            "octet_sm90_attn_split_256_1_e4m3fn_constant_boxes");
  EXPECT_EQ(entry_of({.lengths = {99}, .dim = 80}), "octet_sm90_attn_simple");
}

TEST_F(AttnLaunchCudaTest, ABoxIsAUnitOrAPage) {
  EXPECT_EQ(params_of({.lengths = {500}, .dim = 128}).box_rows, 32);
  EXPECT_EQ(params_of({.lengths = {500}, .dim = 64, .page = 128}).box_rows, 64);
  EXPECT_EQ(params_of({.lengths = {500}, .dim = 64, .page = 16}).box_rows, 16);
  EXPECT_EQ(params_of({.lengths = {500}, .dim = 256, .page = 64}).box_rows, 16);
}

/// A thread block has 4 units at least, and its records lie behind those of the one before it.
TEST_F(AttnLaunchCudaTest, FixedSplitsHaveARecordEach) {
  const Shape shape{.lengths = {5000, 300}, .hq = 2, .hkv = 2, .dim = 128};
  EXPECT_EQ(params_of(shape).block_records, 1);
  EXPECT_FALSE(params_of(shape).fixed_splits);
  Shape fixed = shape;
  fixed.split = 320;
  const Sm90Params p = params_of(fixed);
  EXPECT_TRUE(p.fixed_splits);
  EXPECT_EQ(p.by_split.divisor, 10u);
  EXPECT_GE(p.block_records, 1);
  EXPECT_LE(p.block_records, 16);
}

/// Or a sequence's bits would know how many neighbours it has.
TEST_F(AttnLaunchCudaTest, FixedSplitsKeepTheVariant) {
  SmallAttention many({.lengths = std::vector<int64_t>(300, 40), .hq = 8, .dim = 128});
  EXPECT_EQ(plan_attn_decode(many.args, *stream_)->variant, "sm90_split_2_w4");
  many.args.split_tokens = 512;
  EXPECT_EQ(plan_attn_decode(many.args, *stream_)->variant, "sm90_split_4");
  EXPECT_EQ(plan_attn_decode(many.args, *stream_, {"sm90_simple"})->variant, "sm90_simple");
  SmallAttention one({.lengths = {40}, .hq = 8, .dim = 128});
  EXPECT_EQ(plan_attn_decode(one.args, *stream_)->variant, "sm90_split_4");
}

TEST_F(AttnLaunchCudaTest, RefusesWhatCopiesCannotRead) {
  const auto expect_refused = [this](SmallAttention& a, const std::string& message) {
    const Status status = run(a, "sm90_split_4");
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find(message), std::string::npos) << status.message();
    EXPECT_TRUE(run(a, "sm90_simple").ok());
  };
  const Shape shape{.lengths = {40}, .hq = 2, .hkv = 2, .dim = 64, .pad = 8};
  SmallAttention padded(shape);
  expect_refused(padded,
                 "with strides of 6200, 144 and 72 bytes: on a GPU all must be multiples of "
                 "16 (variant sm90_simple takes any)");
  SmallAttention rows({.lengths = {40}, .dim = 64});
  rows.q_memory.resize(200);
  rows.args.q.data = rows.q_memory.data() + 1;
  expect_refused(rows,
                 "with strides of 64, 64 and 64 elements: on a GPU they must be multiples of 8 "
                 "bytes (variant sm90_simple takes any)");
}

}  // namespace
}  // namespace octet::ops::attn_decode
