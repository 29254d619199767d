// gemm_grouped for check, bench and tune: operands of a check, on the host or on a GPU.
#include "src/harness/cases/gemm_grouped.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/read_floor.h"
#include "src/ops/gemm_grouped/cpu/task.h"
#include "src/ops/gemm_grouped/op.h"

namespace octet::harness {

namespace gemm = ops::gemm_grouped;
using gemm::Format;
using gemm::Problem;

namespace {

/// Where the sum leaves the range of float32, so may the result, whatever its weight.
cpu::ExactElement weighted(const cpu::ExactElement& sum, float weight) {
  const double w = static_cast<double>(weight);
  const double least = sum.magnitude >= 0x1p127 ? 0x1p127 : 0;
  return {sum.value * w, std::max(sum.magnitude * std::fabs(w), least), sum.largest * std::fabs(w)};
}

/// Checks on operands of its own, copied to a GPU and back where the stream is of one.
class GroupedCheck : public Instance {
 public:
  GroupedCheck(GroupedOperands operands, Inputs inputs)
      : host_(std::move(operands)),
        inputs_(inputs),
        args_(host_.args),
        lists_(host_.problem, host_.routing, host_.args.layout) {}

  Status place(const Stream& stream) {
    OCTET_TRY(a_, PlacedBuffer::mirror(stream, host_.a));
    OCTET_TRY(b_, PlacedBuffer::mirror(stream, host_.b));
    OCTET_TRY(a_scale_, PlacedBuffer::mirror(stream, host_.a_scale));
    OCTET_TRY(b_scale_, PlacedBuffer::mirror(stream, host_.b_scale));
    OCTET_TRY(weights_, PlacedBuffer::mirror(stream, host_.weights));
    OCTET_TRY(d_, PlacedBuffer::mirror(stream, host_.d));
    args_.a.data = a_.as();
    args_.b.data = b_.as();
    args_.a_scale.data = a_scale_.as();
    args_.b_scale.data = b_scale_.as();
    if (host_.problem.weighted) args_.topk_weights = weights_.as<float>();
    args_.d.data = d_.as() + kCanaryBytes;
    return Status::Ok();
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream, int64_t) override {
    OCTET_CHECK_OK(lists_.set(launch.tile, args_, stream));
    return launch(&args_, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    poison(host_.d);
    OCTET_CHECK_OK(d_.upload(host_.d.data(), host_.d.bytes()));
    if (host_.problem.rows() > 0 && host_.problem.n > 0) {
      OCTET_CHECK_OK(run(launch, workspace, stream, 0));
      OCTET_CHECK_OK(stream.synchronize());
    }
    OCTET_CHECK_OK(d_.download(host_.d.data(), host_.d.bytes()));
    if (!stream.is_gpu()) return judge(host_, inputs_, stream);
    OCTET_TRY(Stream * host, host_stream());
    return judge(host_, inputs_, *host, block_sums_of(stream.device().arch));
  }

  Status read_floor(Stream& stream, int64_t) override {
    if (stream.is_gpu()) return device_read_all(stream, b_.as(), b_.bytes());
    read_all(stream, std::array{Region{b_.as(), b_.bytes()}});
    return Status::Ok();
  }

 private:
  GroupedOperands host_;
  Inputs inputs_;
  PlacedBuffer a_, b_, a_scale_, b_scale_, weights_, d_;
  GemmGroupedArgs args_;
  SlotLists lists_;
};

}  // namespace

GemmSize gemm_size(const Problem& p) {
  const bool mx = p.format == Format::kMxfp8;
  return {p.rows(),
          p.n,
          p.k,
          p.d,
          static_cast<double>(128 + p.num_k_blocks() + 8 + (p.weighted ? 1 : 0)),
          mx ? static_cast<double>(p.k) * 0x1p-126 : 0};
}

CheckReport judge(const GroupedOperands& o, Inputs inputs, Stream& stream, BlockSums sums) {
  const auto exact = [&](int64_t row, int64_t n) {
    const cpu::Task task = gemm::expert_task(o.args, o.routing.expert[static_cast<size_t>(row)]);
    const cpu::ExactElement element =
        gemm::exact_element(o.problem.format, task, row / o.args.a_div, n);
    return o.problem.weighted ? weighted(element, o.args.topk_weights[row]) : element;
  };
  const auto written = [&](int64_t row) { return o.routing.expert[static_cast<size_t>(row)] >= 0; };
  return judge({gemm_size(o.problem), o.args.d, &o.d, exact, o.seed, written},
               inputs == Inputs::kExact, stream, sums);
}

Result<std::unique_ptr<Instance>> make_grouped_check(const Problem& problem, Stream& stream,
                                                     const CaseOptions& options, RoutingKind kind) {
  OCTET_TRY(GroupedOperands operands, make_check_operands(problem, options, kind));
  auto instance = std::make_unique<GroupedCheck>(std::move(operands), options.inputs);
  OCTET_CHECK_OK(instance->place(stream));
  return std::unique_ptr<Instance>(std::move(instance));
}

Result<std::unique_ptr<Instance>> make_gemm_grouped(const select::Problem& problem, Stream& stream,
                                                    const CaseOptions& options) {
  OCTET_CHECK_OK(gemm::validate_problem(problem));
  OCTET_CHECK_OK(check_memory(gemm::op(), problem, stream.device()));
  const Problem p = gemm::from(problem);
  if (options.for_timing) return make_grouped_timing(p, stream, options);
  const RoutingKind kind = routing_kind(p, options.seed, options.inputs);
  return make_grouped_check(p, stream, options, kind);
}

}  // namespace octet::harness
