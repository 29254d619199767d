// moe_align on AMD GPUs, its code objects interpreted: the list that nested loops give, for every
// size and layout; masks, invalid ids; one launch.
#include "ops/moe_align/hip_align.h"
#include "src/ops/moe_align/hip/params.h"

namespace octet {
namespace {

using testing_align::SmallAlign;

class MoeAlignLaunchHipTest : public testing_hip::HipTest {
 protected:
  void SetUp() override {
    HipTest::SetUp();
    SmallAlign call(1, 1, 1, 8);
    if (try_run(call).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no kernels of the device";
    }
    control().reset();
  }
  Status try_run(SmallAlign& call) {
    return testing_align::with_operands_on(*stream_, call, [&](const MoeAlignArgs& args) {
      control().reset();
      const Status status = moe_align(args, *stream_);
      expect_launches_alone();
      launches_ = control().launches();
      return status;
    });
  }
  void run(SmallAlign& call) {
    const Status status = try_run(call);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  std::vector<stand_in::Launch> launches_;
};

TEST_P(MoeAlignLaunchHipTest, EverySizeInBothLayouts) {
  testing_align::expect_every_size([&](SmallAlign& call) { run(call); });
}

TEST_P(MoeAlignLaunchHipTest, MasksDropAndRenumber) {
  for (const int64_t tokens : {3, 7, 700}) {
    SmallAlign call(tokens, 8, 150, 16);
    call.route(9, 150);
    std::vector<int32_t> mask(150);
    for (size_t e = 0; e < mask.size(); ++e) mask[e] = e % 3 == 1 ? -5 : 0;
    call.set_mask(std::move(mask));
    run(call);
    call.expect_right("masked, " + std::to_string(tokens) + " tokens");
  }
}

TEST_P(MoeAlignLaunchHipTest, IdsOutOfRangeAreDroppedAndCounted) {
  for (const int64_t tokens : {8, 900}) {
    SmallAlign call(tokens, 4, 20, 8);
    call.route(2, 20);
    for (size_t i = 0; i < call.ids.size(); i += 7) call.ids[i] = i % 2 == 0 ? -1 : 20;
    run(call);
    call.expect_right("invalid ids, " + std::to_string(tokens) + " tokens");
  }
}

TEST_P(MoeAlignLaunchHipTest, WithoutWeights) {
  for (const int64_t tokens : {5, 100}) {
    SmallAlign call(tokens, 2, 9, 8);
    call.route(4, 9);
    call.args.topk_weights = nullptr;
    call.args.sorted_weights = nullptr;
    std::fill(call.sorted_weights.begin(), call.sorted_weights.end(), 0.0f);
    run(call);
    call.expect_right("no weights");
  }
}

TEST_P(MoeAlignLaunchHipTest, OneLaunchWhoseWorkgroupsDoNotWait) {
  for (const auto& [tokens, entry, workgroups] : {std::tuple{8, "octet_gfx942_few", 1u},
                                                  {9, "octet_gfx942_sort", 1u},
                                                  {512, "octet_gfx942_sort", 1u},
                                                  {513, "octet_gfx942_sort", 2u},
                                                  {9000, "octet_gfx942_sort", 18u}}) {
    SmallAlign call(tokens, 8, 64, 64);
    run(call);
    ASSERT_EQ(launches_.size(), 1u);
    EXPECT_EQ(launches_[0].entry, entry) << tokens;
    EXPECT_EQ(launches_[0].grid[0], workgroups) << tokens;
  }
}

TEST(MoeAlignHipShares, WavesTakeAllChoicesInWholeGroups) {
  using namespace ops::moe_align;
  for (const int32_t choices : {1, 64, 65, 4096, 4097, 131072, 131073, 2'000'000'000}) {
    const int32_t waves = sort_workgroups(choices) * kSortWaves;
    const int64_t each = choices_of_wave(choices, waves);
    EXPECT_EQ(each % kLanes, 0);
    EXPECT_GE(each * waves, choices);
    EXPECT_LE(sort_workgroups(choices), kMostSortWorkgroups);
  }
}

OCTET_ON_AMD_DEVICES(MoeAlignLaunchHipTest);

}  // namespace
}  // namespace octet
