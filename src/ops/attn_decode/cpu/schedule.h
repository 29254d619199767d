// Who computes which splits: every thread takes an equal share of the tokens of all sequences and
// KV heads, in their order, cut between splits.
//
// An item is some KV heads of a sequence that a thread reads together. How many, no bit depends on.
#pragma once

#include <vector>

#include "octet/status.h"
#include "src/ops/attn_decode/cpu/view.h"

namespace octet::ops::attn_decode {

/// A split of an item. After the last one: that of sequence `batch`.
struct Position {
  int64_t sequence = 0;
  int64_t head = 0;  // the first of the item's
  int64_t split = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
  bool same_item(const Position& other) const {
    return sequence == other.sequence && head == other.head;
  }
};

class Schedule {
 public:
  /// Items of up to `most_heads` KV heads, fewer where threads would have few splits each.
  /// kInvalidArgument for lengths and page ids that are out of range.
  static Result<Schedule> make(const AttnDecodeArgs& args, int64_t split_tokens, int threads,
                               int64_t most_heads);

  /// KV heads of every item but the last ones of sequences, which may have fewer.
  int64_t heads_together() const { return heads_together_; }
  int64_t num_heads(const Position& item) const {
    return std::min(heads_together_, args_->k.heads - item.head);
  }

  /// At least one; of an empty sequence an empty one.
  int64_t num_splits(int64_t sequence) const;
  /// Tokens of a split: those that are seen, between multiples of the split size.
  TokenRange split(int64_t sequence, int64_t split) const;

  /// The split that follows in the order of sequences, items and tokens.
  Position after(const Position& at) const;

  /// The first split of each thread, and behind them the end.
  const std::vector<Position>& begins() const { return begins_; }
  /// Items that threads share, by one of their splits each.
  const std::vector<Position>& shared() const { return shared_; }
  /// Which of them an item is; -1 where one thread has all of its splits.
  int64_t shared_slot(const Position& item) const;

 private:
  int64_t cost(int64_t sequence) const;  // of one KV head
  Position at_cost(int64_t cost) const;
  void set_heads(int64_t most_heads, int threads);
  void set_begins(int threads);

  const AttnDecodeArgs* args_ = nullptr;
  int64_t split_tokens_ = 0, heads_together_ = 1;
  std::vector<int64_t> cost_before_;  // of each sequence, all its KV heads; the last is the total
  std::vector<Position> begins_, shared_;
};

}  // namespace octet::ops::attn_decode
