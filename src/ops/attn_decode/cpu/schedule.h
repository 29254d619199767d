// Who computes which splits: every thread takes an equal share of the tokens of all sequences and
// KV heads, in their order, cut between splits.
#pragma once

#include <vector>

#include "octet/status.h"
#include "src/ops/attn_decode/cpu/view.h"

namespace octet::ops::attn_decode {

/// A split of a KV head of a sequence. After the last one: that of sequence `batch`.
struct Position {
  int64_t sequence = 0, head = 0, split = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
  bool same_item(const Position& other) const {
    return sequence == other.sequence && head == other.head;
  }
};

class Schedule {
 public:
  /// kInvalidArgument for lengths and page ids that are out of range.
  static Result<Schedule> make(const AttnDecodeArgs& args, int64_t split_tokens, int threads);

  /// At least one; of an empty sequence an empty one.
  int64_t num_splits(int64_t sequence) const;
  /// Tokens of a split: those that are seen, between multiples of the split size.
  TokenRange split(int64_t sequence, int64_t split) const;

  /// The split that follows in the order of sequences, KV heads and tokens.
  Position after(const Position& at) const;

  /// The first split of each thread, and behind them the end.
  const std::vector<Position>& begins() const { return begins_; }
  /// Which piece of memory the splits of an item lie in that threads share: 0 to threads - 2; -1
  /// where one thread has all of them.
  int64_t shared_slot(const Position& item) const;

 private:
  int64_t cost(int64_t sequence) const;  // of one KV head
  Position at_cost(int64_t cost) const;

  const AttnDecodeArgs* args_ = nullptr;
  int64_t split_tokens_ = 0;
  std::vector<int64_t> cost_before_;  // of each sequence, all its KV heads; the last is the total
  std::vector<Position> begins_;
};

}  // namespace octet::ops::attn_decode
