// Matrix instructions on the registers of a wave. EXEC is ignored, as the hardware does.
#include <cstring>

#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/matrix.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;
using F = ElementFormat;

/// Lanes of the result that depend on undefined elements: those of undefined rows and columns.
struct UndefinedTiles {
  uint32_t rows = 0, columns = 0;
};

uint64_t undefined_of(const Wave& w, const Operand& o) {
  uint64_t lanes = 0;
  if (o.kind != OperandKind::kVector) return 0;
  for (int r = 0; r < o.count; ++r) lanes |= w.undefined[o.first + r];
  return lanes;
}
uint32_t fold(const MatrixShape& shape, uint64_t lanes) {
  uint32_t rows = 0;
  for (int l = 0; l < kLanes; ++l)
    rows |= static_cast<uint32_t>(lanes >> l & 1) << (l % shape.size);
  return rows;
}

void write_result(M& m, Wave& w, const I& i, const MatrixShape& shape, const MatrixResult& result,
                  const UndefinedTiles& tiles) {
  const Operand &to = i.operand(0), &c = i.operand(3);
  const bool from_register = c.kind == OperandKind::kVector;
  for (int r = 0; r < shape.results(); ++r) {
    uint64_t undefined = from_register ? w.undefined[c.first + r] : 0;
    if (tiles.rows != 0 || tiles.columns != 0) {
      for (int l = 0; l < kLanes; ++l) {
        const bool unknown = (tiles.rows >> result_row(shape, l, r) & 1) != 0 ||
                             (tiles.columns >> (l % shape.size) & 1) != 0;
        undefined |= uint64_t{unknown} << l;
      }
    }
    std::memcpy(w.vgpr[to.first + r], result.words[r], sizeof result.words[r]);
    w.undefined[to.first + r] = undefined;
  }
  m.statistics.macs += static_cast<uint64_t>(shape.size * shape.size * shape.depth);
}

/// The registers of c, or a literal in all of them.
Registers addend(const Wave& w, const Operand& c, const MatrixShape& shape, MatrixResult& scratch) {
  if (c.kind == OperandKind::kVector) return &w.vgpr[c.first];
  const auto value = static_cast<uint32_t>(c.literal);
  for (int r = 0; r < shape.results(); ++r) {
    for (uint32_t& lane : scratch.words[r]) lane = value;
  }
  return scratch.words;
}

void check_size(const I& i, const MatrixShape& shape, F a, F b) {
  const auto words = [&](F format) { return shape.elements() * bits_of(format) / 32; };
  const bool fits = i.operand(0).count == shape.results() && i.operand(1).count == words(a) &&
                    i.operand(2).count == words(b);
  if (!fits) fail("registers that do not fit the matrix instruction");
}

void run(M& m, Wave& w, const I& i, const MatrixShape& shape, MatrixOperand a, MatrixOperand b) {
  check_size(i, shape, a.format, b.format);
  static thread_local MatrixResult result, scratch;
  a.words = &w.vgpr[i.operand(1).first];
  b.words = &w.vgpr[i.operand(2).first];
  UndefinedTiles tiles{fold(shape, undefined_of(w, i.operand(1))),
                       fold(shape, undefined_of(w, i.operand(2)))};
  Row a_scale, b_scale;
  if (i.num_operands > 4) {
    a.scales = raw_row(w, i.operand(4), 0, a_scale);
    b.scales = raw_row(w, i.operand(5), 0, b_scale);
    tiles.rows |= fold(shape, undefined_of(w, i.operand(4)));
    tiles.columns |= fold(shape, undefined_of(w, i.operand(5)));
  }
  multiply(shape, a, b, addend(w, i.operand(3), shape, scratch), m.gfx950(), result);
  write_result(m, w, i, shape, result, tiles);
}

template <int kSize, int kDepth, F kA, F kB>
void plain(M& m, Wave& w, const I& i) {
  if (i.modifiers.cbsz != 0 || i.modifiers.abid != 0 || i.modifiers.blgp != 0) {
    fail("a broadcast of a matrix operand is not modelled");
  }
  run(m, w, i, {kSize, kDepth}, {kA, nullptr}, {kB, nullptr});
}

