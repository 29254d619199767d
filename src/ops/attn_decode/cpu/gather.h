// What a kernel reads beside codes, gathered into a thread's scratch memory: rows of q, scales of
// the tokens of a split, where their codes lie, what each row sees.
#pragma once

#include "src/ops/attn_decode/cpu/schedule.h"
#include "src/ops/attn_decode/cpu/split.h"
#include "src/ops/attn_decode/problem.h"

namespace octet::ops::attn_decode {

inline int64_t padded(int64_t count, int64_t to) { return (count + to - 1) / to * to; }

/// Floats of a State, and where its parts lie.
int64_t state_floats(const Problem& p);
State state_at(const Problem& p, float* memory);

/// Bytes of a thread's scratch memory.
int64_t scratch_bytes(const Problem& p);

/// The scratch memory of one thread. A row is a head of a query token: token * group + head, with
/// `group` query heads of a KV head.
class Gather {
 public:
  Gather(const AttnDecodeArgs& args, uint8_t* scratch);

  /// Rows of q of a KV head of a sequence.
  void set_item(const Position& item);
  /// What is read after the next split.
  void set_next(const Position& item, TokenRange tokens);
  /// The tokens of a split of it; the kernel's State is `state`.
  const Split& split(const Position& item, TokenRange tokens, const State& state);

  State folded, part;  // of the item, and of the split that is folded into it

 private:
  /// The tokens from `first` on that lie at equal steps.
  Run run_at(const Position& item, int64_t first, int64_t last) const;
  void set_runs(const Position& item, TokenRange tokens);
  void set_scales(const KvCache& cache, const Position& item, TokenRange tokens, float* scale,
                  float* shift);
  void set_seen(const Position& item, TokenRange tokens);

  const AttnDecodeArgs& args_;
  int64_t group_;
  float *q_, *q_sum_, *k_scale_, *k_shift_, *v_scale_, *v_shift_;
  int32_t *first_, *last_;
  Run* runs_;
  Split split_{};
};

}  // namespace octet::ops::attn_decode
