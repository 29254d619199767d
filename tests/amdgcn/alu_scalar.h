// What the handlers of scalar instructions share.
#pragma once

#include <cstdint>

#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {

using I = Instruction;
using M = Machine;

// Lambdas as template arguments become handlers: no call through a pointer for each operation.
template <auto kF, bool kScc = false>
void binary32(M&, Wave& w, const I& i) {
  const uint32_t result = kF(scalar32(w, i.operand(1)), scalar32(w, i.operand(2)));
  write_scalar32(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}
template <auto kF, bool kScc = true>
void binary64(M&, Wave& w, const I& i) {
  const uint64_t result = kF(scalar64(w, i.operand(1)), scalar64(w, i.operand(2)));
  write_scalar64(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}
template <auto kF, bool kScc = false>
void unary32(M&, Wave& w, const I& i) {
  const uint32_t result = kF(scalar32(w, i.operand(1)));
  write_scalar32(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}
template <auto kF, bool kScc = false>
void unary64(M&, Wave& w, const I& i) {
  const uint64_t result = kF(scalar64(w, i.operand(1)));
  write_scalar64(w, i.operand(0), result);
  if (kScc) w.scc = result != 0;
}
/// The 16-bit literal of s_movk_i32 and its like is sign-extended.
inline uint32_t immediate16(const I& i) {
  return static_cast<uint32_t>(static_cast<int16_t>(i.operand(1).literal));
}

constexpr int32_t s(uint32_t v) { return static_cast<int32_t>(v); }
constexpr uint32_t u(int32_t v) { return static_cast<uint32_t>(v); }

inline constexpr auto kAnd = [](auto a, auto b) { return a & b; };
inline constexpr auto kOr = [](auto a, auto b) { return a | b; };
inline constexpr auto kXor = [](auto a, auto b) { return a ^ b; };
inline constexpr auto kAndNot = [](auto a, auto b) { return a & ~b; };
inline constexpr auto kOrNot = [](auto a, auto b) { return a | ~b; };

}  // namespace octet::amdgcn
