#include "tests/amdgcn/machine.h"

#include <algorithm>
#include <cstring>

#include "tests/amdgcn/error.h"

namespace octet::amdgcn {
namespace {

constexpr uint32_t kMaxLds942 = 64 << 10, kMaxLds950 = 160 << 10;

uint32_t work_items(const Launch& launch) {
  return launch.block[0] * launch.block[1] * launch.block[2];
}

void check_launch(const CodeObject& code, const KernelCode& kernel, const Launch& launch) {
  if (!kernel.problem.empty()) fail("{}", kernel.problem);
  const uint32_t items = work_items(launch);
  if (items == 0 || items % kLanes != 0) fail("a workgroup of {} work items", items);
  if (items > kernel.max_workgroup) {
    fail("a workgroup of {} work items: {} allows {}", items, kernel.name, kernel.max_workgroup);
  }
  const uint32_t lds = kernel.lds_bytes + launch.dynamic_lds_bytes;
  const uint32_t most = code.gfx950() ? kMaxLds950 : kMaxLds942;
  if (lds > most) fail("{} bytes of LDS: {} has {}", lds, code.arch(), most);
  if (launch.kernarg.size() < kernel.explicit_kernarg_bytes) {
    fail("{} bytes of arguments: {} takes {}", launch.kernarg.size(), kernel.name,
         kernel.explicit_kernarg_bytes);
  }
}

uint64_t hidden_value(const HiddenArgument& argument, const Launch& launch) {
  const std::string_view kind = argument.kind;
  const int axis = kind.ends_with("_x") ? 0 : kind.ends_with("_y") ? 1 : 2;
  if (kind.starts_with("hidden_block_count")) return launch.grid[axis];
  if (kind.starts_with("hidden_group_size")) return launch.block[axis];
  if (kind == "hidden_grid_dims") return 3;
  if (kind == "hidden_dynamic_lds_size") return launch.dynamic_lds_bytes;
  return 0;
}

/// The argument segment: what the caller gives, then what the runtime would add. The compiler may
/// load whole cache lines of it.
std::vector<std::byte> make_arguments(const KernelCode& kernel, const Launch& launch) {
  constexpr size_t kLine = 64;
  std::vector<std::byte> bytes((kernel.kernarg_bytes / kLine + 1) * kLine);
  std::memcpy(bytes.data(), launch.kernarg.data(), std::min(launch.kernarg.size(), bytes.size()));
  for (const HiddenArgument& argument : kernel.hidden) {
    const uint64_t value = hidden_value(argument, launch);
    if (argument.offset + argument.bytes <= bytes.size()) {
      std::memcpy(bytes.data() + argument.offset, &value, std::min(argument.bytes, 8u));
    }
  }
  return bytes;
}

}  // namespace

Statistics launch(const CodeObject& code, Memory& memory, const Launch& launch) {
  const KernelCode* kernel = code.find(launch.entry);
  if (kernel == nullptr) fail("no kernel {} in the code object", launch.entry);
  check_launch(code, *kernel, launch);
  const std::vector<std::byte> arguments = make_arguments(*kernel, launch);
  const ScopedRegion argument_region(memory, arguments.data(), arguments.size(), false,
                                     "arguments");
  const ScopedRegion code_region(memory, code.segments().data(), code.segments().size(), false,
                                 "code object");
  Machine machine(code, *kernel, memory, launch);
  machine.run(reinterpret_cast<uintptr_t>(arguments.data()));
  return machine.statistics;
}

Machine::Machine(const CodeObject& code_object, const KernelCode& kernel, Memory& device_memory,
                 const Launch& launch)
    : memory(device_memory),
      code(code_object),
      kernel_(kernel),
      launch_(launch),
      altered_(decode_alteration(kernel, launch.alteration)),
      waves_(work_items(launch) / kLanes),
      random_(launch.seed * 0x9e3779b97f4a7c15u) {
  statistics.executed.resize(kernel.instructions.size());
}

void Machine::run(uint64_t kernarg) {
  for (uint32_t z = 0; z < launch_.grid[2]; ++z) {
    for (uint32_t y = 0; y < launch_.grid[1]; ++y) {
      for (uint32_t x = 0; x < launch_.grid[0]; ++x) run_workgroup({x, y, z}, kernarg);
    }
  }
}

void Machine::start_wave(Wave& w, int index, const uint32_t (&id)[3], uint64_t kernarg) {
  w.reset(index, kernel_.vector_registers, kernel_.accumulators);
  if (kernel_.kernarg_register >= 0) {
    w.set_pair(kernel_.kernarg_register, kernarg);
    w.set_pair_undefined(kernel_.kernarg_register, 0);
  }
  int next = kernel_.user_registers;
  for (int axis = 0; axis < 3; ++axis) {
    if (!kernel_.workgroup_id[axis]) continue;
    w.sgpr_undefined[next] = 0;
    w.sgpr[next++] = id[axis];
  }
  const uint32_t width = launch_.block[0], height = launch_.block[1];
  for (uint32_t l = 0; l < kLanes; ++l) {
    const uint32_t item = static_cast<uint32_t>(index * kLanes) + l;
    w.vgpr[0][l] = item % width | item / width % height << 10 | item / width / height << 20;
  }
  w.undefined[0] = 0;
}

uint64_t Machine::next_slice() {
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  return random_ >> 33;
}

void Machine::run_workgroup(const uint32_t (&id)[3], uint64_t kernarg) {
  lds.reset(kernel_.lds_bytes + launch_.dynamic_lds_bytes);
  for (size_t n = 0; n < waves_.size(); ++n)
    start_wave(waves_[n], static_cast<int>(n), id, kernarg);
  std::vector<Wave*> running;
  do {
    running.clear();
    for (Wave& w : waves_) {
      if (w.status == WaveStatus::kRunning) running.push_back(&w);
    }
    while (!running.empty()) {
      const size_t pick = launch_.seed == 0 ? 0 : next_slice() % running.size();
      Wave& w = *running[pick];
      try {
        run_slice(w, launch_.seed == 0 ? ~uint64_t{0} : 1 + next_slice() % 64);
      } catch (const Error& error) {
        const Instruction& i = kernel_.instructions[w.pc == 0 ? 0 : w.pc - 1];
        fail("{} at {:#x} '{}', wave {} of workgroup ({}, {}, {}): {}", kernel_.name, i.address,
             i.text, w.index, id[0], id[1], id[2], error.what());
      }
      if (w.status != WaveStatus::kRunning) {
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(pick));
      }
    }
  } while (release_barrier());
}

