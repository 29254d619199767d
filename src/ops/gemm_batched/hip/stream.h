// A batch of products for few tokens: weights go from memory to the registers that multiply them.
//
// Method     four waves share k, a step each in turn, two steps on their way ahead; their sums meet
//            in LDS and are added in the order of waves, so the bits do not depend on timing
// Numerics   as multiply.h; one sum of four parts
#pragma once

#include "src/ops/gemm_batched/hip/finish.h"
#include "src/ops/gemm_batched/hip/multiply.h"
#include "src/ops/gemm_batched/hip/rows.h"

namespace octet::ops::gemm_batched::hip {
/// One operand of a tile: kTiles times 16 rows.
struct Operand {
  Rows codes, exponents;
};

/// Where a workgroup's operands lie.
struct Operands {
  Operand weights, tokens;
  Buffer group_scales;
  uint32_t group_step;  // bytes from one group to the next
};

template <Method kMethod, int kBlockM, int kBlockN>
OCTET_DEVICE Operands operands_of(const HipParams& p, const Tile& tile) {
  using At = Step<kMethod>;
  static_assert(At::kWeightBytes == 128 && At::kTokenBytes == 128);
  const auto bytes = static_cast<uint32_t>(p.k * 128 / At::kK);
  const auto blocks = static_cast<uint32_t>(p.k / 32);
  const int32_t n = tile.n * kBlockN, m = tile.m * kBlockM;
  const int64_t groups = (p.k + 127) / 128;
  const float* scales = p.token_scales + (tile.batch * groups * p.m + m);
  return {{code_rows(p.b_rows, tile.batch, n, p.n, kBlockN, bytes),
           exponent_rows(p.b_rows, tile.batch, n, p.n, kBlockN, blocks)},
          {code_rows(p.a_rows, tile.batch, m, p.m, kBlockM, bytes),
           exponent_rows(p.a_rows, tile.batch, m, p.m, kBlockM, blocks)},
          Buffer(scales, (groups * p.m - m) * 4),
          static_cast<uint32_t>(p.m) * 4};
}

/// A step of 16 rows.
struct Part {
  Fragment codes;
  uint32_t scales[2];
};

/// Scales first: whoever waits for them must not wait for codes that came later.
template <Method kMethod, bool kOfTokens>
OCTET_DEVICE void load(const Operands& from, uint32_t first, uint32_t step, Part& part) {
  const Operand& operand = kOfTokens ? from.tokens : from.weights;
  const uint32_t row = first + lane_index() % 16, group = lane_index() / 16;
  if constexpr (kMethod == Method::kGroups && kOfTokens) {
    part.scales[0] = from.group_scales.load32(step * from.group_step + row * 4);
  } else if constexpr (kMethod == Method::kE2m1) {
    OCTET_UNROLL
    for (uint32_t h = 0; h < 2; ++h) {
      part.scales[h] = operand.exponents.load8(row, step * 8 + h * 4 + group);
    }
  }
  OCTET_UNROLL
  for (uint32_t h = 0; h < 2; ++h) {
    part.codes.half[h] = operand.codes.load128(row, step * 128 + h * 64 + group * 16);
  }
}

/// As multiply() takes them.
template <Method kMethod, bool kOfTokens>
OCTET_DEVICE Fragment device_codes(const Fragment& codes) {
  constexpr bool kOcp = kMethod == Method::kE4m3 || (kMethod == Method::kGroups && !kOfTokens);
  if constexpr (!kOcp) return codes;
  return {{device_fp8(codes.half[0]), device_fp8(codes.half[1])}};
}

template <Method kMethod, int kRowTiles, int kTokenTiles>
struct StepOnTheWay {
  Part weights[kRowTiles], tokens[kTokenTiles];

