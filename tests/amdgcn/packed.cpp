// Two values of 16 bits, or of float32, in one instruction; mixed precision and dot products.
//
// op_sel picks which half (or register) feeds the low result, op_sel_hi the high one.
#include <bit>
#include <cmath>

#include "src/core/formats.h"
#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;

bool chosen(uint8_t bits, int source) { return (bits >> source & 1) != 0; }

// ---- float32 ----
/// Source `n` (from 0) of the low or high result.
float pair_source(const Wave& w, const I& i, int n, bool high, int lane) {
  const Modifiers& m = i.modifiers;
  const Operand& o = i.operand(n + 1);
  const bool second = chosen(high ? m.op_sel_hi : m.op_sel, n);
  if (second && o.kind == OperandKind::kLiteral) fail("the upper half of a literal");
  const int part = second ? 1 : 0;
  const uint32_t bits =
      o.kind == OperandKind::kVector ? w.vgpr[o.first + part][lane] : scalar32(w, o, part);
  const float value = as_float(bits);
  return chosen(high ? m.neg_hi : m.neg_lo, n) ? -value : value;
}
/// Undefined lanes of register `part` of an operand.
uint64_t undefined_part(const Wave& w, const Operand& o, int part) {
  if (o.kind == OperandKind::kVector) return w.undefined[o.first + part];
  if (o.kind != OperandKind::kScalar || w.sgpr_undefined[o.first + part] == 0) return 0;
  return ~uint64_t{0};
}
void mark_result(Wave& w, const Operand& o, int part, uint64_t undefined) {
  uint64_t& lanes = w.undefined[o.first + part];
  lanes = (lanes & ~w.mask) | (undefined & w.mask);
}
/// Each result is undefined where its own sources are.
void mark_pair(Wave& w, const I& i, int sources) {
  uint64_t undefined[2] = {};
  for (int n = 0; n < sources; ++n) {
    undefined[0] |= undefined_part(w, i.operand(n + 1), chosen(i.modifiers.op_sel, n));
    undefined[1] |= undefined_part(w, i.operand(n + 1), chosen(i.modifiers.op_sel_hi, n));
  }
  for (const int part : {0, 1}) mark_result(w, i.operand(0), part, undefined[part]);
}
template <int kSources, auto kF>
void pairs(M&, Wave& w, const I& i) {
  Row low, high;
  for (int l = 0; l < kLanes; ++l) {
    for (const bool upper : {false, true}) {
      float x[3] = {};
      for (int n = 0; n < kSources; ++n) x[n] = pair_source(w, i, n, upper, l);
      (upper ? high : low).lane[l] = as_bits(kF(x));
    }
  }
  if (i.modifiers.clamp || i.modifiers.output_scale != 1) fail("clamp of a pair");
  mark_pair(w, i, kSources);
  write_lanes(w, i.operand(0), 0, low);
  write_lanes(w, i.operand(0), 1, high);
}
/// Of both results by op_sel: a copy of a pair is op_sel:[0,1], op_sel_hi stays as it is by
/// default.
void move_pair(M&, Wave& w, const I& i) {
  Row rows[2];
  uint64_t undefined[2] = {};
  for (int n = 0; n < 2; ++n) {
    const Operand& o = i.operand(n + 1);
    const int word = o.count > 1 && chosen(i.modifiers.op_sel, n) ? 1 : 0;
    for (int l = 0; l < kLanes; ++l) {
      rows[n].lane[l] =
          o.kind == OperandKind::kVector ? w.vgpr[o.first + word][l] : scalar32(w, o, word);
    }
    undefined[n] = undefined_part(w, o, word);
  }
  for (int n = 0; n < 2; ++n) {
    write_lanes(w, i.operand(0), n, rows[n]);
    mark_result(w, i.operand(0), n, undefined[n]);
  }
}

