#include "src/ops/gemm_blockscale/cpu/launch.h"

#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/device/thread_pool.h"

namespace octet::ops::gemm_blockscale::cpu {
namespace {

CodeTable make_table(const Minifloat& format) {
  CodeTable table{};
  for (uint32_t code = 0; code < 256; ++code) table.f32[code] = decode(format, code);
  for (uint32_t code = 0; code < 128; ++code) {
    const uint16_t bits = encode_bf16(table.f32[code]);
    table.bf16_high[code] = static_cast<uint8_t>(bits >> 8);
    table.bf16_low[code] = static_cast<uint8_t>(bits);
  }
  table.f16_exact = 1;
  table.f16_scale = format.bias == kE4m3fnFormat.bias ? 256.0f : 128.0f;
  table.nan_magnitude = format.specials == Specials::kNanOnly ? 0x7f : 0;
  return table;
}

constexpr int64_t kAlign = 64;
constexpr int64_t align(int64_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

struct Call {
  const Kernel& kernel;
  Task task;
  uint8_t* scratch;
  int64_t scratch_bytes;
  int64_t prepare_units, compute_units;
  SpinBarrier barrier;
};

void work(void* context, int thread, int threads) {
  Call& call = *static_cast<Call*>(context);
  const auto share = [&](int64_t units, int index) { return units * index / threads; };
  if (call.prepare_units > 0) {
    const int64_t begin = share(call.prepare_units, thread);
    const int64_t end = share(call.prepare_units, thread + 1);
    if (begin < end) call.kernel.prepare(call.task, begin, end);
    call.barrier.wait();
  }
  const int64_t begin = share(call.compute_units, thread);
  const int64_t end = share(call.compute_units, thread + 1);
  if (begin < end) {
    call.kernel.compute(call.task, begin, end, call.scratch + thread * call.scratch_bytes);
  }
}

Output output_of(DType dtype) {
  return dtype == DType::kF32 ? Output::kF32 : dtype == DType::kBf16 ? Output::kBf16 : Output::kF16;
}

/// A task with the problem's sizes and no data: enough for the kernel's size functions.
Task sizes_only(const Problem& problem) {
  Task task{};
  task.m = problem.m;
  task.n = problem.n;
  task.k = problem.k;
  task.b_packed = problem.b_packed;
  task.output = output_of(problem.d);
  return task;
}

}  // namespace

const CodeTable& code_table(DType kind) {
  static const CodeTable fn = make_table(kE4m3fnFormat);
  static const CodeTable fnuz = make_table(kE4m3fnuzFormat);
  return kind == DType::kE4m3fn ? fn : fnuz;
}

Task make_task(const GemmBlockscaleArgs& args) {
  Task task{};
  const ScaleMatrix a_scale = args.a_scale.normalized(), b_scale = args.b_scale.normalized();
  task.a = static_cast<const uint8_t*>(args.a.data);
  task.a_stride = args.a.stride();
  task.b = static_cast<const uint8_t*>(args.b.data);
  task.b_stride = args.b.stride();
  task.a_scale = a_scale.data;
  task.a_scale_stride_m = a_scale.row_stride;
  task.a_scale_stride_k = a_scale.col_stride;
  task.b_scale = b_scale.data;
  task.b_scale_stride = b_scale.row_stride;
  task.d = args.d.data;
  task.d_stride = args.d.stride();
  task.m = args.a.rows;
  task.n = args.b.rows;
  task.k = args.a.cols;
  task.output = output_of(args.d.dtype);
  task.b_packed = args.b_layout == WeightLayout::kPacked;
  task.codes = &code_table(args.a.dtype);
  return task;
}

int64_t workspace_bytes(const Kernel& kernel, const Problem& problem, int threads) {
  const Task task = sizes_only(problem);
  return align(kernel.shared_bytes(task)) + threads * align(kernel.scratch_bytes(task)) + kAlign;
}

Status run(const Kernel& kernel, const GemmBlockscaleArgs& args, select::Workspace workspace,
           Stream& stream) {
  Task task = make_task(args);
  task.shared = static_cast<uint8_t*>(workspace.data);
  uint8_t* scratch = task.shared + align(kernel.shared_bytes(task));
  Call call{kernel,
            task,
            scratch,
            align(kernel.scratch_bytes(task)),
            kernel.prepare_units(task),
            kernel.compute_units(task),
            SpinBarrier(stream.device().cu_num)};
  stream.parallel(work, &call);
  return Status::Ok();
}

}  // namespace octet::ops::gemm_blockscale::cpu
