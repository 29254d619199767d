// Operands of attn_decode: what a seed chooses, memory, codes and scales.
#include "src/harness/cases/attn_operands.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/cases/attn_features.h"
#include "src/ops/attn_decode/cpu/view.h"

namespace octet::harness {

namespace attn = ops::attn_decode;
using attn::Problem;
using attn::Scales;

namespace {

const Minifloat& format_of(const Problem& p) {
  return p.kv == DType::kE4m3fn ? kE4m3fnFormat : kE5m2Format;
}

int64_t num_scales(const KvCache& c) {
  if (c.scales.block == KvScaleBlock::kTensor) return 1;
  if (c.scales.block == KvScaleBlock::kHead) return c.heads;
  return c.blocks * c.block_tokens * c.heads;
}

Status allocate_scales(const Problem& p, const AttnFeatures& f, KvCache& cache, AttnCache& memory) {
  const int64_t scales = num_scales(cache);
  if (p.scales == Scales::kTokenShift && f.packed) {
    OCTET_TRY(memory.packed, Buffer::allocate_guarded(scales * 4));
    cache.scales.packed = memory.packed.as<uint32_t>();
    return Status::Ok();
  }
  OCTET_TRY(memory.scale, Buffer::allocate_guarded(scales * 4));
  cache.scales.scale = memory.scale.as<float>();
  if (p.scales != Scales::kTokenShift) return Status::Ok();
  OCTET_TRY(memory.shift, Buffer::allocate_guarded(scales * 4));
  cache.scales.shift = memory.shift.as<float>();
  return Status::Ok();
}

/// q and out, padded alike; lengths, sinks, lse.
Status allocate_rows(AttnOperands& o, const AttnFeatures& f) {
  const Problem& p = o.problem;
  const int64_t rows = p.batch * p.q_tokens * p.q_heads, inner = p.dim + f.pad;
  OCTET_TRY(o.q, Buffer::allocate_guarded(std::max<int64_t>(rows * inner - f.pad, 0) * 2));
  OCTET_TRY(o.out, Buffer::allocate(rows * inner * size_of(p.out) + 2 * kCanaryBytes));
  OCTET_TRY(o.lse, Buffer::allocate(rows * 4 + 2 * kCanaryBytes));
  o.args.q = {o.q.data(), p.q, p.batch, p.q_tokens, p.q_heads, p.dim};
  o.args.out = {o.out.data() + kCanaryBytes, p.out, p.batch, p.q_tokens, p.q_heads, p.dim};
  o.args.q.head_stride = o.args.out.head_stride = inner;
  o.args.lse = reinterpret_cast<float*>(o.lse.data() + kCanaryBytes);
  OCTET_TRY(o.seqlens, Buffer::allocate_guarded(p.batch * 4));
  o.args.seqlens = o.seqlens.as<int32_t>();
  if (!f.sinks) return Status::Ok();
  OCTET_TRY(o.sinks, Buffer::allocate_guarded(p.q_heads * 4));
  o.args.sinks = o.sinks.as<float>();
  return Status::Ok();
}

/// Pages in shuffled order; entries past a sequence's length name none.
Status make_table(AttnOperands& o, const AttnFeatures& f, Random& random) {
  const Problem& p = o.problem;
  const int64_t need = (p.context + f.page - 1) / f.page;
  const int64_t cols = std::max<int64_t>(need + f.extra_pages, 1);
  OCTET_TRY(o.page_table, Buffer::allocate_guarded(p.batch * cols * 4));
  std::vector<int32_t> free(static_cast<size_t>(o.args.k.blocks));
  for (size_t i = 0; i < free.size(); ++i) {
    free[i] = static_cast<int32_t>(i);
    std::swap(free[i], free[static_cast<size_t>(random.below(static_cast<int64_t>(i) + 1))]);
  }
  auto* table = o.page_table.as<int32_t>();
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t col = 0; col < cols; ++col) {
      const bool used = col * f.page < o.seqlens.as<int32_t>()[b];
      table[b * cols + col] = used ? free.back() : -1;
      if (used) free.pop_back();
    }
  }
  o.args.page_table = table;
  o.args.page_table_cols = cols;
  return Status::Ok();
}

