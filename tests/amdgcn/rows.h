// How instructions read their operands and write results: rows of 64 lanes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "tests/amdgcn/error.h"
#include "tests/amdgcn/wave.h"

namespace octet::amdgcn {

struct Row {
  alignas(64) uint32_t lane[kLanes];
};

inline float as_float(uint32_t bits) { return std::bit_cast<float>(bits); }
inline uint32_t as_bits(float value) { return std::bit_cast<uint32_t>(value); }

// ---- Scalar operands ----
inline uint32_t scalar32(const Wave& w, const Operand& o, int part = 0) {
  switch (o.kind) {
    case OperandKind::kScalar:
      return w.sgpr[o.first + part];
    case OperandKind::kLiteral:
      return static_cast<uint32_t>(o.literal >> (32 * part));
    case OperandKind::kScc:
      return w.scc;
    default:
      fail("a scalar operand is expected");
  }
}
inline uint64_t scalar64(const Wave& w, const Operand& o) {
  if (o.kind == OperandKind::kScalar && o.count == 2) return w.pair(o.first);
  if (o.kind == OperandKind::kLiteral) return o.literal;
  return scalar32(w, o);
}
inline void write_scalar32(Wave& w, const Operand& o, uint32_t value) { w.sgpr[o.first] = value; }
inline void write_scalar64(Wave& w, const Operand& o, uint64_t value) {
  w.set_pair(o.first, value);
}

// ---- Vector operands ----
/// Register `part` of an operand as a row, without modifiers; scalars are the same in every lane.
inline const uint32_t* raw_row(const Wave& w, const Operand& o, int part, Row& scratch) {
  if (o.kind == OperandKind::kVector) return w.vgpr[o.first + part];
  const uint32_t value = scalar32(w, o, part);
  for (uint32_t& lane : scratch.lane) lane = value;
  return scratch.lane;
}
/// Of 64 bits, without modifiers.
inline uint64_t lane64(const Wave& w, const Operand& o, int lane) {
  if (o.kind != OperandKind::kVector) return scalar64(w, o);
  const uint64_t low = w.vgpr[o.first][lane];
  return o.count < 2 ? low : low | uint64_t{w.vgpr[o.first + 1][lane]} << 32;
}

/// With DPP, SDWA, op_sel of 16-bit sources, |x| and -x.
const uint32_t* modified_row(const Wave& w, const Instruction& i, int n, Row& scratch);

inline const uint32_t* source_row(const Wave& w, const Instruction& i, int n, Row& scratch) {
  const Operand& o = i.operand(n);
  if (o.plain() && (i.modifiers.used & (kGroupLane | kGroupSelect)) == 0) {
    return raw_row(w, o, 0, scratch);
  }
  return modified_row(w, i, n, scratch);
}

/// Lane that `lane` reads from by DPP; -1 where there is none.
int dpp_source(const Modifiers& m, int lane);
/// Lanes that a DPP instruction writes.
uint64_t dpp_mask(const Modifiers& m, uint64_t exec);
/// Undefined lanes of the row that DPP makes of `undefined`.
uint64_t dpp_undefined(const Modifiers& m, uint64_t undefined);

inline int num_sources(const Instruction& i) { return i.num_operands - i.num_defs; }
/// Whether a 16-bit result goes to the upper half: the op_sel bit after those of the sources.
inline bool result_is_high(const Instruction& i) {
  return (i.modifiers.op_sel >> num_sources(i) & 1) != 0;
}

/// Result register `part` of operand 0, in the lanes of the mask.
inline void write_lanes(Wave& w, const Operand& o, int part, const Row& result) {
  uint32_t* to = w.vgpr[o.first + part];
  if (w.mask == ~uint64_t{0}) {
    std::memcpy(to, result.lane, sizeof result.lane);
    return;
  }
  for (int l = 0; l < kLanes; ++l) {
    if ((w.mask >> l & 1) != 0) to[l] = result.lane[l];
  }
}
/// With SDWA's selection and op_sel of a 16-bit result.
void write_part(Wave& w, const Instruction& i, const Row& result);
inline void write_row(Wave& w, const Instruction& i, const Row& result) {
  if ((i.modifiers.used & (kGroupLane | kGroupSelect)) == 0) {
    write_lanes(w, i.operand(0), 0, result);
  } else {
    write_part(w, i, result);
  }
}
/// clamp and the output scale of float32.
void finish_floats(const Instruction& i, Row& result);

/// operand 0 = f(sources), lane by lane; sources from operand `first`.
template <class F>
void map1(Wave& w, const Instruction& i, F f, int first = 1) {
  Row a_scratch, out;
  const uint32_t* a = source_row(w, i, first, a_scratch);
  for (int l = 0; l < kLanes; ++l) out.lane[l] = f(a[l]);
  write_row(w, i, out);
}
template <class F>
void map2(Wave& w, const Instruction& i, F f, int first = 1) {
  Row a_scratch, b_scratch, out;
  const uint32_t* a = source_row(w, i, first, a_scratch);
  const uint32_t* b = source_row(w, i, first + 1, b_scratch);
  for (int l = 0; l < kLanes; ++l) out.lane[l] = f(a[l], b[l]);
  write_row(w, i, out);
}
template <class F>
void map3(Wave& w, const Instruction& i, F f, int first = 1) {
  Row a_scratch, b_scratch, c_scratch, out;
  const uint32_t* a = source_row(w, i, first, a_scratch);
  const uint32_t* b = source_row(w, i, first + 1, b_scratch);
  const uint32_t* c = source_row(w, i, first + 2, c_scratch);
  for (int l = 0; l < kLanes; ++l) out.lane[l] = f(a[l], b[l], c[l]);
  write_row(w, i, out);
}

}  // namespace octet::amdgcn
