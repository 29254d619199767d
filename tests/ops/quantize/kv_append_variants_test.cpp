// The CPU kernels of kv_append against plain loops over the codecs.
#include "ops/quantize/append_forms.h"
#include "src/ops/quantize/append_problem.h"
#include "src/ops/quantize/variants.h"

namespace octet::ops::quantize {
namespace {

using testing_append::SmallAppend;

void run(const AppendVariant& variant, SmallAppend& call) {
  AppendTask task = validate(call.args).value();
  std::vector<Place> places(task.tokens);
  ASSERT_TRUE(find_places(task, places.data()).ok());
  task.places = places.data();
  variant.kernel(task, 0, task.tokens);
}

TEST(KvAppendVariants, EveryForm) {
  const Device device = cpu_device(1).value();
  int ran = 0;
  for (const AppendVariant& variant : append_variants()) {
    if (!arch_runs(device.arch, variant.arch)) continue;
    SCOPED_TRACE(variant.name);
    testing_append::expect_every_form([&](SmallAppend& call) { run(variant, call); });
    ++ran;
  }
  EXPECT_GE(ran, 1);
}

/// Token i: code i and the tie behind it, times the scale, and both neighbours of each.
void set_ties(SmallAppend& call, const Minifloat& format) {
  for (uint32_t code = 0; code < 120; ++code) {
    const float low = decode(format, code), high = decode(format, code + 1);
    const float tie = std::isfinite(high) ? low + (high - low) / 2 : low * 1.1f;
    for (int64_t i = 0; i < 2 * 2 * 16; ++i) {
      const int side = static_cast<int>(i / 32);
      const int64_t head = i / 16 % 2, d = i % 16;
      const float scale = side == 0 ? call.k.scale[static_cast<size_t>(head)] : 1;
      const float at = (d % 2 == 0 ? low : tie) * scale;
      const float near = d / 2 % 3 == 0   ? at
                         : d / 2 % 3 == 1 ? std::nextafter(at, INFINITY)
                                          : std::nextafter(at, -INFINITY);
      call.set(side, code, head, d, d < 8 ? near : -near);
    }
  }
}

TEST(KvAppendVariants, TiesOfBothKindsOfCodes) {
  for (const AppendVariant& variant : append_variants()) {
    if (!arch_runs(cpu_device(1).value().arch, variant.arch)) continue;
    for (const DType kv : {DType::kE4m3fn, DType::kE5m2}) {
      using testing_append::By, testing_append::Form;
      SmallAppend call({By::kSlots,
                        {120},
                        {},
                        2,
                        16,
                        0,
                        KvLayout::kNhd,
                        0,
                        DType::kF32,
                        kv,
                        Form::kHead,
                        Form::kNone});
      set_ties(call, kv == DType::kE4m3fn ? kE4m3fnFormat : kE5m2Format);
      const testing_append::TestCache k = call.expected(0), v = call.expected(1);
      run(variant, call);
      EXPECT_TRUE(call.k == k && call.v == v) << variant.name << " " << dtype_name(kv);
    }
  }
}

}  // namespace
}  // namespace octet::ops::quantize
