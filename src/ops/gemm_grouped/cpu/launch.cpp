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

namespace octet::ops::gemm_grouped::host {
namespace {

constexpr int64_t kScaleCols = 128;  // of b, for one f32 scale

/// Columns of a round's chunks, one after the other, in grains.
struct Columns {
  int64_t grain;      // columns of a grain: a divisor of kScaleCols
  int64_t per_chunk;  // grains
  int64_t total;

  Columns(const Round& round, int64_t n, int threads) {
    const auto chunks = static_cast<int64_t>(round.chunks.size());
    grain = chunks * ((n + kScaleCols - 1) / kScaleCols) < 8 * threads ? 32 : kScaleCols;
    per_chunk = (n + grain - 1) / grain;
    total = chunks * per_chunk;
  }
};

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

/// The grain where a thread that begins at `at` ends: at half of its share of what is left, but
/// after a sixteenth of its share of all. Why: a turn begins without prefetches, which cost a few
/// percent where k is small (7168 x 256, one row: 401 us, 396 with this, 374 with equal shares).
int64_t end_of_turn(const Round& round, const Columns& columns, int64_t at, int threads) {
  const auto cost_at = [&](int64_t grain) {
    const Chunk& chunk = round.chunks[static_cast<size_t>(grain / columns.per_chunk)];
    return chunk.cost_before * columns.per_chunk + grain % columns.per_chunk * chunk.cost();
  };
  const int64_t all = round.cost * columns.per_chunk, begin = cost_at(at);
  const int64_t target = begin + std::max((all - begin) / (2 * threads), all / (16 * threads));
  int64_t low = at + 1, high = columns.total;  // the first grain that costs begin at `target`
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (cost_at(middle) >= target) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// Columns `begin` to `end` of a chunk: the dense product, then the scatter.
void multiply(const Call& call, const Chunk& chunk, int64_t begin, int64_t end, uint8_t* scratch) {
  cpu::Task task = chunk.task;
  task.n = end - begin;
  task.b += begin * task.b_stride;
  if (task.b_exponent != nullptr) task.b_exponent += begin * task.b_exponent_stride;
  if (task.b_scale != nullptr) task.b_scale += begin / kScaleCols * task.b_scale_stride;
  auto* results = reinterpret_cast<float*>(scratch + call.space.scratch);
  task.d = results;
  task.d_stride = task.n;
  chunk.kernel->compute(task, 0, chunk.kernel->compute_units(task), scratch);
  scatter({results, task.m, task.n, call.routing.choices.data() + chunk.begin,
           call.args.topk_weights, call.args.d.data, call.args.d.stride(), begin,
           cpu::output_of(call.args.d.dtype)});
}

/// Grains `begin` to `end` of one chunk, in pieces whose results fit and whose first column begins
/// a scale or whose last ends one.
void multiply_grains(const Call& call, const Chunk& chunk, const Columns& columns, int64_t begin,
                     int64_t end, uint8_t* scratch) {
  const int64_t n = call.args.b.rows;
  const int64_t most = call.space.result_elements / chunk.task.m / kScaleCols * kScaleCols;
  for (int64_t at = begin * columns.grain; at < std::min(end * columns.grain, n);) {
    const int64_t aligned = at % kScaleCols == 0 ? at + most : (at / kScaleCols + 1) * kScaleCols;
    const int64_t to = std::min({aligned, end * columns.grain, n});
    multiply(call, chunk, at, to, scratch);
    at = to;
  }
}

void compute(Call& call, size_t index, int threads, uint8_t* scratch) {
  const Round& round = call.rounds[index];
  const Columns columns(round, call.args.b.rows, threads);
  std::atomic<int64_t>& next = call.next[index];
  int64_t at = next.load(std::memory_order_relaxed);
  while (at < columns.total) {
    const int64_t end = end_of_turn(round, columns, at, threads);
    if (!next.compare_exchange_weak(at, end, std::memory_order_relaxed)) continue;
    for (int64_t from = at; from < end;) {
      const int64_t chunk = from / columns.per_chunk, first = chunk * columns.per_chunk;
      const int64_t to = std::min(end, first + columns.per_chunk);
      multiply_grains(call, round.chunks[static_cast<size_t>(chunk)], columns, from - first,
                      to - first, scratch);
      from = to;
    }
    at = next.load(std::memory_order_relaxed);
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
