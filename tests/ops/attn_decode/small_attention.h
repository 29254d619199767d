// Small attentions: operands kept as plain arrays by (sequence, token, head), laid out in a cache
// of any form whose unused parts are NaN, and the softmax over a whole row in double.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "octet/attn_decode.h"
#include "src/core/formats.h"
#include "src/harness/random.h"
#include "src/ops/attn_decode/op.h"
#include "src/select/choose.h"

namespace octet::ops::attn_decode {

enum class ScaleForm { kNone, kTensor, kHead, kToken, kTokenShift, kPacked };

struct Shape {
  std::vector<int64_t> lengths{1};
  int64_t q_tokens = 1, hq = 1, hkv = 1, dim = 64;
  DType kv = DType::kE4m3fn, q = DType::kBf16, out = DType::kF32;
  KvLayout layout = KvLayout::kNhd;
  int64_t page = 0;         // 0: contiguous
  int64_t extra_pages = 0;  // columns of the table beyond need
  int64_t pad = 0;          // elements between heads, tokens and blocks
  ScaleForm k_scales = ScaleForm::kNone, v_scales = ScaleForm::kNone;
  int64_t window = -1, split = 0;
  float cap = 0, scale = 0;
  bool sinks = false;
  double q_size = 1;
  uint64_t seed = 1;
};

inline float f16_round(double value) {
  return decode(kF16Format, encode(kF16Format, static_cast<float>(value)));
}

/// Keys or values of every sequence, token and head, and a cache that holds them.
struct TestCache {
  int64_t most = 0, heads = 0, dim = 0;
  std::vector<uint8_t> codes;       // (sequence, token, head, dim)
  std::vector<float> scale, shift;  // (sequence, token, head)

  std::vector<uint8_t> memory;
  std::vector<float> scale_memory, shift_memory;
  std::vector<uint32_t> packed_memory;

  size_t at(int64_t b, int64_t n, int64_t h) const {
    return static_cast<size_t>((b * most + n) * heads + h);
  }
};

class SmallAttention {
 public:
  explicit SmallAttention(const Shape& shape) : s(shape), random_(shape.seed) {
    batch = static_cast<int64_t>(s.lengths.size());
    most_ = std::max<int64_t>(1, *std::max_element(s.lengths.begin(), s.lengths.end()));
    for (const int64_t length : s.lengths) seqlens.push_back(static_cast<int32_t>(length));
    make_q();
    make_table();
    args.k = make_cache(k, s.k_scales);
    args.v = make_cache(v, s.v_scales);
    args.seqlens = seqlens.data();
    args.softmax_scale = s.scale, args.soft_cap = s.cap, args.window_left = s.window;
    args.split_tokens = s.split;
    for (int64_t h = 0; s.sinks && h < s.hq; ++h) {
      sinks.push_back(static_cast<float>(2 * random_.unit() - 1));
    }
    args.sinks = s.sinks ? sinks.data() : nullptr;
    make_out();
  }
  SmallAttention(const SmallAttention&) = delete;

  /// out of all rows, (sequence, token, head, dim), then lse.
  std::vector<float> run(const std::string& variant, int threads = 2) {
    Stream stream = Stream::cpu(threads).value();
    std::fill(out.begin(), out.end(), uint8_t{0xff});
    std::fill(lse.begin(), lse.end(), NAN);
    const Status status = octet::attn_decode(args, stream, {variant});
    EXPECT_TRUE(status.ok()) << status.message();
    std::vector<float> result;
    for (int64_t i = 0; i < rows() * s.dim; ++i) result.push_back(out_element(i));
    result.insert(result.end(), lse.begin(), lse.end());
    return result;
  }

  int64_t rows() const { return batch * s.q_tokens * s.hq; }

  struct Row {
    std::vector<double> out;
    double lse = 0, tolerance = 0;  // of float32 results
  };

