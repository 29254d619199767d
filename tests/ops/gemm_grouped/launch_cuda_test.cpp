// gemm_grouped on a GPU, on the stand-in: what each kernel is given, and what is refused.
#include <algorithm>
#include <cstring>
#include <memory>

#include "device/stand_in.h"
#include "octet/gemm_grouped.h"
#include "src/ops/gemm_grouped/cuda/params.h"
#include "src/ops/gemm_grouped/op.h"

namespace octet {
namespace {

namespace gemm = ops::gemm_grouped;
using stand_in::control;

constexpr uint8_t kOne = 0x38, kTwo = 0x40;  // e4m3fn
constexpr const char* kSwap = "sm90_mx_swap_8x64x128_g1_c2";

/// Memory whose address tensor maps take.
class Aligned {
 public:
  explicit Aligned(int64_t bytes) : bytes_(static_cast<size_t>(bytes) + 256) {}
  uint8_t* data() {
    return bytes_.data() + (256 - reinterpret_cast<uintptr_t>(bytes_.data()) % 256);
  }

 private:
  std::vector<uint8_t> bytes_;
};

/// Two tokens of two choices each among three experts; rows of choices 0 and 3 go to expert 2, that
/// of choice 1 to expert 0, and choice 2 to an expert elsewhere. All codes are one, all scales one
/// (mxfp8) but those of expert 2's weights, which are two.
struct SmallGrouped {
  static constexpr int64_t kExperts = 3;

  SmallGrouped(int64_t n_in, int64_t k_in, bool mx, int64_t block_m = 8)
      : n(n_in),
        k(k_in),
        a(4 * k),
        b(kExperts * n * k),
        ids(static_cast<size_t>(moe_align_max_slots(2, 2, kExperts, block_m).value()), 4),
        tiles(ids.size() / static_cast<size_t>(block_m), -1),
        d(static_cast<size_t>(4 * n), -7.0f) {
    std::fill_n(a.data(), 4 * k, kOne);
    std::fill_n(b.data(), 2 * n * k, kOne);
    std::fill_n(b.data() + 2 * n * k, n * k, kTwo);
    ids[0] = 1;
    ids[static_cast<size_t>(block_m)] = 0;
    ids[static_cast<size_t>(block_m) + 1] = 3;
    tiles[0] = 0;
    tiles[1] = 2;
    counts[kPaddedSlots] = static_cast<int32_t>(2 * block_m);
    set_scales(mx);
    args.a = {a.data(), DType::kE4m3fn, 4, k};
    args.b = {b.data(), DType::kE4m3fn, kExperts, n, k, 0, 0};
    args.tokens = 2;
    args.topk = 2;
    args.sorted_ids = ids.data();
    args.tile_experts = tiles.data();
    args.counts = counts;
    args.sorted_ids_size = static_cast<int64_t>(ids.size());
    args.tile_experts_size = static_cast<int64_t>(tiles.size());
    args.block_m = block_m;
    args.d = {d.data(), DType::kF32, 4, n};
  }
  SmallGrouped(const SmallGrouped&) = delete;
  SmallGrouped& operator=(const SmallGrouped&) = delete;

  void set_scales(bool mx) {
    const int64_t blocks = mx ? k / 32 : k / 128, rows = mx ? n : (n + 127) / 128;
    exponents.assign(static_cast<size_t>(kExperts * n * (k / 32)), 127);
    floats.assign(static_cast<size_t>(kExperts * n * std::max<int64_t>(k / 128, 1)), 1.0f);
    const void* scales = mx ? static_cast<const void*>(exponents.data()) : floats.data();
    const DType type = mx ? DType::kE8m0 : DType::kF32;
    args.a_scale = {scales, type, 4, blocks};
    args.b_scale = {scales, type, kExperts, rows, blocks, 0, 0};
  }
  float at(int64_t row, int64_t col) const { return d[static_cast<size_t>(row * n + col)]; }

  int64_t n, k;
  Aligned a, b;
  std::vector<uint8_t> exponents;
  std::vector<float> floats;
  std::vector<int32_t> ids, tiles;
  int32_t counts[kNumMoeCounts]{};
  std::vector<float> d;
  GemmGroupedArgs args;
};

/// Host memory is device memory to the stand-in.
class GroupedLaunchCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    const auto& op = gemm::op();
    if (!op.variants()[static_cast<size_t>(op.find(kSwap))].built) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu().value());
  }
  Status run(const SmallGrouped& small, const std::string& variant, bool overlap = false) {
    Options options;
    options.variant = variant;
    options.overlap_previous = overlap;
    return gemm_grouped(small.args, *stream_, options);
  }
  /// The error of a call of kSwap, which must not reach the device.
  std::string refusal(const SmallGrouped& small, StatusCode code = StatusCode::kInvalidArgument) {
    const Status status = run(small, kSwap);
    EXPECT_EQ(status.code(), code);
    EXPECT_TRUE(control().launches().empty());
    return status.message();
  }

  std::unique_ptr<Stream> stream_;
};

