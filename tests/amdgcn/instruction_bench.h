// One wave whose registers a test sets and reads, and instructions as text.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "tests/amdgcn/machine.h"

namespace octet::amdgcn {

class InstructionBench {
 public:
  explicit InstructionBench(bool gfx950 = false, uint32_t lds_bytes = 0);

  // Registers; a0 is v256. What is not set is undefined.
  void set_v(int number, uint32_t value);
  void set_v(int number, const std::function<uint32_t(uint32_t lane)>& value);
  void set_v64(int number, uint64_t value);
  void set_s(int number, uint32_t value);
  void set_s64(int number, uint64_t value);
  void set_exec(uint64_t lanes) { set_s64(kExec, lanes); }
  void set_scc(bool value) { wave().scc = value, wave().scc_undefined = false; }
  uint32_t v(int number, int lane = 0) const { return wave_->vgpr[number][lane]; }
  uint64_t v64(int number, int lane = 0) const {
    return v(number, lane) | uint64_t{v(number + 1, lane)} << 32;
  }
  uint32_t s(int number) const { return wave_->sgpr[number]; }
  uint64_t s64(int number) const { return wave_->pair(number); }
  bool scc() const { return wave_->scc; }

  /// Decodes and executes; throws Error. Lines are divided by '\n'.
  void run(std::string_view text);

  Wave& wave() { return *wave_; }
  Machine& machine() { return *machine_; }
  Memory memory;

 private:
  CodeObject code_;
  KernelCode kernel_;
  Launch launch_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Wave> wave_;
  std::vector<std::unique_ptr<Instruction>> instructions_;  // operations under way point there
};

}  // namespace octet::amdgcn
