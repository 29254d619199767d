// The state of one wave: registers, what of them is undefined, and memory operations under way.
//
// Strict memory   a load lands, and a store or LDS write happens, only when s_waitcnt covers it.
//                 Until then to read or write the registers of a load is an error.
// Undefined       registers start undefined; a result is undefined where a source is. To branch, to
//                 address or to store by an undefined value is an error.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "tests/amdgcn/instruction.h"

namespace octet::amdgcn {

/// What an operation does when it lands.
enum class Landing : uint8_t { kNothing, kRegisters, kLowHalf, kHighHalf, kScalars, kStore, kLds };

struct Pending {
  Landing landing = Landing::kNothing;
  uint8_t words = 0;   // of each lane; of the wave for scalars
  uint8_t bytes = 0;   // of each lane and part, where it writes memory or reads LDS
  uint8_t parts = 1;   // LDS with two addresses
  uint16_t first = 0;  // register
  uint64_t lanes = 0;
  const Instruction* issuer = nullptr;
  std::array<uint64_t, 4> undefined{};  // lanes of each word
  std::array<uint64_t, 4> dropped{};    // lanes whose word a store does not write
  alignas(64) uint32_t data[4][kLanes];
  uint64_t address[2][kLanes];
};

/// Operations in the order of issue. A counter of the hardware ends at 63: the oldest lands then.
class Queue {
 public:
  static constexpr int kCapacity = 64;
  int size() const { return size_; }
  bool full() const { return size_ == kCapacity; }
  Pending& push() {
    Pending& entry = (*entries_)[static_cast<size_t>((first_ + size_++) % kCapacity)];
    entry.parts = 1;
    entry.undefined = {}, entry.dropped = {};
    return entry;
  }
  Pending& at(int index) { return (*entries_)[static_cast<size_t>((first_ + index) % kCapacity)]; }
  const Pending& at(int index) const {
    return (*entries_)[static_cast<size_t>((first_ + index) % kCapacity)];
  }
  void pop() { first_ = (first_ + 1) % kCapacity, --size_; }
  void clear() { size_ = 0; }

 private:
  std::unique_ptr<std::array<Pending, kCapacity>> entries_ =
      std::make_unique_for_overwrite<std::array<Pending, kCapacity>>();
  int first_ = 0, size_ = 0;
};

enum class WaveStatus : uint8_t { kRunning, kAtBarrier, kEnded };

/// What instructions that touch no memory change.
struct WaveState {
  WaveState() {}  // Why: reset() writes what a kernel uses, a fraction of all
  alignas(64) uint32_t vgpr[kVectorRegisters][kLanes];
  uint64_t undefined[kVectorRegisters];  // lanes
  uint32_t sgpr[kScalarRegisters];
  uint32_t sgpr_undefined[kScalarRegisters];  // bits
  bool scc = false, scc_undefined = true;
  WaveStatus status = WaveStatus::kRunning;
  uint32_t pc = 0;  // index of the next instruction
};

struct Wave : WaveState {
  uint8_t vgpr_pending[kVectorRegisters];  // loads under way
  uint8_t sgpr_pending[kScalarRegisters];
  int index = 0;                             // in the workgroup
  uint64_t mask = 0;                         // lanes that the instruction at hand writes
  int num_vector = 0, num_accumulators = 0;  // registers that the kernel asked for
  Queue vector_memory, lds, scalar_memory;
  int stores = 0;  // of the first queue

  uint64_t exec() const { return pair(kExec); }
  uint64_t vcc() const { return pair(kVcc); }
  uint64_t pair(int first) const { return sgpr[first] | uint64_t{sgpr[first + 1]} << 32; }
  void set_pair(int first, uint64_t value) {
    sgpr[first] = static_cast<uint32_t>(value);
    sgpr[first + 1] = static_cast<uint32_t>(value >> 32);
  }
  uint64_t pair_undefined(int first) const {
    return sgpr_undefined[first] | uint64_t{sgpr_undefined[first + 1]} << 32;
  }
  void set_pair_undefined(int first, uint64_t bits) {
    sgpr_undefined[first] = static_cast<uint32_t>(bits);
    sgpr_undefined[first + 1] = static_cast<uint32_t>(bits >> 32);
  }
  /// All registers undefined, all lanes active.
  void reset(int wave_index, int vector_registers, int accumulators);
};

}  // namespace octet::amdgcn