void Machine::run_slice(Wave& w, uint64_t instructions) {
  uint64_t done = 0;
  for (; done < instructions && w.status == WaveStatus::kRunning; ++done) {
    if (w.pc >= kernel_.instructions.size()) fail("it runs past the end of the kernel");
    const uint32_t at = w.pc++;
    const Instruction& next = kernel_.instructions[at];
    if (next.address == launch_.alteration.address) {
      execute_altered(w, next);
    } else {
      execute(w, next);
    }
    statistics.executed[at] |= w.pc == at + 1 ? kWentOn : kJumped;
    if (++statistics.instructions > launch_.max_instructions) {
      fail("more than {} instructions", launch_.max_instructions);
    }
  }
}

/// False where all waves have ended; an error where some wait for others that have.
bool Machine::release_barrier() {
  const Wave *waiting = nullptr, *ended = nullptr;
  for (const Wave& w : waves_) {
    (w.status == WaveStatus::kEnded ? ended : waiting) = &w;
  }
  if (waiting == nullptr) return false;
  if (ended != nullptr) {
    fail("{}: wave {} waits at the s_barrier at {:#x} and wave {} has ended without one",
         kernel_.name, waiting->index, kernel_.instructions[waiting->pc - 1].address, ended->index);
  }
  const uint32_t place = waiting->pc;
  for (Wave& w : waves_) {
    if (w.pc != place) {
      fail("{}: waves {} and {} wait at different barriers, {:#x} and {:#x}", kernel_.name,
           waiting->index, w.index, kernel_.instructions[place - 1].address,
           kernel_.instructions[w.pc - 1].address);
    }
    w.status = WaveStatus::kRunning;
  }
  lds.barrier();
  for (Wave& w : waves_) carry_lds_reads(w);
  return true;
}

}  // namespace octet::amdgcn
