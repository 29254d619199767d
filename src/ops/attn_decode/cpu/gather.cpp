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

HeadScratch take_head(const Problem& p, Pieces& pieces) {
  const int64_t rows = p.rows(), step = padded(p.dim, kLine), at_once = std::min(rows, kRowsAtOnce);
  HeadScratch head;
  head.q = pieces.take<float>(rows * step);
  head.q_sum = pieces.take<float>(rows);
  for (float** scale : {&head.k_scale, &head.k_shift, &head.v_scale, &head.v_shift}) {
    *scale = pieces.take<float>(kMostSplitTokens);
  }
  head.logits = pieces.take<float>(at_once * kMostSplitTokens);
  head.q_bf16 = pieces.take<uint16_t>(padded(at_once, kLanes) * step);
  return head;
}

/// Every piece of a thread's scratch memory.
struct Scratch {
  Scratch(const Problem& p, int64_t num_heads, uint8_t* memory) {
    Pieces pieces(memory);
    const int64_t rows = p.rows();
    for (int64_t h = 0; h < num_heads; ++h) heads[static_cast<size_t>(h)] = take_head(p, pieces);
    first = pieces.take<int32_t>(rows);
    last = pieces.take<int32_t>(rows);
    runs = pieces.take<Run>(kMostSplitTokens);
    tile = pieces.take<float>(kTileFloats * padded(p.dim, kLine));
    for (float*& state : states) state = pieces.take<float>(num_heads * state_floats(p));
    bytes = pieces.bytes();
  }
  std::array<HeadScratch, kMostHeads> heads{};
  float *tile, *states[2];
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

int64_t scratch_bytes(const Problem& p, int64_t heads) { return Scratch(p, heads, nullptr).bytes; }

Gather::Gather(const AttnDecodeArgs& args, int64_t most_heads, uint8_t* memory)
    : args_(args), group_(args.q.heads / args.k.heads) {
  const Problem p = problem_of(args);
  const Scratch scratch(p, most_heads, memory);
  folded = scratch.states[0], part = scratch.states[1];
  state_floats_ = state_floats(p);
  memory_ = scratch.heads;
  first_ = scratch.first, last_ = scratch.last, runs_ = scratch.runs;
  const Steps k = code_steps(args.k), v = code_steps(args.v);
  for (size_t h = 0; h < static_cast<size_t>(most_heads); ++h) {
    Split& s = splits_[h];
    const HeadScratch& own = memory_[h];
    s.q = own.q, s.q_sum = own.q_sum, s.q_bf16 = own.q_bf16, s.logits = own.logits;
    s.k_scale = own.k_scale, s.k_shift = own.k_shift;
    s.v_scale = own.v_scale, s.v_shift = own.v_shift;
    s.rows = p.rows(), s.dim = p.dim, s.dim_padded = padded(p.dim, kLanes);
    s.row_step = padded(p.dim, kLine);
    s.k_step = k.token, s.v_step = v.token, s.k_head_step = k.head, s.v_head_step = v.head;
    s.runs = runs_, s.first = first_, s.last = last_, s.tile = scratch.tile;
    s.codes = &cpu::code_table(args.k.dtype);
    s.e5m2 = args.k.dtype == DType::kE5m2;
    s.has_shifts = p.scales == Scales::kTokenShift;
    s.softmax_scale = softmax_scale_of(args), s.soft_cap = args.soft_cap;
  }
}

void Gather::set_item(const Position& item, int64_t heads) {
  heads_ = heads;
  filled_ = 0;
  for (int64_t h = 0; h < heads; ++h) {
    set_q({item.sequence, item.head + h, item.split}, memory_[static_cast<size_t>(h)]);
  }
}

void Gather::set_q(const Position& item, const HeadScratch& memory) {
  const ConstHeads q = args_.q.normalized();
  const Split& split = splits_[0];
  for (int64_t row = 0; row < split.rows; ++row) {
    const int64_t token = row / group_, head = item.head * group_ + row % group_;
    const auto* from = static_cast<const uint16_t*>(q.data) + item.sequence * q.batch_stride +
                       token * q.token_stride + head * q.head_stride;
    float* to = memory.q + row * split.row_step;
    float sum = 0;
    for (int64_t d = 0; d < q.dim; ++d) {
      to[d] = q.dtype == DType::kBf16 ? decode_bf16(from[d]) : f16_value(from[d]);
      sum += to[d];
    }
    std::fill(to + q.dim, to + split.row_step, 0.0f);
    memory.q_sum[row] = sum;
  }
}

const Split* Gather::split(const Position& item, TokenRange tokens, float* states) {
  const int64_t num_runs = set_runs(item, tokens);
  set_seen(item, tokens);
  for (int64_t h = 0; h < heads_; ++h) {
    Split& split = splits_[static_cast<size_t>(h)];
    const HeadScratch& own = memory_[static_cast<size_t>(h)];
    const Position head{item.sequence, item.head + h, item.split};
    split.tokens = tokens.count(), split.num_runs = num_runs, split.next = next_;
    split.state = state_at(problem_of(args_), states + h * state_floats_);
    set_scales(args_.k, head, tokens, own.k_scale, own.k_shift);
    set_scales(args_.v, head, tokens, own.v_scale, own.v_shift);
  }
  filled_ = std::max(filled_, padded(tokens.count(), kLine));
  return splits_.data();
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
  next_ = tokens.count() > 0 ? run_at(item, tokens.first, tokens.last) : Run{};
}

int64_t Gather::set_runs(const Position& item, TokenRange tokens) {
  int64_t count = 0;
  for (int64_t n = tokens.first; n < tokens.last;) {
    const Run run = run_at(item, n, tokens.last);
    runs_[count++] = run;
    n += run.tokens;
  }
  return count;
}

void Gather::set_scales(const KvCache& cache, const Position& item, TokenRange tokens, float* scale,
                        float* shift) {
  const int64_t count = tokens.count(), end = padded(count, kLine);
  const Steps steps = scale_steps(cache);
  if (cache.scales.block != KvScaleBlock::kTokenHead) {
    if (end <= filled_) return;
    std::fill(scale, scale + end, scale_at(cache.scales, steps.at(0, 0, item.head)).scale);
    std::fill(shift, shift + end, 0.0f);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const TokenPlace place = place_of(args_, item.sequence, tokens.first + i);
    const ScaleShift s = scale_at(cache.scales, steps.at(place.block, place.token, item.head));
    scale[i] = s.scale;
    shift[i] = s.shift;
  }
  std::fill(scale + count, scale + end, 0.0f);
  std::fill(shift + count, shift + end, 0.0f);
}

void Gather::set_seen(const Position& item, TokenRange tokens) {
  const int64_t length = length_of(args_, item.sequence);
  for (int64_t row = 0; row < splits_[0].rows; ++row) {
    const TokenRange seen = visible(args_, length, row / group_);
    first_[row] = static_cast<int32_t>(std::max(seen.first - tokens.first, int64_t{0}));
    last_[row] =
        static_cast<int32_t>(std::clamp(seen.last - tokens.first, int64_t{0}, tokens.count()));
  }
}

}  // namespace octet::ops::attn_decode