TEST_F(GroupedLaunchCudaTest, EveryVariantIsGivenItsProblem) {
  int ran = 0;
  for (const bool mx : {false, true}) {
    for (const select::Variant& variant : gemm::variants()) {
      if (variant.arch != Arch::kSm90) continue;
      SmallGrouped small(70, 1024, mx, 128);
      const select::Problem problem = gemm::to_select(gemm::validate(small.args).value());
      if (!variant.supports(variant.config, problem, stream_->device()).ok) continue;
      const float weights[] = {0.5f, 3.0f, 100.0f, 2.0f};
      small.args.topk_weights = weights;
      const Status status = run(small, variant.name);
      ASSERT_TRUE(status.ok()) << variant.name << ": " << status.message();
      EXPECT_EQ(small.at(0, 69), 1024.0f) << variant.name;
      EXPECT_EQ(small.at(1, 69), 3 * 1024.0f) << variant.name;
      EXPECT_EQ(small.at(2, 0), -7.0f) << variant.name << ": a choice without a slot";
      EXPECT_EQ(small.at(3, 0), 4 * 1024.0f) << variant.name;
      ++ran;
    }
  }
  EXPECT_GT(ran, 50);
}

TEST_F(GroupedLaunchCudaTest, BlocksOfALaunchAreThoseOfTheDevice) {
  SmallGrouped small(70, 512, true);
  for (const bool overlap : {false, true}) {
    control().reset();
    ASSERT_TRUE(run(small, kSwap, overlap).ok());
    const auto launches = control().launches();
    ASSERT_EQ(launches.size(), 1u);
    EXPECT_EQ(launches[0].entry, "octet_sm90_moe_mx_swap_8x64_g1_b4");
    EXPECT_EQ(launches[0].cluster, 2u);
    EXPECT_EQ(launches[0].dependent, overlap);
    const auto units = static_cast<uint32_t>(stream_->device().cu_num);
    EXPECT_EQ(launches[0].grid[0], units * 4) << "four blocks a multiprocessor";
  }
}

TEST_F(GroupedLaunchCudaTest, AnOlderListIsReadEarlyWhereTheLaunchOverlaps) {
  SmallGrouped small(70, 512, true);
  for (const bool older : {false, true}) {
    for (const bool overlap : {false, true}) {
      small.args.list_is_older = older;
      ASSERT_TRUE(run(small, kSwap, overlap).ok());
      gemm::Sm90Params params;
      std::memcpy(&params, control().launches().back().parameter.data(), sizeof params);
      EXPECT_EQ(params.early_list, older && overlap);
    }
  }
}

TEST_F(GroupedLaunchCudaTest, RowsAreWidenedByALaunchOfTheirOwn) {
  SmallGrouped small(70, 544, true, 128);
  for (const bool overlap : {false, true}) {
    control().reset();
    ASSERT_TRUE(run(small, "sm90_mx_widen_128x256x128", overlap).ok());
    const auto launches = control().launches();
    ASSERT_EQ(launches.size(), 2u);
    EXPECT_EQ(launches[0].entry, "octet_sm90_moe_mx_widen_tokens");
    EXPECT_EQ(launches[0].dependent, overlap);
    EXPECT_EQ(launches[0].grid[0], 3u) << "256 of k a block";
    EXPECT_EQ(launches[0].grid[1], 1u) << "8 rows a block";
    EXPECT_EQ(launches[1].entry, "octet_sm90_moe_mx_widen_128x256");
    EXPECT_TRUE(launches[1].dependent) << "whatever came before the first";
  }
  EXPECT_EQ(small.at(3, 69), 2 * 544.0f);
}

TEST_F(GroupedLaunchCudaTest, WidenedRowsHaveRoomWhateverSharesThem) {
  SmallGrouped small(70, 256, true, 64);
  Options options;
  options.variant = "sm90_mx_widen_64x128x128";
  const auto bytes = [&] {
    return gemm_grouped_workspace_bytes(small.args, *stream_, options).value();
  };
  EXPECT_EQ(bytes(), 4 * 256 * 2);
  small.args.a_div = 2;
  small.args.a.rows = small.args.a_scale.rows = 2;
  EXPECT_EQ(bytes(), 2 * 256 * 2);
  small.args.tokens = 1;  // two rows for four choices: more than one a token
  small.args.topk = 4;
  EXPECT_GE(bytes(), 2 * 256 * 2);
}

