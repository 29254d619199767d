// Device: a plain value that says where a problem runs. It comes from the machine or from a profile
// by name, so a plan for any device can be made on any machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"

namespace octet {

/// Instruction-set family. Each falls back along a chain (`arch_chain`): an older kernel serves
/// until a newer one exists.
enum class Arch : uint8_t { kGeneric, kX86Avx2, kX86Avx512, kX86Amx, kSm90, kGfx942, kGfx950 };
inline constexpr int kNumArches = 7;

/// "x86_amx", "sm90", "gfx942", ...
std::string_view arch_name(Arch arch);
Result<Arch> parse_arch(std::string_view name);

/// `arch` and the arches whose kernels it can run, nearest first.
std::vector<Arch> arch_chain(Arch arch);

/// Whether a kernel for `kernel` runs on a device of `device`: it is in the device's chain.
bool arch_runs(Arch device, Arch kernel);

/// True where kernels run in this process on the processor itself.
bool is_cpu(Arch arch);

/// The driver through which a GPU is reached: NVIDIA's or AMD's. Each numbers its GPUs from 0.
enum class GpuApi : uint8_t { kCuda, kHip };
inline constexpr int kNumGpuApis = 2;

/// "cuda" or "hip".
std::string_view gpu_api_name(GpuApi api);

struct Device {
  std::string name;  // profile or marketing name
  Arch arch = Arch::kGeneric;
  int cu_num = 1;  // compute units: SMs, CUs, or CPU cores in use
  int64_t l2_bytes = 0;
  int64_t llc_bytes = 0;  // last-level cache
  int64_t memory_bytes = 0;
  double bandwidth_gbps = 0;  // of memory, as published or measured
  double fp8_tflops = 0;      // dense peak of the 8-bit path (CPU: of the path that kernels use)
  bool has_avx512_bf16 = false;
};

/// A profile by name: h200 h100 h20 mi300x mi308x mi325x mi355x, or a CPU tier (generic x86_avx2
/// x86_avx512 x86_amx; two cores unless `name` ends in `:<cores>`). Unknown names are
/// kInvalidArgument and list what exists.
Result<Device> device_profile(std::string_view name);
std::vector<std::string> device_profile_names();

/// This machine's CPU with `threads` cores in use (0: all that this process may run on). The tier
/// is the highest that CPUID, the operating system and AMX permission allow, or lower by
/// OCTET_CPU_ARCH.
Result<Device> cpu_device(int threads = 0);

}  // namespace octet
