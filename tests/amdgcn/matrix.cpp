#include "tests/amdgcn/matrix.h"

#include <bit>

#include "tests/amdgcn/error.h"

namespace octet::amdgcn {
namespace {

constexpr Minifloat kE5m2fnuzFormat{5, 2, 16, Specials::kZeroNan};
constexpr int kMaxSize = 32, kMaxElements = 32 * 64;  // of an operand; 16 x 128 are as many

double wide_value(ElementFormat format, uint32_t code) {
  switch (format) {
    case ElementFormat::kF16:
      return static_cast<double>(decode(kF16Format, code));
    case ElementFormat::kBf16:
      return static_cast<double>(decode_bf16(static_cast<uint16_t>(code)));
    default:
      return static_cast<double>(std::bit_cast<float>(code));
  }
}

/// Where element (row, k) of an operand goes: rows by k (a) or k by columns (b).
struct Place {
  int row_stride, k_stride;
  int of(int row, int k) const { return row * row_stride + k * k_stride; }
};

template <int kBits, class Value>
void decode_words(const MatrixShape& shape, const MatrixOperand& operand, Place place, Value value,
                  double* to) {
  constexpr int kPerWord = 32 / kBits;
  constexpr uint32_t kOnes = kBits == 32 ? ~0u : (1u << (kBits & 31)) - 1;
  for (int e = 0; e < shape.elements(); e += kPerWord) {  // one word: neighbours in k
    for (int lane = 0; lane < kLanes; ++lane) {
      uint32_t word = operand.words[e / kPerWord][lane];
      double* first =
          to + place.of(lane & (shape.size - 1), element_k(shape, operand.format, lane, e));
      for (int n = 0; n < kPerWord; ++n, word >>= kBits & 31) {
        first[n * place.k_stride] = value(word & kOnes);
      }
    }
  }
}

/// Multiplies every block of 32 of k by its scale.
void apply_scales(const MatrixShape& shape, const MatrixOperand& operand, Place place, double* to) {
  for (int row = 0; row < shape.size; ++row) {
    for (int k = 0; k < shape.depth; ++k) {
      const uint32_t word = operand.scales[scale_lane(shape, row, k / 32)];
      to[place.of(row, k)] *=
          static_cast<double>(decode_e8m0(static_cast<uint8_t>(word >> (8 * operand.scale_byte))));
    }
  }
}

void decode_all(const MatrixShape& shape, const MatrixOperand& operand, bool ocp, Place place,
                double* to) {
  const int bits = bits_of(operand.format);
  if (bits <= 8) {
    const DecodeTable& table = decode_table(operand.format, ocp);
    const auto value = [&](uint32_t code) { return static_cast<double>(table[code]); };
    if (bits == 4) {
      decode_words<4>(shape, operand, place, value, to);
    } else {
      decode_words<8>(shape, operand, place, value, to);
    }
  } else {
    const auto value = [&](uint32_t code) { return wide_value(operand.format, code); };
    if (bits == 16) {
      decode_words<16>(shape, operand, place, value, to);
    } else {
      decode_words<32>(shape, operand, place, value, to);
    }
  }
  if (operand.scales != nullptr) apply_scales(shape, operand, place, to);
}

template <int kSize>
void add_products(int depth, const double* a, const double* b, double* sums) {
  for (int i = 0; i < kSize; ++i) {
    double row[kSize] = {};
    for (int k = 0; k < depth; ++k) {
      const double factor = a[i * depth + k];
      for (int j = 0; j < kSize; ++j) row[j] += factor * b[k * kSize + j];
    }
    for (int j = 0; j < kSize; ++j) sums[i * kSize + j] = row[j];
  }
}

}  // namespace

LayoutFault layout_fault = LayoutFault::kNone;

int bits_of(ElementFormat format) {
  switch (format) {
    case ElementFormat::kE2m1:
      return 4;
    case ElementFormat::kF16:
    case ElementFormat::kBf16:
      return 16;
    case ElementFormat::kF32:
      return 32;
    default:
      return 8;
  }
}

Minifloat minifloat_of(ElementFormat format, bool ocp) {
  switch (format) {
    case ElementFormat::kE4m3:
      return ocp ? kE4m3fnFormat : kE4m3fnuzFormat;
    case ElementFormat::kE5m2:
      return ocp ? kE5m2Format : kE5m2fnuzFormat;
    case ElementFormat::kE2m1:
      return kE2m1Format;
    default:
      fail("no narrow float");
  }
}

const DecodeTable& decode_table(ElementFormat format, bool ocp) {
  const auto make = [](ElementFormat f, bool is_ocp) {
    DecodeTable table{};
    for (uint32_t code = 0; code < 256; ++code) {
      table[code] =
          f == ElementFormat::kInt8
              ? static_cast<float>(static_cast<int8_t>(code))
              : decode(minifloat_of(f, is_ocp), f == ElementFormat::kE2m1 ? code & 15 : code);
    }
    return table;
  };
  static const DecodeTable tables[2][4] = {
      {make(ElementFormat::kE4m3, false), make(ElementFormat::kE5m2, false),
       make(ElementFormat::kE2m1, false), make(ElementFormat::kInt8, false)},
      {make(ElementFormat::kE4m3, true), make(ElementFormat::kE5m2, true),
       make(ElementFormat::kE2m1, true), make(ElementFormat::kInt8, true)}};
  return tables[ocp][format == ElementFormat::kInt8 ? 3 : static_cast<int>(format)];
}

int element_k(const MatrixShape& shape, ElementFormat format, int lane, int element) {
  const int group = lane / shape.size;
  const bool contiguous = layout_fault == LayoutFault::kContiguousK;
  if (shape.f8f6f4 && bits_of(format) == 8 && !contiguous) {
    return 16 * shape.groups() * (element / 16) + 16 * group + element % 16;
  }
  return group * shape.elements() + element;
}

int scale_lane(const MatrixShape& shape, int row, int block) {
  if (layout_fault == LayoutFault::kScaleLanes) return row * shape.groups() + block;
  return shape.size * block + row;
}

int result_row(const MatrixShape& shape, int lane, int result) {
  if (layout_fault == LayoutFault::kResultRows) {
    return lane / shape.size * shape.results() + (result ^ 1);
  }
  return 4 * shape.groups() * (result / 4) + 4 * (lane / shape.size) + result % 4;
}

void multiply(const MatrixShape& shape, const MatrixOperand& a, const MatrixOperand& b, Registers c,
              bool ocp, MatrixResult& d) {
  alignas(64) static thread_local double a_values[kMaxElements], b_values[kMaxElements],
      sums[kMaxSize * kMaxSize];
  decode_all(shape, a, ocp, {shape.depth, 1}, a_values);
  decode_all(shape, b, ocp, {1, shape.size}, b_values);
  if (shape.size == 16) {
    add_products<16>(shape.depth, a_values, b_values, sums);
  } else {
    add_products<32>(shape.depth, a_values, b_values, sums);
  }
  const bool integer = a.format == ElementFormat::kInt8;
  for (int r = 0; r < shape.results(); ++r) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const double sum = sums[result_row(shape, lane, r) * shape.size + lane % shape.size];
      const uint32_t old = c[r][lane];
      d.words[r][lane] = integer ? old + static_cast<uint32_t>(static_cast<int64_t>(sum))
                                 : std::bit_cast<uint32_t>(static_cast<float>(
                                       sum + static_cast<double>(std::bit_cast<float>(old))));
    }
  }
}

}  // namespace octet::amdgcn