  /// Softmax over all that query token j of head h of sequence b sees.
  Row plain(int64_t b, int64_t j, int64_t h) const {
    const int64_t kv_head = h / (s.hq / s.hkv);
    const int64_t position = s.lengths[static_cast<size_t>(b)] - s.q_tokens + j;
    const int64_t begin = s.window < 0 ? 0 : std::max<int64_t>(0, position - s.window);
    std::vector<double> logits;
    double sum = s.sinks ? std::exp(static_cast<double>(sinks[static_cast<size_t>(h)])) : 0;
    double largest = 0, size = 0;
    for (int64_t n = begin; n <= position; ++n) {
      logits.push_back(logit(b, j, h, n, kv_head));
      largest = std::max(largest, std::fabs(logits.back()));
      sum += std::exp(logits.back());
    }
    Row row;
    row.out.assign(static_cast<size_t>(s.dim), 0.0);
    for (int64_t n = begin; n <= position; ++n) {
      for (int64_t d = 0; d < s.dim; ++d) {
        const double value = element(v, b, n, kv_head, d);
        size = std::max(size, std::fabs(value));
        row.out[static_cast<size_t>(d)] +=
            std::exp(logits[static_cast<size_t>(n - begin)]) / sum * value;
      }
    }
    row.lse = std::log(sum);
    row.tolerance = 1e-5 * (1 + largest) * size;
    return row;
  }

  double element(const TestCache& c, int64_t b, int64_t n, int64_t h, int64_t d) const {
    const size_t at = c.at(b, n, h);
    const Minifloat& format = s.kv == DType::kE4m3fn ? kE4m3fnFormat : kE5m2Format;
    const double code =
        decode(format, c.codes[at * static_cast<size_t>(c.dim) + static_cast<size_t>(d)]);
    return code * static_cast<double>(c.scale[at]) + static_cast<double>(c.shift[at]);
  }

  float out_element(int64_t i) const {
    if (s.out == DType::kF32) return reinterpret_cast<const float*>(out.data())[i];
    const uint16_t bits = reinterpret_cast<const uint16_t*>(out.data())[i];
    return s.out == DType::kBf16 ? decode_bf16(bits) : decode(kF16Format, bits);
  }

  Shape s;
  int64_t batch = 0;
  TestCache k, v;
  std::vector<float> q;  // (sequence, token, head, dim)
  std::vector<uint16_t> q_memory;
  std::vector<int32_t> seqlens, table;
  std::vector<float> sinks, lse;
  std::vector<uint8_t> out;
  AttnDecodeArgs args;

 private:
  double logit(int64_t b, int64_t j, int64_t h, int64_t n, int64_t kv_head) const {
    double dot = 0;
    const int64_t row = (b * s.q_tokens + j) * s.hq + h;
    for (int64_t d = 0; d < s.dim; ++d) {
      dot += static_cast<double>(q[static_cast<size_t>(row * s.dim + d)]) *
             element(k, b, n, kv_head, d);
    }
    const double plain_scale = 1 / std::sqrt(static_cast<double>(s.dim));
    const double logit = dot * (s.scale > 0 ? static_cast<double>(s.scale) : plain_scale);
    const double cap = static_cast<double>(s.cap);
    return cap > 0 ? cap * std::tanh(logit / cap) : logit;
  }

  void make_q() {
    for (int64_t i = 0; i < rows() * s.dim; ++i) {
      const auto value = static_cast<float>(s.q_size * (2 * random_.unit() - 1));
      const auto bits = s.q == DType::kBf16 ? encode_bf16(value)
                                            : static_cast<uint16_t>(encode(kF16Format, value));
      q_memory.push_back(bits);
      q.push_back(s.q == DType::kBf16 ? decode_bf16(bits) : decode(kF16Format, bits));
    }
    args.q = {q_memory.data(), s.q, batch, s.q_tokens, s.hq, s.dim};
  }

