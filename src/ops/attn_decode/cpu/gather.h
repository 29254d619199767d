// What a kernel reads beside codes, gathered into a thread's scratch memory: rows of q, scales of
// the tokens of a split, where their codes lie, what each row sees.
#pragma once

#include <array>

#include "src/ops/attn_decode/cpu/schedule.h"
#include "src/ops/attn_decode/cpu/split.h"
#include "src/ops/attn_decode/problem.h"

namespace octet::ops::attn_decode {

inline int64_t padded(int64_t count, int64_t to) { return (count + to - 1) / to * to; }

/// Floats of the State of a KV head, and where its parts lie.
int64_t state_floats(const Problem& p);
State state_at(const Problem& p, float* memory);

/// Bytes of a thread's scratch memory, for items of `heads` KV heads.
int64_t scratch_bytes(const Problem& p, int64_t heads);

/// What a KV head has of its own in scratch memory.
struct HeadScratch {
  float *q, *q_sum, *k_scale, *k_shift, *v_scale, *v_shift, *logits;
  uint16_t* q_bf16;
};

/// The scratch memory of one thread. A row is a head of a query token: token * group + head, with
/// `group` query heads of a KV head.
class Gather {
 public:
  Gather(const AttnDecodeArgs& args, int64_t most_heads, uint8_t* scratch);

  /// Rows of q of an item, which has `heads` KV heads.
  void set_item(const Position& item, int64_t heads);
  /// What is read after the next split.
  void set_next(const Position& item, TokenRange tokens);
  /// The tokens of a split of it, for each of its heads; the kernel's States go to `states`, one
  /// behind the other.
  const Split* split(const Position& item, TokenRange tokens, float* states);
  int64_t heads() const { return heads_; }

  float *folded, *part;  // States of the item, and of the split that is folded into it

 private:
  void set_q(const Position& head, const HeadScratch& memory);
  /// The tokens from `first` on that lie at equal steps.
  Run run_at(const Position& item, int64_t first, int64_t last) const;
  int64_t set_runs(const Position& item, TokenRange tokens);
  void set_scales(const KvCache& cache, const Position& item, TokenRange tokens, float* scale,
                  float* shift);
  void set_seen(const Position& item, TokenRange tokens);

  const AttnDecodeArgs& args_;
  int64_t group_, state_floats_, heads_ = 1;
  int64_t filled_ = 0;  // scales of tokens that are the item's, where all are alike
  std::array<HeadScratch, kMostHeads> memory_;
  int32_t *first_, *last_;
  Run *runs_, next_{};
  std::array<Split, kMostHeads> splits_{};
};

}  // namespace octet::ops::attn_decode