  OCTET_DEVICE void load_from(const Operands& from, uint32_t step) {
    OCTET_UNROLL
    for (uint32_t i = 0; i < kRowTiles; ++i) load<kMethod, false>(from, i * 16, step, weights[i]);
    OCTET_UNROLL
    for (uint32_t j = 0; j < kTokenTiles; ++j) load<kMethod, true>(from, j * 16, step, tokens[j]);
  }
  OCTET_DEVICE void add_to(Sums<kMethod> (&sums)[kRowTiles][kTokenTiles]) const {
    OCTET_UNROLL
    for (int j = 0; j < kTokenTiles; ++j) {
      const Fragment token_codes = device_codes<kMethod, true>(tokens[j].codes);
      OCTET_UNROLL
      for (int i = 0; i < kRowTiles; ++i) {
        multiply<kMethod>(device_codes<kMethod, false>(weights[i].codes), token_codes,
                          scales_of(weights[i]), scales_of(tokens[j]), sums[i][j]);
      }
    }
  }
  static OCTET_DEVICE StepScales scales_of(const Part& part) {
    StepScales scales{};
    scales.words[0] = part.scales[0];
    scales.words[1] = part.scales[1];
    return scales;
  }
};

/// The sums of all waves, in their order, for those that this wave stores: every fourth.
template <Method kMethod, int kRowTiles, int kTokenTiles>
OCTET_DEVICE void finish_waves(const HipParams& p, const Tile& tile,
                               const Sums<kMethod> (&sums)[kRowTiles][kTokenTiles]) {
  constexpr uint32_t kTiles = kRowTiles * kTokenTiles;
  OCTET_SHARED Sums<kMethod> shared[kWaves][kTiles][kWaveLanes];
  const uint32_t wave = wave_index(), lane = lane_index();
  OCTET_UNROLL
  for (uint32_t t = 0; t < kTiles; ++t) {
    shared[wave][t][lane] = sums[t / kTokenTiles][t % kTokenTiles];
  }
  barrier();
  for (uint32_t t = wave; t < kTiles; t += kWaves) {
    Sums<kMethod> all = shared[0][t][lane];
    OCTET_UNROLL
    for (int w = 1; w < kWaves; ++w) all += shared[w][t][lane];
    const uint32_t token = t % kTokenTiles * 16 + lane % 16;
    const uint32_t row = t / kTokenTiles * 16 + lane / 16 * 4;
    finish(p, tile.batch, tile.m * kTokenTiles * 16 + static_cast<int32_t>(token),
           tile.n * kRowTiles * 16 + static_cast<int32_t>(row), Step<kMethod>::kUnit, all);
  }
}

template <Method kMethod, int kBlockM, int kBlockN>
OCTET_DEVICE void run(const HipParams& p) {
  constexpr int kRowTiles = kBlockN / 16, kTokenTiles = kBlockM / 16;
  const Tile tile(p);
  const Operands from = operands_of<kMethod, kBlockM, kBlockN>(p, tile);
  const auto steps = static_cast<uint32_t>((p.k + Step<kMethod>::kK - 1) / Step<kMethod>::kK);
  Sums<kMethod> sums[kRowTiles][kTokenTiles];
  OCTET_UNROLL
  for (auto& of_rows : sums) {
    OCTET_UNROLL
    for (auto& sum : of_rows) sum = Sums<kMethod>{0, 0, 0, 0};
  }
  // Steps behind the last are zeros.
  StepOnTheWay<kMethod, kRowTiles, kTokenTiles> even, odd;
  uint32_t step = wave_index();
  even.load_from(from, step);
  odd.load_from(from, step + kWaves);
  OCTET_NO_UNROLL
  for (; step < steps; step += 2 * kWaves) {
    even.add_to(sums);
    even.load_from(from, step + 2 * kWaves);
    odd.add_to(sums);
    odd.load_from(from, step + 3 * kWaves);
  }
  finish_waves<kMethod>(p, tile, sums);
}

}  // namespace octet::ops::gemm_batched::hip

#define OCTET_STREAM(ARCH, NAME, METHOD, M, N)                                 \
  OCTET_KERNEL(256, 2) octet_##ARCH##_stream_##NAME##_##M##x##N(HipParams p) { \
    run<Method::METHOD, M, N>(p);                                              \
  }