TEST_F(GroupedLaunchCudaTest, PackedSlotsAndSharedRowsArrive) {
  SmallGrouped small(40, 256, false);
  small.args.layout = SlotLayout::kPacked;
  std::fill(small.ids.begin(), small.ids.end(), 2 << 24 | 2);
  small.ids[0] = 1 << 24 | 0;
  small.ids[8] = 0 << 24 | 0;
  small.ids[9] = 1 << 24 | 1;
  small.args.a_div = 2;
  small.args.a.rows = 2;
  small.args.a_scale.rows = 2;
  std::fill_n(small.a.data() + small.k, small.k, kTwo);
  ASSERT_TRUE(run(small, "sm90_block_swap_8x64x128_g2_c1").ok());
  EXPECT_EQ(small.at(0, 39), 2 * 256.0f);
  EXPECT_EQ(small.at(1, 39), 256.0f);
  EXPECT_EQ(small.at(3, 39), 4 * 256.0f) << "token 1 has the second row of a";
}

TEST_F(GroupedLaunchCudaTest, StridesThatCopiesCannotTakeAreRefused) {
  SmallGrouped small(70, 512, true);
  small.args.b_scale.row_stride = 18;
  EXPECT_NE(refusal(small).find("with 18 bytes between rows: on a GPU both must be multiples of 4"),
            std::string::npos);
  small.args.b_scale.row_stride = 0;
  small.args.b_scale.expert_stride = 70 * 16 + 2;
  EXPECT_NE(refusal(small).find("b_scale with 1122 bytes between experts: on a GPU they must be a "
                                "multiple of 4"),
            std::string::npos);
  small.args.b_scale.expert_stride = 0;
  small.args.b.expert_stride = 70 * 512 + 8;
  EXPECT_NE(refusal(small).find("b with 35848 bytes between experts: on a GPU they must be a "
                                "multiple of 16"),
            std::string::npos);
  small.args.b.expert_stride = 0;
  small.args.a.row_stride = 520;
  EXPECT_NE(refusal(small).find("a at 0x"), std::string::npos);
  small.args.a.row_stride = int64_t{1} << 35;
  EXPECT_NE(
      refusal(small).find("a of 4 rows 34359738368 bytes apart: on a GPU they must end within "
                          "68719476720 bytes"),
      std::string::npos);
}

TEST_F(GroupedLaunchCudaTest, WhatAVariantCannotRunItSays) {
  const SmallGrouped odd(70, 544, true), shallow(70, 256, true), blocks(70, 512, false);
  const auto says = [&](const SmallGrouped& small, const char* reason) {
    const std::string message = refusal(small, StatusCode::kUnsupported);
    EXPECT_NE(message.find(reason), std::string::npos) << message;
  };
  says(odd, "k = 544, must be a multiple of 128");
  says(shallow, "2 blocks share k: needs at least 512");
  says(blocks, "takes scales of 32 of k (e8m0)");
  const auto& op = gemm::op();
  const auto reason = [&](const char* name, gemm::Problem problem) {
    const select::Variant& variant = op.variants()[static_cast<size_t>(op.find(name))];
    return variant.supports(variant.config, gemm::to_select(problem), stream_->device()).reason;
  };
  gemm::Problem problem{2, 70, 512, 3, 2, 24};
  EXPECT_EQ(reason("sm90_mx_swap_16x64x128_g1_c1", problem),
            "block_m = 24, must be a multiple of 16");
  problem = {1 << 20, 70, 8192, 3, 8, 64};
  EXPECT_EQ(reason("sm90_mx_widen_64x128x128", problem),
            "8388608 rows of a of 16384 bytes as bf16, at most 68719476720 bytes");
  problem = {2, int64_t{1} << 31, 1024, 3, 2, 8};
  EXPECT_EQ(reason(kSwap, problem),
            "an expert of n = 2147483648 rows of k = 1024 bytes, at most 1099511627760");
}

TEST_F(GroupedLaunchCudaTest, OtherKRunsOnTheLooseKernel) {
  SmallGrouped small(5, 96, true);
  small.exponents.assign(3 * 5 * 5 + 1, 127);
  small.args.a_scale.data = small.exponents.data();
  small.args.b_scale.data = small.exponents.data() + 1;
  small.args.b_scale.row_stride = 5;
  for (const auto& [variant, entry] : {std::pair{"", "octet_sm90_moe_mx_loose_8x64_g1"},
                                       {"sm90_simple", "octet_sm90_moe_mx_simple"}}) {
    std::fill(small.d.begin(), small.d.end(), 0.0f);
    ASSERT_TRUE(run(small, variant).ok());
    EXPECT_EQ(control().launches().back().entry, entry);
    EXPECT_EQ(small.at(1, 4), 96.0f);
    EXPECT_EQ(small.at(3, 4), 2 * 96.0f);
  }
}

}  // namespace
}  // namespace octet
