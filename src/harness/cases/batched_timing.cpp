// gemm_batched for bench and tune on a GPU: dense operands that are made there, and judged by
// samples. Weights are a run of random codes, repeated, so that the values of every format are
// usual ones.
#include <algorithm>
#include <array>
#include <vector>

#include "src/core/try.h"
#include "src/harness/cases/gemm_batched.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/ops/gemm_batched/cpu/exact.h"
#include "src/ops/gemm_batched/cpu/task.h"

namespace octet::harness {

namespace gemm = ops::gemm_batched;
using gemm::Problem;

namespace {

constexpr int64_t kRunBytes = int64_t{16} << 20;  // of codes made on the host

int64_t round_up(int64_t bytes) { return (bytes + 255) / 256 * 256; }

/// `bytes` of codes on the device.
Result<DeviceBuffer> make_codes(Stream& stream, uint64_t seed, DType dtype, int64_t bytes) {
  OCTET_TRY(const Buffer run, Buffer::allocate(std::min(kRunBytes, round_up(bytes))));
  fill_random_codes(seed, dtype, run);
  OCTET_TRY(DeviceBuffer codes,
            DeviceBuffer::allocate(stream, std::max(round_up(bytes), run.bytes())));
  OCTET_CHECK_OK(codes.upload(run.data(), run.bytes()));
  for (int64_t done = run.bytes(); done < codes.bytes();) {
    const int64_t count = std::min(done, codes.bytes() - done);
    auto* from = codes.as<uint8_t>();
    OCTET_CHECK_OK(device_copy_all(stream, from + done, from, count));
    done += count;
  }
  OCTET_CHECK_OK(stream.synchronize());
  return codes;
}

constexpr int64_t kSamples = 64;

/// Elements of a result by batch, row and column, as they came out, and a batch of products of one
/// row and one column each that they are.
struct Samples {
  BatchedOperands operands;
  std::vector<std::array<int64_t, 3>> at;
  Buffer got;
};

/// The first and the last element, others at random.
Result<Samples> make_samples(const Problem& p, uint64_t seed) {
  OCTET_TRY(BatchedOperands operands,
            make_timing_operands({1, 1, p.k, kSamples, p.format, p.d}, CaseOptions{}));
  const int64_t bytes = kSamples * p.k * gemm::bits_of(p.b_dtype()) / 8;
  OCTET_TRY(operands.b, Buffer::allocate(bytes));
  operands.args.b.data = operands.b.data();
  Samples samples{std::move(operands), {{0, 0, 0}, {p.batch - 1, p.m - 1, p.n - 1}}, {}};
  OCTET_TRY(samples.got, Buffer::allocate(kSamples * size_of(p.d)));
  Random random(seed);
  while (std::ssize(samples.at) < kSamples) {
    samples.at.push_back({random.below(p.batch), random.below(p.m), random.below(p.n)});
  }
  return samples;
}

void judge_samples(const Samples& samples, CheckReport& report) {
  const BatchedOperands& o = samples.operands;
  const gemm::Task task = gemm::make_task(o.args);
  for (int64_t i = 0; i < kSamples; ++i) {
    const cpu::ExactElement exact =
        gemm::exact_element(task, gemm::exact_row(task.a, task.k, i, 0),
                            gemm::exact_row(task.b, task.k, i, 0), i, 0, 0);
    const float got = decode_element(samples.got.data() + i * size_of(o.problem.d), o.problem.d);
    const auto& [batch, row, col] = samples.at[static_cast<size_t>(i)];
    judge_element(gemm_size(o), {row, col}, exact, got, false, BlockSums::kTensorCore, report);
  }
}

class BatchedDeviceTiming : public Instance {
 public:
  BatchedDeviceTiming(BatchedOperands operands, bool cold)
      : o_(std::move(operands)),
        args_(o_.args),
        window_(round_up(o_.problem.b_bytes())),
        cold_(cold) {}

