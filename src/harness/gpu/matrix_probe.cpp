#include "src/harness/gpu/matrix_probe.h"

#include <bit>
#include <cmath>

#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/probe_params.h"

namespace octet::harness {
namespace {

constexpr int kLanes = 64;

/// An element's value in the operand that is not one-hot: exact in every format.
float pattern(int row, int k) {
  constexpr float kValues[] = {1, 2, 3, 4, 6, -1, -2, -3, -4, -6};
  const uint32_t mixed = (static_cast<uint32_t>(row) * 131 + static_cast<uint32_t>(k)) * 0x9e3779b1;
  return kValues[(mixed >> 16) % std::size(kValues)];
}

// Scales of a lane: distinct in every lane of an operand, and in no step with the other's.
int a_exponent(int lane) { return lane - 31; }
int b_exponent(int lane) { return lane * 5 % 64 - 31; }

/// Which element is 1.
struct OneHot {
  bool of_a;
  int lane, index;  // within the lane
};

class Case {
 public:
  Case(const MatrixProbe& probe, Arch arch) : p_(probe), arch_(arch) {}

  int64_t entries() const { return int64_t{2} * kLanes * p_.elements(); }
  OneHot at(int64_t entry) const {
    const int64_t half = entries() / 2, index = entry % half;
    return {entry < half, static_cast<int>(index % kLanes), static_cast<int>(index / kLanes)};
  }

  /// Registers of an operand, of every entry.
  std::vector<uint32_t> operand(bool is_a) const {
    const ProbeElement element = is_a ? p_.a : p_.b;
    const int words = p_.words(element), bits = bits_of(element);
    std::vector<uint32_t> all(static_cast<size_t>(entries() * kLanes * words));
    const auto put = [&](int64_t entry, int lane, int index, float value) {
      const int64_t word = (entry * kLanes + lane) * words + index * bits / 32;
      all[static_cast<size_t>(word)] |= code_of(element, value, arch_) << index * bits % 32;
    };
    for (int64_t entry = 0; entry < entries(); ++entry) {
      const OneHot hot = at(entry);
      if (hot.of_a == is_a) {
        put(entry, hot.lane, hot.index, 1);
        continue;
      }
      for (int lane = 0; lane < kLanes; ++lane) {
        for (int i = 0; i < p_.elements(); ++i) {
          put(entry, lane, i, pattern(lane % p_.size, p_.k_of(element, lane, i)));
        }
      }
    }
    return all;
  }

  /// Words of scales: the byte that counts, and others that would be seen.
  std::vector<uint32_t> scales(bool is_a) const {
    if (!p_.scaled()) return {};
    std::vector<uint32_t> all(static_cast<size_t>(entries() * kLanes));
    for (size_t i = 0; i < all.size(); ++i) {
      const int lane = static_cast<int>(i % kLanes), byte = is_a ? p_.a_byte : p_.b_byte;
      const int exponent = is_a ? a_exponent(lane) : b_exponent(lane);
      const uint32_t others = 0x01010101u & ~(0xffu << 8 * byte);
      all[i] = others | static_cast<uint32_t>(127 + exponent) << 8 * byte;
    }
    return all;
  }

  double expected(const OneHot& hot, int row, int column) const {
    const int k = p_.k_of(hot.of_a ? p_.a : p_.b, hot.lane, hot.index);
    const int mine = hot.of_a ? row : column, other = hot.of_a ? column : row;
    if (mine != hot.lane % p_.size) return 0;
    const int first_lane = p_.size * (k / 32);  // that has the scale of row 0
    const int exponent =
        p_.scaled() ? a_exponent(first_lane + row) + b_exponent(first_lane + column) : 0;
    return std::ldexp(static_cast<double>(pattern(other, k)), exponent);
  }

  double result(uint32_t word) const {
    if (p_.a == ProbeElement::kI8) return std::bit_cast<int32_t>(word);
    return static_cast<double>(std::bit_cast<float>(word));
  }

  /// What is wrong with an entry's result; "" where nothing is.
  std::string mismatch(int64_t entry, const uint32_t* d) const {
    const OneHot hot = at(entry);
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int r = 0; r < p_.results(); ++r) {
        const int row = p_.row_of_result(lane, r), column = lane % p_.size;
        const double got = result(d[lane * p_.results() + r]), right = expected(hot, row, column);
        if (got == right) continue;
        return fmt::format(
            "{} of lane {}, element {}: d[{}, {}] (lane {}, register {}) is {}, not {}",
            hot.of_a ? "a" : "b", hot.lane, hot.index, row, column, lane, r, got, right);
      }
    }
    return "";
  }

