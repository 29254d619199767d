#include "src/ops/gemm_grouped/cpu/launch.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>

#include "src/core/try.h"
#include "src/cpu/launch.h"
#include "src/device/thread_pool.h"
#include "src/ops/gemm_grouped/cpu/chunks.h"
#include "src/ops/gemm_grouped/cpu/generic_scatter.h"
#include "src/ops/gemm_grouped/cpu/pieces.h"

namespace octet::ops::gemm_grouped::host {
namespace {

struct Call {
  const GemmGroupedArgs& args;
  const Routing& routing;
  const Space& space;
  const std::vector<Round>& rounds;
  uint8_t* memory;
  std::unique_ptr<std::atomic<int64_t>[]> next;  // grain of each round that no thread has
  SpinBarrier barrier;
};

template <class T>
void copy_row(const void* from, int64_t row, int64_t stride, int64_t cols, uint8_t* to,
              int64_t to_row) {
  std::memcpy(to + to_row * cols * static_cast<int64_t>(sizeof(T)),
              static_cast<const T*>(from) + row * stride, static_cast<size_t>(cols) * sizeof(T));
}

/// Codes and scales of a thread's share of the round's rows.
void gather(const Call& call, const Round& round, int thread, int threads) {
  const GemmGroupedArgs& args = call.args;
  const int64_t first = round.chunks.front().begin;
  for (int64_t i = round.rows * thread / threads; i < round.rows * (thread + 1) / threads; ++i) {
    const int64_t row = call.routing.choices[static_cast<size_t>(first + i)] / args.a_div;
    copy_row<uint8_t>(args.a.data, row, args.a.stride(), args.a.cols, call.memory, i);
    const ConstMatrix& scale = args.a_scale;
    uint8_t* to = call.memory + call.space.codes;
    if (scale.dtype == DType::kE8m0) {
      copy_row<uint8_t>(scale.data, row, scale.stride(), scale.cols, to, i);
    } else {
      copy_row<float>(scale.data, row, scale.stride(), scale.cols, to, i);
    }
  }
}

/// A thread's share of the units of all chunks.
void prepare(const Round& round, int thread, int threads) {
  const int64_t begin = round.units * thread / threads, end = round.units * (thread + 1) / threads;
  for (const Chunk& chunk : round.chunks) {
    const int64_t units = chunk.kernel->prepare_units(chunk.task);
    const int64_t from = std::max(begin - chunk.units_before, int64_t{0});
    const int64_t to = std::min(end - chunk.units_before, units);
    if (from < to) chunk.kernel->prepare(chunk.task, from, to);
  }
}

/// The piece's columns of the expert; d and prefetches are not set.
cpu::Task task_of(const Piece& piece) {
  cpu::Task task = piece.chunk->task;
  task.n = piece.end - piece.begin;
  task.b += piece.begin * task.b_stride;
  if (task.b_exponent != nullptr) task.b_exponent += piece.begin * task.b_exponent_stride;
  if (task.b_scale != nullptr) task.b_scale += piece.begin / kScaleCols * task.b_scale_stride;
  return task;
}

/// A piece: the dense product, then the scatter.
void multiply(const Call& call, const Piece& piece, cpu::Task task, uint8_t* scratch) {
  const Chunk& chunk = *piece.chunk;
  auto* results = reinterpret_cast<float*>(scratch + call.space.scratch);
  task.d = results;
  task.d_stride = task.n;
  chunk.kernel->compute(task, 0, chunk.kernel->compute_units(task), scratch);
  scatter({results, task.m, task.n, call.routing.choices.data() + chunk.begin,
           call.args.topk_weights, call.args.d.data, call.args.d.stride(), piece.begin,
           cpu::output_of(call.args.d.dtype)});
}

/// A thread's pieces. Each knows the next one, so that one kernel's prefetches go on into it.
void compute(Call& call, size_t index, int threads, uint8_t* scratch) {
  const Round& round = call.rounds[index];
  Pieces pieces(round, {call.args.b.rows, call.space.result_elements, threads}, call.next[index]);
  Piece piece = pieces.take();
  cpu::Task task{};
  if (piece.chunk != nullptr) task = task_of(piece);
  while (piece.chunk != nullptr) {
    const Piece next = pieces.take();
    cpu::Task after{};
    if (next.chunk != nullptr) {
      after = task_of(next);
      after.b_begun = next.chunk->kernel == piece.chunk->kernel;
      task.after = after.b_begun ? &after : nullptr;
    }
    multiply(call, piece, task, scratch);
    piece = next;
    task = after;
  }
}

void work(void* context, int thread, int threads) {
  Call& call = *static_cast<Call*>(context);
  const Space& space = call.space;
  uint8_t* scratch = call.memory + space.codes + space.scales + space.prepared +
                     thread * (space.scratch + space.results);
  for (size_t i = 0; i < call.rounds.size(); ++i) {
    if (i > 0) call.barrier.wait();  // the round before reads what is written now
    gather(call, call.rounds[i], thread, threads);
    call.barrier.wait();
    if (call.rounds[i].units > 0) {
      prepare(call.rounds[i], thread, threads);
      call.barrier.wait();
    }
    compute(call, i, threads, scratch);
  }
}

}  // namespace

int64_t workspace_bytes(const Steps& steps, const Problem& problem, int threads) {
  return space_of(steps, problem).bytes(threads);
}

Status run(const Steps& steps, const GemmGroupedArgs& args, select::Workspace workspace,
           Stream& stream) {
  OCTET_TRY(const Routing routing, read_routing(args));
  if (routing.experts.empty()) return Status::Ok();
  const Space space = space_of(steps, problem_of(args));
  auto* memory = static_cast<uint8_t*>(workspace.data);
  const std::vector<Round> rounds = make_rounds(steps, args, routing, space, memory);
  Call call{args,
            routing,
            space,
            rounds,
            memory,
            std::make_unique<std::atomic<int64_t>[]>(rounds.size()),
            SpinBarrier(stream.device().cu_num)};
  stream.parallel(work, &call);
  return Status::Ok();
}

}  // namespace octet::ops::gemm_grouped::host
