#include "src/cpu/launch.h"

#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/device/thread_pool.h"

namespace octet::cpu {
namespace {

CodeTable make_table(const Minifloat& format) {
  CodeTable table{};
  for (uint32_t code = 0; code < 256; ++code) table.f32[code] = decode(format, code);
  for (uint32_t code = 0; code < 128; ++code) {
    const uint16_t bits = encode_bf16(table.f32[code]);
    table.bf16_high[code] = static_cast<uint8_t>(bits >> 8);
    table.bf16_low[code] = static_cast<uint8_t>(bits);
  }
  table.f16_exact = format.exponent_bits == kE4m3fnFormat.exponent_bits ? 1 : 0;
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

}  // namespace

const CodeTable& code_table(DType kind) {
  static const CodeTable fn = make_table(kE4m3fnFormat);
  static const CodeTable fnuz = make_table(kE4m3fnuzFormat);
  static const CodeTable e5m2 = make_table(kE5m2Format);
  return kind == DType::kE4m3fn ? fn : kind == DType::kE5m2 ? e5m2 : fnuz;
}

Output output_of(DType dtype) {
  return dtype == DType::kF32 ? Output::kF32 : dtype == DType::kBf16 ? Output::kBf16 : Output::kF16;
}

int64_t workspace_bytes(const Kernel& kernel, const Task& sizes, int threads) {
  return align(kernel.shared_bytes(sizes)) + threads * align(kernel.scratch_bytes(sizes)) + kAlign;
}

Status run(const Kernel& kernel, Task task, select::Workspace workspace, Stream& stream) {
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

}  // namespace octet::cpu