// ---- Halves ----
uint32_t half_bits(const Wave& w, const I& i, int n, bool high, int lane) {
  const Operand& o = i.operand(n + 1);
  const uint32_t word = o.kind == OperandKind::kVector ? w.vgpr[o.first][lane] : scalar32(w, o);
  return chosen(high ? i.modifiers.op_sel_hi : i.modifiers.op_sel, n) ? word >> 16 : word & 0xffff;
}
template <int kSources, auto kF>
void half_integers(M&, Wave& w, const I& i) {
  Row out;
  for (int l = 0; l < kLanes; ++l) {
    uint32_t results[2];
    for (const bool high : {false, true}) {
      uint32_t x[3] = {};
      for (int n = 0; n < kSources; ++n) x[n] = half_bits(w, i, n, high, l);
      results[high] = kF(x) & 0xffff;
    }
    out.lane[l] = results[0] | results[1] << 16;
  }
  if (i.modifiers.neg_lo != 0 || i.modifiers.neg_hi != 0) fail("a negated integer");
  write_lanes(w, i.operand(0), 0, out);
}
template <int kSources, auto kF>
void half_floats(M&, Wave& w, const I& i) {
  Row out;
  for (int l = 0; l < kLanes; ++l) {
    uint32_t results[2];
    for (const bool high : {false, true}) {
      double x[3] = {};
      for (int n = 0; n < kSources; ++n) {
        const double value = static_cast<double>(decode(kF16Format, half_bits(w, i, n, high, l)));
        x[n] = chosen(high ? i.modifiers.neg_hi : i.modifiers.neg_lo, n) ? -value : value;
      }
      results[high] = encode(kF16Format, round_to_odd(kF(x)), Overflow::kSpecial);
    }
    out.lane[l] = results[0] | results[1] << 16;
  }
  write_lanes(w, i.operand(0), 0, out);
}

constexpr auto kMax = [](const double* x) { return std::fmax(x[0], x[1]); };
constexpr auto kMin = [](const double* x) { return std::fmin(x[0], x[1]); };
template <bool kLargest>
constexpr auto kOfThree = [](const double* x) {  // NaN wins
  if (std::isnan(x[0]) || std::isnan(x[1]) || std::isnan(x[2])) return std::nan("");
  return kLargest ? std::fmax(std::fmax(x[0], x[1]), x[2]) : std::fmin(std::fmin(x[0], x[1]), x[2]);
};

int32_t s16(uint32_t v) { return static_cast<int16_t>(v); }
#define OCTET_WORDS(count, expression) \
  half_integers<count, [](const uint32_t* x) { return static_cast<uint32_t>(expression); }>
#define OCTET_HALVES(count, expression) \
  half_floats<count, [](const double* x) { return expression; }>
#define OCTET_PAIRS(count, expression) pairs<count, [](const float* x) { return expression; }>

// ---- Mixed precision: each source is float32, or a half as float16 ----
float mixed_source(const Wave& w, const I& i, int n, int lane) {
  const Operand& o = i.operand(n + 1);
  const uint32_t word = o.kind == OperandKind::kVector ? w.vgpr[o.first][lane] : scalar32(w, o);
  const bool half = i.modifiers.op_sel_hi != 255 && chosen(i.modifiers.op_sel_hi, n);
  float value = as_float(word);
  if (half) value = decode(kF16Format, chosen(i.modifiers.op_sel, n) ? word >> 16 : word & 0xffff);
  if (o.absolute) value = std::fabs(value);
  return o.negate ? -value : value;
}
float mixed_sum(const Wave& w, const I& i, int lane) {
  return std::fma(mixed_source(w, i, 0, lane), mixed_source(w, i, 1, lane),
                  mixed_source(w, i, 2, lane));
}
void mixed(M&, Wave& w, const I& i) {
  Row out;
  for (int l = 0; l < kLanes; ++l) out.lane[l] = as_bits(mixed_sum(w, i, l));
  finish_floats(i, out);
  write_lanes(w, i.operand(0), 0, out);
}
template <bool kHigh>
void mixed_half(M&, Wave& w, const I& i) {
  if (i.modifiers.clamp) fail("clamp of float16");
  Row out;
  const uint32_t* old = w.vgpr[i.operand(0).first];
  for (int l = 0; l < kLanes; ++l) {
    const uint32_t half = encode(kF16Format, mixed_sum(w, i, l), Overflow::kSpecial);
    out.lane[l] = kHigh ? (old[l] & 0xffff) | half << 16 : (old[l] & 0xffff0000u) | half;
  }
  write_lanes(w, i.operand(0), 0, out);
}

// ---- Dot products of two halves with float32 ----
enum class Kind { kF16, kBf16 };
template <Kind kKind>
float element(uint32_t half) {
  return kKind == Kind::kF16 ? decode(kF16Format, half & 0xffff)
                             : decode_bf16(static_cast<uint16_t>(half));
}
template <Kind kKind, bool kOldIsSum>
void dot2(M&, Wave& w, const I& i) {
  if (i.modifiers.neg_lo != 0 || i.modifiers.neg_hi != 0 || i.modifiers.clamp) {
    fail("a modifier of a dot product");
  }
  Row a_scratch, b_scratch, c_scratch, out;
  const uint32_t* a = raw_row(w, i.operand(1), 0, a_scratch);
  const uint32_t* b = raw_row(w, i.operand(2), 0, b_scratch);
  const uint32_t* c =
      kOldIsSum ? w.vgpr[i.operand(0).first] : raw_row(w, i.operand(3), 0, c_scratch);
  for (int l = 0; l < kLanes; ++l) {
    double sum = static_cast<double>(as_float(c[l]));
    for (int shift = 0; shift < 32; shift += 16) {
      sum += static_cast<double>(element<kKind>(a[l] >> shift)) *
             static_cast<double>(element<kKind>(b[l] >> shift));
    }
    out.lane[l] = as_bits(static_cast<float>(sum));
  }
  write_lanes(w, i.operand(0), 0, out);
}

