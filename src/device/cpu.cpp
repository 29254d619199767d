// The CPU that this process runs on: tier by CPUID, by what the operating system saves, and by AMX
// permission.
//
// Why: never by CPU model. Virtual machines mask models and features; only what is advertised and
// enabled may be used.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "octet/device.h"
#include "src/core/env.h"
#include "src/core/text.h"
#include "src/core/try.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#endif

namespace octet {
namespace {

#if defined(__x86_64__)

struct Features {
  bool avx2 = false, avx512 = false, avx512_bf16 = false, amx = false;
};

bool bit(uint32_t word, int index) { return (word >> index & 1) != 0; }

/// The state components that the operating system saves (XCR0).
uint64_t saved_state() {
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | static_cast<uint64_t>(high) << 32;
}

/// Asks Linux for the right to use AMX tiles (arch_prctl ARCH_REQ_XCOMP_PERM, XTILEDATA); once a
/// process.
bool request_amx_permission() {
  static const bool granted = ::syscall(SYS_arch_prctl, 0x1023, 18) == 0;
  return granted;
}

Features detect_features() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  Features features;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || !bit(c, 27)) return features;  // no OSXSAVE
  const bool fma_f16c = bit(c, 12) && bit(c, 29);
  const uint64_t state = saved_state();
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return features;
  features.avx2 = bit(b, 5) && fma_f16c && (state & 0x6) == 0x6;
  const bool avx512_bits = bit(b, 16) && bit(b, 17) && bit(b, 30) && bit(b, 31) && bit(c, 1);
  features.avx512 = features.avx2 && avx512_bits && (state & 0xe6) == 0xe6;
  const bool gfni = bit(c, 8);
  const bool amx_bits = gfni && bit(d, 24) && bit(d, 22) && (state & 0x60000) == 0x60000;
  __get_cpuid_count(7, 1, &a, &b, &c, &d);
  features.avx512_bf16 = features.avx512 && bit(a, 5);
  features.amx = features.avx512_bf16 && amx_bits && request_amx_permission();
  return features;
}

Arch highest_tier(const Features& features) {
  if (features.amx) return Arch::kX86Amx;
  if (features.avx512) return Arch::kX86Avx512;
  return features.avx2 ? Arch::kX86Avx2 : Arch::kGeneric;
}

#else

struct Features {
  bool avx512_bf16 = false;
};
Features detect_features() { return {}; }
Arch highest_tier(const Features&) { return Arch::kGeneric; }

#endif

/// OCTET_CPU_ARCH lowers the tier; it cannot raise it.
Result<Arch> tier_in_use(Arch highest) {
  const std::string forced = env::get(env::kCpuArch);
  if (forced.empty()) return highest;
  OCTET_TRY(const Arch arch, parse_arch(forced));
  if (!is_cpu(arch)) {
    return fail(StatusCode::kInvalidArgument, "{}={}: not a CPU tier", env::kCpuArch, forced);
  }
  if (arch > highest) {
    return fail(StatusCode::kNoDevice, "{}={}: this machine has {} at most", env::kCpuArch, forced,
                arch_name(highest));
  }
  return arch;
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Result<int> threads_in_use(int threads) {
  OCTET_REQUIRE(threads >= 0 && threads <= 1024, "threads = {}, must be 0 to 1024", threads);
  if (threads > 0) return threads;
  const std::string wanted = env::get(env::kThreads);
  if (wanted.empty()) return usable_cores();
  const auto count = parse_int(wanted);
  if (!count.ok() || *count < 1 || *count > 1024) {
    return fail(StatusCode::kInvalidArgument, "{}={}: must be 1 to 1024", env::kThreads, wanted);
  }
  return static_cast<int>(*count);
}

int64_t cache_bytes(int name, int64_t otherwise) {
  const long bytes = ::sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}

}  // namespace

Result<Device> cpu_device(int threads) {
  static const Features features = detect_features();
  OCTET_TRY(const Arch arch, tier_in_use(highest_tier(features)));
  OCTET_TRY(const int cores, threads_in_use(threads));
  OCTET_TRY(Device device, device_profile(fmt::format("{}:{}", arch_name(arch), cores)));
  device.name = "cpu";
  device.l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, device.l2_bytes);
  device.llc_bytes = cache_bytes(_SC_LEVEL3_CACHE_SIZE, device.llc_bytes);
  device.memory_bytes = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  device.has_avx512_bf16 = arch >= Arch::kX86Avx512 && features.avx512_bf16;
  return device;
}

}  // namespace octet
