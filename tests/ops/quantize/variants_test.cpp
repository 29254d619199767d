// The CPU kernels of quantize: MX blocks against exact arithmetic and ml_dtypes (mx_reference.csv,
// scripts/make_mx_reference.py), and every kernel against the reference kernel.
#include "src/ops/quantize/variants.h"

#include <gtest/gtest.h>

#include "ops/quantize/small_quantize.h"
#include "src/core/csv.h"
#include "src/core/text.h"
#include "src/ops/quantize/problem.h"

namespace octet::ops::quantize {
namespace {

using testing_quantize::all_kinds;
using testing_quantize::Kind;
using testing_quantize::SmallQuantize;

std::vector<Variant> runnable() {
  const Device device = cpu_device(1).value();
  std::vector<Variant> found;
  for (const Variant& variant : variants()) {
    if (arch_runs(device.arch, variant.arch)) found.push_back(variant);
  }
  return found;
}

void run(const Variant& variant, SmallQuantize& call) {
  const Result<Task> task = validate(call.args);
  ASSERT_TRUE(task.ok()) << task.status().message();
  variant.kernel(*task, 0, (task->rows + task->block_rows - 1) / task->block_rows);
}

uint32_t hex(std::string_view digits) {
  return static_cast<uint32_t>(std::stoul(std::string(digits), nullptr, 16));
}

Kind kind_of(const std::string& element, const std::string& rounding) {
  return {DType::kF32,
          element == "e4m3fn"     ? DType::kE4m3fn
          : element == "e4m3fnuz" ? DType::kE4m3fnuz
                                  : DType::kE2m1,
          ScaleBlock::k1x32,
          rounding == "round_up" ? MxRounding::kRoundUp
          : rounding == "floor"  ? MxRounding::kFloor
                                 : MxRounding::kEven};
}

TEST(QuantizeVariants, MxBlocksAreAsExactArithmeticAndMlDtypesSay) {
  const Csv csv = read_csv(OCTET_SOURCE_DIR "/tests/ops/quantize/mx_reference.csv").value();
  ASSERT_EQ(csv.rows.size(), 612u);
  for (const CsvRow& row : csv.rows) {
    const auto& f = row.fields;
    const Kind kind = kind_of(f[0], f[1]);
    SmallQuantize call(kind, 1, 32);
    for (int i = 0; i < 32; ++i) {
      call.set(0, i, std::bit_cast<float>(hex(f[3].substr(static_cast<size_t>(i) * 8, 8))));
    }
    for (const Variant& variant : runnable()) {
      run(variant, call);
      const std::string where = f[0] + " " + f[1] + " " + f[3] + " " + variant.name;
      ASSERT_EQ(call.scale[0], parse_int(f[2]).value()) << where;
      for (size_t i = 0; i < 32; ++i) {
        const bool packed = kind.q == DType::kE2m1;
        const int code = packed ? call.q[i / 2] >> i % 2 * 4 & 15 : call.q[i];
        ASSERT_EQ(code, hex(f[4].substr(packed ? i : 2 * i, packed ? 1 : 2)))
            << where << " at " << i;
      }
    }
  }
}

void expect_bits_of_the_reference(const Kind& kind, int64_t rows, int64_t cols, int specials) {
  const auto filled = [&](SmallQuantize& call) {
    call.fill(static_cast<uint32_t>(rows + cols + specials), specials);
  };
  SmallQuantize expected(kind, rows, cols, 3);
  filled(expected);
  run(variants().back(), expected);
  for (const Variant& variant : runnable()) {
    SmallQuantize call(kind, rows, cols, 3);
    filled(call);
    run(variant, call);
    const std::string where = to_string(kind) + " " + variant.name;
    ASSERT_EQ(call.scale, expected.scale) << where;
    ASSERT_EQ(call.q, expected.q) << where << " " << rows << "x" << cols;
  }
}

TEST(QuantizeVariants, AllGiveTheBitsOfTheReference) {
  ASSERT_STREQ(variants().back().name, "generic_ref");
  for (const Kind& kind : all_kinds()) {
    const int64_t rows = kind.block == ScaleBlock::k128x128 ? 130 : 9;
    for (const int64_t cols : {128, 391, 1152}) {  // more than a part of a gated row
      if (cols % 128 != 0 && kind.block != ScaleBlock::kRow) continue;
      for (const int specials : {0, 2}) expect_bits_of_the_reference(kind, rows, cols, specials);
    }
    if (HasFatalFailure()) return;
  }
}

TEST(QuantizeVariants, RowsOfEveryLengthWriteNothingBehindThem) {
  const Kind kind{DType::kBf16, DType::kE4m3fn, ScaleBlock::kRow};
  for (const Variant& variant : runnable()) {
    for (int64_t cols = 1; cols <= 70; ++cols) {
      SmallQuantize call(kind, 2, cols, 5);  // what lies between the rows is NaN
      for (int64_t i = 0; i < 2 * cols; ++i) call.set(i / cols, i % cols, i % 2 ? 448.0f : -224.0f);
      call.set(0, cols - 1, -896);
      run(variant, call);
      float scale[2];
      std::memcpy(scale, call.scale.data(), sizeof scale);
      ASSERT_EQ(scale[0], 2.0f) << variant.name << " " << cols;
      ASSERT_EQ(call.q[static_cast<size_t>(cols) - 1], 0xfe) << cols;
      for (int64_t i = cols; i < cols + 5; ++i) {
        ASSERT_EQ(call.q[static_cast<size_t>(i)], SmallQuantize::kCanary) << cols;
      }
    }
  }
}

TEST(QuantizeVariants, TheNewestTierOfTheDeviceIsChosen) {
  const auto of = [](const char* profile) {
    return std::string(octet::cpu::fastest(variants(), device_profile(profile).value()).name);
  };
  EXPECT_EQ(of("generic"), "generic_ref");
  if (variants().size() == 1) GTEST_SKIP() << "no x86 kernels in this build";
  EXPECT_EQ(of("x86_avx2"), "x86_avx2_blocks");
  EXPECT_EQ(of("x86_avx512"), "x86_avx512_blocks");
  EXPECT_EQ(of("x86_amx"), "x86_avx512_blocks");
}

}  // namespace
}  // namespace octet::ops::quantize
