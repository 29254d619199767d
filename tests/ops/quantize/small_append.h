// Calls of kv_append for tests, and what they must leave in the caches: every row by plain loops
// over the codecs, every other byte as it was.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "ops/quantize/plain_row.h"

namespace octet::testing_append {

/// How a call says where tokens go.
enum class By { kSlots, kLengths, kRagged };

struct Shape {
  By by = By::kSlots;
  std::vector<int64_t> fresh{1};          // new tokens of each sequence; kLengths: as many of each
  std::vector<int64_t> lengths{};         // with them; empty: as many as are new
  int64_t heads = 1, dim = 64, page = 0;  // page 0: contiguous
  KvLayout layout = KvLayout::kNhd;
  int64_t pad = 0;  // elements between heads and tokens of x, codes and scales
  DType x = DType::kBf16, kv = DType::kE4m3fn;
  Form k_form = Form::kNone, v_form = Form::kNone;
};

/// A cache between canaries, and the same in words that a test compares.
struct TestCache {
  static constexpr uint8_t kCanary = 0x55;
  std::vector<uint8_t> codes;
  std::vector<float> scale, shift;
  std::vector<uint32_t> packed;
  MutableKvCache cache;

  bool operator==(const TestCache& o) const {
    const auto same = [](const auto& a, const auto& b) {
      return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * 4) == 0;
    };
    return codes == o.codes && same(scale, o.scale) && same(shift, o.shift) && packed == o.packed;
  }
  /// After a copy: at its own memory.
  void point(Form form) {
    cache.data = codes.data();
    BasicKvScales<void>& s = cache.scales;
    s.scale = form == Form::kNone || form == Form::kPacked ? nullptr : scale.data();
    s.shift = form == Form::kTokenShift ? shift.data() : nullptr;
    s.packed = form == Form::kPacked ? packed.data() : nullptr;
  }
};

class SmallAppend {
 public:
  explicit SmallAppend(const Shape& shape, uint32_t seed = 1) : s(shape), random_(seed) {
    if (s.lengths.empty()) s.lengths = s.fresh;
    sequences = static_cast<int64_t>(s.fresh.size());
    cu_seqlens.push_back(0);
    for (size_t b = 0; b < s.fresh.size(); ++b) {
      cu_seqlens.push_back(cu_seqlens.back() + static_cast<int32_t>(s.fresh[b]));
      seqlens.push_back(static_cast<int32_t>(s.lengths[b]));
      most_ = std::max(most_, s.lengths[b]);
    }
    tokens = cu_seqlens.back();
    make_table();
    make_rows(args.k, x[0]);
    make_rows(args.v, x[1]);
    make_cache(k, s.k_form);
    make_cache(v, s.v_form);
    make_places();
    point();
  }
  SmallAppend(const SmallAppend&) = delete;

