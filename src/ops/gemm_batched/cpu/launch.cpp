#include "src/ops/gemm_batched/cpu/launch.h"

#include "src/device/thread_pool.h"
#include "src/ops/gemm_batched/cpu/task.h"

namespace octet::ops::gemm_batched {
namespace {

constexpr int64_t kAlignFloats = 16;
constexpr int64_t align(int64_t floats) {
  return (floats + kAlignFloats - 1) / kAlignFloats * kAlignFloats;
}

struct Call {
  const Kernel& kernel;
  Task task;
  Rounds rounds;
  float* widened;
  float* scratch;
  SpinBarrier barrier;
};

void widen(const Call& call, const Round& round, int thread, int threads) {
  const int64_t rows = round.matrices * round.rows;
  for (int64_t i = rows * thread / threads; i < rows * (thread + 1) / threads; ++i) {
    call.kernel.widen(call.task, round.batch + i / round.rows, round.row + i % round.rows,
                      call.widened + i * call.rounds.k_padded);
  }
}

void multiply(const Call& call, const Round& round, int thread, int threads) {
  const int64_t units = round.units(call.rounds.n);
  float* scratch = call.scratch + thread * align(kScratchFloats);
  for (int64_t i = units * thread / threads; i < units * (thread + 1) / threads; ++i) {
    call.kernel.multiply(call.task, round.unit(call.rounds, i, call.widened), scratch);
  }
}

void work(void* context, int thread, int threads) {
  Call& call = *static_cast<Call*>(context);
  for (int64_t index = 0; index < call.rounds.count(); ++index) {
    const Round round = Round::at(call.rounds, index);
    if (index > 0) call.barrier.wait();  // the round before reads what is written now
    widen(call, round, thread, threads);
    call.barrier.wait();
    multiply(call, round, thread, threads);
  }
}

}  // namespace

Status run(const Kernel& kernel, const GemmBatchedArgs& args, select::Workspace workspace,
           Stream& stream) {
  const Rounds rounds = Rounds::of(problem_of(args));
  auto* widened = static_cast<float*>(workspace.data);
  Call call{kernel,
            make_task(args),
            rounds,
            widened,
            widened + align(rounds.floats()),
            SpinBarrier(stream.device().cu_num)};
  stream.parallel(work, &call);
  return Status::Ok();
}

int64_t workspace_bytes(const Problem& problem, int threads) {
  const int64_t floats =
      align(Rounds::of(problem).floats()) + threads * align(kScratchFloats) + kAlignFloats;
  return floats * static_cast<int64_t>(sizeof(float));
}

}  // namespace octet::ops::gemm_batched
