// moe_reduce: every refusal names argument, value and limit, and leaves y as it was.
#include "ops/moe_reduce/small_reduce.h"

namespace octet {
namespace {

using testing_reduce::SmallReduce;
using Args = MoeReduceArgs;

struct Spoiled {
  void (*spoil)(Args&);
  const char* message;
};

/// Of 3 tokens of 4 choices, 20 columns.
const Spoiled kSpoiled[]{
    {[](Args& a) { a.x.dtype = DType::kE4m3fn; }, "x.dtype = e4m3fn, must be f32, bf16 or f16"},
    {[](Args& a) { a.y.dtype = DType::kE8m0; }, "y.dtype = e8m0, must be f32, bf16 or f16"},
    {[](Args& a) { a.topk = 0; }, "topk = 0, must be 1 to 32"},
    {[](Args& a) { a.topk = 33; }, "topk = 33, must be 1 to 32"},
    {[](Args& a) { a.experts = 0; }, "experts = 0, must be 1 to 1024"},
    {[](Args& a) { a.experts = 1025; }, "experts = 1025, must be 1 to 1024"},
    {[](Args& a) { a.y.rows = -1; }, "y.rows = -1 with topk = 4, must be 0 to 536870911"},
    {[](Args& a) { a.y.rows = int64_t{1} << 29; },
     "y.rows = 536870912 with topk = 4, must be 0 to 536870911"},
    {[](Args& a) { a.y.cols = int64_t{1} << 31; }, "y.cols = 2147483648, must be 0 to 2^31 - 1"},
    {[](Args& a) { a.x.rows = 3; }, "x is (3, 20), must be (12, 20)"},
    {[](Args& a) { a.x.cols = 19; }, "x is (12, 19), must be (12, 20)"},
    {[](Args& a) { a.x.row_stride = 19; }, "x.row_stride = 19, must be at least its 20 columns"},
    {[](Args& a) { a.y.row_stride = -20; }, "y.row_stride = -20, must be at least its 20 columns"},
    {[](Args& a) { a.x.data = nullptr; }, "x and y must not be null"},
    {[](Args& a) { a.y.data = nullptr; }, "x and y must not be null"},
    {[](Args& a) { a.topk_ids = nullptr; }, "topk_ids must not be null with an expert_mask"},
};

TEST(MoeReduceErrors, NameArgumentValueAndLimitAndLeaveYAsItWas) {
  Stream stream = Stream::cpu(2).value();
  for (const Spoiled& one : kSpoiled) {
    SmallReduce call({3, 4, 20});
    one.spoil(call.args);
    const Status status = moe_reduce(call.args, stream);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << one.message;
    EXPECT_EQ(status.message(), std::string("moe_reduce: ") + one.message);
    EXPECT_EQ(call.y, std::vector<uint8_t>(call.y.size(), SmallReduce::kCanary)) << one.message;
  }
}

}  // namespace
}  // namespace octet