void fill_lengths(AttnOperands& o, const AttnFeatures& f, Random& random) {
  const Problem& p = o.problem;
  for (int64_t b = 0; b < p.batch; ++b) {
    const int64_t length = !f.contexts.empty() ? f.contexts[static_cast<size_t>(b)]
                           : f.ragged && b > 0 ? random.below(p.context + 1)
                                               : p.context;
    o.seqlens.as<int32_t>()[b] = static_cast<int32_t>(length);
  }
}

void fill_q(AttnOperands& o, Inputs inputs, Random& random) {
  uint16_t* q = o.q.as<uint16_t>();
  for (int64_t i = 0; i < o.q.bytes() / 2; ++i) {
    const auto value = inputs == Inputs::kExact ? 1.0f : static_cast<float>(2 * random.unit() - 1);
    q[i] = o.problem.q == DType::kBf16 ? encode_bf16(value)
                                       : static_cast<uint16_t>(encode(kF16Format, value));
  }
  for (int64_t h = 0; h < o.sinks.bytes() / 4; ++h) {
    o.sinks.as<float>()[h] =
        inputs == Inputs::kExact ? 0.0f : static_cast<float>(4 * random.unit() - 2);
  }
}

/// Random: of 8 binades, so that with codes of all sizes logits spread over some units. Exact:
/// powers of two.
attn::ScaleShift random_scale(const Problem& p, Inputs inputs, Random& random) {
  if (inputs == Inputs::kExact) return {std::ldexp(1.0f, static_cast<int>(random.below(3))), 0};
  const auto largest = static_cast<double>(decode(format_of(p), format_of(p).max_code()));
  const double size = (1 + random.unit()) * std::ldexp(1.0, -static_cast<int>(random.below(8)));
  const double shift = p.scales == Scales::kTokenShift ? random.unit() - 0.5 : 0;
  const auto scale = static_cast<float>(16 * size / largest);
  // As f16, for packed pairs. e5m2 scales stay above its normal numbers' end: 16 / 57344 / 128.
  return {decode(kF16Format, encode(kF16Format, scale)),
          decode(kF16Format, encode(kF16Format, static_cast<float>(shift)))};
}

void put_scale(const AttnCache& memory, int64_t index, attn::ScaleShift s) {
  if (memory.packed.bytes() > 0) {
    memory.packed.as<uint32_t>()[index] = encode(kF16Format, s.scale) | encode(kF16Format, s.shift)
                                                                            << 16;
  }
  if (memory.scale.bytes() > 0) memory.scale.as<float>()[index] = s.scale;
  if (memory.shift.bytes() > 0) memory.shift.as<float>()[index] = s.shift;
}

/// Exact keys: two of three tokens match (0), the others make logits of -1024 and below.
void fill_exact_key(const Problem& p, int64_t token, uint8_t* codes) {
  const auto far = static_cast<uint8_t>(encode(format_of(p), -256));
  std::fill_n(codes, p.dim, token % 3 == 2 ? far : uint8_t{0});
}

/// Codes and scales of the tokens that sequences have; NaN in all others.
void fill_cache(AttnOperands& o, const KvCache& cache, const AttnCache& memory, Inputs inputs,
                Random& random) {
  const Problem& p = o.problem;
  const CodeChoice choice = code_choice(format_of(p), inputs);
  const bool token_scales = cache.scales.block == KvScaleBlock::kTokenHead;
  const bool keys = &cache == &o.args.k;
  std::fill_n(memory.codes.data(), memory.codes.bytes(), uint8_t{0x7f});
  for (int64_t i = 0; i < num_scales(cache); ++i) {
    put_scale(memory, i,
              token_scales ? attn::ScaleShift{NAN, NAN} : random_scale(p, inputs, random));
  }
  const attn::Steps codes = attn::code_steps(cache), scales = attn::scale_steps(cache);
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t n = 0; n < o.args.seqlens[b]; ++n) {
      const attn::TokenPlace place = attn::place_of(o.args, b, n);
      for (int64_t h = 0; h < p.kv_heads; ++h) {
        uint8_t* to = memory.codes.data() + codes.at(place.block, place.token, h);
        if (keys && inputs == Inputs::kExact) {
          fill_exact_key(p, n + h, to);
        } else {
          fill_codes(random, choice, to, 1, p.dim, p.dim, n);
        }
        if (!token_scales) continue;
        put_scale(memory, scales.at(place.block, place.token, h), random_scale(p, inputs, random));
      }
    }
  }
}

