// What an AMD GPU does with subnormals, how wide its matrix instructions add, and what scales and
// conversions of special values give: reported, since no kernel depends on it.
#include <bit>
#include <cmath>

#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/harness/gpu/first_light.h"

namespace octet::harness {

OCTET_GFX942_CODE(kNumericProbes, harness, gfx942_probe);

namespace {

const gpu::Kernel float_kernel(kNumericProbes, "octet_probe_float", 0);
const gpu::Kernel encode_kernel(kNumericProbes, "octet_probe_to_fp8", 0);

/// One sum: c + the products a[i] b[i] along k, the others zero.
struct Sum {
  std::string what;
  float c = 0;
  std::vector<float> a, b;
  uint32_t a_scale = 127;  // e8m0
};

/// Element (0, 0) of the result.
Result<float> sum_of(const MatrixProbe& probe, const Sum& sum, Stream& stream) {
  const Arch arch = stream.device().arch;
  const auto operand = [&](ProbeElement element, const std::vector<float>& values) {
    const int words = probe.words(element), bits = bits_of(element);
    std::vector<uint32_t> all(static_cast<size_t>(64 * words));
    for (int lane = 0; lane < 64; lane += probe.size) {  // row 0
      for (int i = 0; i < probe.elements(); ++i) {
        const auto k = static_cast<size_t>(probe.k_of(element, lane, i));
        if (k >= values.size()) continue;
        all[static_cast<size_t>(lane * words + i * bits / 32)] |= code_of(element, values[k], arch)
                                                                  << i * bits % 32;
      }
    }
    return all;
  };
  const auto c_words = static_cast<size_t>(64 * probe.results());
  std::vector<uint32_t> c(c_words), a_scale(64, sum.a_scale), b_scale(64, 127);
  c[0] = std::bit_cast<uint32_t>(sum.c);
  OCTET_TRY(const auto d, run_probe(probe.kernel,
                                    {1, operand(probe.a, sum.a), operand(probe.b, sum.b), c,
                                     a_scale, b_scale, static_cast<int64_t>(c_words)},
                                    stream));
  return std::bit_cast<float>(d[0]);
}

std::string exactly(float value) {
  if (std::isnan(value)) return "NaN";
  return fmt::format("{} ({:a})", value, value);
}

/// How an instruction adds its products.
std::vector<Sum> sums_of(const MatrixProbe& probe) {
  const auto depth = static_cast<size_t>(probe.depth);
  const std::vector<float> ones(depth, 1);
  std::vector<float> first(depth, 0), cancel(depth, 0), cancel_by = ones;
  first[0] = 1;
  cancel[0] = -128, cancel[depth / 2] = 128, cancel[depth - 1] = 0x1p-6f;
  cancel_by[0] = cancel_by[depth / 2] = 128;
  cancel_by[depth - 1] = 0x1p-6f;
  return {
      {fmt::format("2^24 + {} products of 1 - 2^24", depth), 0x1p24f, ones, ones},
      {"2^24 + 1 product of 1 - 2^24 (a tie)", 0x1p24f, first, ones},
      {"2^24 + 2 + 1 product of 1 - 2^24 (a tie)", 0x1p24f + 2, first, ones},
      {"-2^14 + 2^14 + 2^-12 within one instruction", 0, cancel, cancel_by},
      {"2^-140 as addend", 0x1p-140f, std::vector<float>(depth, 0), ones},
  };
}

Status add_sums(const MatrixProbe& probe, const std::vector<Sum>& sums, Stream& stream,
                std::vector<ProbedNumber>& found) {
  for (const Sum& sum : sums) {
    OCTET_TRY(const float got, sum_of(probe, sum, stream));
    const bool relative = sum.what.ends_with("- 2^24") || sum.what.ends_with("(a tie)");
    found.push_back(
        {fmt::format("{}: {}", probe.name, sum.what), exactly(relative ? got - 0x1p24f : got)});
  }
  return Status::Ok();
}

/// Subnormal operands and products of the 16-bit formats, and scales at the ends of their range.
std::vector<Sum> special_sums_of(const MatrixProbe& probe) {
  switch (probe.a) {
    case ProbeElement::kBf16:
      return {{"2^-70 * 2^-70", 0, {0x1p-70f}, {0x1p-70f}},
              {"2^-130 * 2^10", 0, {0x1p-130f}, {0x1p10f}}};
    case ProbeElement::kF16:
      return {{"2^-20 * 1", 0, {0x1p-20f}, {1}}};
    default:
      break;
  }
  if (!probe.scaled()) return {};
  return {{"1 with the scale of code 0", 0, {1}, {1}, 0},
          {"1 with the scale of code 254", 0, {1}, {1}, 254},
          {"1 with the scale of code 255", 0, {1}, {1}, 255},
          {"0 with the scale of code 255", 0, {0}, {1}, 255}};
}

Result<std::vector<ProbedNumber>> plain_floats(Stream& stream) {
  const std::pair<float, float> operands[] = {
      {0x1p-130f, 1}, {0x1p-100f, 0x1p-40f}, {0x1p-126f, -0x1p-127f}};
  uint32_t a[64] = {}, b[64] = {};
  for (size_t i = 0; i < std::size(operands); ++i) {
    a[i] = std::bit_cast<uint32_t>(operands[i].first);
    b[i] = std::bit_cast<uint32_t>(operands[i].second);
  }
  OCTET_TRY(const auto d, run_probe(float_kernel, {1, a, b, {}, {}, {}, 128}, stream));
  return std::vector<ProbedNumber>{
      {"float32: 2^-130 * 1", exactly(std::bit_cast<float>(d[0]))},
      {"float32: 2^-100 * 2^-40", exactly(std::bit_cast<float>(d[2]))},
      {"float32: 2^-126 - 2^-127", exactly(std::bit_cast<float>(d[5]))}};
}

Status add_conversions(Stream& stream, std::vector<ProbedNumber>& found) {
  const float values[] = {1e6f, -1e6f, INFINITY, 0x1p-10f, 1.0625f, 1.1875f, -0.0f, 464};
  uint32_t words[256] = {};
  for (size_t i = 0; i < std::size(values); ++i) words[i] = std::bit_cast<uint32_t>(values[i]);
  OCTET_TRY(const auto codes, run_probe(encode_kernel, {1, words, {}, {}, {}, {}, 64}, stream));
  for (size_t i = 0; i < std::size(values); ++i) {
    found.push_back({fmt::format("fp8 of {}", values[i]),
                     fmt::format("code 0x{:02x}", codes[i / 4] >> i % 4 * 8 & 255)});
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<ProbedNumber>> probe_numerics(Stream& stream) {
  OCTET_TRY(std::vector<ProbedNumber> found, plain_floats(stream));
  OCTET_CHECK_OK(add_conversions(stream, found));
  for (const MatrixProbe* probe : matrix_probes(stream.device().arch)) {
    if (probe->size != 16 || probe->a == ProbeElement::kI8 || probe->b == ProbeElement::kE2m1) {
      continue;
    }
    if (!probe->scaled()) OCTET_CHECK_OK(add_sums(*probe, sums_of(*probe), stream, found));
    if (probe->a_byte <= 0)
      OCTET_CHECK_OK(add_sums(*probe, special_sums_of(*probe), stream, found));
  }
  return found;
}

}  // namespace octet::harness
