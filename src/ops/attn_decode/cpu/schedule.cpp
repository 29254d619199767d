#include "src/ops/attn_decode/cpu/schedule.h"

#include "src/core/try.h"

namespace octet::ops::attn_decode {
namespace {

constexpr int64_t kSplitCost = 64;   // tokens that take as long as what every split takes
constexpr int64_t kLeastSplits = 8;  // of a thread, of items of several KV heads: for even shares

Status check_pages(const AttnDecodeArgs& args, int64_t sequence, TokenRange seen) {
  const int64_t page = args.k.block_tokens;
  for (int64_t token = seen.first / page * page; token < seen.last; token += page) {
    const int64_t block = place_of(args, sequence, token).block;
    OCTET_REQUIRE(block >= 0 && block < args.k.blocks,
                  "attn_decode: page_table[{}, {}] = {}, must be 0 to {} (k.blocks - 1)", sequence,
                  token / page, block, args.k.blocks - 1);
  }
  return Status::Ok();
}

}  // namespace

Result<Schedule> Schedule::make(const AttnDecodeArgs& args, int64_t split_tokens, int threads,
                                int64_t most_heads) {
  Schedule schedule;
  schedule.args_ = &args;
  schedule.split_tokens_ = split_tokens;
  schedule.cost_before_.reserve(static_cast<size_t>(args.q.batch) + 1);
  int64_t total = 0;
  for (int64_t b = 0; b < args.q.batch; ++b) {
    const int64_t length = length_of(args, b);
    OCTET_REQUIRE(length >= 0 && length <= longest(args),
                  "attn_decode: seqlens[{}] = {}, must be 0 to {} (max_seqlen)", b, length,
                  longest(args));
    if (args.page_table_cols > 0) OCTET_CHECK_OK(check_pages(args, b, visible(args, length)));
    schedule.cost_before_.push_back(total);
    total += args.k.heads * schedule.cost(b);
  }
  schedule.cost_before_.push_back(total);
  schedule.set_heads(most_heads, threads);
  schedule.set_begins(threads);
  return schedule;
}

void Schedule::set_heads(int64_t most_heads, int threads) {
  const int64_t heads = args_->k.heads;
  int64_t splits = 0, groups = 1;
  for (int64_t b = 0; b < args_->q.batch; ++b) splits += num_splits(b);
  for (int64_t most = most_heads; most > 0; most /= 2) {
    groups = (heads + most - 1) / most;
    if (threads == 1 || splits * groups >= kLeastSplits * threads) break;
  }
  heads_together_ = (heads + groups - 1) / groups;
}

void Schedule::set_begins(int threads) {
  for (int thread = 0; thread < threads; ++thread) {
    const Position begin = at_cost(cost_before_.back() / threads * thread);
    begins_.push_back(begin);
    if (begin.split == 0 || (!shared_.empty() && shared_.back().same_item(begin))) continue;
    shared_.push_back(begin);
  }
  begins_.push_back({args_->q.batch, 0, 0});
}

int64_t Schedule::num_splits(int64_t sequence) const {
  const TokenRange seen = visible(*args_, length_of(*args_, sequence));
  const int64_t end = (seen.last + split_tokens_ - 1) / split_tokens_;
  return std::max<int64_t>(end - seen.first / split_tokens_, 1);
}

TokenRange Schedule::split(int64_t sequence, int64_t split) const {
  const TokenRange seen = visible(*args_, length_of(*args_, sequence));
  const int64_t begin = (seen.first / split_tokens_ + split) * split_tokens_;
  return {std::max(seen.first, begin), std::min(seen.last, begin + split_tokens_)};
}

Position Schedule::after(const Position& at) const {
  if (at.split + 1 < num_splits(at.sequence)) return {at.sequence, at.head, at.split + 1};
  const int64_t head = at.head + heads_together_;
  if (head < args_->k.heads) return {at.sequence, head, 0};
  return {at.sequence + 1, 0, 0};
}

int64_t Schedule::cost(int64_t sequence) const {
  return visible(*args_, length_of(*args_, sequence)).count() + kSplitCost * num_splits(sequence);
}

Position Schedule::at_cost(int64_t target) const {
  const auto after = std::upper_bound(cost_before_.begin(), cost_before_.end(), target);
  const int64_t sequence = after - cost_before_.begin() - 1;
  const int64_t left = target - cost_before_[static_cast<size_t>(sequence)];
  const int64_t head_cost = cost(sequence), splits = num_splits(sequence);
  Position at{sequence, left / head_cost / heads_together_ * heads_together_, 0};
  at.split = (left - at.head * head_cost) * splits / (num_heads(at) * head_cost);
  return at;
}

int64_t Schedule::shared_slot(const Position& item) const {
  const auto found = std::find_if(shared_.begin(), shared_.end(),
                                  [&](const Position& at) { return at.same_item(item); });
  return found == shared_.end() ? -1 : found - shared_.begin();
}

}  // namespace octet::ops::attn_decode
