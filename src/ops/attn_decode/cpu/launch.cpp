#include "src/ops/attn_decode/cpu/launch.h"

#include "src/core/try.h"
#include "src/device/thread_pool.h"
#include "src/ops/attn_decode/cpu/gather.h"
#include "src/ops/attn_decode/cpu/store_row.h"

namespace octet::ops::attn_decode {
namespace {

struct Call {
  const Kernel& kernel;
  const AttnDecodeArgs& args;
  Problem problem;
  Schedule schedule;
  uint8_t* scratch;  // of each thread, then what threads share
  int64_t most_splits;
  SpinBarrier barrier;
};

int64_t most_splits(const Problem& p) {
  return std::max<int64_t>((p.context + kLeastSplitTokens - 1) / kLeastSplitTokens, 1);
}

/// Where a split of a shared item is kept.
State shared_state(const Call& call, int thread_count, int64_t slot, int64_t split) {
  auto* memory =
      reinterpret_cast<float*>(call.scratch + thread_count * scratch_bytes(call.problem));
  return state_at(call.problem,
                  memory + (slot * call.most_splits + split) * state_floats(call.problem));
}

void fold_all(const Call& call, const State& to, const State& from) {
  const int64_t step = padded(call.problem.dim, kLine);
  for (int64_t row = 0; row < call.problem.rows(); ++row) {
    call.kernel.fold(to, row, from, row, step);
  }
}

/// One split; `next` is what this thread reads after it, or the end.
void attend_split(const Call& call, Gather& gather, int threads, const Position& at,
                  const Position& next) {
  const int64_t slot = call.schedule.shared_slot(at);
  const TokenRange tokens = call.schedule.split(at.sequence, at.split);
  const bool more = next.sequence < call.args.q.batch;
  gather.set_next(next, more ? call.schedule.split(next.sequence, next.split) : TokenRange{});
  if (slot >= 0) {
    call.kernel.attend(gather.split(at, tokens, shared_state(call, threads, slot, at.split)));
    return;
  }
  call.kernel.attend(gather.split(at, tokens, at.split == 0 ? gather.folded : gather.part));
  if (at.split > 0) fold_all(call, gather.folded, gather.part);
  if (at.same_item(next)) return;
  for (int64_t row = 0; row < call.problem.rows(); ++row) {
    store_row(call.args, at, row, gather.folded);
  }
}

/// Folds every row of shared items that is this thread's.
void fold_shared(const Call& call, int thread, int threads) {
  const int64_t step = padded(call.problem.dim, kLine);
  int64_t turn = 0;
  for (int64_t slot = 0; slot + 1 < threads; ++slot) {
    const Position& item = call.schedule.begins()[static_cast<size_t>(slot) + 1];
    if (call.schedule.shared_slot(item) != slot) continue;
    const State sum = shared_state(call, threads, slot, 0);
    for (int64_t row = 0; row < call.problem.rows(); ++row) {
      if (turn++ % threads != thread) continue;
      for (int64_t s = 1; s < call.schedule.num_splits(item.sequence); ++s) {
        call.kernel.fold(sum, row, shared_state(call, threads, slot, s), row, step);
      }
      store_row(call.args, item, row, sum);
    }
  }
}

void work(void* context, int thread, int threads) {
  Call& call = *static_cast<Call*>(context);
  Gather gather(call.args, call.scratch + thread * scratch_bytes(call.problem));
  const Position begin = call.schedule.begins()[static_cast<size_t>(thread)],
                 end = call.schedule.begins()[static_cast<size_t>(thread) + 1];
  for (Position at = begin, next; at < end; at = next) {
    next = call.schedule.after(at);
    if (at == begin || at.split == 0) gather.set_item(at);
    attend_split(call, gather, threads, at, next);
  }
  call.barrier.wait();
  fold_shared(call, thread, threads);
}

}  // namespace

Status run(const Kernel& kernel, int64_t split_tokens, const AttnDecodeArgs& args,
           select::Workspace workspace, Stream& stream) {
  const int threads = stream.device().cu_num;
  const int64_t tokens = args.split_tokens > 0 ? args.split_tokens : split_tokens;
  OCTET_TRY(Schedule schedule, Schedule::make(args, tokens, threads));
  const Problem problem = problem_of(args);
  Call call{kernel,
            args,
            problem,
            std::move(schedule),
            static_cast<uint8_t*>(workspace.data),
            most_splits(problem),
            SpinBarrier(threads)};
  stream.parallel(work, &call);
  return Status::Ok();
}

int64_t workspace_bytes(const Problem& p, int threads) {
  const int64_t shared = (threads - 1) * most_splits(p) * state_floats(p);
  return threads * scratch_bytes(p) + shared * static_cast<int64_t>(sizeof(float));
}

}  // namespace octet::ops::attn_decode
