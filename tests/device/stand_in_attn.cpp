// The kernels of attn_decode as the stand-in runs them: a softmax in double over what a row sees,
// by the addresses that the launch passes. Boxes are checked against them.
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "device/stand_in_state.h"
#include "src/core/formats.h"
#include "src/ops/attn_decode/cuda/params.h"

namespace octet::stand_in {
namespace {

using namespace ops::attn_decode;

constexpr double kLn2 = 0.6931471805599453;

double q_element(const Sm90Params& p, int64_t index) {
  return p.q_f16 ? decode(kF16Format, p.q[index]) : decode_bf16(p.q[index]);
}

struct Scale {
  double scale = 1, shift = 0;
};
Scale scale_at(const CacheParams& c, int64_t block, int64_t token, int64_t head) {
  const int64_t at = block * c.scale_block + token * c.scale_token + head * c.scale_head;
  if (c.packed != nullptr) {
    return {decode(kF16Format, c.packed[at] & 0xffff), decode(kF16Format, c.packed[at] >> 16)};
  }
  return {c.scale == nullptr ? 1 : c.scale[at], c.shift == nullptr ? 0 : c.shift[at]};
}

/// Notes the first fault of a launch.
void note(const Sm90Params& p, int32_t kind, int64_t sequence, int64_t col, int32_t value) {
  if (p.fault == nullptr || p.fault[0] != 0) return;
  p.fault[0] = kind;
  p.fault[1] = static_cast<int32_t>(sequence);
  p.fault[2] = static_cast<int32_t>(col);
  p.fault[3] = value;
}

struct Row {
  const Sm90Params& p;
  int64_t sequence, token, head;
  const float* values;  // of the 256 codes

