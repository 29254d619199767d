#include "src/harness/cases/gemm_operands.h"

#include <algorithm>
#include <cmath>

namespace octet::harness {

void poison(const Buffer& d) { std::fill_n(d.data(), d.bytes(), kPoison); }

CodeChoice code_choice(const Minifloat& format, Inputs inputs) {
  CodeChoice choice{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const auto integer = static_cast<float>(static_cast<int>(byte % 5) - 2);
    const bool nan = std::isnan(decode(format, byte));
    choice[byte] = inputs == Inputs::kExact ? static_cast<uint8_t>(encode(format, integer))
                                            : static_cast<uint8_t>(nan ? 0x2a : byte);
  }
  return choice;
}

void fill_codes(Random& random, const CodeChoice& choice, uint8_t* data, int64_t rows, int64_t cols,
                int64_t stride) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t col = 0; col < cols; col += 8) {
      const uint64_t bytes = random.next();
      for (int i = 0; i < 8; ++i) {
        data[row * stride + col + i] = choice[static_cast<uint8_t>(bytes >> (8 * i))];
      }
    }
  }
}

}  // namespace octet::harness
