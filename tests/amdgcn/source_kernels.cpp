#include "tests/amdgcn/source_kernels.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <set>

#include "tests/amdgcn/error.h"
#include "tests/amdgcn/source_call.h"

namespace octet::amdgcn {
namespace {

/// The sources of all kernels of an arch.
class SourceModule {
 public:
  explicit SourceModule(const std::string& file) : handle_(::dlopen(file.c_str(), RTLD_NOW)) {
    if (handle_ == nullptr) fail("{}", ::dlerror());
    run_ = reinterpret_cast<RunSource>(symbol("octet_run_source"));
  }
  void* symbol(const std::string& name) const {
    void* found = ::dlsym(handle_, name.c_str());
    if (found == nullptr) fail("no source of {}", name);
    return found;
  }
  SourceEnd run(const SourceCall& call) const { return run_(call); }

 private:
  void* handle_;
  RunSource run_;
};

/// Opened once.
const SourceModule& module_of(bool gfx950) {
  const auto open = [](const char* arch) {
    return SourceModule(std::string(std::getenv("OCTET_AMDGCN_SOURCES")) + "/libhip_sources_" +
                        arch + ".so");
  };
  if (gfx950) {
    static const SourceModule module = open("gfx950");
    return module;
  }
  static const SourceModule module = open("gfx942");
  return module;
}

/// "<fault>" in every kernel, "<fault>:<arch>/<entry>:<arch>/<entry>..." in these.
FiberFault fault_in(const std::string& kernel) {
  const char* text = std::getenv("OCTET_FIBERS_FAULT");
  const std::string wanted = text == nullptr ? "" : std::string(text) + ":";
  const std::string fault = wanted.substr(0, wanted.find(':'));
  if (fault.empty()) return FiberFault::kNone;
  if (fault != "lost_lane" && fault != "no_barrier") fail("OCTET_FIBERS_FAULT is '{}'", text);
  const bool everywhere = wanted.size() == fault.size() + 1;
  if (!everywhere && wanted.find(":" + kernel + ":") == std::string::npos) return FiberFault::kNone;
  return fault == "lost_lane" ? FiberFault::kLostLane : FiberFault::kNoBarrier;
}

/// Each line once.
void log(const std::string& line) {
  static std::mutex mutex;
  static std::set<std::string> known;
  const char* file = std::getenv("OCTET_FIBERS_LOG");
  const std::lock_guard lock(mutex);
  if (file != nullptr && known.insert(line).second) std::ofstream(file, std::ios::app) << line;
}

const char* reached(const FiberStatistics& statistics) {
  return statistics.barriers > 0      ? "barriers"
         : statistics.collectives > 0 ? "collectives"
                                      : "nothing";
}

}  // namespace

bool runs_sources() { return std::getenv("OCTET_AMDGCN_SOURCES") != nullptr; }

Statistics launch_either(const CodeObject& code, Memory& memory, const Launch& launch) {
  if (!runs_sources()) return amdgcn::launch(code, memory, launch);
  const KernelCode* kernel = code.find(launch.entry);
  if (kernel == nullptr) fail("no kernel {}", launch.entry);
  if (launch.kernarg.size() < kernel->explicit_kernarg_bytes || launch.dynamic_lds_bytes > 0 ||
      launch.block[1] * launch.block[2] > 1) {
    fail("{} takes {} bytes, no LDS of the launch, a row of work items", launch.entry,
         kernel->explicit_kernarg_bytes);
  }
  const SourceModule& module = module_of(code.gfx950());
  FiberLaunch fibers;
  std::copy_n(launch.grid, 3, fibers.grid);
  fibers.threads = launch.block[0];
  fibers.seed = launch.seed + 1;  // always another order of waves than the machine's
  const std::string entry(launch.entry);
  fibers.fault = fault_in(fmt::format("{}/{}", code.arch(), entry));
  const SourceEnd end = module.run({module.symbol(entry), fibers, launch.kernarg, layout_fault});
  log(fmt::format("{} {} {} {}\n", code.arch(), entry, reached(end.statistics),
                  end.error == nullptr ? "ok" : end.error));
  if (end.error != nullptr) throw Error(entry + ": " + end.error);
  return {end.statistics.collectives, 0};
}

}  // namespace octet::amdgcn
