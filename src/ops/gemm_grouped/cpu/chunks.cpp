#include "src/ops/gemm_grouped/cpu/chunks.h"

#include <algorithm>

#include "src/ops/gemm_grouped/cpu/task.h"

namespace octet::ops::gemm_grouped {
namespace {

/// Of one round: enough that barriers and weights that are read again cost nothing.
constexpr int64_t kMostRows = 1024, kMostChunks = 128;
constexpr int64_t kResultElements = 1 << 16;  // of a piece of few rows: 256 KB
constexpr int64_t kLeastCols = 128;

constexpr int64_t align(int64_t bytes) { return (bytes + 63) / 64 * 64; }

const cpu::Kernel& kernel_for(const Steps& steps, int64_t rows) {
  int i = 0;
  while (steps.step[i].max_rows < rows) ++i;
  return steps.step[i].kernel;
}

/// Adds chunks to rounds; a chunk that does not fit begins the next one.
class Rounds {
 public:
  Rounds(const GemmGroupedArgs& args, const Space& space, uint8_t* memory)
      : args_(args), space_(space), memory_(memory) {}

  void add(const cpu::Kernel& kernel, cpu::Task task, int64_t begin, int64_t rows) {
    task.m = rows;
    const int64_t bytes = align(kernel.shared_bytes(task));
    const bool full = rounds_.empty() || rounds_.back().rows + rows > kMostRows ||
                      static_cast<int64_t>(rounds_.back().chunks.size()) == kMostChunks ||
                      prepared_ + bytes > space_.prepared;
    if (full) {
      rounds_.emplace_back();
      prepared_ = 0;
    }
    Round& round = rounds_.back();
    point_at_gathered(task, round.rows);
    task.shared = memory_ + space_.codes + space_.scales + prepared_;
    Chunk& chunk =
        round.chunks.emplace_back(Chunk{&kernel, task, begin, round.rows, round.cost, round.units});
    prepared_ += bytes;
    round.rows += rows;
    round.cost += chunk.cost();
    round.units += kernel.prepare_units(task);
  }
  std::vector<Round> take() && { return std::move(rounds_); }

 private:
  void point_at_gathered(cpu::Task& task, int64_t row) const {
    uint8_t* scales = memory_ + space_.codes;
    task.a = memory_ + row * task.k;
    task.a_stride = task.k;
    if (args_.a_scale.dtype == DType::kE8m0) {
      task.a_exponent = scales + row * args_.a_scale.cols;
      task.a_exponent_stride = args_.a_scale.cols;
    } else {
      task.a_scale = reinterpret_cast<const float*>(scales) + row * args_.a_scale.cols;
      task.a_scale_stride_m = args_.a_scale.cols;
    }
  }

  const GemmGroupedArgs& args_;
  const Space& space_;
  uint8_t* memory_;
  int64_t prepared_ = 0;
  std::vector<Round> rounds_;
};

}  // namespace

Space space_of(const Steps& steps, const Problem& p) {
  const int64_t rows = std::min(p.rows(), kMostRows);
  const int64_t chunks = std::min({p.experts, rows, kMostChunks});
  Space space;
  space.codes = align(rows * p.k);
  space.scales = align(rows * p.num_k_blocks() * (p.format == Format::kMxfp8 ? 1 : 4));
  int64_t all = 0, one = 0;
  for (int i = 0; i < steps.count; ++i) {
    const cpu::Kernel& kernel = steps.step[i].kernel;
    const cpu::Task many = size_task(p, std::min(rows, steps.step[i].max_rows), p.n);
    all = std::max(all, kernel.shared_bytes(size_task(p, rows, p.n)));
    one = std::max(one, kernel.shared_bytes(size_task(p, 1, p.n)));
    // Why twice: a kernel that spreads rows evenly over blocks has fuller ones for other counts.
    space.scratch = std::max(space.scratch, align(2 * kernel.scratch_bytes(many)));
  }
  // What a chunk rounds its rows up to is in the bytes of one row.
  space.prepared = align(all) + chunks * align(one);
  space.result_elements = std::max(kResultElements, rows * kLeastCols);
  space.results = align(4 * std::min(space.result_elements, rows * p.n));
  return space;
}

std::vector<Round> make_rounds(const Steps& steps, const GemmGroupedArgs& args,
                               const Routing& routing, const Space& space, uint8_t* memory) {
  Rounds rounds(args, space, memory);
  for (const ExpertRange& range : routing.experts) {
    const cpu::Task task = expert_task(args, range.expert);
    const int64_t rows = range.end - range.begin, parts = (rows + kMostRows - 1) / kMostRows;
    const cpu::Kernel& kernel = kernel_for(steps, rows / parts);
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t begin = rows * part / parts, end = rows * (part + 1) / parts;
      rounds.add(kernel, task, range.begin + begin, end - begin);
    }
  }
  return std::move(rounds).take();
}

}  // namespace octet::ops::gemm_grouped
