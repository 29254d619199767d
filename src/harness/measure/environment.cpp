#include "src/harness/measure/environment.h"

#include <sys/utsname.h>

#include "build_info.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/gpu/gpu_state.h"
#include "src/harness/measure/results.h"

namespace octet::harness {

std::string_view build_commit() { return OCTET_BUILD_COMMIT; }
std::string_view build_compiler() { return OCTET_BUILD_COMPILER; }
std::string_view build_targets() { return OCTET_BUILD_TARGETS; }
std::string_view build_type() { return OCTET_BUILD_TYPE; }

namespace {

/// The value of `key` in a file of "key : value" lines, as /proc/cpuinfo.
std::string proc_value(const std::string& path, std::string_view key) {
  const auto text = read_file(path);
  if (!text.ok()) return "";
  for (const std::string& line : split(*text, '\n')) {
    const size_t colon = line.find(':');
    if (colon != std::string::npos && trim(line.substr(0, colon)) == key) {
      return std::string(trim(line.substr(colon + 1)));
    }
  }
  return "";
}

std::string kernel_name() {
  utsname name{};
  return ::uname(&name) == 0 ? fmt::format("{} {}", name.sysname, name.release) : "";
}

}  // namespace

std::string build_id() {
  static const std::string id = [] {
    const auto executable = read_file("/proc/self/exe");
    return executable.ok() ? fmt::format("{:016x}", hash_bytes(*executable)) : "unknown";
  }();
  return id;
}

Json environment_json(const Device& device) {
  Json facts;
  facts["schema"] = kResultsSchema;
  facts["env"] = "";
  facts["device"] = device.name;
  facts["arch"] = std::string(arch_name(device.arch));
  facts["cu_num"] = device.cu_num;
  static const std::string cpu = proc_value("/proc/cpuinfo", "model name");
  facts["cpu"] = cpu;
  facts["avx512_bf16"] = device.has_avx512_bf16;
  facts["llc_bytes"] = device.llc_bytes;
  facts["memory_bytes"] = device.memory_bytes;
  facts["os"] = kernel_name();
  facts["compiler"] = std::string(build_compiler());
  facts["targets"] = std::string(build_targets());
  facts["build_type"] = OCTET_BUILD_TYPE;
  facts["commit"] = std::string(build_commit());
  facts["build"] = build_id();
  facts["env"] = fmt::format("{:08x}", static_cast<uint32_t>(hash_bytes(facts.dump())));
  facts["time"] = utc_now();
  return facts;
}

Json run_environment(const Stream& stream) {
  Json facts = environment_json(stream.device());
  if (stream.is_gpu()) {
    const GpuFacts gpu = gpu_facts(stream);
    facts["driver"] = gpu.driver;
    facts["clock_max_mhz"] = gpu.clock_max_mhz;
    facts["clock_mhz"] = gpu_state(stream).clock_mhz;
    return facts;
  }
  facts["cpu_mhz"] = proc_value("/proc/cpuinfo", "cpu MHz");
  const auto governor = read_file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  facts["governor"] = governor.ok() ? std::string(trim(*governor)) : "";  // none in most guests
  return facts;
}

}  // namespace octet::harness
