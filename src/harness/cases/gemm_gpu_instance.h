// Instances of dense GEMMs on a GPU, for every op (gemm_instance.h says what an `Op` is): the
// operands of a check are those of the CPU, copied there and back; the weights of a timing are
// windows of codes made there.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>

#include "src/core/try.h"
#include "src/harness/cases/gemm_instance.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/device_judge.h"
#include "src/harness/gpu/placed_buffer.h"

namespace octet::harness {

template <class Op>
class GpuCheckInstance : public Instance {
 public:
  GpuCheckInstance(typename Op::Operands operands, Inputs inputs)
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
    args_.a_scale.data =
        a_scale_.template as<std::remove_pointer_t<decltype(args_.a_scale.data)>>();
    args_.b_scale.data =
        b_scale_.template as<std::remove_pointer_t<decltype(args_.b_scale.data)>>();
    const auto offset = static_cast<uint8_t*>(host_.args.d.data) - host_.d.data();
    args_.d.data = d_.template as<uint8_t>() + offset;
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
    return judge(host_, inputs_, *host, block_sums_of(stream.device().arch));
  }

  Status read_floor(Stream& stream, int64_t) override {
    return device_read_all(stream, b_.as(), b_.bytes());
  }

 private:
  typename Op::Operands host_;
  Inputs inputs_;
  DeviceBuffer a_, b_, a_scale_, b_scale_, d_;
  typename Op::Operands::Args args_;
};

template <class Op>
class GpuTimingInstance : public Instance {
 public:
  GpuTimingInstance(const typename Op::Operands::Problem& problem, const DeviceArena* arena,
                    const CaseOptions& options)
      : p_(problem), arena_(arena), cold_(options.cold), seed_(options.seed) {}

  Status make_operands(const Stream& stream, const CaseOptions& options) {
    Random random(options.seed);
    const auto scales = [&](int64_t bytes, DeviceBuffer& to) -> Status {
      OCTET_TRY(const Buffer from, Buffer::allocate(bytes));
      Op::fill_scales(random, options.inputs, from);
      OCTET_TRY(to, DeviceBuffer::allocate(stream, bytes));
      return to.upload(from.data(), bytes);
    };
    OCTET_CHECK_OK(scales(Op::a_scale_bytes(p_, Op::kDeviceOdd), a_scale_));
    OCTET_CHECK_OK(scales(Op::b_scale_bytes(p_, Op::kDeviceOdd), b_scale_));
    OCTET_TRY(d_, DeviceBuffer::allocate(stream, p_.m * p_.n * size_of(p_.d) + 2 * kCanaryBytes));
    const uint8_t* a = arena_->window(arena_->num_windows(p_.m * p_.k) - 1, p_.m * p_.k);
    args_ = Op::args(
        p_, {a, nullptr, a_scale_.as(), b_scale_.as(), d_.template as<uint8_t>() + kCanaryBytes},
        {p_.k, p_.k, p_.n}, Op::kDeviceOdd);
    return Status::Ok();
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream,
             int64_t iteration) override {
    args_.b.data = arena_->window(cold_ ? iteration : 0, p_.n * p_.k);
    return launch(&args_, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    OCTET_CHECK_OK(d_.fill(kPoison));
    OCTET_CHECK_OK(run(launch, workspace, stream, 0));
    OCTET_TRY(CheckReport report, judge_on_device(args_, sample_elements(gemm_size(p_), seed_),
                                                  block_sums_of(stream.device().arch), stream));
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
  typename Op::Operands::Problem p_;
  const DeviceArena* arena_;
  bool cold_;
  uint64_t seed_;
  DeviceBuffer a_scale_, b_scale_, d_;
  typename Op::Operands::Args args_;
};

template <class Op>
Result<std::unique_ptr<Instance>> make_gemm_gpu_instance(const typename Op::Operands::Problem& p,
                                                         const CaseOptions& options,
                                                         Stream& stream) {
  if (!options.for_timing) {
    OCTET_TRY(typename Op::Operands operands, make_gemm_operands<Op>(p, options));
    auto instance = std::make_unique<GpuCheckInstance<Op>>(std::move(operands), options.inputs);
    OCTET_CHECK_OK(instance->copy_operands(stream));
    return std::unique_ptr<Instance>(std::move(instance));
  }
  OCTET_TRY(const DeviceArena* arena, DeviceArena::get(stream, std::max(p.n, p.m) * p.k));
  auto instance = std::make_unique<GpuTimingInstance<Op>>(p, arena, options);
  OCTET_CHECK_OK(instance->make_operands(stream, options));
  return std::unique_ptr<Instance>(std::move(instance));
}

/// Operands where the stream's kernels can read them.
template <class Op>
Result<std::unique_ptr<Instance>> make_gemm(const typename Op::Operands::Problem& p, Stream& stream,
                                            const CaseOptions& options) {
  if (stream.is_gpu()) return make_gemm_gpu_instance<Op>(p, options, stream);
  return make_gemm_instance<Op>(p, stream.device(), options);
}

}  // namespace octet::harness
