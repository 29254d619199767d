// Runs workgroups of one kernel, wave by wave. For users: launch.h.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/amdgcn/code_object.h"
#include "tests/amdgcn/launch.h"
#include "tests/amdgcn/lds.h"
#include "tests/amdgcn/memory.h"
#include "tests/amdgcn/wave.h"

namespace octet::amdgcn {

class Machine {
 public:
  Machine(const CodeObject& code, const KernelCode& kernel, Memory& device_memory,
          const Launch& launch);
  /// `kernarg` is the address of the argument segment.
  void run(uint64_t kernarg);
  /// One instruction of a wave, with all checks; the wave's pc stands after it.
  void execute(Wave& wave, const Instruction& instruction);

  // ---- What handlers use ----
  Memory& memory;
  Lds lds;
  const CodeObject& code;
  Statistics statistics;
  bool gfx950() const { return code.gfx950(); }

  /// A new entry of a queue; where it is full, the oldest lands first.
  Pending& issue(Wave& wave, Queue& queue, const Instruction& instruction, Landing landing);
  /// Makes `count` vector registers wait for the operation.
  static void expect(Wave& wave, Pending& entry, const Operand& result);
  /// s_waitcnt.
  void wait(Wave& wave, int vector_memory, int lgkm);
  /// What this wave stored is seen by its own later accesses.
  void flush_stores(Wave& wave);
  /// The same of LDS, which does what a wave asks in order.
  void flush_lds(Wave& wave);

 private:
  void run_workgroup(const uint32_t (&id)[3], uint64_t kernarg);
  void start_wave(Wave& wave, int index, const uint32_t (&id)[3], uint64_t kernarg);
  void run_slice(Wave& wave, uint64_t instructions);
  void execute_altered(Wave& wave, const Instruction& instruction);
  void compare_altered(Wave& wave, const Instruction& instruction);
  uint64_t next_slice();
  bool release_barrier();
  void land(Wave& wave, Pending& entry);
  void land_store(Pending& entry);
  void land_lds(const Wave& wave, const Pending& entry);
  void carry_lds_reads(Wave& wave);

  const KernelCode& kernel_;
  const Launch& launch_;
  const std::vector<Instruction> altered_;  // in place of one
  std::vector<Wave> waves_;
  uint64_t random_;
};

/// Throws Error where the kernel has no instruction at the address, or the others are not known.
std::vector<Instruction> decode_alteration(const KernelCode& kernel, const Alteration& alteration);

/// What generic code checks before an instruction and notes after it (step.cpp).
struct Undefined {
  uint64_t lanes = 0;        // of any vector or mask source; all where a scalar source is
  uint64_t first_lanes = 0;  // the same of the first words of sources
  uint32_t bits[2] = {0, 0};
  bool any() const { return lanes != 0; }
};
Undefined check_sources(const Wave& wave, const Instruction& i);
void check_results(const Wave& wave, const Instruction& i);
void mark_results(Wave& wave, const Instruction& i, const Undefined& sources);

}  // namespace octet::amdgcn