  Status make(Stream& stream) {
    const Problem& p = o_.problem;
    const int64_t cache = 4 * std::max<int64_t>(stream.device().llc_bytes, int64_t{32} << 20);
    num_windows_ = cold_ ? std::max<int64_t>(1, (cache + window_ - 1) / window_) : 1;
    OCTET_TRY(b_, make_codes(stream, o_.seed, p.b_dtype(), num_windows_ * window_));
    const int64_t a_bytes = p.batch * p.m * p.k * gemm::bits_of(p.a_dtype()) / 8;
    OCTET_TRY(a_, make_codes(stream, o_.seed + 1, p.a_dtype(), a_bytes));
    args_.a.data = a_.as();
    OCTET_CHECK_OK(place(stream, o_.a_scale, a_scale_, args_.a_scale.data));
    OCTET_CHECK_OK(place(stream, o_.b_scale, b_scale_, args_.b_scale.data));
    OCTET_TRY(d_, DeviceBuffer::allocate(stream, p.batch * p.m * p.n * size_of(p.d)));
    args_.d.data = d_.as();
    return d_.fill(kPoison);
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream,
             int64_t iteration) override {
    args_.b.data = window(iteration);
    return launch(&args_, workspace, stream);
  }

  /// Sampled elements, whose rows of a and b come to the host.
  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    OCTET_CHECK_OK(d_.fill(kPoison));
    OCTET_CHECK_OK(run(launch, workspace, stream, 0));
    OCTET_TRY(Samples samples, make_samples(o_.problem, o_.seed));
    for (int64_t i = 0; i < kSamples; ++i) OCTET_CHECK_OK(fetch(stream, i, samples));
    CheckReport report;
    judge_samples(samples, report);
    report.elements = kSamples;
    return report;
  }

  Status read_floor(Stream& stream, int64_t iteration) override {
    return device_read_all(stream, window(iteration), o_.problem.b_bytes());
  }

 private:
  static Status place(const Stream& stream, const Buffer& from, DeviceBuffer& to,
                      const void*& data) {
    if (from.bytes() == 0) return Status::Ok();
    OCTET_TRY(to, DeviceBuffer::allocate(stream, from.bytes()));
    data = to.as();
    return to.upload(from.data(), from.bytes());
  }
  const uint8_t* window(int64_t iteration) const {
    return b_.as<const uint8_t>() + iteration % num_windows_ * window_;
  }

  /// Element i of d, and what it is made of.
  Status fetch(const Stream& stream, int64_t i, Samples& samples) const {
    const Problem& p = o_.problem;
    const auto [batch, row, col] = samples.at[static_cast<size_t>(i)];
    const int64_t a_row = batch * p.m + row, b_row = batch * p.n + col, element = size_of(p.d);
    BatchedOperands& to = samples.operands;
    OCTET_CHECK_OK(fetch_row(stream, args_.a, a_row, i, to.a));
    OCTET_CHECK_OK(fetch_row(stream, args_.b, b_row, i, to.b));
    copy_scale(o_.args.a_scale, a_row, i, to.args.a_scale);
    copy_scale(o_.args.b_scale, b_row, i, to.args.b_scale);
    return device_fetch(stream, samples.got.data() + i * element,
                        d_.as<const uint8_t>() + (a_row * p.n + col) * element, element);
  }
  static Status fetch_row(const Stream& stream, const ConstBatch& x, int64_t row, int64_t i,
                          const Buffer& to) {
    const int64_t bytes = x.cols * gemm::bits_of(x.dtype) / 8;
    return device_fetch(stream, to.data() + i * bytes,
                        static_cast<const uint8_t*>(x.data) + row * bytes, bytes);
  }
  /// Of a row; one scale of all rows stays what it is.
  static void copy_scale(const ConstBatch& from, int64_t row, int64_t i, const ConstBatch& to) {
    if (from.data == nullptr) return;
    const int64_t bytes = from.cols * size_of(from.dtype);
    const int64_t at = from.batch * from.rows == 1 ? 0 : row, place = to.batch == 1 ? 0 : i;
    std::copy_n(static_cast<const uint8_t*>(from.data) + at * bytes, bytes,
                static_cast<uint8_t*>(const_cast<void*>(to.data)) + place * bytes);
  }

  BatchedOperands o_;
  GemmBatchedArgs args_;
  int64_t window_, num_windows_ = 1;
  bool cold_;
  DeviceBuffer a_, b_, a_scale_, b_scale_, d_;
};

}  // namespace

Result<std::unique_ptr<Instance>> make_batched_device_timing(const Problem& p, Stream& stream,
                                                             const CaseOptions& options) {
  OCTET_TRY(BatchedOperands operands, make_timing_scales(p, options));
  auto instance = std::make_unique<BatchedDeviceTiming>(std::move(operands), options.cold);
  OCTET_CHECK_OK(instance->make(stream));
  return std::unique_ptr<Instance>(std::move(instance));
}

}  // namespace octet::harness