  int64_t kv_head() const { return head / p.group; }
  int64_t length() const {
    if (p.seqlens == nullptr) return p.most_tokens;
    const int32_t length = p.seqlens[sequence];
    if (length >= 0 && length <= p.most_tokens) return length;
    note(p, 1, sequence, 0, length);
    return 0;
  }
  /// The block of a token, or -1.
  int64_t block_of(int64_t n) const {
    if (p.page_table == nullptr) return sequence;
    const int64_t col = n >> p.page_shift;
    const int32_t block = p.page_table[sequence * p.table_row + col];
    if (block >= 0 && block < p.blocks) return block;
    note(p, 2, sequence, col, block);
    return -1;
  }
  int64_t in_block(int64_t n) const {
    return p.page_table == nullptr ? n : n & ((int64_t{1} << p.page_shift) - 1);
  }
  double element(const CacheParams& c, int64_t block, int64_t n, int64_t d, Scale s) const {
    const int64_t at = block * c.block + in_block(n) * c.token + kv_head() * c.head + d;
    return s.scale * static_cast<double>(values[c.codes[at]]) + s.shift;
  }
  Scale scale_of(const CacheParams& c, int64_t block, int64_t n) const {
    return scale_at(c, block, in_block(n), kv_head());
  }
};

/// In powers of two.
double logit(const Row& r, int64_t block, int64_t n) {
  const Sm90Params& p = r.p;
  const Scale s = r.scale_of(p.k, block, n);
  double dot = 0;
  for (int64_t d = 0; d < p.dim; ++d) {
    const int64_t at = r.sequence * p.q_batch + r.token * p.q_token + r.head * p.q_head + d;
    dot += q_element(p, at) * r.element(p.k, block, n, d, s);
  }
  const double cap = static_cast<double>(p.soft_cap) / kLn2;
  const double x = dot * static_cast<double>(p.softmax_scale);
  return cap > 0 ? cap * std::tanh(x / cap) : x;
}

void store(const Sm90Params& p, int64_t index, double x) {
  const auto value = static_cast<float>(x);
  if (p.out_type == OutType::kF32) {
    static_cast<float*>(p.out)[index] = value;
  } else if (p.out_type == OutType::kBf16) {
    static_cast<uint16_t*>(p.out)[index] = encode_bf16(value);
  } else {
    static_cast<uint16_t*>(p.out)[index] =
        static_cast<uint16_t>(encode(kF16Format, value, Overflow::kSpecial));
  }
}

void attend(const Row& r) {
  const Sm90Params& p = r.p;
  const int64_t last = std::max<int64_t>(r.length() - p.q_tokens + r.token + 1, 0);
  const int64_t first = p.window_left < 0 ? 0 : std::max<int64_t>(last - 1 - p.window_left, 0);
  const double sink = p.sinks == nullptr ? -INFINITY : static_cast<double>(p.sinks[r.head]) / kLn2;
  double most = sink;
  for (int64_t n = first; n < last; ++n) {
    const int64_t block = r.block_of(n);
    if (block >= 0) most = std::max(most, logit(r, block, n));
  }
  double sum = most == -INFINITY ? 0 : std::exp2(sink - most);
  std::vector<double> out(static_cast<size_t>(p.dim));
  for (int64_t n = first; n < last; ++n) {
    const int64_t block = r.block_of(n);
    if (block < 0) continue;
    const double weight = std::exp2(logit(r, block, n) - most);
    const Scale s = r.scale_of(p.v, block, n);
    sum += weight;
    for (int64_t d = 0; d < p.dim; ++d) {
      out[static_cast<size_t>(d)] += weight * r.element(p.v, block, n, d, s);
    }
  }
  const int64_t at = r.sequence * p.out_batch + r.token * p.out_token + r.head * p.out_head;
  for (int64_t d = 0; d < p.dim; ++d) {
    store(p, at + d, sum == 0 ? 0 : out[static_cast<size_t>(d)] / sum);
  }
  if (p.lse == nullptr) return;
  p.lse[(r.sequence * p.q_tokens + r.token) * p.kv_heads * p.group + r.head] =
      static_cast<float>(sum == 0 ? -INFINITY : std::log(sum) + most * kLn2);
}

/// Whether the boxes of a map lie where the addresses of the cache say.
bool fits(const Sm90Params& p, const BoxParams& boxes, const CacheParams& c) {
  const uint64_t* w = boxes.map.words;
  const auto address = [&](int64_t block, int64_t token, int64_t head) {
    return w[kAddress] +
           static_cast<uint64_t>(block * boxes.block_planes + head * boxes.head_plane) *
               w[kPlaneBytes] +
           static_cast<uint64_t>(token) * w[kRowBytes] +
           static_cast<uint64_t>(head * boxes.head_column);
  };
  if (w[kMapMark] != kMark || w[kBoxRows] != static_cast<uint64_t>(p.box_rows)) return false;
  for (const int64_t block : {0, p.blocks - 1}) {
    for (const int64_t head : {0, p.kv_heads - 1}) {
      const int64_t at = block * c.block + 3 * c.token + head * c.head;
      if (address(block, 3, head) != reinterpret_cast<uint64_t>(c.codes + at)) return false;
    }
  }
  return true;
}

}  // namespace

size_t attn_parameter_bytes() { return sizeof(Sm90Params); }

int run_attn(const Launch& launch) {
  Sm90Params p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  if (launch.dependent != static_cast<int>(p.dependent)) return kLaunchFailed;
  const bool boxes = launch.entry.ends_with("_boxes");
  if (boxes && !(fits(p, p.k_boxes, p.k) && fits(p, p.v_boxes, p.v))) return kLaunchFailed;
  std::array<float, 256> values;
  for (uint32_t code = 0; code < 256; ++code) {
    values[code] = decode(p.e5m2 ? kE5m2Format : kE4m3fnFormat, code);
  }
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t t = 0; t < p.q_tokens; ++t) {
      for (int64_t h = 0; h < int64_t{p.kv_heads} * p.group; ++h)
        attend({p, b, t, h, values.data()});
    }
  }
  return kSuccess;
}

}  // namespace octet::stand_in
