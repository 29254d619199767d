#include "tests/amdgcn/matrix.h"

#include <bit>

#include "tests/amdgcn/error.h"

namespace octet::amdgcn {
namespace {

constexpr Minifloat kE5m2fnuzFormat{5, 2, 16, Specials::kZeroNan};
constexpr int kMaxSize = 32, kMaxElements = 32 * 64;  // of an operand; 16 x 128 are as many

uint32_t element_code(const MatrixOperand& operand, int lane, int element) {
  const int bits = bits_of(operand.format), per_word = 32 / bits;
  const uint32_t word = operand.words[element / per_word][lane];
  const uint32_t shifted = word >> (element % per_word * bits);
  return bits == 32 ? shifted : shifted & ((1u << bits) - 1);
}

/// A decoded operand, rows by k (a) or k by columns (b).
template <class T>
struct Decoded {
  alignas(64) T values[kMaxElements];
};

double wide_value(const MatrixOperand& operand, uint32_t code) {
  switch (operand.format) {
    case ElementFormat::kF16:
      return static_cast<double>(decode(kF16Format, code));
    case ElementFormat::kBf16:
      return static_cast<double>(decode_bf16(static_cast<uint16_t>(code)));
    default:
      return static_cast<double>(std::bit_cast<float>(code));
  }
}

double scale_of(const MatrixShape& shape, const MatrixOperand& operand, int row, int k) {
  if (operand.scales == nullptr) return 1;
  const uint32_t word = operand.scales[scale_lane(shape, row, k / 32)];
  return static_cast<double>(decode_e8m0(static_cast<uint8_t>(word >> (8 * operand.scale_byte))));
}

/// Calls put(row, k, value) for every element.
template <class Put>
void decode_all(const MatrixShape& shape, const MatrixOperand& operand, bool ocp, Put put) {
  const bool narrow = bits_of(operand.format) <= 8;
  const DecodeTable* table = narrow ? &decode_table(operand.format, ocp) : nullptr;
  for (int e = 0; e < shape.elements(); ++e) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const uint32_t code = element_code(operand, lane, e);
      const int row = lane % shape.size, k = element_k(shape, operand.format, lane, e);
      const double value = narrow ? static_cast<double>((*table)[code]) : wide_value(operand, code);
      put(row, k, operand.scales == nullptr ? value : value * scale_of(shape, operand, row, k));
    }
  }
}

template <int kSize>
void add_products(const MatrixShape& shape, const double* a, const double* b,
                  double (&sums)[kMaxSize * kMaxSize]) {
  for (int i = 0; i < kSize; ++i) {
    double row[kSize] = {};
    for (int k = 0; k < shape.depth; ++k) {
      const double factor = a[i * shape.depth + k];
      for (int j = 0; j < kSize; ++j) row[j] += factor * b[k * kSize + j];
    }
    for (int j = 0; j < kSize; ++j) sums[i * kSize + j] = row[j];
  }
}

}  // namespace

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
  if (shape.f8f6f4 && bits_of(format) == 8) {
    return 16 * shape.groups() * (element / 16) + 16 * group + element % 16;
  }
  return group * shape.elements() + element;
}

int result_row(const MatrixShape& shape, int lane, int result) {
  return 4 * shape.groups() * (result / 4) + 4 * (lane / shape.size) + result % 4;
}

void multiply(const MatrixShape& shape, const MatrixOperand& a, const MatrixOperand& b, Registers c,
              bool ocp, MatrixResult& d) {
  static thread_local Decoded<double> a_values, b_values;
  static thread_local double sums[kMaxSize * kMaxSize];
  decode_all(shape, a, ocp,
             [&](int row, int k, double value) { a_values.values[row * shape.depth + k] = value; });
  decode_all(shape, b, ocp, [&](int column, int k, double value) {
    b_values.values[k * shape.size + column] = value;
  });
  if (shape.size == 16) {
    add_products<16>(shape, a_values.values, b_values.values, sums);
  } else {
    add_products<32>(shape, a_values.values, b_values.values, sums);
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
