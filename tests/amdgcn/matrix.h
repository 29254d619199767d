// Matrix instructions as functions of registers: what each lane holds, and the product.
//
// Layout     element e of lane l: row (of b: column) l % size and, with group = l / size, k =
//            group * elements + e, elements being those of a lane; 8-bit elements of f8f6f4: k =
//            16 * groups * (e / 16) + 16 * group + e % 16. Result register r: row
//            4 * groups * (r / 4) + 4 * group + r % 4, column l % size. The scale of k-block j of
//            row i is in lane size * j + i. data/amd/matrix_layouts.csv has samples from the
//            vendor.
// Numerics   products and sums in double, rounded once to float32; int8 wraps in 32 bits
#pragma once

#include <array>
#include <cstdint>

#include "src/core/formats.h"
#include "tests/amdgcn/instruction.h"

namespace octet::amdgcn {

enum class ElementFormat : uint8_t { kE4m3, kE5m2, kE2m1, kF16, kBf16, kF32, kInt8 };
int bits_of(ElementFormat format);
/// FP8 is e4m3fnuz and e5m2fnuz where `ocp` does not hold.
Minifloat minifloat_of(ElementFormat format, bool ocp);
using DecodeTable = std::array<float, 256>;
/// Values of all codes of at most 8 bits.
const DecodeTable& decode_table(ElementFormat format, bool ocp);

struct MatrixShape {
  int size, depth;      // rows and columns; k
  bool f8f6f4 = false;  // the layout of 8-bit elements
  constexpr int groups() const { return kLanes / size; }
  constexpr int elements() const { return size * depth / kLanes; }  // of a lane
  constexpr int results() const { return size * size / kLanes; }    // registers
};
/// Layouts as they are not, for tests of what is to notice: of this process, from then on.
enum class LayoutFault : uint8_t { kNone, kContiguousK, kResultRows, kScaleLanes };
extern LayoutFault layout_fault;

int element_k(const MatrixShape& shape, ElementFormat format, int lane, int element);
int result_row(const MatrixShape& shape, int lane, int result);
/// Lane whose word has the scale of a block of 32 of k.
int scale_lane(const MatrixShape& shape, int row, int block);

using Registers = const uint32_t (*)[kLanes];
struct MatrixOperand {
  ElementFormat format;
  Registers words;
  const uint32_t* scales = nullptr;  // a word of each lane; null: 1
  int scale_byte = 0;
};

inline constexpr int kMaxResults = 16;
struct MatrixResult {
  alignas(64) uint32_t words[kMaxResults][kLanes];
};

/// d = a b + c; c in registers.
void multiply(const MatrixShape& shape, const MatrixOperand& a, const MatrixOperand& b, Registers c,
              bool ocp, MatrixResult& d);

}  // namespace octet::amdgcn