F format_of(uint8_t code) {
  switch (code) {
    case 0:
      return F::kE4m3;
    case 1:
      return F::kE5m2;
    case 4:
      return F::kE2m1;
    default:
      fail("matrix format {} is not modelled", code);
  }
}
/// Byte of the scale's word: op_sel has the low bit, op_sel_hi the high one (all ones if absent).
int scale_byte(const Modifiers& m, int source) {
  return (m.op_sel >> source & 1) | (m.op_sel_hi >> source & 1) << 1;
}
template <int kSize, int kDepth>
void f8f6f4(M& m, Wave& w, const I& i) {
  const MatrixOperand a{format_of(i.modifiers.cbsz), nullptr, nullptr, scale_byte(i.modifiers, 0)};
  const MatrixOperand b{format_of(i.modifiers.blgp), nullptr, nullptr, scale_byte(i.modifiers, 1)};
  run(m, w, i, {kSize, kDepth, true}, a, b);
}

constexpr uint32_t kFlags = kMatrix | kOwnShadow | kIgnoresExec;
constexpr uint32_t kScaled = kFlags | kSelect;

const Entry kEntries[] = {
    {"v_mfma_f32_16x16x32_fp8_fp8", plain<16, 32, F::kE4m3, F::kE4m3>, kFlags},
    {"v_mfma_f32_16x16x32_fp8_bf8", plain<16, 32, F::kE4m3, F::kE5m2>, kFlags},
    {"v_mfma_f32_16x16x32_bf8_fp8", plain<16, 32, F::kE5m2, F::kE4m3>, kFlags},
    {"v_mfma_f32_16x16x32_bf8_bf8", plain<16, 32, F::kE5m2, F::kE5m2>, kFlags},
    {"v_mfma_f32_32x32x16_fp8_fp8", plain<32, 16, F::kE4m3, F::kE4m3>, kFlags},
    {"v_mfma_f32_32x32x16_fp8_bf8", plain<32, 16, F::kE4m3, F::kE5m2>, kFlags},
    {"v_mfma_f32_32x32x16_bf8_fp8", plain<32, 16, F::kE5m2, F::kE4m3>, kFlags},
    {"v_mfma_f32_32x32x16_bf8_bf8", plain<32, 16, F::kE5m2, F::kE5m2>, kFlags},
    {"v_mfma_f32_16x16x16_f16", plain<16, 16, F::kF16, F::kF16>, kFlags},
    {"v_mfma_f32_32x32x8_f16", plain<32, 8, F::kF16, F::kF16>, kFlags},
    {"v_mfma_f32_16x16x16_bf16", plain<16, 16, F::kBf16, F::kBf16>, kFlags},
    {"v_mfma_f32_32x32x8_bf16", plain<32, 8, F::kBf16, F::kBf16>, kFlags},
    {"v_mfma_f32_16x16x32_f16", plain<16, 32, F::kF16, F::kF16>, kFlags},
    {"v_mfma_f32_32x32x16_f16", plain<32, 16, F::kF16, F::kF16>, kFlags},
    {"v_mfma_f32_16x16x32_bf16", plain<16, 32, F::kBf16, F::kBf16>, kFlags},
    {"v_mfma_f32_32x32x16_bf16", plain<32, 16, F::kBf16, F::kBf16>, kFlags},
    {"v_mfma_f32_16x16x4_f32", plain<16, 4, F::kF32, F::kF32>, kFlags},
    {"v_mfma_f32_32x32x2_f32", plain<32, 2, F::kF32, F::kF32>, kFlags},
    {"v_mfma_i32_16x16x32_i8", plain<16, 32, F::kInt8, F::kInt8>, kFlags},
    {"v_mfma_i32_32x32x16_i8", plain<32, 16, F::kInt8, F::kInt8>, kFlags},
    {"v_mfma_i32_16x16x64_i8", plain<16, 64, F::kInt8, F::kInt8>, kFlags},
    {"v_mfma_i32_32x32x32_i8", plain<32, 32, F::kInt8, F::kInt8>, kFlags},
    {"v_mfma_f32_16x16x128_f8f6f4", f8f6f4<16, 128>, kFlags},
    {"v_mfma_f32_32x32x64_f8f6f4", f8f6f4<32, 64>, kFlags},
    {"v_mfma_scale_f32_16x16x128_f8f6f4", f8f6f4<16, 128>, kScaled},
    {"v_mfma_scale_f32_32x32x64_f8f6f4", f8f6f4<32, 64>, kScaled},
};

}  // namespace

std::span<const Entry> matrix_entries() { return kEntries; }

}  // namespace octet::amdgcn