/// NaN: codes in single tokens of keys and of values. Extreme: the same tokens are outliers.
void plant(AttnOperands& o, Inputs inputs, Random& random) {
  const Problem& p = o.problem;
  for (const AttnCache* memory : {&o.k, &o.v}) {
    const KvCache& cache = memory == &o.k ? o.args.k : o.args.v;
    const int64_t b = random.below(p.batch), length = o.args.seqlens[b];
    if (length == 0) continue;
    const attn::TokenPlace place = attn::place_of(o.args, b, random.below(length));
    const int64_t h = random.below(p.kv_heads);
    uint8_t* codes = memory->codes.data() + attn::code_steps(cache).at(place.block, place.token, h);
    if (inputs == Inputs::kNan) codes[random.below(p.dim)] = 0x7f;
    if (inputs != Inputs::kExtreme) continue;
    for (int64_t d = 0; d < p.dim; ++d) {
      codes[d] = static_cast<uint8_t>((codes[d] & 0x80) | format_of(p).max_code());
    }
  }
}

Result<AttnOperands> allocate(const Problem& p, const AttnFeatures& f, Random& random) {
  AttnOperands o;
  o.problem = p;
  o.args.k = o.args.v = cache_of(p, f);
  o.args.max_seqlen = p.context;
  o.args.window_left = f.window, o.args.split_tokens = f.split;
  o.args.soft_cap = f.soft_cap ? 20.0f : 0.0f;
  OCTET_CHECK_OK(allocate_rows(o, f));
  fill_lengths(o, f, random);
  if (p.paged) OCTET_CHECK_OK(make_table(o, f, random));
  OCTET_CHECK_OK(allocate_scales(p, f, o.args.k, o.k));
  OCTET_CHECK_OK(allocate_scales(p, f, o.args.v, o.v));
  return o;
}

}  // namespace

int64_t code_bytes(const KvCache& c) {
  if (c.blocks == 0 || c.block_tokens == 0) return 0;
  return attn::code_steps(c).at(c.blocks - 1, c.block_tokens - 1, c.heads - 1) + c.dim;
}

Result<AttnOperands> make_check_operands(const Problem& p, const CaseOptions& options) {
  uint64_t seed = options.seed;
  for (const int64_t field : attn::to_select(p).field)
    seed = mix(seed, static_cast<uint64_t>(field));
  Random random(mix(seed, attn::to_select(p).format));
  const AttnFeatures f = choose_features(p, options.inputs, random);
  OCTET_TRY(AttnOperands o, allocate(p, f, random));
  o.seed = options.seed;
  OCTET_TRY(o.k.codes, Buffer::allocate_guarded(code_bytes(o.args.k)));
  OCTET_TRY(o.v.codes, Buffer::allocate_guarded(code_bytes(o.args.v)));
  o.args.k.data = o.k.codes.data();
  o.args.v.data = o.v.codes.data();
  fill_q(o, options.inputs, random);
  fill_cache(o, o.args.k, o.k, options.inputs, random);
  fill_cache(o, o.args.v, o.v, options.inputs, random);
  if (p.batch > 0) plant(o, options.inputs, random);
  return o;
}

Result<AttnOperands> make_timing_operands(const Problem& p, const CaseOptions& options) {
  Random random(options.seed);
  OCTET_TRY(const AttnFeatures f, timed_features(p, options.attn));
  OCTET_TRY(AttnOperands o, allocate(p, f, random));
  for (AttnCache* memory : {&o.k, &o.v}) {
    const KvCache& cache = memory == &o.k ? o.args.k : o.args.v;
    for (int64_t i = 0; i < num_scales(cache); ++i) {
      put_scale(*memory, i, random_scale(p, options.inputs, random));
    }
  }
  fill_q(o, options.inputs, random);
  return o;
}

}  // namespace octet::harness
