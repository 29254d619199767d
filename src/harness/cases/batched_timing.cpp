// gemm_batched for bench and tune on a GPU: dense operands that are made there. Weights are a run
// of random codes, repeated, so that the values of every format are usual ones.
#include <algorithm>

#include "src/core/try.h"
#include "src/harness/cases/gemm_batched.h"
#include "src/harness/gpu/device_buffer.h"

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

  /// Sampled rows of d against the reference would need all of b on the host.
  Result<CheckReport> check(const Launch&, select::Workspace, Stream&) override {
    return fail(StatusCode::kUnsupported, "operands for timing are not judged");
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
