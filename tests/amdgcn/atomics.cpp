// Atomics on global memory. They happen when issued, lane by lane in order; a returned value waits
// for s_waitcnt as a load does.
#include <algorithm>
#include <bit>
#include <cstring>

#include "src/core/formats.h"
#include "tests/amdgcn/address.h"
#include "tests/amdgcn/families.h"

namespace octet::amdgcn {
namespace {

using I = Instruction;
using M = Machine;

/// f(old value, data words of the lane) gives the new value.
template <class Address, class T, auto kF>
void atomic(M& m, Wave& w, const I& i) {
  constexpr bool kGlobal = std::is_same_v<Address, GlobalAddress>;
  m.flush_stores(w);
  const bool returns = i.modifiers.sc0;
  // Operands: global (result,) address, data, base; buffer data, address, resource, offset, where
  // the data's register receives the result.
  const int data_operand = kGlobal ? (returns ? 2 : 1) : 0;
  const Operand& data = i.operand(data_operand);
  Pending& entry =
      m.issue(w, w.vector_memory, i, returns ? Landing::kRegisters : Landing::kNothing);
  const auto run = [&](const auto& address) {
    for (int l = 0; l < kLanes; ++l) {
      if ((entry.lanes >> l & 1) == 0) continue;
      std::byte* place = address.at(m.memory, l, 0, sizeof(T), true);
      T value{};
      if (place != nullptr) std::memcpy(&value, place, sizeof value);
      entry.data[0][l] = static_cast<uint32_t>(value);
      entry.data[1][l] = static_cast<uint32_t>(uint64_t{value} >> 32);
      T sources[2] = {};
      for (int word = 0; word < data.count; ++word) {
        const uint32_t bits = w.vgpr[data.first + word][l];
        std::memcpy(reinterpret_cast<char*>(sources) + 4 * word, &bits, 4);
      }
      if (place == nullptr) continue;
      value = kF(value, sources);
      std::memcpy(place, &value, sizeof value);
    }
  };
  if constexpr (kGlobal) {
    run(GlobalAddress(w, i, data_operand - 1, data_operand + 1));
  } else {
    run(BufferAddress(w, i, 1));
  }
  if (!returns) return;
  Operand result = i.operand(0);
  result.count = sizeof(T) / 4;
  Machine::expect(w, entry, result);
}

using U = uint32_t;
template <class T>
constexpr auto kAdd = [](T old, const T* x) { return static_cast<T>(old + x[0]); };
template <class T>
constexpr auto kSub = [](T old, const T* x) { return static_cast<T>(old - x[0]); };
template <class T>
constexpr auto kSwap = [](T, const T* x) { return x[0]; };
template <class T>
constexpr auto kCompareSwap = [](T old, const T* x) { return old == x[1] ? x[0] : old; };
template <class T>
constexpr auto kMax = [](T old, const T* x) { return std::max(old, x[0]); };
template <class T>
constexpr auto kMin = [](T old, const T* x) { return std::min(old, x[0]); };
constexpr auto kMaxSigned = [](U old, const U* x) {
  return static_cast<int32_t>(old) > static_cast<int32_t>(x[0]) ? old : x[0];
};
constexpr auto kMinSigned = [](U old, const U* x) {
  return static_cast<int32_t>(old) < static_cast<int32_t>(x[0]) ? old : x[0];
};
constexpr auto kAnd = [](U old, const U* x) { return old & x[0]; };
constexpr auto kOr = [](U old, const U* x) { return old | x[0]; };
constexpr auto kXor = [](U old, const U* x) { return old ^ x[0]; };
constexpr auto kInc = [](U old, const U* x) { return old >= x[0] ? 0 : old + 1; };
constexpr auto kDec = [](U old, const U* x) { return old == 0 || old > x[0] ? x[0] : old - 1; };
constexpr auto kAddFloat = [](U old, const U* x) {
  return as_bits(as_float(old) + as_float(x[0]));
};
template <bool kBf16>
constexpr auto kAddHalves = [](U old, const U* x) {
  U result = 0;
  for (int shift = 0; shift < 32; shift += 16) {
    const U a = old >> shift & 0xffff, b = x[0] >> shift & 0xffff;
    const U sum = kBf16 ? encode_bf16(decode_bf16(static_cast<uint16_t>(a)) +
                                      decode_bf16(static_cast<uint16_t>(b)))
                        : encode(kF16Format, decode(kF16Format, a) + decode(kF16Format, b),
                                 Overflow::kSpecial);
    result |= sum << shift;
  }
  return result;
};

constexpr uint32_t kFlags = kMemoryAccess | kOwnShadow | kSourceCheck | kReturnsBySc0;
// A buffer atomic's data register is read, and written where sc0 is set.
constexpr uint32_t kBuffer = kFlags | kAccumulates;

#define OCTET_ATOMICS(prefix, Address, flags)                                             \
  {prefix "_atomic_add", atomic<Address, U, kAdd<U>>, flags},                             \
      {prefix "_atomic_sub", atomic<Address, U, kSub<U>>, flags},                         \
      {prefix "_atomic_swap", atomic<Address, U, kSwap<U>>, flags},                       \
      {prefix "_atomic_cmpswap", atomic<Address, U, kCompareSwap<U>>, flags},             \
      {prefix "_atomic_umax", atomic<Address, U, kMax<U>>, flags},                        \
      {prefix "_atomic_umin", atomic<Address, U, kMin<U>>, flags},                        \
      {prefix "_atomic_smax", atomic<Address, U, kMaxSigned>, flags},                     \
      {prefix "_atomic_smin", atomic<Address, U, kMinSigned>, flags},                     \
      {prefix "_atomic_and", atomic<Address, U, kAnd>, flags},                            \
      {prefix "_atomic_or", atomic<Address, U, kOr>, flags},                              \
      {prefix "_atomic_xor", atomic<Address, U, kXor>, flags},                            \
      {prefix "_atomic_inc", atomic<Address, U, kInc>, flags},                            \
      {prefix "_atomic_dec", atomic<Address, U, kDec>, flags},                            \
      {prefix "_atomic_add_f32", atomic<Address, U, kAddFloat>, flags},                   \
      {prefix "_atomic_pk_add_f16", atomic<Address, U, kAddHalves<false>>, flags},        \
      {prefix "_atomic_pk_add_bf16", atomic<Address, U, kAddHalves<true>>, flags},        \
      {prefix "_atomic_add_x2", atomic<Address, uint64_t, kAdd<uint64_t>>, flags},        \
      {prefix "_atomic_swap_x2", atomic<Address, uint64_t, kSwap<uint64_t>>, flags},      \
      {prefix "_atomic_umax_x2", atomic<Address, uint64_t, kMax<uint64_t>>, flags},       \
      {prefix "_atomic_umin_x2", atomic<Address, uint64_t, kMin<uint64_t>>, flags}, {     \
    prefix "_atomic_cmpswap_x2", atomic<Address, uint64_t, kCompareSwap<uint64_t>>, flags \
  }

const Entry kEntries[] = {
    OCTET_ATOMICS("global", GlobalAddress, kFlags),
    OCTET_ATOMICS("buffer", BufferAddress, kBuffer),
};
#undef OCTET_ATOMICS

}  // namespace

std::span<const Entry> atomic_entries() { return kEntries; }

}  // namespace octet::amdgcn
