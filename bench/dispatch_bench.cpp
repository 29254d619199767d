// Microseconds that a call costs the host on GPU 0, beside a bare launch by the driver. Calls are
// counted in bursts that the queue of the driver takes without waiting.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "octet/gemm_blockscale.h"
#include "src/harness/gpu/device_buffer.h"

namespace {

using octet::harness::DeviceBuffer;

constexpr int kBurst = 200, kRepeats = 50;

/// Median over the bursts of the mean of a burst.
template <class Call>
double median_us(octet::Stream& stream, Call call) {
  std::vector<double> us;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kBurst; ++i) call();
    us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
                     .count() /
                 kBurst);
    (void)stream.synchronize();
  }
  std::nth_element(us.begin(), us.begin() + kRepeats / 2, us.end());
  return us[kRepeats / 2];
}

int complain(const octet::Status& status) {
  std::fprintf(stderr, "dispatch_bench: %s\n", status.message().c_str());
  return status.code() == octet::StatusCode::kNoDevice ? 3 : 1;
}

}  // namespace

int main() {
  auto opened = octet::Stream::gpu(0);
  if (!opened.ok()) return complain(opened.status());
  octet::Stream& stream = *opened;
  constexpr int64_t kN = 1280, kK = 1024;  // small: the host is slower than the kernel
  auto memory = DeviceBuffer::allocate(stream, 4 << 20);
  if (!memory.ok()) return complain(memory.status());
  auto* base = memory->as<uint8_t>();
  octet::Status status;
  const double bare = median_us(stream, [&] {
    const octet::Status one = octet::harness::device_read_all(stream, base, 4096);
    if (!one.ok()) status = one;
  });
  std::printf("a bare launch        %.2f us\n", bare);
  for (const int64_t m : {1, 16, 64, 512}) {
    octet::GemmBlockscaleArgs args;
    args.a = {base, octet::DType::kE4m3fn, m, kK, 0};
    args.b = {base, octet::DType::kE4m3fn, kN, kK, 0};
    args.a_scale = {reinterpret_cast<float*>(base), m, kK / 128, 1, m};
    args.b_scale = {reinterpret_cast<float*>(base), kN / 128, kK / 128, 0, 0};
    args.d = {base + (2 << 20), octet::DType::kBf16, m, kN, 0};
    const double us = median_us(stream, [&] {
      const octet::Status one = octet::gemm_blockscale(args, stream);
      if (!one.ok()) status = one;
    });
    const auto plan = octet::plan_gemm_blockscale(args, stream);
    std::printf("gemm_blockscale m=%-4ld %.2f us, %.2f us over it: %s\n", m, us, us - bare,
                plan.ok() ? plan->variant.c_str() : "");
  }
  return status.ok() ? 0 : complain(status);
}
