// A call as rounds of chunks: rows of one expert that one dense kernel takes, in shared memory that
// a round fills anew.
#pragma once

#include <vector>

#include "src/ops/gemm_grouped/cpu/routing.h"
#include "src/ops/gemm_grouped/cpu/steps.h"
#include "src/ops/gemm_grouped/problem.h"

namespace octet::ops::gemm_grouped {

struct Chunk {
  const cpu::Kernel* kernel = nullptr;
  cpu::Task task;            // of gathered rows and all of the expert's weights; d is not set
  int64_t begin = 0;         // in Routing::choices
  int64_t first_row = 0;     // among the round's gathered rows
  int64_t cost_before = 0;   // of the round's chunks before it, for one column
  int64_t units_before = 0;  // of preparation, the same

  int64_t end() const { return begin + task.m; }
  /// Of a column: weights read at the speed of memory, then rows. Why 16: that is where both cost
  /// the same on AVX-512 (data/cost).
  int64_t cost() const { return 16 + task.m; }
};

struct Round {
  std::vector<Chunk> chunks;
  int64_t rows = 0, cost = 0, units = 0;
};

/// Sizes of the parts of a call's workspace, each a multiple of 64.
struct Space {
  int64_t codes = 0, scales = 0, prepared = 0;  // shared
  int64_t scratch = 0, results = 0;             // of a thread
  int64_t result_elements = 0;                  // that fit into `results`

  int64_t bytes(int threads) const {
    return codes + scales + prepared + threads * (scratch + results) + 64;
  }
};

Space space_of(const Steps& steps, const Problem& problem);

/// Every routed row in one chunk, experts ascending. An expert's rows are one chunk where a round
/// holds them. Tasks point into `memory`, which is of `space`.
std::vector<Round> make_rounds(const Steps& steps, const GemmGroupedArgs& args,
                               const Routing& routing, const Space& space, uint8_t* memory);

}  // namespace octet::ops::gemm_grouped