  /// args at this object's caches.
  void point() {
    k.point(s.k_form);
    v.point(s.v_form);
    args.k_cache = k.cache;
    args.v_cache = v.cache;
  }
  float value(int side, int64_t token, int64_t head, int64_t d) const {
    const int64_t at = x_at(token, head) + d;
    const uint8_t* from = x[side].data() + at * size_of(s.x);
    float wide;
    uint16_t code;
    std::memcpy(&wide, from, s.x == DType::kF32 ? 4 : 2);
    std::memcpy(&code, from, 2);
    if (s.x == DType::kF32) return wide;
    return s.x == DType::kBf16 ? decode_bf16(code) : decode(kF16Format, code);
  }
  void set(int side, int64_t token, int64_t head, int64_t d, float to) {
    uint8_t* at = x[side].data() + (x_at(token, head) + d) * size_of(s.x);
    const auto half = static_cast<uint16_t>(encode(kF16Format, to, Overflow::kSpecial));
    const uint16_t code = s.x == DType::kBf16 ? encode_bf16(to) : half;
    s.x == DType::kF32 ? std::memcpy(at, &to, 4) : std::memcpy(at, &code, 2);
  }
  PlainRow plain(int side, int64_t token, int64_t head) const {
    std::vector<float> row;
    for (int64_t d = 0; d < s.dim; ++d) row.push_back(value(side, token, head, d));
    const TestCache& c = side == 0 ? k : v;
    const Form form = side == 0 ? s.k_form : s.v_form;
    const bool given = form == Form::kTensor || form == Form::kHead;
    const size_t at = form == Form::kHead ? static_cast<size_t>(head) : 0;
    return plain_row(row, s.kv, form, given ? c.scale[at] : 1);
  }
  /// What a call must make of the cache of keys (0) or values (1).
  TestCache expected(int side) const {
    const Form form = side == 0 ? s.k_form : s.v_form;
    TestCache made = side == 0 ? k : v;
    for (int64_t token = 0; token < tokens; ++token) {
      const int64_t slot = slots[static_cast<size_t>(token)];
      for (int64_t head = 0; slot >= 0 && head < s.heads; ++head) {
        const PlainRow row = plain(side, token, head);
        const int64_t block = slot / block_tokens, in = slot % block_tokens;
        std::copy(row.codes.begin(), row.codes.end(),
                  made.codes.begin() + at(block, in, head, s.dim + s.pad));
        const auto own = static_cast<size_t>(at(block, in, head, 1 + s.pad));
        if (form == Form::kToken || form == Form::kTokenShift) made.scale[own] = row.scale;
        if (form == Form::kTokenShift) made.shift[own] = row.shift;
        if (form != Form::kPacked) continue;
        made.packed[own] = encode(kF16Format, row.scale) | encode(kF16Format, row.shift) << 16;
      }
    }
    made.point(form);
    return made;
  }
  int64_t at(int64_t block, int64_t token, int64_t head, int64_t width) const {
    const bool nhd = s.layout == KvLayout::kNhd;
    return block * (block_tokens * s.heads * width + s.pad) +
           (nhd ? token * s.heads + head : head * block_tokens + token) * width;
  }

  Shape s;
  int64_t sequences = 0, tokens = 0, blocks = 0, block_tokens = 0;
  std::vector<int32_t> seqlens, cu_seqlens, table;
  std::vector<int64_t> slots;  // of all tokens, however the call says it
  std::vector<uint8_t> x[2];
  TestCache k, v;
  KvAppendArgs args;

 private:
  int64_t x_at(int64_t token, int64_t head) const {
    return (token * s.heads + head) * (s.dim + s.pad) + token * s.pad;
  }

  /// Signed values of many binades around a mean of the row, some zero; rows of zeros, of the
  /// largest numbers, with infinities and NaN.
  void make_rows(ConstHeads& heads, std::vector<uint8_t>& memory) {
    const int side = &memory == x + 1;
    const int64_t head = s.dim + s.pad, token = s.heads * head + s.pad;
    memory.assign(static_cast<size_t>((tokens + 1) * token * size_of(s.x)), 0xff);
    heads = {memory.data(), s.x, 1, tokens, s.heads, s.dim, tokens * token, token, head};
    if (s.by == By::kLengths) {
      heads.batch = sequences;
      heads.tokens = s.fresh[0];
      heads.batch_stride = s.fresh[0] * token;
    }
    for (int64_t t = 0; t < tokens; ++t) {
      for (int64_t h = 0; h < s.heads; ++h) fill_row(side, t, h);
    }
  }
  void fill_row(int side, int64_t token, int64_t head) {
    const auto kind = random_() % 16;
    const int binade = static_cast<int>(random_() % 24) - 14;
    const float mean = random_() % 2 ? std::ldexp(37.0f, binade) : 0;
    const float huge = s.x == DType::kF16 ? 65504.0f : s.x == DType::kF32 ? kMostFloat : 3.38e38f;
    for (int64_t d = 0; d < s.dim; ++d) {
      const int down = static_cast<int>(random_() % 12);
      float to = std::ldexp(static_cast<float>(16 + random_() % 16), binade - down);
      to = mean + (random_() % 2 ? -to : to);
      if (random_() % 16 == 0) to = random_() % 2 ? 0.0f : -0.0f;
      if (kind == 0) to = 0;
      if (kind == 1) to = mean == 0 && random_() % 2 ? -huge / 3 : huge;
      if (kind == 2) to = std::ldexp(static_cast<float>(random_() % 64), -149);
      if (kind == 3 && random_() % 8 == 0) to = random_() % 2 ? NAN : INFINITY;
      set(side, token, head, d, random_() % 2 && kind != 1 ? -to : to);
    }
  }

