// Scalar comparisons, EXEC, branches and waits.

#include "tests/amdgcn/alu_scalar.h"
#include "tests/amdgcn/families.h"

namespace octet::amdgcn {
namespace {

template <auto kF>
void compare32(M&, Wave& w, const I& i) {
  w.scc = kF(scalar32(w, i.operand(0)), scalar32(w, i.operand(1)));
}
template <auto kF>
void compare64(M&, Wave& w, const I& i) {
  w.scc = kF(scalar64(w, i.operand(0)), scalar64(w, i.operand(1)));
}
template <auto kF>
void compare_immediate(M&, Wave& w, const I& i) {
  w.scc = kF(scalar32(w, i.operand(0)), immediate16(i));
}
template <auto kF>
void compare_immediate_unsigned(M&, Wave& w, const I& i) {
  w.scc = kF(scalar32(w, i.operand(0)), static_cast<uint32_t>(i.operand(1).literal & 0xffff));
}

template <auto kF>
void save_exec(M&, Wave& w, const I& i) {
  const uint64_t old = w.exec(), result = kF(scalar64(w, i.operand(1)), old);
  write_scalar64(w, i.operand(0), old);
  w.set_pair(kExec, result);
  w.scc = result != 0;
}

template <auto kF>
void branch(M&, Wave& w, const I& i) {
  if (kF(w)) w.pc = i.target;
}
void nothing(M&, Wave&, const I&) {}
void barrier(M&, Wave& w, const I&) {
  if (w.exec() != ~uint64_t{0}) fail("a barrier that only some lanes of the wave reach");
  w.status = WaveStatus::kAtBarrier;
}
void end_program(M& m, Wave& w, const I&) {
  m.wait(w, 0, 0);
  w.status = WaveStatus::kEnded;
}
void wait_counters(M& m, Wave& w, const I& i) { m.wait(w, i.modifiers.vmcnt, i.modifiers.lgkmcnt); }

/// The address of the next instruction: of the image in this process.
void get_pc(M& m, Wave& w, const I& i) {
  const uint64_t base = reinterpret_cast<uintptr_t>(m.code.segments().data());
  write_scalar64(w, i.operand(0), base + i.address + i.bytes);
}

constexpr auto kNotAnd = [](auto a, auto b) { return ~a & b; };
constexpr auto kNotOr = [](auto a, auto b) { return ~a | b; };
constexpr auto kEqual = [](auto a, auto b) { return a == b; };
constexpr auto kUnequal = [](auto a, auto b) { return a != b; };
constexpr auto kLess = [](auto a, auto b) { return a < b; };
constexpr auto kLessEqual = [](auto a, auto b) { return a <= b; };
constexpr auto kGreater = [](auto a, auto b) { return a > b; };
constexpr auto kGreaterEqual = [](auto a, auto b) { return a >= b; };
template <auto kF>
constexpr auto kSigned = [](uint32_t a, uint32_t b) { return kF(s(a), s(b)); };
constexpr auto kBit0 = [](uint32_t a, uint32_t b) { return (a >> (b & 31) & 1) == 0; };
constexpr auto kBit1 = [](uint32_t a, uint32_t b) { return (a >> (b & 31) & 1) != 0; };
constexpr auto kBit0Wide = [](uint64_t a, uint64_t b) { return (a >> (b & 63) & 1) == 0; };
constexpr auto kBit1Wide = [](uint64_t a, uint64_t b) { return (a >> (b & 63) & 1) != 0; };

constexpr uint32_t kCompare = kNoResult | kWritesScc, kJump = kNoResult | kSourceCheck;

const Entry kEntries[] = {
    {"s_getpc_b64", get_pc},
    {"s_cmp_eq_u32", compare32<kEqual>, kCompare},
    {"s_cmp_eq_i32", compare32<kEqual>, kCompare},
    {"s_cmp_lg_u32", compare32<kUnequal>, kCompare},
    {"s_cmp_lg_i32", compare32<kUnequal>, kCompare},
    {"s_cmp_lt_u32", compare32<kLess>, kCompare},
    {"s_cmp_le_u32", compare32<kLessEqual>, kCompare},
    {"s_cmp_gt_u32", compare32<kGreater>, kCompare},
    {"s_cmp_ge_u32", compare32<kGreaterEqual>, kCompare},
    {"s_cmp_lt_i32", compare32<kSigned<kLess>>, kCompare},
    {"s_cmp_le_i32", compare32<kSigned<kLessEqual>>, kCompare},
    {"s_cmp_gt_i32", compare32<kSigned<kGreater>>, kCompare},
    {"s_cmp_ge_i32", compare32<kSigned<kGreaterEqual>>, kCompare},
    {"s_cmp_eq_u64", compare64<kEqual>, kCompare},
    {"s_cmp_lg_u64", compare64<kUnequal>, kCompare},
    {"s_cmpk_eq_i32", compare_immediate<kEqual>, kCompare},
    {"s_cmpk_lg_i32", compare_immediate<kUnequal>, kCompare},
    {"s_cmpk_lt_i32", compare_immediate<kSigned<kLess>>, kCompare},
    {"s_cmpk_le_i32", compare_immediate<kSigned<kLessEqual>>, kCompare},
    {"s_cmpk_gt_i32", compare_immediate<kSigned<kGreater>>, kCompare},
    {"s_cmpk_ge_i32", compare_immediate<kSigned<kGreaterEqual>>, kCompare},
    {"s_cmpk_eq_u32", compare_immediate_unsigned<kEqual>, kCompare},
    {"s_cmpk_lg_u32", compare_immediate_unsigned<kUnequal>, kCompare},
    {"s_cmpk_lt_u32", compare_immediate_unsigned<kLess>, kCompare},
    {"s_cmpk_le_u32", compare_immediate_unsigned<kLessEqual>, kCompare},
    {"s_cmpk_gt_u32", compare_immediate_unsigned<kGreater>, kCompare},
    {"s_cmpk_ge_u32", compare_immediate_unsigned<kGreaterEqual>, kCompare},
    {"s_bitcmp0_b32", compare32<kBit0>, kCompare},
    {"s_bitcmp1_b32", compare32<kBit1>, kCompare},
    {"s_bitcmp0_b64", compare64<kBit0Wide>, kCompare},
    {"s_bitcmp1_b64", compare64<kBit1Wide>, kCompare},
    {"s_and_saveexec_b64", save_exec<kAnd>, kWritesScc | kSourceCheck},
    {"s_or_saveexec_b64", save_exec<kOr>, kWritesScc | kSourceCheck},
    {"s_xor_saveexec_b64", save_exec<kXor>, kWritesScc | kSourceCheck},
    {"s_andn2_saveexec_b64", save_exec<kAndNot>, kWritesScc | kSourceCheck},
    {"s_orn2_saveexec_b64", save_exec<kOrNot>, kWritesScc | kSourceCheck},
    {"s_andn1_saveexec_b64", save_exec<kNotAnd>, kWritesScc | kSourceCheck},
    {"s_orn1_saveexec_b64", save_exec<kNotOr>, kWritesScc | kSourceCheck},
    {"s_branch", branch<[](const Wave&) { return true; }>, kNoResult},
    {"s_cbranch_scc0", branch<[](const Wave& w) { return !w.scc; }>, kJump | kReadsScc},
    {"s_cbranch_scc1", branch<[](const Wave& w) { return w.scc; }>, kJump | kReadsScc},
    {"s_cbranch_vccz", branch<[](const Wave& w) { return w.vcc() == 0; }>, kJump | kReadsVcc},
    {"s_cbranch_vccnz", branch<[](const Wave& w) { return w.vcc() != 0; }>, kJump | kReadsVcc},
    {"s_cbranch_execz", branch<[](const Wave& w) { return w.exec() == 0; }>, kNoResult},
    {"s_cbranch_execnz", branch<[](const Wave& w) { return w.exec() != 0; }>, kNoResult},
    {"s_barrier", barrier, kNoResult},
    {"s_endpgm", end_program, kNoResult},
    {"s_waitcnt", wait_counters, kNoResult},
    {"s_nop", nothing, kNoResult},
    {"s_sleep", nothing, kNoResult},
    {"s_setprio", nothing, kNoResult},
    {"s_sethalt", nothing, kNoResult},
    {"s_icache_inv", nothing, kNoResult},
};

}  // namespace

std::span<const Entry> scalar_control_entries() { return kEntries; }

}  // namespace octet::amdgcn
