// quantize beside the speed of memory: quantize_bench [cpu | cuda] [rows] [cols] [seconds a
// format]. The floors are a copy that moves the same bytes and, on a GPU, a read of them; there the
// codes are compared with the CPU's.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "bench/host_copy.h"
#include "octet/quantize.h"
#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/graph_timer.h"
#include "src/harness/target.h"

namespace {

using namespace octet;
using harness::DeviceBuffer;
using harness::Timed;

struct Format {
  const char* name;
  DType q;
  ScaleBlock block;
  Activation activation = Activation::kNone;
};
constexpr Format kFormats[] = {
    {"e4m3 1x128", DType::kE4m3fn, ScaleBlock::k1x128},
    {"e4m3 128x128", DType::kE4m3fn, ScaleBlock::k128x128},
    {"e4m3 row", DType::kE4m3fn, ScaleBlock::kRow},
    {"MX e4m3", DType::kE4m3fn, ScaleBlock::k1x32},
    {"MX e2m1", DType::kE2m1, ScaleBlock::k1x32},
    {"silu_mul, e4m3 1x128", DType::kE4m3fn, ScaleBlock::k1x128, Activation::kSiluMul},
    {"clamped_swiglu, MX e4m3", DType::kE4m3fn, ScaleBlock::k1x32, Activation::kClampedSwiglu},
};
constexpr int kWindows = 4;  // copies of the operands, used in turns: past the caches

struct Sizes {
  int64_t rows, cols;
  /// As many as any format moves, whole vectors of 16: the floors read and write a window too.
  int64_t window() const {
    int64_t most = 0;
    for (const Format& f : kFormats) most = std::max(most, moved(f));
    return (most + 15) / 16 * 16;
  }
  int64_t x(const Format& f) const {
    return rows * cols * (f.activation == Activation::kNone ? 2 : 4);
  }
  int64_t q(const Format& f) const { return rows * cols / (f.q == DType::kE2m1 ? 2 : 1); }
  int64_t scale(const Format& f) const {
    return f.block == ScaleBlock::k1x128     ? rows * cols / 128 * 4
           : f.block == ScaleBlock::k128x128 ? (rows + 127) / 128 * cols / 128 * 4
           : f.block == ScaleBlock::kRow     ? rows * 4
                                             : rows * cols / 32;
  }
  int64_t moved(const Format& f) const { return x(f) + q(f) + scale(f); }
};

QuantizeArgs args_of(const Format& f, const Sizes& s, const void* x, void* q) {
  QuantizeArgs args;
  args.x = {x, DType::kBf16, s.rows, s.x(f) / s.rows / 2, 0};
  args.q = {q, f.q, s.rows, s.cols, 0};
  args.scale = static_cast<char*>(q) + s.rows * s.cols;
  args.block = f.block;
  args.activation = f.activation;
  args.scale_dtype = f.block == ScaleBlock::k1x32 ? DType::kE8m0 : DType::kF32;
  return args;
}

std::vector<uint16_t> values(const Sizes& s) {
  std::vector<uint16_t> x(static_cast<size_t>(s.window() / 2));
  std::minstd_rand random(1);
  for (uint16_t& one : x) {
    one = encode_bf16(static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 64);
  }
  return x;
}

void report(const Format& f, const Sizes& s, double us, double copy_us) {
  std::printf("%-24s %9.1f us %7.1f GB/s  %5.1f %% of a copy", f.name, us,
              static_cast<double>(s.moved(f)) / us / 1e3, 100 * copy_us / us);
}

/// Where quantize writes window `i`, and where it reads.
struct Buffers {
  char *x, *q;
  Sizes sizes;
  char* x_of(int64_t i) const { return x + i % kWindows * sizes.window(); }
  char* q_of(int64_t i) const { return q + i % kWindows * sizes.window(); }
};

Status bench_cpu(Stream& stream, const Sizes& s, double seconds) {
  const std::vector<uint16_t> x = values(s);
  std::vector<char> in(static_cast<size_t>(s.window() * kWindows)), out(in.size(), 1);
  for (int i = 0; i < kWindows; ++i)
    std::memcpy(in.data() + i * s.window(), x.data(), in.size() / kWindows);
  const Buffers b{in.data(), out.data(), s};
  for (const Format& f : kFormats) {
    const Timed candidates[] = {
        [&](int64_t i) {
          return bench::copy_in_parallel(stream, b.q_of(i), b.x_of(i), s.moved(f) / 2);
        },
        [&](int64_t i) { return quantize(args_of(f, s, b.x_of(i), b.q_of(i)), stream); }};
    OCTET_TRY(const auto times,
              harness::time_interleaved(candidates, {.budget_us = seconds * 1e6}));
    report(f, s, times[1].us, times[0].us);
    std::printf("\n");
  }
  return Status::Ok();
}

/// Whether the bytes that the GPU wrote are the CPU's.
Result<bool> same_as_cpu(const Format& f, const Sizes& s, const std::vector<uint16_t>& x,
                         const DeviceBuffer& out) {
  std::vector<char> expected(static_cast<size_t>(s.window()), 1), got(expected.size());
  OCTET_TRY(Stream cpu, Stream::cpu());
  OCTET_CHECK_OK(quantize(args_of(f, s, x.data(), expected.data()), cpu));
  OCTET_CHECK_OK(out.download(got.data(), s.window()));
  const auto equal = [&](int64_t from, int64_t bytes) {
    return std::memcmp(got.data() + from, expected.data() + from, static_cast<size_t>(bytes)) == 0;
  };
  return equal(0, s.q(f)) && equal(s.rows * s.cols, s.scale(f));
}

Status bench_gpu(Stream& stream, const Sizes& s, double seconds) {
  const std::vector<uint16_t> x = values(s);
  std::vector<uint16_t> windows;
  for (int i = 0; i < kWindows; ++i) windows.insert(windows.end(), x.begin(), x.end());
  OCTET_TRY(DeviceBuffer in, DeviceBuffer::allocate(stream, s.window() * kWindows));
  OCTET_TRY(DeviceBuffer out, DeviceBuffer::allocate(stream, s.window() * kWindows));
  OCTET_CHECK_OK(in.upload(windows.data(), in.bytes()));
  const Buffers b{in.as<char>(), out.as<char>(), s};
  for (const Format& f : kFormats) {
    const Timed candidates[] = {
        [&](int64_t i) { return harness::device_read_all(stream, b.x_of(i), s.moved(f)); },
        [&](int64_t i) {
          return harness::device_copy_all(stream, b.q_of(i), b.x_of(i), s.moved(f) / 2);
        },
        [&](int64_t i) { return quantize(args_of(f, s, b.x_of(i), b.q_of(i)), stream); }};
    OCTET_TRY(const auto times,
              harness::time_graphs(candidates, {.budget_us = seconds * 1e6}, stream));
    report(f, s, times[2].us, times[1].us);
    std::printf("  %5.1f %% of a read\n", 100 * times[0].us / times[2].us);
    OCTET_CHECK_OK(candidates[1](0));  // other bytes than the codes
    OCTET_CHECK_OK(candidates[2](0));
    OCTET_TRY(const bool same, same_as_cpu(f, s, x, out));
    if (!same) return fail(StatusCode::kInternal, "{}: not the bits of the CPU", f.name);
  }
  return Status::Ok();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string device = argc > 1 ? argv[1] : "cpu";
  const Sizes sizes{argc > 2 ? std::atoll(argv[2]) : 4096, argc > 3 ? std::atoll(argv[3]) : 7168};
  const double seconds = argc > 4 ? std::atof(argv[4]) : 1;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line as soon as it is known
  auto stream = harness::open_stream({device, 0});
  Status status = stream.status();
  if (stream.ok()) {
    status =
        stream->is_gpu() ? bench_gpu(*stream, sizes, seconds) : bench_cpu(*stream, sizes, seconds);
  }
  if (!status.ok()) std::fprintf(stderr, "quantize_bench: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
