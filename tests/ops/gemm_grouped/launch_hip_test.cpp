// gemm_grouped on AMD GPUs, on the stand-in: what is refused before a launch.
#include "ops/gemm_grouped/small_grouped.h"
#include "ops/hip_stream.h"

namespace octet {
namespace {

using ops::gemm_grouped::Format;
using testing_grouped::Sizes;
using testing_grouped::SmallGrouped;

class GroupedLaunchHipTest : public testing_hip::HipRefusalTest {
 protected:
  GroupedLaunchHipTest() : HipRefusalTest(ops::gemm_grouped::op()) {}
  /// Of a call whose operands are all at an aligned address; `change` makes it wrong.
  template <class Change>
  void expect_refused(const char* variant, Format format, Change change, const std::string& part) {
    SmallGrouped call(Sizes{5, 2, 4, 70, 256, 1, format});
    point(call.args);
    change(call.args);
    Options options;
    options.variant = variant;
    HipRefusalTest::expect_refused(gemm_grouped(call.args, *stream_, options), variant, part);
  }
};

constexpr const char* kMx = "gfx942_mx_8x16x128_w4";
constexpr const char* kBlock = "gfx942_block_8x16x128_w4";

TEST_F(GroupedLaunchHipTest, RefusesAddressesAndStridesThatItCannotLoad) {
  expect_refused(
      kMx, Format::kMxfp8, [&](auto& args) { args.a.data = aligned_ + 2; },
      "with 256 bytes between rows and 0 between experts: this kernel needs multiples of 4 "
      "(variant gfx942_simple takes any)");
  expect_refused(
      kBlock, Format::kBlockscale, [&](auto& args) { args.b.expert_stride = 70 * 256 + 2; },
      "and 17922 between experts: this kernel needs multiples of 4");
  expect_refused(
      kMx, Format::kMxfp8, [&](auto& args) { args.b_scale.row_stride = 9; },
      "gemm_grouped: b_scale at 0x");
  expect_refused(
      kMx, Format::kMxfp8, [&](auto& args) { args.a_scale.row_stride = 9; },
      "with 9 bytes between rows and 0 between experts: this kernel needs multiples of 4");
}

TEST_F(GroupedLaunchHipTest, RefusesRowsThatLieTooFarApart) {
  expect_refused(
      kBlock, Format::kBlockscale, [](auto& args) { args.b.row_stride = 29360132; },
      "b with 29360132 bytes between rows, on a GPU at most 29360128");
  expect_refused(
      "gfx942_simple", Format::kMxfp8, [](auto& args) { args.a.row_stride = 29360132; },
      "a with 29360132 bytes between rows, on a GPU at most 29360128");
}

TEST_F(GroupedLaunchHipTest, RefusesTokensThatOffsetsDoNotReach) {
  SmallGrouped call(Sizes{100, 2, 4, 70, 256, 1, Format::kMxfp8});
  call.args.a.row_stride = 29360128;
  Options options;
  options.variant = kMx;
  const Status status = gemm_grouped(call.args, *stream_, options);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("a of 200 rows 29360128 bytes apart: this kernel needs them "
                                  "within 1879048192 bytes (variant gfx942_simple takes any)"),
            std::string::npos)
      << status.message();
}

TEST_F(GroupedLaunchHipTest, RefusesAListOfMoreSlotsThanALaunchHas) {
  expect_refused(
      kMx, Format::kMxfp8,
      [](auto& args) {
        args.sorted_ids_size = int64_t{16} << 23;
        args.tile_experts_size = int64_t{1} << 23;
      },
      "a slot list of 134217728 slots, this kernel takes at most 134217720");
}

}  // namespace
}  // namespace octet