constexpr uint32_t kPairFlags = kSelect | kOutput | kPairs | kOwnShadow;

const Entry kEntries[] = {
    {"v_pk_fma_f32", OCTET_PAIRS(3, std::fma(x[0], x[1], x[2])), kPairFlags},
    {"v_pk_mul_f32", OCTET_PAIRS(2, x[0] * x[1]), kPairFlags},
    {"v_pk_add_f32", OCTET_PAIRS(2, x[0] + x[1]), kPairFlags},
    {"v_pk_mov_b32", move_pair, kSelect | kOwnShadow},
    {"v_pk_add_u16", OCTET_WORDS(2, x[0] + x[1]), kSelect},
    {"v_pk_add_i16", OCTET_WORDS(2, x[0] + x[1]), kSelect},
    {"v_pk_sub_u16", OCTET_WORDS(2, x[0] - x[1]), kSelect},
    {"v_pk_sub_i16", OCTET_WORDS(2, x[0] - x[1]), kSelect},
    {"v_pk_mul_lo_u16", OCTET_WORDS(2, x[0] * x[1]), kSelect},
    {"v_pk_mad_u16", OCTET_WORDS(3, x[0] * x[1] + x[2]), kSelect},
    {"v_pk_mad_i16", OCTET_WORDS(3, x[0] * x[1] + x[2]), kSelect},
    {"v_pk_lshlrev_b16", OCTET_WORDS(2, x[1] << (x[0] & 15)), kSelect},
    {"v_pk_lshrrev_b16", OCTET_WORDS(2, x[1] >> (x[0] & 15)), kSelect},
    {"v_pk_ashrrev_i16", OCTET_WORDS(2, s16(x[1]) >> (x[0] & 15)), kSelect},
    {"v_pk_min_u16", OCTET_WORDS(2, x[0] < x[1] ? x[0] : x[1]), kSelect},
    {"v_pk_max_u16", OCTET_WORDS(2, x[0] > x[1] ? x[0] : x[1]), kSelect},
    {"v_pk_min_i16", OCTET_WORDS(2, s16(x[0]) < s16(x[1]) ? x[0] : x[1]), kSelect},
    {"v_pk_max_i16", OCTET_WORDS(2, s16(x[0]) > s16(x[1]) ? x[0] : x[1]), kSelect},
    {"v_pk_add_f16", OCTET_HALVES(2, x[0] + x[1]), kSelect},
    {"v_pk_mul_f16", OCTET_HALVES(2, x[0] * x[1]), kSelect},
    {"v_pk_fma_f16", OCTET_HALVES(3, x[0] * x[1] + x[2]), kSelect},
    {"v_pk_max_f16", half_floats<2, kMax>, kSelect},
    {"v_pk_min_f16", half_floats<2, kMin>, kSelect},
    {"v_pk_maximum3_f16", half_floats<3, kOfThree<true>>, kSelect},
    {"v_pk_minimum3_f16", half_floats<3, kOfThree<false>>, kSelect},
    {"v_fma_mix_f32", mixed, kSelect | kOutput},
    {"v_fma_mixlo_f16", mixed_half<false>, kSelect | kOutput | kPartialResult},
    {"v_fma_mixhi_f16", mixed_half<true>, kSelect | kOutput | kPartialResult},
    {"v_dot2_f32_f16", dot2<Kind::kF16, false>, kSelect | kOutput},
    {"v_dot2_f32_bf16", dot2<Kind::kBf16, false>, kSelect | kOutput},
    {"v_dot2c_f32_f16", dot2<Kind::kF16, true>, kAccumulates},
    {"v_dot2c_f32_bf16", dot2<Kind::kBf16, true>, kAccumulates},
};
#undef OCTET_WORDS
#undef OCTET_HALVES
#undef OCTET_PAIRS

}  // namespace

std::span<const Entry> packed_entries() { return kEntries; }

}  // namespace octet::amdgcn
