// gemm_blockscale on a GPU: the operands of a check are those of the CPU, copied there and back;
// the weights of a timing are windows of codes made there.
#include <algorithm>
#include <array>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/cases/gemm_blockscale.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/device_judge.h"

namespace octet::harness {

using ops::gemm_blockscale::Problem;

namespace {

/// The host's threads, which make and judge operands.
Result<Stream*> host_stream() {
  static Result<Stream> stream = Stream::cpu();
  OCTET_CHECK_OK(stream);
  return &*stream;
}

class GpuCheckInstance : public Instance {
 public:
  GpuCheckInstance(GemmBlockscaleOperands operands, Inputs inputs)
      : host_(std::move(operands)), inputs_(inputs), args_(host_.args) {}

  Status copy_operands(const Stream& stream) {
    const auto mirror = [&](const Buffer& from, DeviceBuffer& to) -> Status {
      OCTET_TRY(to, DeviceBuffer::allocate(stream, from.bytes()));
      return to.upload(from.data(), from.bytes());
    };
    OCTET_CHECK_OK(mirror(host_.a, a_));
    OCTET_CHECK_OK(mirror(host_.b, b_));
    OCTET_CHECK_OK(mirror(host_.a_scale, a_scale_));
    OCTET_CHECK_OK(mirror(host_.b_scale, b_scale_));
    OCTET_TRY(d_, DeviceBuffer::allocate(stream, host_.d.bytes()));
    args_.a.data = a_.as();
    args_.b.data = b_.as();
    args_.a_scale.data = a_scale_.as<float>();
    args_.b_scale.data = b_scale_.as<float>();
    const auto offset = static_cast<uint8_t*>(host_.args.d.data) - host_.d.data();
    args_.d.data = d_.as<uint8_t>() + offset;
    return Status::Ok();
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream, int64_t) override {
    return launch(&args_, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    poison(host_);
    OCTET_CHECK_OK(d_.upload(host_.d.data(), host_.d.bytes()));
    if (host_.problem.m > 0 && host_.problem.n > 0) {
      OCTET_CHECK_OK(launch(&args_, workspace, stream));
      OCTET_CHECK_OK(stream.synchronize());
    }
    OCTET_CHECK_OK(d_.download(host_.d.data(), host_.d.bytes()));
    OCTET_TRY(Stream * host, host_stream());
    return judge(host_, inputs_, *host, BlockSums::kTensorCore);
  }

  Status read_floor(Stream& stream, int64_t) override {
    return device_read_all(stream, b_.as(), b_.bytes());
  }

 private:
  GemmBlockscaleOperands host_;
  Inputs inputs_;
  DeviceBuffer a_, b_, a_scale_, b_scale_, d_;
  GemmBlockscaleArgs args_;
};

constexpr int64_t kCanaryBytes = 4096;
constexpr uint8_t kPoison = 0xff;  // NaN as bf16, f16 and f32

class GpuTimingInstance : public Instance {
 public:
  GpuTimingInstance(const Problem& problem, const DeviceArena* arena, const CaseOptions& options)
      : p_(problem), arena_(arena), cold_(options.cold), seed_(options.seed) {}

  Status make_operands(const Stream& stream, const CaseOptions& options) {
    const int64_t k_blocks = p_.k / 128, n_blocks = (p_.n + 127) / 128;
    const std::vector<float> scales = timing_scales((p_.m + n_blocks) * k_blocks, options);
    const int64_t a_count = p_.m * k_blocks, b_count = n_blocks * k_blocks;
    OCTET_TRY(a_scale_, DeviceBuffer::allocate(stream, a_count * 4));
    OCTET_TRY(b_scale_, DeviceBuffer::allocate(stream, b_count * 4));
    OCTET_TRY(d_, DeviceBuffer::allocate(stream, p_.m * p_.n * size_of(p_.d) + 2 * kCanaryBytes));
    OCTET_CHECK_OK(a_scale_.upload(scales.data(), a_count * 4));
    OCTET_CHECK_OK(b_scale_.upload(scales.data() + a_count, b_count * 4));
    // Why column-major scales of a: what producers on a GPU emit, and the peers require.
    args_.a = {arena_->window(-1 + arena_->num_windows(p_.m * p_.k), p_.m * p_.k), p_.ab, p_.m,
               p_.k, 0};
    args_.b = {nullptr, p_.ab, p_.n, p_.k, 0};
    args_.a_scale = {a_scale_.as<const float>(), p_.m, k_blocks, 1, p_.m};
    args_.b_scale = {b_scale_.as<const float>(), n_blocks, k_blocks, k_blocks, 1};
    args_.d = {d_.as<uint8_t>() + kCanaryBytes, p_.d, p_.m, p_.n, 0};
    return Status::Ok();
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream,
             int64_t iteration) override {
    args_.b.data = arena_->window(cold_ ? iteration : 0, p_.n * p_.k);
    return launch(&args_, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    if (p_.ab != DType::kE4m3fn) {
      return fail(StatusCode::kUnsupported, "timed operands are judged as e4m3fn only");
    }
    OCTET_CHECK_OK(d_.fill(kPoison));
    OCTET_CHECK_OK(run(launch, workspace, stream, 0));
    OCTET_TRY(CheckReport report,
              judge_on_device(args_, sample_elements(p_, seed_), BlockSums::kTensorCore, stream));
    for (const int64_t at : {int64_t{0}, d_.bytes() - kCanaryBytes}) {
      std::array<uint8_t, kCanaryBytes> canary;
      OCTET_CHECK_OK(d_.download(canary.data(), kCanaryBytes, at));
      const bool whole =
          std::all_of(canary.begin(), canary.end(), [](uint8_t b) { return b == kPoison; });
      if (!whole && report.failure.empty()) {
        report.failure = fmt::format("memory {} d was written", at == 0 ? "before" : "behind");
      }
    }
    return report;
  }

  Status read_floor(Stream& stream, int64_t iteration) override {
    return device_read_all(stream, arena_->window(cold_ ? iteration : 0, p_.n * p_.k), p_.n * p_.k);
  }

 private:
  Problem p_;
  const DeviceArena* arena_;
  bool cold_;
  uint64_t seed_;
  DeviceBuffer a_scale_, b_scale_, d_;
  GemmBlockscaleArgs args_;
};

}  // namespace

Result<std::unique_ptr<Instance>> make_gemm_blockscale_gpu(const Problem& p,
                                                           const CaseOptions& options,
                                                           Stream& stream) {
  if (!options.for_timing) {
    OCTET_TRY(GemmBlockscaleOperands operands, make_check_operands(p, options));
    auto instance = std::make_unique<GpuCheckInstance>(std::move(operands), options.inputs);
    OCTET_CHECK_OK(instance->copy_operands(stream));
    return std::unique_ptr<Instance>(std::move(instance));
  }
  OCTET_TRY(const DeviceArena* arena, DeviceArena::get(stream, std::max(p.n, p.m) * p.k));
  auto instance = std::make_unique<GpuTimingInstance>(p, arena, options);
  OCTET_CHECK_OK(instance->make_operands(stream, options));
  return std::unique_ptr<Instance>(std::move(instance));
}

}  // namespace octet::harness
