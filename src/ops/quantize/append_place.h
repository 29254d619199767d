// Where kv_append puts a token: the same on a host and a device.
#pragma once

#include "src/ops/quantize/append_task.h"

namespace octet::ops::quantize {

enum class Fault : int32_t { kNone = 0, kLength = 1, kPage = 2, kSlot = 3 };

/// Words 1 to 3 are those of KvAppendArgs::fault.
struct Found {
  Place place = {-1, 0};
  Fault fault = Fault::kNone;
  int32_t words[3] = {};
};

constexpr Found fault_of(Fault fault, int32_t first, int32_t second, int32_t third) {
  return {{-1, 0}, fault, {first, second, third}};
}

constexpr Found place_of_slot(const AppendTask& t, uint32_t token) {
  const int64_t slot = t.slots[token];
  if (slot == -1) return {};
  if (slot < 0 || slot >= static_cast<int64_t>(t.blocks) * t.block_tokens.divisor) {
    return fault_of(Fault::kSlot, static_cast<int32_t>(token), static_cast<int32_t>(slot >> 32),
                    static_cast<int32_t>(slot));
  }
  const auto at = static_cast<uint32_t>(slot);
  const uint32_t block = t.block_tokens.quotient(at);
  Found found;
  found.place = {static_cast<int32_t>(block),
                 static_cast<int32_t>(at - block * t.block_tokens.divisor)};
  return found;
}

/// The last of `count` numbers from 0 on for which `holds` is true, as it is of all before it.
struct Halving {
  template <class Holds>
  constexpr int32_t operator()(int32_t count, const Holds& holds) const {
    int32_t low = 0, high = count;
    while (high - low > 1) {
      const int32_t middle = low + (high - low) / 2;
      (holds(middle) ? low : high) = middle;
    }
    return low;
  }
};

/// The sequence of a token, and which of its new tokens it is, from behind: 1 is the last, below 1
/// it is of none.
struct NewToken {
  int32_t sequence, from_end;
};
template <class Search>
constexpr NewToken new_token(const AppendTask& t, uint32_t token, const Search& search) {
  if (t.cu_seqlens == nullptr) {
    const uint32_t sequence = t.of_batch.quotient(token);
    return {static_cast<int32_t>(sequence),
            static_cast<int32_t>((sequence + 1) * t.of_batch.divisor - token)};
  }
  const int32_t* begin = t.cu_seqlens;
  const auto at = static_cast<int32_t>(token);
  const int32_t sequence = search(t.sequences, [=](int32_t s) { return begin[s] <= at; });
  return {sequence, begin[sequence + 1] - at};
}

/// `search` finds what Halving does.
template <class Search>
constexpr Found place_of(const AppendTask& t, uint32_t token, const Search& search) {
  if (t.slots != nullptr) return place_of_slot(t, token);
  const NewToken is = new_token(t, token, search);
  if (is.from_end < 1) return {};
  const int32_t length = t.seqlens[is.sequence];
  if (length < 0 || length > t.longest) return fault_of(Fault::kLength, is.sequence, 0, length);
  if (length < is.from_end) return {};
  const auto position = static_cast<uint32_t>(length - is.from_end);
  Found found;
  found.place = {is.sequence, static_cast<int32_t>(position)};
  if (t.page_table == nullptr) return found;
  const uint32_t col = t.block_tokens.quotient(position);
  const int32_t block = t.page_table[is.sequence * t.page_table_stride + col];
  if (block < 0 || block >= t.blocks) {
    return fault_of(Fault::kPage, is.sequence, static_cast<int32_t>(col), block);
  }
  found.place = {block, static_cast<int32_t>(position - col * t.block_tokens.divisor)};
  return found;
}

}  // namespace octet::ops::quantize