 private:
  const MatrixProbe& p_;
  const Arch arch_;
};

Result<DeviceBuffer> on_device(std::span<const uint32_t> words, Stream& stream) {
  const auto bytes = static_cast<int64_t>(words.size_bytes());
  OCTET_TRY(DeviceBuffer buffer, DeviceBuffer::allocate(stream, std::max<int64_t>(bytes, 4)));
  OCTET_CHECK_OK(buffer.upload(words.data(), bytes));
  return buffer;
}

}  // namespace

int bits_of(ProbeElement element) {
  switch (element) {
    case ProbeElement::kE2m1:
      return 4;
    case ProbeElement::kBf16:
    case ProbeElement::kF16:
      return 16;
    default:
      return 8;
  }
}

uint32_t code_of(ProbeElement element, float value, Arch arch) {
  switch (element) {
    case ProbeElement::kFp8:
      return encode(arch == Arch::kGfx942 ? kE4m3fnuzFormat : kE4m3fnFormat, value);
    case ProbeElement::kE2m1:
      return encode(kE2m1Format, value);
    case ProbeElement::kBf16:
      return encode_bf16(value);
    case ProbeElement::kF16:
      return encode(kF16Format, value);
    case ProbeElement::kI8:
      return static_cast<uint8_t>(static_cast<int8_t>(value));
  }
  return 0;
}

int MatrixProbe::words(ProbeElement element) const {
  return wide ? 8 : elements() * bits_of(element) / 32;
}

int MatrixProbe::k_of(ProbeElement element, int lane, int index) const {
  const int group = lane / size, groups = 64 / size;
  if (wide && bits_of(element) == 8) {
    return 16 * groups * (index / 16) + 16 * group + index % 16;
  }
  return elements() * group + index;
}

int MatrixProbe::row_of_result(int lane, int index) const {
  const int group = lane / size, groups = 64 / size;
  return 4 * groups * (index / 4) + 4 * group + index % 4;
}

Result<std::vector<uint32_t>> run_probe(const gpu::Kernel& kernel, const ProbeRegisters& registers,
                                        Stream& stream) {
  OCTET_TRY(const DeviceBuffer a, on_device(registers.a, stream));
  OCTET_TRY(const DeviceBuffer b, on_device(registers.b, stream));
  OCTET_TRY(const DeviceBuffer c, on_device(registers.c, stream));
  OCTET_TRY(const DeviceBuffer a_scale, on_device(registers.a_scale, stream));
  OCTET_TRY(const DeviceBuffer b_scale, on_device(registers.b_scale, stream));
  std::vector<uint32_t> results(static_cast<size_t>(registers.d_words), kUntouched);
  OCTET_TRY(const DeviceBuffer d, on_device(results, stream));
  ProbeParams params{a.as<const uint32_t>(),
                     b.as<const uint32_t>(),
                     c.as<const uint32_t>(),
                     a_scale.as<const uint32_t>(),
                     b_scale.as<const uint32_t>(),
                     d.as<uint32_t>(),
                     registers.bytes};
  {
    const gpu::Queue& queue = *gpu::queue_of(stream);
    const gpu::ContextScope scope(*queue.driver, queue.context);
    OCTET_CHECK_OK(scope.status());
    gpu::LaunchShape shape;
    shape.grid_x = static_cast<uint32_t>(registers.waves);
    shape.block_x = kLanes;
    OCTET_CHECK_OK(kernel.launch(queue, shape, &params));
  }
  OCTET_CHECK_OK(d.download(results.data(), d.bytes()));
  return results;
}

Result<ProbeOutcome> run_matrix_probe(const MatrixProbe& probe, Stream& stream) {
  const Case cases(probe, stream.device().arch);
  const int64_t entries = cases.entries(), words = int64_t{kLanes} * probe.results();
  const std::vector<uint32_t> a = cases.operand(true), b = cases.operand(false),
                              c(static_cast<size_t>(entries * words)), a_scale = cases.scales(true),
                              b_scale = cases.scales(false);
  OCTET_TRY(const std::vector<uint32_t> d,
            run_probe(probe.kernel, {entries, a, b, c, a_scale, b_scale, entries * words}, stream));
  ProbeOutcome outcome{probe.name, entries, 0, ""};
  for (int64_t entry = 0; entry < entries; ++entry) {
    const std::string what = cases.mismatch(entry, d.data() + entry * words);
    if (what.empty()) continue;
    ++outcome.mismatches;
    if (outcome.first.empty()) outcome.first = what;
  }
  return outcome;
}

}  // namespace octet::harness