  /// Pages in a shuffled order, of a pool with some to spare; unused entries are no page.
  void make_table() {
    if (s.page == 0) return;
    cols_ = (most_ + s.page - 1) / s.page + s.extra_pages;
    pool_ = batch * cols_ + 3;
    std::vector<int32_t> free;
    for (int64_t i = 0; i < pool_; ++i) free.push_back(static_cast<int32_t>(i));
    for (size_t i = free.size() - 1; i > 0; --i) {
      std::swap(free[i], free[static_cast<size_t>(random_.below(static_cast<int64_t>(i) + 1))]);
    }
    for (const int64_t length : s.lengths) {
      for (int64_t col = 0; col < cols_; ++col) {
        const bool used = col * s.page < length;
        table.push_back(used ? free.back() : 1 << 30);
        if (used) free.pop_back();
      }
    }
    args.page_table = table.data();
    args.page_table_cols = cols_;
    args.max_seqlen = most_;
  }

  void fill(TestCache& c, ScaleForm form) {
    const int64_t count = batch * most_ * s.hkv;
    const float whole = form == ScaleForm::kNone ? 1 : 0.37f;
    std::vector<float> of_head;
    for (int64_t h = 0; h < s.hkv; ++h) of_head.push_back(0.2f + 0.3f * static_cast<float>(h % 5));
    for (int64_t i = 0; i < count; ++i) {
      const bool token = form >= ScaleForm::kToken, shifted = form >= ScaleForm::kTokenShift;
      const float scale = f16_round(0.1 + random_.unit()), shift = f16_round(random_.unit() - 0.5);
      c.scale.push_back(token                      ? scale
                        : form == ScaleForm::kHead ? of_head[static_cast<size_t>(i % s.hkv)]
                                                   : whole);
      c.shift.push_back(shifted ? shift : 0);
      for (int64_t d = 0; d < s.dim; ++d) {  // of magnitudes up to 3.75, or 3.5
        const uint8_t most = s.kv == DType::kE4m3fn ? 0x47 : 0x43;
        const auto code =
            static_cast<uint8_t>(random_.below(most + 1) | (random_.next() >> 63 << 7));
        c.codes.push_back(code);
      }
    }
  }

  KvCache make_cache(TestCache& c, ScaleForm form) {
    c.most = most_, c.heads = s.hkv, c.dim = s.dim;
    fill(c, form);
    KvCache cache;
    cache.dtype = s.kv, cache.layout = s.layout;
    cache.blocks = s.page == 0 ? batch : pool_;
    cache.block_tokens = s.page == 0 ? most_ + 3 : s.page;
    cache.heads = s.hkv, cache.dim = s.dim;
    const bool nhd = s.layout == KvLayout::kNhd;
    const int64_t inner = s.dim + s.pad;
    const int64_t head = nhd ? inner : cache.block_tokens * inner;
    const int64_t token = nhd ? s.hkv * inner : inner;
    const int64_t block = cache.block_tokens * s.hkv * inner + s.pad;
    if (s.pad > 0) {
      cache.head_stride = head, cache.token_stride = token, cache.block_stride = block;
    }
    const uint8_t nan = s.kv == DType::kE4m3fn ? 0x7f : 0x7e;
    c.memory.assign(static_cast<size_t>(cache.blocks * block), nan);
    const auto places = static_cast<size_t>(cache.blocks * cache.block_tokens * s.hkv);
    c.scale_memory.assign(places, NAN);
    c.shift_memory.assign(places, NAN);
    c.packed_memory.assign(places, 0x7e007e00);
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t n = 0; n < s.lengths[static_cast<size_t>(b)]; ++n) {
        for (int64_t h = 0; h < s.hkv; ++h) {
          const int64_t in = s.page == 0 ? b : table[static_cast<size_t>(b * cols_ + n / s.page)];
          const int64_t t = s.page == 0 ? n : n % s.page;
          const size_t from = c.at(b, n, h);
          std::copy_n(c.codes.begin() + static_cast<int64_t>(from) * s.dim, s.dim,
                      c.memory.begin() + in * block + t * token + h * head);
          const auto to = static_cast<size_t>(in * cache.block_tokens * s.hkv +
                                              (nhd ? t * s.hkv + h : h * cache.block_tokens + t));
          c.scale_memory[to] = c.scale[from];
          c.shift_memory[to] = c.shift[from];
          c.packed_memory[to] =
              encode(kF16Format, c.scale[from]) | encode(kF16Format, c.shift[from]) << 16;
        }
      }
    }
    cache.data = c.memory.data();
    cache.scales = scales_of(c, form);
    return cache;
  }

  KvScales scales_of(TestCache& c, ScaleForm form) {
    KvScales scales;
    if (form == ScaleForm::kNone) return scales;
    if (form == ScaleForm::kTensor || form == ScaleForm::kHead) {
      scales.block = form == ScaleForm::kHead ? KvScaleBlock::kHead : KvScaleBlock::kTensor;
      for (int64_t h = 0; h < s.hkv; ++h)
        c.shift_memory[static_cast<size_t>(h)] = c.scale[c.at(0, 0, h)];
      scales.scale = c.shift_memory.data();
      return scales;
    }
    scales.block = KvScaleBlock::kTokenHead;
    if (form == ScaleForm::kPacked) {
      scales.packed = c.packed_memory.data();
      return scales;
    }
    scales.scale = c.scale_memory.data();
    if (form == ScaleForm::kTokenShift) scales.shift = c.shift_memory.data();
    return scales;
  }

  void make_out() {
    out.resize(static_cast<size_t>(rows() * s.dim * size_of(s.out)));
    lse.resize(static_cast<size_t>(rows()));
    args.out = {out.data(), s.out, batch, s.q_tokens, s.hq, s.dim};
    args.lse = lse.data();
  }

  harness::Random random_;
  int64_t most_ = 0, cols_ = 0, pool_ = 0;
};