  void make_table() {
    const int64_t cols = s.page == 0 ? 1 : (most_ + s.page - 1) / s.page + 1;
    block_tokens = s.page == 0 ? most_ + 3 : s.page;
    blocks = s.page == 0 ? sequences : sequences * cols + 3;
    std::vector<int32_t> ids;
    for (int32_t id = 0; id < blocks; ++id) ids.push_back(id);
    if (s.page > 0) std::shuffle(ids.begin(), ids.end(), random_);
    table.assign(ids.begin(), ids.begin() + sequences * cols);
    if (s.by == By::kSlots || s.page == 0) return;
    args.page_table = table.data();
    args.page_table_cols = cols;
  }
  void make_places() {
    const int64_t cols = static_cast<int64_t>(table.size()) / std::max<int64_t>(sequences, 1);
    for (int64_t b = 0; b < sequences; ++b) {
      const auto at = static_cast<size_t>(b);
      for (int64_t j = 0; j < s.fresh[at]; ++j) {
        const int64_t position = s.lengths[at] - s.fresh[at] + j;
        const int64_t col = s.page == 0 ? 0 : position / s.page;
        const int64_t in = s.page == 0 ? position : position % s.page;
        const int64_t block = position < 0 ? 0 : table[static_cast<size_t>(b * cols + col)];
        const bool skipped = position < 0 || (s.by == By::kSlots && random_() % 8 == 0);
        slots.push_back(skipped ? -1 : block * block_tokens + in);
      }
    }
    if (s.by == By::kSlots) {
      args.slots = slots.data();
      return;
    }
    args.seqlens = seqlens.data();
    if (s.by == By::kLengths) return;
    args.cu_seqlens = cu_seqlens.data();
    args.sequences = sequences;
  }

  void make_cache(TestCache& c, Form form) {
    MutableKvCache& cache = c.cache;
    cache.dtype = s.kv, cache.layout = s.layout;
    cache.blocks = blocks, cache.block_tokens = block_tokens;
    cache.heads = s.heads, cache.dim = s.dim;
    const auto places = static_cast<size_t>(at(blocks, 0, 0, 1 + s.pad)) + 4;
    c.codes.assign(static_cast<size_t>(at(blocks, 0, 0, s.dim + s.pad)) + 16, TestCache::kCanary);
    c.scale.assign(places, -7);
    c.shift.assign(places, -9);
    c.packed.assign(places, 0x55555555);
    if (form != Form::kNone) {
      cache.scales.block = form == Form::kTensor ? KvScaleBlock::kTensor
                           : form == Form::kHead ? KvScaleBlock::kHead
                                                 : KvScaleBlock::kTokenHead;
    }
    for (int64_t h = 0; (form == Form::kTensor || form == Form::kHead) && h < s.heads; ++h) {
      c.scale.resize(std::max(places, static_cast<size_t>(s.heads) + 4), -7);
      c.scale[static_cast<size_t>(h)] = std::ldexp(1.3f, static_cast<int>(h * 5 % 13) - 6);
    }
    if (s.pad == 0) return;
    const auto strides = [&](auto& to, int64_t width) {
      to.block_stride = at(1, 0, 0, width);
      to.token_stride = at(0, 1, 0, width);
      to.head_stride = at(0, 0, 1, width);
    };
    strides(cache, s.dim + s.pad);
    if (form >= Form::kToken) strides(cache.scales, 1 + s.pad);
  }

  std::minstd_rand random_;
  int64_t most_ = 0;
};

}  // namespace octet::testing_append
