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
  int64_t scratch_bytes, most_splits, state_floats;
  SpinBarrier barrier;
};

int64_t most_splits(const Problem& p) {
  return std::max<int64_t>((p.context + kLeastSplitTokens - 1) / kLeastSplitTokens, 1);
}

int64_t num_items(const Problem& p, int64_t heads) {
  return p.batch * ((p.kv_heads + heads - 1) / heads);
}

/// Bytes of the splits that threads share, of items of `heads` KV heads.
int64_t shared_bytes(const Problem& p, int threads, int64_t heads) {
  const int64_t items = std::min<int64_t>(threads - 1, num_items(p, heads));
  return items * most_splits(p) * heads * state_floats(p) * static_cast<int64_t>(sizeof(float));
}

/// KV heads of an item where they lie side by side.
int64_t most_heads(const Problem& p, int threads) {
  constexpr int64_t kMostShared = int64_t{64} << 20;
  int64_t heads = std::clamp<int64_t>(kRowsAtOnce / p.rows(), 1, std::min(kMostHeads, p.kv_heads));
  while (heads > 1 && shared_bytes(p, threads, heads) > kMostShared) --heads;
  return heads;
}

bool side_by_side(const KvCache& cache) {
  const Steps steps = code_steps(cache);
  return steps.head < steps.token;
}

/// Where a split of a shared item is kept: the States of its KV heads.
float* shared_states(const Call& call, int64_t slot, int64_t split) {
  const auto threads = static_cast<int64_t>(call.schedule.begins().size()) - 1;
  auto* memory = reinterpret_cast<float*>(call.scratch + threads * call.scratch_bytes);
  return memory +
         (slot * call.most_splits + split) * call.schedule.heads_together() * call.state_floats;
}

State state_of(const Call& call, float* states, int64_t head) {
  return state_at(call.problem, states + head * call.state_floats);
}

void fold_all(const Call& call, int64_t heads, float* to, float* from) {
  const int64_t step = padded(call.problem.dim, kLine);
  for (int64_t head = 0; head < heads; ++head) {
    const State sum = state_of(call, to, head), part = state_of(call, from, head);
    for (int64_t row = 0; row < call.problem.rows(); ++row) {
      call.kernel.fold(sum, row, part, row, step);
    }
  }
}

/// One split; `next` is what this thread reads after it, or the end.
void attend_split(const Call& call, Gather& gather, const Position& at, const Position& next) {
  const int64_t slot = call.schedule.shared_slot(at);
  const TokenRange tokens = call.schedule.split(at.sequence, at.split);
  const bool more = next.sequence < call.args.q.batch;
  gather.set_next(next, more ? call.schedule.split(next.sequence, next.split) : TokenRange{});
  float* own = at.split == 0 ? gather.folded : gather.part;
  float* states = slot >= 0 ? shared_states(call, slot, at.split) : own;
  call.kernel.attend(gather.split(at, tokens, states), gather.heads());
  if (slot >= 0) return;
  if (at.split > 0) fold_all(call, gather.heads(), gather.folded, gather.part);
  if (at.same_item(next)) return;
  for (int64_t head = 0; head < gather.heads(); ++head) {
    const State state = state_of(call, gather.folded, head);
    for (int64_t row = 0; row < call.problem.rows(); ++row) {
      store_row(call.args, {at.sequence, at.head + head, 0}, row, state);
    }
  }
}

/// A row of a shared item.
void fold_shared_row(const Call& call, int64_t slot, const Position& item, int64_t head,
                     int64_t row) {
  const int64_t step = padded(call.problem.dim, kLine);
  const State sum = state_of(call, shared_states(call, slot, 0), head);
  for (int64_t s = 1; s < call.schedule.num_splits(item.sequence); ++s) {
    call.kernel.fold(sum, row, state_of(call, shared_states(call, slot, s), head), row, step);
  }
  store_row(call.args, {item.sequence, item.head + head, 0}, row, sum);
}

/// Folds every row of shared items that is this thread's.
void fold_shared(const Call& call, int thread, int threads) {
  int64_t turn = 0, slot = 0;
  for (const Position& item : call.schedule.shared()) {
    for (int64_t head = 0; head < call.schedule.num_heads(item); ++head) {
      for (int64_t row = 0; row < call.problem.rows(); ++row) {
        if (turn++ % threads == thread) fold_shared_row(call, slot, item, head, row);
      }
    }
    ++slot;
  }
}

void work(void* context, int thread, int threads) {
  Call& call = *static_cast<Call*>(context);
  Gather gather(call.args, call.schedule.heads_together(),
                call.scratch + thread * call.scratch_bytes);
  const Position begin = call.schedule.begins()[static_cast<size_t>(thread)],
                 end = call.schedule.begins()[static_cast<size_t>(thread) + 1];
  for (Position at = begin, next; at < end; at = next) {
    next = call.schedule.after(at);
    if (at == begin || at.split == 0) {
      gather.set_item(at, call.schedule.num_heads(at));
    }
    attend_split(call, gather, at, next);
  }
  call.barrier.wait();
  fold_shared(call, thread, threads);
}

}  // namespace

Status run(const Kernel& kernel, int64_t split_tokens, const AttnDecodeArgs& args,
           select::Workspace workspace, Stream& stream) {
  const int threads = stream.device().cu_num;
  const int64_t tokens = args.split_tokens > 0 ? args.split_tokens : split_tokens;
  const Problem problem = problem_of(args);
  const bool together = side_by_side(args.k) && side_by_side(args.v);
  OCTET_TRY(Schedule schedule,
            Schedule::make(args, tokens, threads, together ? most_heads(problem, threads) : 1));
  const int64_t thread_bytes = scratch_bytes(problem, schedule.heads_together());
  Call call{kernel,
            args,
            problem,
            std::move(schedule),
            static_cast<uint8_t*>(workspace.data),
            thread_bytes,
            most_splits(problem),
            state_floats(problem),
            SpinBarrier(threads)};
  stream.parallel(work, &call);
  return Status::Ok();
}

int64_t workspace_bytes(const Problem& p, int threads) {
  const int64_t most = most_heads(p, threads);
  int64_t shared = 0;
  for (int64_t heads = 1; heads <= most; ++heads) {
    shared = std::max(shared, shared_bytes(p, threads, heads));
  }
  return threads * scratch_bytes(p, most) + shared;
}

}  // namespace octet::ops::attn_decode
