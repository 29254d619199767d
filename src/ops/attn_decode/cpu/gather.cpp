#include "src/ops/attn_decode/cpu/gather.h"

#include "src/core/formats.h"
#include "src/cpu/launch.h"

namespace octet::ops::attn_decode {
namespace {

/// Hands out pieces of memory, 64-byte aligned; from null it only counts.
class Pieces {
 public:
  explicit Pieces(uint8_t* memory) : memory_(memory) {}
  template <class T>
  T* take(int64_t count) {
    T* piece = memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + bytes_);
    bytes_ += padded(count * static_cast<int64_t>(sizeof(T)), 64);
    return piece;
  }
  int64_t bytes() const { return bytes_; }

 private:
  uint8_t* memory_;
  int64_t bytes_ = 0;
};

/// Every piece of a thread's scratch memory.
struct Scratch {
  Scratch(const Problem& p, uint8_t* memory) {
    Pieces pieces(memory);
    const int64_t rows = p.rows(), step = padded(p.dim, kLine);
    const int64_t at_once = std::min(rows, kRowsAtOnce);
    q = pieces.take<float>(rows * step);
    q_sum = pieces.take<float>(rows);
    for (float*& scale : scales) scale = pieces.take<float>(kMostSplitTokens);
    first = pieces.take<int32_t>(rows);
    last = pieces.take<int32_t>(rows);
    runs = pieces.take<Run>(kMostSplitTokens);
    logits = pieces.take<float>(at_once * kMostSplitTokens);
    tile = pieces.take<float>(kTileFloats * step);
    q_bf16 = pieces.take<uint16_t>(padded(at_once, kLanes) * step);
    for (float*& state : states) state = pieces.take<float>(state_floats(p));
    bytes = pieces.bytes();
  }
  float *q, *q_sum, *scales[4], *logits, *tile, *states[2];
  uint16_t* q_bf16;
  int32_t *first, *last;
  Run* runs;
  int64_t bytes;
};

float f16_value(uint32_t code) { return decode(kF16Format, code & 0xffff); }

}  // namespace

int64_t state_floats(const Problem& p) {
  return 2 * padded(p.rows(), kLanes) + p.rows() * padded(p.dim, kLine);
}

State state_at(const Problem& p, float* memory) {
  const int64_t rows = padded(p.rows(), kLanes);
  return {memory, memory + rows, memory + 2 * rows};
}

int64_t scratch_bytes(const Problem& p) { return Scratch(p, nullptr).bytes; }

Gather::Gather(const AttnDecodeArgs& args, uint8_t* memory)
    : args_(args), group_(args.q.heads / args.k.heads) {
  const Problem p = problem_of(args);
  const Scratch scratch(p, memory);
  folded = state_at(p, scratch.states[0]);
  part = state_at(p, scratch.states[1]);
  q_ = scratch.q, q_sum_ = scratch.q_sum;
  k_scale_ = scratch.scales[0], k_shift_ = scratch.scales[1];
  v_scale_ = scratch.scales[2], v_shift_ = scratch.scales[3];
  first_ = scratch.first, last_ = scratch.last, runs_ = scratch.runs;
  split_.q = q_, split_.q_sum = q_sum_;
  split_.rows = p.rows(), split_.dim = p.dim, split_.dim_padded = padded(p.dim, kLanes);
  split_.row_step = padded(p.dim, kLine);
  split_.runs = runs_;
  split_.k_step = code_steps(args.k).token, split_.v_step = code_steps(args.v).token;
  split_.k_scale = k_scale_, split_.k_shift = k_shift_;
  split_.v_scale = v_scale_, split_.v_shift = v_shift_;
  split_.first = first_, split_.last = last_;
  split_.codes = &cpu::code_table(args.k.dtype);
  split_.e5m2 = args.k.dtype == DType::kE5m2;
  split_.has_shifts = p.scales == Scales::kTokenShift;
  split_.softmax_scale = softmax_scale_of(args), split_.soft_cap = args.soft_cap;
  split_.logits = scratch.logits, split_.tile = scratch.tile;
  split_.q_bf16 = scratch.q_bf16;
}

void Gather::set_item(const Position& item) {
  const ConstHeads q = args_.q.normalized();
  for (int64_t row = 0; row < split_.rows; ++row) {
    const int64_t token = row / group_, head = item.head * group_ + row % group_;
    const auto* from = static_cast<const uint16_t*>(q.data) + item.sequence * q.batch_stride +
                       token * q.token_stride + head * q.head_stride;
    float* to = q_ + row * split_.row_step;
    float sum = 0;
    for (int64_t d = 0; d < q.dim; ++d) {
      to[d] = q.dtype == DType::kBf16 ? decode_bf16(from[d]) : f16_value(from[d]);
      sum += to[d];
    }
    std::fill(to + q.dim, to + split_.row_step, 0.0f);
    q_sum_[row] = sum;
  }
}

const Split& Gather::split(const Position& item, TokenRange tokens, const State& state) {
  split_.tokens = tokens.count();
  split_.state = state;
  set_runs(item, tokens);
  set_scales(args_.k, item, tokens, k_scale_, k_shift_);
  set_scales(args_.v, item, tokens, v_scale_, v_shift_);
  set_seen(item, tokens);
  return split_;
}

Run Gather::run_at(const Position& item, int64_t first, int64_t last) const {
  const TokenPlace place = place_of(args_, item.sequence, first);
  const auto codes = [&](const KvCache& cache) {
    return static_cast<const uint8_t*>(cache.data) +
           code_steps(cache).at(place.block, place.token, item.head);
  };
  return {codes(args_.k), codes(args_.v),
          std::min(last - first, args_.k.block_tokens - place.token)};
}

void Gather::set_next(const Position& item, TokenRange tokens) {
  split_.next = tokens.count() > 0 ? run_at(item, tokens.first, tokens.last) : Run{};
}

void Gather::set_runs(const Position& item, TokenRange tokens) {
  split_.num_runs = 0;
  for (int64_t n = tokens.first; n < tokens.last;) {
    const Run run = run_at(item, n, tokens.last);
    runs_[split_.num_runs++] = run;
    n += run.tokens;
  }
}

void Gather::set_scales(const KvCache& cache, const Position& item, TokenRange tokens, float* scale,
                        float* shift) {
  const int64_t count = tokens.count(), end = padded(count, kLine);
  const Steps steps = scale_steps(cache);
  if (cache.scales.block != KvScaleBlock::kTokenHead) {
    std::fill(scale, scale + count, scale_at(cache.scales, steps.at(0, 0, item.head)).scale);
    std::fill(shift, shift + count, 0.0f);
  } else {
    for (int64_t i = 0; i < count; ++i) {
      const TokenPlace place = place_of(args_, item.sequence, tokens.first + i);
      const ScaleShift s = scale_at(cache.scales, steps.at(place.block, place.token, item.head));
      scale[i] = s.scale;
      shift[i] = s.shift;
    }
  }
  std::fill(scale + count, scale + end, 0.0f);
  std::fill(shift + count, shift + end, 0.0f);
}

void Gather::set_seen(const Position& item, TokenRange tokens) {
  const int64_t length = length_of(args_, item.sequence);
  for (int64_t row = 0; row < split_.rows; ++row) {
    const TokenRange seen = visible(args_, length, row / group_);
    first_[row] = static_cast<int32_t>(std::max(seen.first - tokens.first, int64_t{0}));
    last_[row] =
        static_cast<int32_t>(std::clamp(seen.last - tokens.first, int64_t{0}, tokens.count()));
  }
}

}  // namespace octet::ops::attn_decode
