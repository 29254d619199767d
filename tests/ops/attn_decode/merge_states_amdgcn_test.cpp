// The machine code of attn_merge_states on AMD GPUs, interpreted, against the sums of the CPU.
#include <gtest/gtest.h>

#include <cmath>

#include "ops/interpreted_kernel.h"
#include "src/core/formats.h"
#include "src/harness/random.h"
#include "src/ops/attn_decode/hip/launch.h"

#ifdef OCTET_HAVE_AMDGCN

namespace octet::ops::attn_decode {
namespace {

struct Merge {
  int64_t parts, rows, dim, pad;
  DType in, out;
};

float element(const std::vector<uint8_t>& memory, DType dtype, int64_t i) {
  if (dtype == DType::kF32) return reinterpret_cast<const float*>(memory.data())[i];
  const uint16_t bits = reinterpret_cast<const uint16_t*>(memory.data())[i];
  return dtype == DType::kBf16 ? decode_bf16(bits) : decode(kF16Format, bits);
}
void set_element(std::vector<uint8_t>& memory, DType dtype, int64_t i, float x) {
  if (dtype == DType::kF32) {
    reinterpret_cast<float*>(memory.data())[i] = x;
  } else {
    reinterpret_cast<uint16_t*>(memory.data())[i] =
        dtype == DType::kBf16 ? encode_bf16(x) : static_cast<uint16_t>(encode(kF16Format, x));
  }
}

void expect_merged(const Merge& m, const char* profile) {
  harness::Random random(m.parts);
  const int64_t stride = m.rows * m.dim + m.pad, row = m.dim + m.pad;
  std::vector<uint8_t> parts(static_cast<size_t>(m.parts * stride * size_of(m.in)));
  std::vector<float> lse(static_cast<size_t>(m.parts * m.rows)), out_lse(lse.size());
  for (int64_t i = 0; i < m.parts * stride; ++i) {
    set_element(parts, m.in, i, static_cast<float>(2 * random.unit() - 1));
  }
  for (size_t i = 0; i < lse.size(); ++i) {
    lse[i] = i % 5 == 0 || i % static_cast<size_t>(m.rows) == 1
                 ? -INFINITY
                 : static_cast<float>(20 * random.unit());
    if (lse[i] != -INFINITY) continue;  // is not read
    const auto part = static_cast<int64_t>(i) / m.rows, r = static_cast<int64_t>(i) % m.rows;
    set_element(parts, m.in, part * stride + r * m.dim, NAN);
  }
  AttnMergeArgs args{parts.data(), m.in, m.parts, m.rows, m.dim, stride, lse.data()};
  std::vector<uint8_t> want(static_cast<size_t>(m.rows * row * size_of(m.out)), 0xff), got = want;
  std::vector<float> want_lse(static_cast<size_t>(m.rows)), got_lse = want_lse;
  args.out = {want.data(), m.out, m.rows, m.dim, row}, args.out_lse = want_lse.data();
  Stream stream = Stream::cpu(1).value();
  ASSERT_TRUE(attn_merge_states(args, stream).ok());
  args.out.data = got.data(), args.out_lse = got_lse.data();
  const hip::MergeCall call = hip::merge_call(args);
  const auto bytes = [](const auto& values) {
    return static_cast<int64_t>(values.size() * sizeof(values[0]));
  };
  const Status status = amdgcn::run_kernel(*call.kernel, device_profile(profile).value().arch,
                                           call.shape, &call.params, sizeof call.params,
                                           {{parts.data(), bytes(parts)},
                                            {lse.data(), bytes(lse)},
                                            {got.data(), bytes(got), true},
                                            {got_lse.data(), bytes(got_lse), true}},
                                           7);
  if (status.code() == StatusCode::kUnsupported) GTEST_SKIP() << status.message();
  ASSERT_TRUE(status.ok()) << status.message();
  const double unit = m.out == DType::kF32 ? 2e-6 : m.out == DType::kBf16 ? 0x1p-7 : 0x1p-10;
  for (int64_t r = 0; r < m.rows; ++r) {
    for (int64_t d = 0; d < m.dim; ++d) {
      ASSERT_NEAR(element(got, m.out, r * row + d), element(want, m.out, r * row + d), unit)
          << "row " << r << " dim " << d;
    }
    const auto i = static_cast<size_t>(r);
    if (std::isinf(want_lse[i])) {
      EXPECT_EQ(got_lse[i], want_lse[i]);
    } else {
      EXPECT_NEAR(got_lse[i], want_lse[i], 1e-5);
    }
  }
}

class InterpretedMerge : public testing::TestWithParam<const char*> {};

TEST_P(InterpretedMerge, IsTheSumOfTheCpu) {
  expect_merged({2, 5, 3, 1, DType::kF32, DType::kF32}, GetParam());
  expect_merged({67, 9, 128, 0, DType::kBf16, DType::kF16}, GetParam());
  expect_merged({130, 2, 512, 8, DType::kF16, DType::kBf16}, GetParam());
  expect_merged({1, 4, 100, 0, DType::kF32, DType::kBf16}, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Devices, InterpretedMerge, testing::Values("mi300x", "mi355x"));

}  // namespace
}  // namespace octet::ops::attn_decode

#endif
