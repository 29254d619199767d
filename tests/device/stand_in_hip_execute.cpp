// Kernels of the stand-in for libamdhip64: the code object that was loaded, instruction by
// instruction, or the source that it was compiled from, on fibers (source_kernels.h), in memory of
// its device. What is refused is said on stderr.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <span>

#include "device/stand_in_hip.h"
#if defined(OCTET_HAVE_AMDGCN)
#include "tests/amdgcn/error.h"
#include "tests/amdgcn/matrix.h"
#include "tests/amdgcn/source_kernels.h"
#endif

namespace octet::stand_in {
namespace {

bool is_of_a_test(const std::string& entry) { return entry.starts_with("test_"); }

int refuse(const std::string& entry, const char* why) {
  std::fprintf(stderr, "stand-in for libamdhip64: %s: %s\n", entry.c_str(), why);
  return kLaunchFailed;
}

}  // namespace

#if defined(OCTET_HAVE_AMDGCN)

namespace {

std::shared_ptr<const amdgcn::CodeObject> code_of(const Function& function) {
  const std::string& image = function.module->names;
  return amdgcn::CodeObject::load(std::as_bytes(std::span(image.data(), image.size())));
}

amdgcn::LayoutFault layout_fault_of(const std::string& fault) {
  if (fault == "layout:k") return amdgcn::LayoutFault::kContiguousK;
  if (fault == "layout:rows") return amdgcn::LayoutFault::kResultRows;
  if (fault == "layout:scales") return amdgcn::LayoutFault::kScaleLanes;
  return amdgcn::LayoutFault::kNone;
}

/// Of the faults "alter:<entry>:<address>:<text>" (those instructions in place of the one there)
/// and "compare:..." (amdgcn::Alteration::Use), in the kernel of that name.
amdgcn::Alteration alteration_of(const std::string& fault, const std::string& entry) {
  using Use = amdgcn::Alteration::Use;
  constexpr std::pair<const char*, Use> kKinds[] = {{"alter:", Use::kReplace},
                                                    {"compare:", Use::kCompare}};
  for (const auto& [kind, use] : kKinds) {
    const std::string begin = kind + entry + ":";
    if (!fault.starts_with(begin)) continue;
    size_t digits = 0;
    const uint64_t address = std::stoull(fault.substr(begin.size()), &digits);
    const size_t text = begin.size() + digits + 1;
    return {use, address, text < fault.size() ? std::string_view(fault).substr(text) : ""};
  }
  return {};
}

/// Instructions of an altered kernel, which may go round for ever: more than any test's takes.
constexpr uint64_t kMostAltered = uint64_t{1} << 24;

void note_executed(const std::vector<uint8_t>& executed, std::vector<uint8_t>& all) {
  all.resize(executed.size());
  for (size_t i = 0; i < executed.size(); ++i) all[i] |= executed[i];
}

double run(const Launch& launch, const Function& function, State& s) {
  amdgcn::layout_fault = layout_fault_of(s.fault);
  amdgcn::Memory memory;
  for (const auto& [address, block] : s.memory) {
    if (block.device != function.module->device) continue;
    memory.add(reinterpret_cast<const void*>(address), block.bytes, true);
  }
  amdgcn::Launch interpreted;
  interpreted.entry = launch.entry;
  std::copy_n(launch.grid, 3, interpreted.grid);
  std::copy_n(launch.block, 3, interpreted.block);
  interpreted.dynamic_lds_bytes = launch.shared_bytes;
  interpreted.kernarg = std::as_bytes(std::span(launch.parameter));
  interpreted.alteration = alteration_of(s.fault, launch.entry);
  if (interpreted.alteration.altered()) interpreted.max_instructions = kMostAltered;
  const auto statistics = amdgcn::launch_either(*code_of(function), memory, interpreted);
  note_executed(statistics.executed, s.executed[launch.entry]);
  return 5 + static_cast<double>(statistics.instructions) * 1e-3;  // of the fake clock
}

}  // namespace

size_t parameter_bytes(const Function& function) {
  if (is_of_a_test(function.entry)) return 16;
  try {
    const amdgcn::KernelCode* kernel = code_of(function)->find(function.entry);
    return kernel == nullptr ? 0 : kernel->explicit_kernarg_bytes;
  } catch (const amdgcn::Error&) {  // said when it is to run
    return 0;
  }
}

int execute(const Launch& launch, State& s) {
  if (is_of_a_test(launch.entry)) {
    s.clock_us += 10;
    return kSuccess;
  }
  try {
    s.clock_us += run(launch, *static_cast<const Function*>(launch.function), s);
    return kSuccess;
  } catch (const amdgcn::Error& error) {
    return refuse(launch.entry, error.what());
  }
}

#else

size_t parameter_bytes(const Function& function) { return is_of_a_test(function.entry) ? 16 : 0; }

int execute(const Launch& launch, State& s) {
  s.clock_us += 10;
  if (is_of_a_test(launch.entry)) return kSuccess;
  return refuse(launch.entry, "no kernel runs without llvm-objdump-22");
}

#endif

}  // namespace octet::stand_in
