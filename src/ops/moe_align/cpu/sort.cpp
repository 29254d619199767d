#include "src/ops/moe_align/cpu/sort.h"

#include <algorithm>
#include <vector>

#include "octet/moe_align.h"
#include "src/core/try.h"

namespace octet::ops::moe_align::cpu {
namespace {

struct Sort {
  const Task& task;
  int threads;
  std::vector<int32_t> next;     // (threads, experts): choices counted, then the next slot
  std::vector<int32_t> invalid;  // (threads): first choice with an id out of range, or choices
  std::vector<int32_t> start, filled;  // (experts + 1), (experts): first slot; end of its choices
  std::vector<int32_t> local;          // (experts): number among the experts of this device, or -1

  int32_t* next_of(int thread) { return next.data() + int64_t{thread} * task.experts; }
};

/// The range of `total` that is a thread's.
struct Share {
  Share(int64_t total, int thread, int threads)
      : begin(static_cast<int32_t>(total * thread / threads)),
        end(static_cast<int32_t>(total * (thread + 1) / threads)) {}
  int32_t begin, end;
};

void count(void* context, int thread, int threads) {
  Sort& sort = *static_cast<Sort*>(context);
  const Share mine(sort.task.choices, thread, threads);
  int32_t* counts = sort.next_of(thread);
  int32_t& invalid = sort.invalid[static_cast<size_t>(thread)];
  for (int32_t i = mine.begin; i < mine.end; ++i) {
    const int32_t expert = sort.task.topk_ids[i];
    if (expert < 0 || expert >= sort.task.experts) {
      invalid = std::min(invalid, i);
    } else {
      ++counts[expert];
    }
  }
}

/// Counts become the first slot of each thread in each expert.
void place(Sort& sort) {
  const Task& t = sort.task;
  int32_t slot = 0, num_local = 0;
  for (int32_t expert = 0; expert < t.experts; ++expert) {
    const auto e = static_cast<size_t>(expert);
    const bool local = is_local(t, expert);
    sort.local[e] = local ? num_local++ : -1;
    sort.start[e] = slot;
    int32_t end = slot;
    for (int thread = 0; thread < sort.threads; ++thread) {
      int32_t& next = sort.next_of(thread)[expert];
      const int32_t counted = local ? next : 0;
      next = end;
      end += counted;
    }
    sort.filled[e] = end;
    slot += padded(t, end - slot);
  }
  sort.start.back() = slot;
}

void set_padding(const Task& t, int32_t begin, int32_t end) {
  if (begin >= end) return;
  std::fill(t.sorted_ids + begin, t.sorted_ids + end, padding_id(t));
  if (t.sorted_weights != nullptr)
    std::fill(t.sorted_weights + begin, t.sorted_weights + end, 0.0f);
}

void write(void* context, int thread, int threads) {
  Sort& sort = *static_cast<Sort*>(context);
  const Task& t = sort.task;
  const Share mine(t.choices, thread, threads);
  int32_t* next = sort.next_of(thread);
  for (int32_t i = mine.begin; i < mine.end; ++i) {
    const int32_t expert = t.topk_ids[i];
    if (sort.local[static_cast<size_t>(expert)] < 0) continue;
    const int32_t slot = next[expert]++;
    t.sorted_ids[slot] = slot_id(t, i);
    if (t.sorted_weights != nullptr) t.sorted_weights[slot] = t.topk_weights[i];
  }
  const Share experts(t.experts, thread, threads);
  for (int32_t expert = experts.begin; expert < experts.end; ++expert) {
    const auto e = static_cast<size_t>(expert);
    set_padding(t, sort.filled[e], sort.start[e + 1]);
    std::fill(t.tile_experts + sort.start[e] / t.block_m,
              t.tile_experts + sort.start[e + 1] / t.block_m, sort.local[e]);
  }
  const int32_t used = sort.start.back();
  const Share rest(t.max_slots - used, thread, threads);
  set_padding(t, used + rest.begin, used + rest.end);
  const Share tiles(t.max_tiles - used / t.block_m, thread, threads);
  std::fill(t.tile_experts + used / t.block_m + tiles.begin,
            t.tile_experts + used / t.block_m + tiles.end, -1);
}

}  // namespace

Status run(const Task& task, Stream& stream) {
  // Why: to wake another thread costs more than to sort some thousand choices.
  const int threads = task.choices < 16384 ? 1 : stream.device().cu_num;
  const auto on_threads = [&](void (*function)(void*, int, int), Sort& sort) {
    threads == 1 ? function(&sort, 0, 1) : stream.parallel(function, &sort);
  };
  const auto experts = static_cast<size_t>(task.experts),
             count_of_threads = static_cast<size_t>(threads);
  Sort sort{task,
            threads,
            std::vector<int32_t>(experts * count_of_threads),
            std::vector<int32_t>(count_of_threads, task.choices),
            std::vector<int32_t>(experts + 1),
            std::vector<int32_t>(experts),
            std::vector<int32_t>(experts)};
  on_threads(count, sort);
  const int32_t invalid = *std::min_element(sort.invalid.begin(), sort.invalid.end());
  OCTET_REQUIRE(invalid == task.choices, "moe_align: topk_ids[{}, {}] = {}, must be 0 to {}",
                invalid / task.topk, invalid % task.topk, task.topk_ids[invalid], task.experts - 1);
  place(sort);
  on_threads(write, sort);
  int32_t routed = 0;
  for (size_t e = 0; e < experts; ++e) routed += sort.filled[e] - sort.start[e];
  task.counts[kPaddedSlots] = sort.start.back();
  task.counts[kTokens] = task.tokens;
  task.counts[kRoutedSlots] = routed;
  task.counts[kInvalidIds] = 0;
  return Status::Ok();
}

}  // namespace octet::ops::moe_align::cpu
