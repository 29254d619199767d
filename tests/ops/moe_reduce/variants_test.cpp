// The CPU kernels of moe_reduce against sums written out.
#include "src/ops/moe_reduce/variants.h"

#include "ops/moe_reduce/small_reduce.h"
#include "src/ops/moe_reduce/problem.h"

namespace octet::ops::moe_reduce {
namespace {

using testing_reduce::SmallReduce;

TEST(MoeReduceVariants, EveryTypeSizeAndAlignment) {
  const Device device = cpu_device(1).value();
  int ran = 0;
  for (const Variant& variant : variants()) {
    if (!arch_runs(device.arch, variant.arch)) continue;
    SCOPED_TRACE(variant.name);
    testing_reduce::expect_every_size([&](SmallReduce& call) {
      const Task task = validate(call.args).value();
      variant.kernel(task, 0, task.tokens);
    });
    ++ran;
  }
  EXPECT_GE(ran, 1);
}

TEST(MoeReduceVariants, InfinitiesAndNanOfARowReachItsToken) {
  for (const Variant& variant : variants()) {
    if (!arch_runs(cpu_device(1).value().arch, variant.arch)) continue;
    for (const DType type : testing_reduce::kTypes) {
      SmallReduce call({2, 2, 37, type, type});
      call.args.topk_ids = nullptr;
      call.args.expert_mask = nullptr;
      call.fill();
      const auto set = [&](int64_t row, int64_t col, float value) {
        testing_reduce::put(call.x.data() + (row * 37 + col) * size_of(type), type, value);
      };
      set(0, 3, INFINITY);
      set(1, 36, NAN);
      set(2, 5, INFINITY);
      set(3, 5, -INFINITY);
      variant.kernel(validate(call.args).value(), 0, 2);
      const auto at = [&](int64_t token, int64_t col) {
        return testing_reduce::get(call.y.data() + (token * 37 + col) * size_of(type), type);
      };
      EXPECT_EQ(at(0, 3), INFINITY) << variant.name;
      EXPECT_TRUE(std::isnan(at(0, 36))) << variant.name;
      EXPECT_TRUE(std::isnan(at(1, 5))) << variant.name;
      EXPECT_TRUE(std::isfinite(at(0, 4)) && std::isfinite(at(1, 36))) << variant.name;
    }
  }
}

}  // namespace
}  // namespace octet::ops::moe_reduce
