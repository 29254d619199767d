#include "tests/amdgcn/instruction_bench.h"

namespace octet::amdgcn {

InstructionBench::InstructionBench(bool gfx950, uint32_t lds_bytes)
    : code_(gfx950),
      machine_(std::make_unique<Machine>(code_, kernel_, memory, launch_)),
      wave_(std::make_unique<Wave>()) {
  machine_->lds.reset(lds_bytes);
  wave_->reset(0, 256, 256);
}

void InstructionBench::set_v(int number, uint32_t value) {
  set_v(number, [value](uint32_t) { return value; });
}
void InstructionBench::set_v(int number, const std::function<uint32_t(uint32_t lane)>& value) {
  for (uint32_t l = 0; l < kLanes; ++l) wave_->vgpr[number][l] = value(l);
  wave_->undefined[number] = 0;
}
void InstructionBench::set_v64(int number, uint64_t value) {
  set_v(number, static_cast<uint32_t>(value));
  set_v(number + 1, static_cast<uint32_t>(value >> 32));
}
void InstructionBench::set_s(int number, uint32_t value) {
  wave_->sgpr[number] = value;
  wave_->sgpr_undefined[number] = 0;
}
void InstructionBench::set_s64(int number, uint64_t value) {
  set_s(number, static_cast<uint32_t>(value));
  set_s(number + 1, static_cast<uint32_t>(value >> 32));
}

void InstructionBench::run(std::string_view text) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    instructions_.push_back(std::make_unique<Instruction>(decode(text.substr(begin, end - begin))));
    machine_->execute(*wave_, *instructions_.back());
    begin = end + 1;
  }
}

}  // namespace octet::amdgcn
