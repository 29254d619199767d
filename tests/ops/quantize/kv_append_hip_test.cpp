// kv_append on AMD GPUs, its code objects interpreted: the bits of plain loops over the codecs in
// every form, what is launched, and the words of tokens without a place.
#include "ops/quantize/append_forms.h"
#include "ops/quantize/hip_append.h"

namespace octet {
namespace {

using testing_append::By;
using testing_append::Form;
using testing_append::SmallAppend;
using testing_append::TestCache;

class KvAppendHipTest : public testing_hip::HipTest {
 protected:
  void SetUp() override {
    HipTest::SetUp();
    SmallAppend call({By::kSlots, {1}});
    if (run(call).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no kernels of the device";
    }
    fault_.assign(4, 0);
  }
  /// With operands on the device; caches and words of a fault come back.
  Status run(SmallAppend& call) {
    return testing_append::with_operands_on(*stream_, call, fault_, [&](const KvAppendArgs& args) {
      control().reset();
      const Status status = kv_append(args, *stream_);
      expect_launches_alone();
      launches_ = control().launches();
      return status;
    });
  }
  std::vector<int32_t> fault_ = std::vector<int32_t>(4);
  std::vector<stand_in::Launch> launches_;
};

TEST_P(KvAppendHipTest, EveryForm) {
  testing_append::expect_every_form([&](SmallAppend& call) {
    const Status status = run(call);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(fault_, std::vector<int32_t>(4));
  });
}

TEST_P(KvAppendHipTest, OneLaunchAndNothingElse) {
  SmallAppend call({By::kLengths, {3, 3}, {9, 70}, 8, 128, 64});
  ASSERT_TRUE(run(call).ok());
  ASSERT_EQ(launches_.size(), 1u);
  EXPECT_EQ(launches_[0].entry, "octet_gfx942_append_bf16_e4m3fn");
  EXPECT_EQ(launches_[0].grid[0], 3u) << "48 heads of tokens, 16 a workgroup";
}

TEST_P(KvAppendHipTest, ATokenWithoutAPlaceIsSkippedAndTold) {
  const auto expect = [&](SmallAppend& call, size_t token, const std::vector<int32_t>& words) {
    const auto [k, v] = testing_append::expected_without(call, token);
    for (const size_t told : {0, 4}) {
      fault_.assign(told, 0);
      ASSERT_TRUE(run(call).ok());
      EXPECT_TRUE(call.k == k && call.v == v) << words[0];
    }
    EXPECT_EQ(fault_, words);
    fault_.assign(4, 0);
  };
  testing_append::for_each_lost_token(expect);
}

TEST_P(KvAppendHipTest, AGivenScaleThatIsOutOfRangeMakesNans) {
  testing_append::expect_nans_of_a_scale_of_0(
      [&](SmallAppend& call) { ASSERT_TRUE(run(call).ok()); });
}

/// Every bf16 and every f16 number, in rows where they are codes of every size.
TEST_P(KvAppendHipTest, EveryNumberOf16Bits) {
  for (const DType x : {DType::kBf16, DType::kF16}) {
    for (const DType kv : {DType::kE4m3fn, DType::kE5m2}) {
      SmallAppend call({By::kSlots,
                        {128},
                        {},
                        1,
                        512,
                        0,
                        KvLayout::kNhd,
                        0,
                        x,
                        kv,
                        Form::kToken,
                        Form::kTokenShift});
      for (uint32_t i = 0; i < 65536; ++i) {
        // The low bits first, so that a row spans exponents and both signs.
        const auto code = static_cast<uint16_t>(i * 0x8421u);
        for (auto& rows : call.x) std::memcpy(rows.data() + 2 * i, &code, 2);
      }
      const TestCache k = call.expected(0), v = call.expected(1);
      ASSERT_TRUE(run(call).ok());
      EXPECT_TRUE(call.k == k) << dtype_name(x) << " to " << dtype_name(kv);
      EXPECT_TRUE(call.v == v) << dtype_name(x) << " to " << dtype_name(kv);
    }
  }
}

TEST_P(KvAppendHipTest, NoTokensNoLaunch) {
  SmallAppend call({By::kLengths, {0, 0}, {}, 2, 64});
  control().reset();
  EXPECT_TRUE(kv_append(call.args, *stream_).ok());
  EXPECT_TRUE(control().launches().empty());
}

OCTET_ON_AMD_DEVICES(KvAppendHipTest);

}  // namespace
}  // namespace octet
