// One machine instruction, decoded from the disassembler's text: a function, operands, modifiers,
// and which registers it reads and writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace octet::amdgcn {

class Machine;
struct Wave;
struct Instruction;
using Handler = void (*)(Machine&, Wave&, const Instruction&);

inline constexpr int kLanes = 64, kVectorRegisters = 512, kScalarRegisters = 128;
// Scalar registers with a name; accumulators (a0) are vector registers from 256.
inline constexpr uint16_t kVcc = 106, kM0 = 124, kExec = 126, kFirstAccumulator = 256;

enum class OperandKind : uint8_t { kVector, kScalar, kLiteral, kOff, kScc };

struct Operand {
  OperandKind kind = OperandKind::kOff;
  bool negate = false, absolute = false, sign_extend = false;
  uint8_t count = 1;   // registers
  uint16_t first = 0;  // register
  uint64_t literal = 0;
  bool plain() const { return !negate && !absolute && !sign_extend; }
};

/// Lane that a lane reads from, by DPP.
enum class DppControl : uint8_t {
  kNone,
  kQuadPerm,
  kRowShl,
  kRowShr,
  kRowRor,
  kRowMirror,
  kRowHalfMirror,
  kRowBroadcast,     // lane 15 of a row to the next row, or lane 31 to the upper half
  kRowNewBroadcast,  // a lane of a row to the whole row
  kWaveShift         // by `amount` lanes, without (kWaveShl:1 is +1, kWaveShr:1 is -1) wrapping
};

/// Part of a register that SDWA selects.
enum class Part : uint8_t { kDword, kWord0, kWord1, kByte0, kByte1, kByte2, kByte3 };
enum class Unused : uint8_t { kPad, kSext, kPreserve };

struct Modifiers {
  int32_t offset = 0, offset0 = 0, offset1 = 0;
  uint8_t op_sel = 0, op_sel_hi = 255, neg_lo = 0, neg_hi = 0;  // op_sel_hi: all ones if absent
  uint8_t cbsz = 0, abid = 0, blgp = 0, bitop3 = 0;
  bool offen = false, lds = false, sc0 = false, clamp = false;
  float output_scale = 1;
  DppControl dpp = DppControl::kNone;
  uint8_t dpp_amount = 0, row_mask = 15, bank_mask = 15;
  bool bound_control = false;
  uint8_t quad_perm[4] = {0, 1, 2, 3};
  bool sdwa = false;
  Part dst_sel = Part::kDword, src_sel[2] = {Part::kDword, Part::kDword};
  Unused dst_unused = Unused::kPad;
  uint8_t vmcnt = 255, lgkmcnt = 255;
  uint8_t used = 0;  // ModifierGroup bits
};

/// Groups of modifiers: an instruction whose handler does not know a group is refused.
enum ModifierGroup : uint8_t {
  kGroupSelect = 1,  // op_sel, op_sel_hi, neg_lo, neg_hi
  kGroupOutput = 2,  // clamp, mul:, div:
  kGroupMatrix = 4,  // cbsz, abid, blgp
  kGroupMemory = 8,
  kGroupLane = 16,  // DPP, SDWA
};

/// What a table of mnemonics says of a handler.
enum Flag : uint32_t {
  kNoResult = 1,       // operand 0 is a source
  kTwoResults = 2,     // operands 0 and 1 are written
  kAccumulates = 4,    // operand 0 is also read
  kPartialResult = 8,  // operand 0 is written in part
  kOwnShadow = 16,     // the handler says which results are undefined
  kBitwise = 32,       // undefined bits stay where they are
  kReadsVcc = 64,
  kWritesVcc = 128,
  kReadsScc = 256,
  kWritesScc = 512,
  kReadsM0 = 1024,
  kLaneMask = 2048,  // a source of two scalar registers has one bit a lane
  kSelect = 4096,    // knows kGroupSelect
  kOutput = 8192,    // knows kGroupOutput
  kMatrix = 16384,
  kMemoryAccess = 32768,
  kReturnsBySc0 = 65536,  // an atomic: operand 0 is a result where sc0 is set
  kIgnoresExec = 131072,
  kHalf = 262144,         // 16-bit sources: op_sel picks halves
  kSourceCheck = 524288,  // an undefined source is an error: addresses, branches
  kVectorOp = 1048576,    // set by decode: for lanes, not for the wave
  kLowFirst = 2097152,    // the first word of the result depends on first words of sources alone
  kLowSource = 8388608,   // the result is two halves: undefined where the low one is, for the
                          // compiler fills the high half with anything where it wants one value
  kPairs = 4194304,       // op_sel and op_sel_hi say which of two registers is read
};

struct Range {
  enum class File : uint8_t { kVector, kScalar, kMask } file;
  uint8_t count;
  uint16_t first;
};

struct Instruction {
  Handler run = nullptr;
  uint32_t flags = 0;
  uint8_t num_operands = 0, num_uses = 0, num_defs = 0;
  Operand operands[6];
  Range uses[8], defs[3];
  Modifiers modifiers;
  uint64_t address = 0;
  uint32_t target = 0;  // index of the instruction that a branch goes to
  uint8_t bytes = 4;
  std::string text;     // as disassembled
  std::string problem;  // why it cannot run; empty where it can

  const Operand& operand(int index) const { return operands[index]; }
};

struct Entry {
  std::string_view mnemonic;
  Handler run;
  uint32_t flags = 0;
};

/// Decodes a line such as "v_add_u32_e32 v0, s1, v2". What it does not know is said in `problem`.
Instruction decode(std::string_view text);

}  // namespace octet::amdgcn
