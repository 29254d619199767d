// gemm_batched for check, bench and tune, on the host or on a GPU.
#include "src/harness/cases/gemm_batched.h"

#include <algorithm>
#include <array>

#include "src/core/try.h"
#include "src/harness/gpu/placed_buffer.h"
#include "src/harness/measure/read_floor.h"
#include "src/ops/gemm_batched/cpu/exact.h"
#include "src/ops/gemm_batched/cpu/task.h"
#include "src/ops/gemm_batched/op.h"

namespace octet::harness {

namespace gemm = ops::gemm_batched;
using gemm::Problem;

namespace {

/// Checks on operands of its own, copied to a GPU and back where the stream is of one.
class BatchedCheck : public Instance {
 public:
  BatchedCheck(BatchedOperands operands, Inputs inputs)
      : o_(std::move(operands)), inputs_(inputs), args_(o_.args) {}

  Status place(const Stream& stream) {
    OCTET_CHECK_OK(mirror(stream, o_.a, a_, args_.a.data));
    OCTET_CHECK_OK(mirror(stream, o_.b, b_, args_.b.data));
    OCTET_CHECK_OK(mirror(stream, o_.a_scale, a_scale_, args_.a_scale.data));
    OCTET_CHECK_OK(mirror(stream, o_.b_scale, b_scale_, args_.b_scale.data));
    OCTET_CHECK_OK(mirror(stream, o_.bias, bias_, args_.bias.data));
    OCTET_TRY(d_, PlacedBuffer::mirror(stream, o_.d));
    args_.d.data = d_.as() + kCanaryBytes;
    return Status::Ok();
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream, int64_t) override {
    return launch(&args_, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    poison(o_.d);
    OCTET_CHECK_OK(d_.upload(o_.d.data(), o_.d.bytes()));
    if (o_.problem.batch > 0 && o_.problem.m > 0 && o_.problem.n > 0) {
      OCTET_CHECK_OK(launch(&args_, workspace, stream));
      OCTET_CHECK_OK(stream.synchronize());
    }
    OCTET_CHECK_OK(d_.download(o_.d.data(), o_.d.bytes()));
    if (!stream.is_gpu()) return judge(o_, inputs_, stream);
    OCTET_TRY(Stream * host, host_stream());
    return judge(o_, inputs_, *host, block_sums_of(stream.device().arch));
  }

  Status read_floor(Stream& stream, int64_t) override {
    if (stream.is_gpu()) return device_read_all(stream, b_.as(), b_.bytes());
    read_all(stream, std::array{Region{o_.b.data(), o_.b.bytes()}});
    return Status::Ok();
  }

 private:
  /// `data` is that of the host's operand, if there is one, and becomes that of its copy.
  static Status mirror(const Stream& stream, const Buffer& from, PlacedBuffer& to,
                       const void*& data) {
    if (data == nullptr) return Status::Ok();
    OCTET_TRY(to, PlacedBuffer::mirror(stream, from));
    data = to.as();
    return Status::Ok();
  }

  BatchedOperands o_;
  Inputs inputs_;
  GemmBatchedArgs args_;
  PlacedBuffer a_, b_, a_scale_, b_scale_, bias_, d_;
};

/// Times on dense operands whose weights are windows of the arena. The scales stay the same.
class BatchedTiming : public Instance {
 public:
  BatchedTiming(BatchedOperands operands, const Arena* arena, bool cold)
      : o_(std::move(operands)), arena_(arena), cold_(cold) {
    const int64_t bytes = o_.a.bytes();
    std::copy_n(arena_->window(arena_->num_windows(bytes) - 1, bytes), bytes, o_.a.data());
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream,
             int64_t iteration) override {
    o_.args.b.data = window(iteration);
    return launch(&o_.args, workspace, stream);
  }

  Result<CheckReport> check(const Launch&, select::Workspace, Stream&) override {
    return fail(StatusCode::kUnsupported, "operands for timing are not judged on a CPU");
  }

  Status read_floor(Stream& stream, int64_t iteration) override {
    read_all(stream,
             std::array{Region{window(iteration), o_.problem.b_bytes()},
                        Region{o_.b_scale.data(), o_.b_scale.bytes()},
                        Region{o_.a.data(), o_.a.bytes()}, Region{o_.d.data(), o_.d.bytes()}});
    return Status::Ok();
  }

 private:
  const uint8_t* window(int64_t iteration) const {
    return arena_->window(cold_ ? iteration : 0, o_.problem.b_bytes());
  }

  BatchedOperands o_;
  const Arena* arena_;
  bool cold_;
};

/// A row of d as it lies in memory.
struct MatrixRow {
  int64_t batch, row;
};
MatrixRow matrix_row(const BatchedOperands& o, int64_t memory_row) {
  if (o.rows_outside) return {memory_row % o.problem.batch, memory_row / o.problem.batch};
  const int64_t rows = o.problem.m + o.spare_rows;
  return {memory_row / rows, memory_row % rows};
}

}  // namespace

GemmSize gemm_size(const BatchedOperands& o) {
  const Problem& p = o.problem;
  const double runs = static_cast<double>((p.k + gemm::kGroup - 1) / gemm::kGroup);
  return {o.memory_rows(), p.n, p.k, p.d, 128 + runs + 8, static_cast<double>(p.k) * 0x1p-126};
}

CheckReport judge(const BatchedOperands& o, Inputs inputs, Stream& stream, BlockSums sums) {
  const gemm::Task task = gemm::make_task(o.args);
  const auto exact = [&](int64_t memory_row, int64_t n) {
    const auto [batch, m] = matrix_row(o, memory_row);
    return gemm::exact_element(task, gemm::exact_row(task.a, task.k, batch, m),
                               gemm::exact_row(task.b, task.k, batch, n), batch, m, n);
  };
  const auto written = [&](int64_t memory_row) {
    return matrix_row(o, memory_row).row < o.problem.m;
  };
  const int64_t step = o.rows_outside ? o.args.d.matrix_stride() : o.args.d.stride();
  const Matrix d{o.args.d.data, o.problem.d, o.memory_rows(), o.problem.n, step};
  return judge({gemm_size(o), d, &o.d, exact, o.seed, written}, inputs == Inputs::kExact, stream,
               sums);
}

Result<std::unique_ptr<Instance>> make_gemm_batched(const select::Problem& problem, Stream& stream,
                                                    const CaseOptions& options) {
  OCTET_CHECK_OK(gemm::validate_problem(problem));
  const Device& device = stream.device();
  OCTET_CHECK_OK(check_memory(gemm::op(), problem, device));
  const Problem p = gemm::from(problem);
  if (!options.for_timing) {
    OCTET_TRY(BatchedOperands operands, make_check_operands(p, options));
    auto instance = std::make_unique<BatchedCheck>(std::move(operands), options.inputs);
    OCTET_CHECK_OK(instance->place(stream));
    return std::unique_ptr<Instance>(std::move(instance));
  }
  if (stream.is_gpu()) return make_batched_device_timing(p, stream, options);
  OCTET_TRY(BatchedOperands operands, make_timing_operands(p, options));
  const int64_t window = std::max(p.b_bytes(), operands.a.bytes());
  OCTET_TRY(const Arena* arena, Arena::get(device.llc_bytes, device.memory_bytes, window));
  return std::unique_ptr<Instance>(new BatchedTiming(std::move(operands), arena, options.cold));
}

}  // namespace octet::harness