/// Variants that run on this machine.
inline std::vector<std::string> runnable_variants() {
  const Device device = cpu_device().value();
  std::vector<std::string> names;
  for (const select::Variant& variant : variants()) {
    if (variant.built && arch_runs(device.arch, variant.arch)) names.push_back(variant.name);
  }
  return names;
}

/// Every row of the last run against the plain softmax.
inline void expect_plain_results(const SmallAttention& a, const std::string& what) {
  const double unit = a.s.out == DType::kF32 ? 0 : a.s.out == DType::kBf16 ? 0x1p-8 : 0x1p-11;
  int64_t row = 0;
  for (int64_t b = 0; b < a.batch; ++b) {
    for (int64_t j = 0; j < a.s.q_tokens; ++j) {
      for (int64_t h = 0; h < a.s.hq; ++h, ++row) {
        const SmallAttention::Row want = a.plain(b, j, h);
        for (int64_t d = 0; d < a.s.dim; ++d) {
          const double exact = want.out[static_cast<size_t>(d)];
          ASSERT_NEAR(a.out_element(row * a.s.dim + d), exact,
                      want.tolerance + unit * std::fabs(exact))
              << what << " sequence " << b << " token " << j << " head " << h << " dim " << d;
        }
        const float lse = a.lse[static_cast<size_t>(row)];
        if (std::isinf(want.lse)) {
          ASSERT_EQ(lse, -INFINITY) << what;
        } else {
          ASSERT_NEAR(lse, want.lse, 1e-5 * (1 + std::fabs(want.lse))) << what;
        }
      }
    }
  }
}

inline void expect_plain(SmallAttention& a, const std::string& variant, int threads = 2) {
  (void)a.run(variant, threads);
  expect_plain_results(a, variant);
}

inline void expect_plain_on_all(const Shape& shape) {
  SmallAttention attention(shape);
  const Device device = cpu_device().value();
  const select::Problem problem = to_select(problem_of(attention.args));
  for (const std::string& variant : runnable_variants()) {
    if (select::can_run(op(), op().find(variant), problem, device, true).ok) {
      expect_plain(attention, variant);
    }
  }
}

}  // namespace octet::ops::attn_decode
