// The arch table: every instruction-set family, what it falls back to, and the profiles of known
// devices.
//
// Source     published data sheets: NVIDIA H100/H200/H20, AMD CDNA 3 and CDNA 4 product pages.
//            CPU tiers are nominal server cores: a plan needs ratios, not exact figures.
#include <algorithm>
#include <array>
#include <optional>

#include "octet/device.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/device/verified.h"

namespace octet {
namespace {

struct ArchRow {
  Arch arch;
  std::string_view name;
  std::optional<Arch> fallback;
  bool cpu;
  std::string_view verified;  // of its kernels
};

constexpr std::string_view kOnCpu = "reference check on hardware";
constexpr std::string_view kEmulated =
    "reference check on an interpreter of the machine code, and of the source on CPU fibers; never "
    "run on hardware";

constexpr std::array kArches{
    ArchRow{Arch::kGeneric, "generic", std::nullopt, true, kOnCpu},
    ArchRow{Arch::kX86Avx2, "x86_avx2", Arch::kGeneric, true, kOnCpu},
    ArchRow{Arch::kX86Avx512, "x86_avx512", Arch::kX86Avx2, true, kOnCpu},
    ArchRow{Arch::kX86Amx, "x86_amx", Arch::kX86Avx512, true, kOnCpu},
    ArchRow{Arch::kSm90, "sm90", std::nullopt, false,
            "reference check and timing on H100 and H200"},
    ArchRow{Arch::kGfx942, "gfx942", std::nullopt, false, kEmulated},
    ArchRow{Arch::kGfx950, "gfx950", Arch::kGfx942, false, kEmulated},
};

const ArchRow& row_of(Arch arch) { return kArches[static_cast<size_t>(arch)]; }

struct Profile {
  std::string_view name;
  Arch arch;
  int cu_num;
  double l2_mib, llc_mib, memory_gib, bandwidth_gbps, fp8_tflops;
};

constexpr std::array kProfiles{
    Profile{"h200", Arch::kSm90, 132, 60, 60, 141, 4800, 1979},
    Profile{"h100", Arch::kSm90, 132, 50, 50, 80, 3350, 1979},
    Profile{"h20", Arch::kSm90, 78, 60, 60, 96, 4000, 296},
    Profile{"mi300x", Arch::kGfx942, 304, 32, 256, 192, 5300, 2615},
    Profile{"mi308x", Arch::kGfx942, 80, 16, 256, 192, 5300, 688},
    Profile{"mi325x", Arch::kGfx942, 304, 32, 256, 256, 6000, 2615},
    Profile{"mi355x", Arch::kGfx950, 256, 32, 256, 288, 8000, 5033},
};

// CPU tiers: figures of one core; the profile multiplies by the number of cores in use.
constexpr std::array kCpuTiers{
    Profile{"generic", Arch::kGeneric, 1, 1, 32, 16, 12, 0.02},
    Profile{"x86_avx2", Arch::kX86Avx2, 1, 1, 32, 16, 16, 0.1},
    Profile{"x86_avx512", Arch::kX86Avx512, 1, 1, 32, 16, 18, 0.2},
    Profile{"x86_amx", Arch::kX86Amx, 1, 2, 64, 16, 18, 3.0},
};

Device to_device(const Profile& profile, int cores) {
  constexpr double kMib = 1 << 20;
  Device device;
  device.name = profile.name;
  device.arch = profile.arch;
  device.cu_num = profile.cu_num * cores;
  device.l2_bytes = static_cast<int64_t>(profile.l2_mib * kMib);
  device.llc_bytes = static_cast<int64_t>(profile.llc_mib * kMib);
  device.memory_bytes = static_cast<int64_t>(profile.memory_gib * 1024 * kMib);
  device.bandwidth_gbps = profile.bandwidth_gbps * cores;
  device.fp8_tflops = profile.fp8_tflops * cores;
  device.has_avx512_bf16 = profile.arch == Arch::kX86Amx;
  return device;
}

template <class Rows>
const Profile* find_profile(const Rows& rows, std::string_view name) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const Profile& profile) { return profile.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

std::string_view arch_name(Arch arch) { return row_of(arch).name; }

Result<Arch> parse_arch(std::string_view name) {
  std::vector<std::string> names;
  for (const ArchRow& row : kArches) {
    if (row.name == name) return row.arch;
    names.emplace_back(row.name);
  }
  return fail(StatusCode::kInvalidArgument, "unknown arch '{}'{}; known: {}", name,
              did_you_mean(name, names), join(names, " "));
}

std::vector<Arch> arch_chain(Arch arch) {
  std::vector<Arch> chain{arch};
  while (row_of(chain.back()).fallback) chain.push_back(*row_of(chain.back()).fallback);
  return chain;
}

bool arch_runs(Arch device, Arch kernel) {
  for (std::optional<Arch> arch = device; arch; arch = row_of(*arch).fallback) {
    if (*arch == kernel) return true;
  }
  return false;
}

bool is_cpu(Arch arch) { return row_of(arch).cpu; }

std::string_view gpu_api_name(GpuApi api) { return api == GpuApi::kHip ? "hip" : "cuda"; }

std::string_view verified_by(Arch arch) { return row_of(arch).verified; }

std::vector<std::string> device_profile_names() {
  std::vector<std::string> names;
  for (const Profile& profile : kProfiles) names.emplace_back(profile.name);
  for (const Profile& profile : kCpuTiers) names.emplace_back(profile.name);
  return names;
}

Result<Device> device_profile(std::string_view name) {
  if (const Profile* profile = find_profile(kProfiles, name)) return to_device(*profile, 1);
  const size_t colon = name.find(':');
  if (const Profile* profile = find_profile(kCpuTiers, name.substr(0, colon))) {
    if (colon == std::string_view::npos) return to_device(*profile, 2);
    const auto cores = parse_int(name.substr(colon + 1));
    if (!cores.ok() || *cores < 1 || *cores > 1024) {
      return fail(StatusCode::kInvalidArgument, "device '{}': cores must be 1 to 1024", name);
    }
    return to_device(*profile, static_cast<int>(*cores));
  }
  const std::vector<std::string> names = device_profile_names();
  return fail(StatusCode::kInvalidArgument, "unknown device profile '{}'{}; known: {}", name,
              did_you_mean(name, names), join(names, " "));
}

}  // namespace octet
