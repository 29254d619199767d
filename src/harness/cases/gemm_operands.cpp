#include "src/harness/cases/gemm_operands.h"

#include <algorithm>
#include <cmath>

#include "src/core/try.h"
#include "src/select/op.h"

namespace octet::harness {

void poison(const Buffer& d) { std::fill_n(d.data(), d.bytes(), kPoison); }

Status check_memory(const select::Op& op, const select::Problem& problem, const Device& device) {
  const int64_t bytes = op.bytes(problem), limit = device.memory_bytes;
  const auto gb = [](int64_t count) { return 1e-9 * static_cast<double>(count); };
  OCTET_REQUIRE(bytes <= limit, "{} {}: {:.1f} GB of operands, {} has {:.1f} GB", op.name(),
                to_string(problem), gb(bytes), device.name, gb(limit));
  return Status::Ok();
}

CodeChoice code_choice(const Minifloat& format, Inputs inputs) {
  constexpr float kIntegers[] = {-2, -1, 1, 2, 0};
  CodeChoice choice{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool finite = std::isfinite(decode(format, byte)), normal = finite && (byte & 0x78) != 0;
    for (const uint32_t normals : {0u, 1u}) {
      const float integer = kIntegers[byte % (5 - normals)];
      const uint32_t code = (normals != 0 ? normal : finite) ? byte : (byte & 0x80) | 0x2a;
      choice[normals][byte] =
          static_cast<uint8_t>(inputs == Inputs::kExact ? encode(format, integer) : code);
    }
  }
  return choice;
}

void fill_codes(Random& random, const CodeChoice& choice, uint8_t* data, int64_t rows, int64_t cols,
                int64_t stride, int64_t first_row) {
  for (int64_t row = 0; row < rows; ++row) {
    const auto& code = choice[static_cast<size_t>((first_row + row) / 8 % 2)];
    for (int64_t col = 0; col < cols; col += 8) {
      const uint64_t bytes = random.next();
      for (int i = 0; i < 8; ++i) {
        data[row * stride + col + i] = code[static_cast<uint8_t>(bytes >> (8 * i))];
      }
    }
  }
}

void fill_block_scales(Random& random, Inputs inputs, const Buffer& scales) {
  for (int64_t i = 0; i < scales.bytes() / 4; ++i) {
    const bool exact = inputs == Inputs::kExact;
    const double fraction = exact ? 1.0 : 1.0 + random.unit();
    const auto exponent = static_cast<int>(exact ? random.below(3) - 1 : random.below(8) - 10);
    scales.as<float>()[i] = static_cast<float>(std::ldexp(fraction, exponent));
  }
}

void fill_mx_scales(Random& random, Inputs inputs, const Buffer& scales) {
  for (int64_t i = 0; i < scales.bytes(); ++i) {
    scales.data()[i] = static_cast<uint8_t>(inputs == Inputs::kExact ? 126 + random.below(3)
                                                                     : 117 + random.below(8));
  }
}

}  // namespace octet::harness
