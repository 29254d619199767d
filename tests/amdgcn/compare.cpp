// Vector comparisons: one bit a lane into a pair of scalar registers, zero in inactive lanes.
#include <cmath>

#include "src/core/formats.h"
#include "tests/amdgcn/families.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;

float f16(uint32_t bits) { return decode(kF16Format, bits & 0xffff); }
float f32(uint32_t bits) { return as_float(bits); }
uint32_t u32(uint32_t bits) { return bits; }
int32_t i32(uint32_t bits) { return static_cast<int32_t>(bits); }
uint32_t u16(uint32_t bits) { return bits & 0xffff; }
int32_t i16(uint32_t bits) { return static_cast<int16_t>(bits); }

template <auto kRead, auto kF>
void compare(M&, Wave& w, const I& i) {
  Row a_scratch, b_scratch;
  const uint32_t* a = source_row(w, i, 1, a_scratch);
  const uint32_t* b = source_row(w, i, 2, b_scratch);
  uint64_t result = 0;
  for (int l = 0; l < kLanes; ++l) result |= uint64_t{kF(kRead(a[l]), kRead(b[l]))} << l;
  w.set_pair(i.operand(0).first, result & w.mask);
}
template <class T, auto kF>
void compare64(M&, Wave& w, const I& i) {
  uint64_t result = 0;
  for (int l = 0; l < kLanes; ++l) {
    const T a = std::bit_cast<T>(lane64(w, i.operand(1), l));
    const T b = std::bit_cast<T>(lane64(w, i.operand(2), l));
    result |= uint64_t{kF(a, b)} << l;
  }
  if (!i.operand(1).plain() || !i.operand(2).plain()) fail("a modifier of a 64-bit comparison");
  w.set_pair(i.operand(0).first, result & w.mask);
}

/// The class of a value as a bit of v_cmp_class: signaling NaN, quiet NaN, -infinity, -normal,
/// -subnormal, -0, +0, +subnormal, +normal, +infinity.
uint32_t class_of(float value) {
  const bool negative = std::signbit(value);
  switch (std::fpclassify(value)) {
    case FP_NAN:
      return (as_bits(value) & 0x400000) == 0 ? 1 : 2;
    case FP_INFINITE:
      return negative ? 4 : 512;
    case FP_NORMAL:
      return negative ? 8 : 256;
    case FP_SUBNORMAL:
      return negative ? 16 : 128;
    default:
      return negative ? 32 : 64;
  }
}
constexpr auto kClass = [](uint32_t a, uint32_t b) { return (class_of(as_float(a)) & b) != 0; };

constexpr auto kLt = [](auto a, auto b) { return a < b; };
constexpr auto kEq = [](auto a, auto b) { return a == b; };
constexpr auto kLe = [](auto a, auto b) { return a <= b; };
constexpr auto kGt = [](auto a, auto b) { return a > b; };
constexpr auto kGe = [](auto a, auto b) { return a >= b; };
constexpr auto kNe = [](auto a, auto b) { return a != b; };
constexpr auto kLg = [](auto a, auto b) { return a < b || a > b; };
constexpr auto kO = [](auto a, auto b) { return a == a && b == b; };
constexpr auto kU = [](auto a, auto b) { return a != a || b != b; };
template <auto kF>
constexpr auto kUnless = [](auto a, auto b) { return !kF(a, b); };

#define OCTET_INTEGERS(type, read, flags)                                                         \
  {"v_cmp_lt_" #type, compare<read, kLt>, flags}, {"v_cmp_eq_" #type, compare<read, kEq>, flags}, \
      {"v_cmp_le_" #type, compare<read, kLe>, flags},                                             \
      {"v_cmp_gt_" #type, compare<read, kGt>, flags},                                             \
      {"v_cmp_ne_" #type, compare<read, kNe>, flags}, {                                           \
    "v_cmp_ge_" #type, compare<read, kGe>, flags                                                  \
  }
#define OCTET_FLOATS(type, read, flags)                                                           \
  {"v_cmp_lt_" #type, compare<read, kLt>, flags}, {"v_cmp_eq_" #type, compare<read, kEq>, flags}, \
      {"v_cmp_le_" #type, compare<read, kLe>, flags},                                             \
      {"v_cmp_gt_" #type, compare<read, kGt>, flags},                                             \
      {"v_cmp_lg_" #type, compare<read, kLg>, flags},                                             \
      {"v_cmp_ge_" #type, compare<read, kGe>, flags},                                             \
      {"v_cmp_o_" #type, compare<read, kO>, flags}, {"v_cmp_u_" #type, compare<read, kU>, flags}, \
      {"v_cmp_nge_" #type, compare<read, kUnless<kGe>>, flags},                                   \
      {"v_cmp_nlg_" #type, compare<read, kUnless<kLg>>, flags},                                   \
      {"v_cmp_ngt_" #type, compare<read, kUnless<kGt>>, flags},                                   \
      {"v_cmp_nle_" #type, compare<read, kUnless<kLe>>, flags},                                   \
      {"v_cmp_neq_" #type, compare<read, kNe>, flags}, {                                          \
    "v_cmp_nlt_" #type, compare<read, kUnless<kLt>>, flags                                        \
  }
#define OCTET_WIDE(type, T)                                                           \
  {"v_cmp_lt_" #type, compare64<T, kLt>}, {"v_cmp_eq_" #type, compare64<T, kEq>},     \
      {"v_cmp_le_" #type, compare64<T, kLe>}, {"v_cmp_gt_" #type, compare64<T, kGt>}, \
      {"v_cmp_ne_" #type, compare64<T, kNe>}, {                                       \
    "v_cmp_ge_" #type, compare64<T, kGe>                                              \
  }

const Entry kEntries[] = {
    OCTET_INTEGERS(u32, u32, 0),     OCTET_INTEGERS(i32, i32, 0),
    OCTET_INTEGERS(u16, u16, kHalf), OCTET_INTEGERS(i16, i16, kHalf),
    OCTET_FLOATS(f32, f32, 0),       OCTET_FLOATS(f16, f16, kHalf),
    OCTET_WIDE(u64, uint64_t),       OCTET_WIDE(i64, int64_t),
    OCTET_WIDE(f64, double),         {"v_cmp_class_f32", compare<u32, kClass>},
};
#undef OCTET_INTEGERS
#undef OCTET_FLOATS
#undef OCTET_WIDE

}  // namespace

std::span<const Entry> compare_entries() { return kEntries; }

}  // namespace octet::amdgcn
