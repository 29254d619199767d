// A batch of products by tiles that a workgroup stages in LDS: for many tokens, and for codes that
// must become others on their way.
//
// Method     the next step is on its way to registers while this one is multiplied; weights are the
//            rows of the matrix instruction, so that a lane has four neighbouring results
// Numerics   as multiply.h
// Emits      v_mfma_f32_16x16x16_bf16@gfx942 v_mfma_f32_16x16x32_fp8_fp8@gfx942
//            v_mfma_i32_16x16x32_i8@gfx942 v_mfma_f32_16x16x32_bf16@gfx950
//            v_mfma_f32_16x16x128_f8f6f4@gfx950 v_mfma_i32_16x16x64_i8@gfx950
//            v_mfma_scale_f32_16x16x128_f8f6f4@gfx950 v_perm_b32 buffer_load_dwordx4
//            ds_write_b128 ds_read_b128
#include <type_traits>

#include "src/ops/gemm_batched/hip/finish.h"
#include "src/ops/gemm_batched/hip/staging.h"

namespace octet::ops::gemm_batched::hip {
namespace {

/// What a method needs in LDS besides rows.
template <int kBlockM>
struct GroupScales {
  float group_scales[kBlockM];
};
/// A mark for each row with an exponent that is NaN, where the product does not see it.
template <int kBlockM, int kBlockN>
struct NanMarks {
  uint8_t nan_weights[kBlockN], nan_tokens[kBlockM];
};
struct Nothing {};
template <Method kMethod, int kBlockM, int kBlockN>
using Extras = std::conditional_t<
    kMethod == Method::kGroups, GroupScales<kBlockM>,
    std::conditional_t<Step<kMethod>::kWidensBoth, NanMarks<kBlockM, kBlockN>, Nothing>>;

/// The workgroup's memory.
template <Method kMethod, int kBlockM, int kBlockN>
struct Shared : Extras<kMethod, kBlockM, kBlockN> {
  SharedRows<kBlockN, Step<kMethod>::kWeightExponents> weights;
  SharedRows<kBlockM, Step<kMethod>::kBlocks> tokens;
};

template <Method kMethod, int kBlockM, int kBlockN>
struct OnTheWay {
  using At = Step<kMethod>;
  ExponentsOnTheWay<kBlockN, At::kBlocks> weight_exponents;
  ExponentsOnTheWay<kBlockM, At::kBlocks> token_exponents;
  float group_scale;
  std::conditional_t<At::kWide, BlocksOnTheWay<kBlockN, At::kWeightBytes>,
                     CodesOnTheWay<kBlockN, At::kWeightBytes>>
      weights;
  CodesOnTheWay<kBlockM, At::kTokenBytes> tokens;
};

/// Where a workgroup's operands lie.
struct Operands {
  Rows weights, weight_exponents, tokens, token_exponents;
  Buffer group_scales;
  uint32_t group_step;  // bytes from one group to the next
};

template <Method kMethod, int kBlockM, int kBlockN>
OCTET_DEVICE Operands operands_of(const HipParams& p, const Tile& tile) {
  using At = Step<kMethod>;
  const auto bytes = [&](int of_step) { return static_cast<uint32_t>(p.k * of_step / At::kK); };
  const auto blocks = static_cast<uint32_t>(p.k / 32);
  const int32_t n = tile.n * kBlockN, m = tile.m * kBlockM;
  const int64_t groups = (p.k + 127) / 128;
  const float* scales = p.token_scales + (tile.batch * groups * p.m + m);
  return {code_rows(p.b_rows, tile.batch, n, p.n, kBlockN, bytes(At::kWeightBytes)),
          exponent_rows(p.b_rows, tile.batch, n, p.n, kBlockN, blocks),
          code_rows(p.a_rows, tile.batch, m, p.m, kBlockM, bytes(At::kTokenBytes)),
          exponent_rows(p.a_rows, tile.batch, m, p.m, kBlockM, blocks),
          Buffer(scales, (groups * p.m - m) * 4),
          static_cast<uint32_t>(p.m) * 4};
}

/// Scales first: whoever waits for them must not wait for codes that came later.
template <Method kMethod, int kBlockM, int kBlockN>
OCTET_DEVICE void load(const Operands& from, uint32_t step,
                       OnTheWay<kMethod, kBlockM, kBlockN>& way) {
  if constexpr (Step<kMethod>::kBlocks > 0) {
    way.weight_exponents.load(from.weight_exponents, step);
    way.token_exponents.load(from.token_exponents, step);
  }
  if constexpr (kMethod == Method::kGroups) {
    const uint32_t token = thread_index();
    if (token < kBlockM) {
      way.group_scale = from.group_scales.load_float(step * from.group_step + token * 4);
    }
  }
  if constexpr (Step<kMethod>::kWide) {
    way.weights.load(from.weights, from.weight_exponents, step);
  } else {
    way.weights.load(from.weights, step);
  }
  way.tokens.load(from.tokens, step);
}

/// Exponents to LDS; mark(row) where one is NaN.
template <Method kMethod, bool kOfWeights, class Exponents, class Rows, class Mark>
OCTET_DEVICE void store_exponents(const Exponents& exponents, Rows& rows, const Mark& mark) {
  exponents.store([&](uint32_t row, uint32_t block, uint32_t byte) {
    put_exponent<kMethod, kOfWeights>(rows, row, block, byte);
    if (byte == 255) mark(row);
  });
}

template <Method kMethod, int kBlockM, int kBlockN>
OCTET_DEVICE void store(const OnTheWay<kMethod, kBlockM, kBlockN>& way,
                        Shared<kMethod, kBlockM, kBlockN>& shared) {
  if constexpr (Step<kMethod>::kWidensBoth) {
    store_exponents<kMethod, true>(way.weight_exponents, shared.weights,
                                   [&](uint32_t row) { shared.nan_weights[row] = 1; });
    store_exponents<kMethod, false>(way.token_exponents, shared.tokens,
                                    [&](uint32_t row) { shared.nan_tokens[row] = 1; });
  } else if constexpr (Step<kMethod>::kBlocks > 0) {
    const auto no_mark = [](uint32_t) {};
    store_exponents<kMethod, true>(way.weight_exponents, shared.weights, no_mark);
    store_exponents<kMethod, false>(way.token_exponents, shared.tokens, no_mark);
  }
  if constexpr (kMethod == Method::kGroups) {
    if (thread_index() < kBlockM) shared.group_scales[thread_index()] = way.group_scale;
  }
  if constexpr (Step<kMethod>::kWide) {
    way.weights.store([&](uint32_t row, uint32_t block, Word4 words, uint32_t exponent) {
      put_wide(shared.weights, row, block, words, exponent);
    });
  } else {
    way.weights.store([&](uint32_t row, uint32_t chunk, Word4 words) {
      put_codes<kMethod, true>(shared.weights, row, chunk, words);
    });
  }
  way.tokens.store([&](uint32_t row, uint32_t chunk, Word4 words) {
    put_codes<kMethod, false>(shared.tokens, row, chunk, words);
  });
}

template <Method kMethod, int kBlockM, int kBlockN, int kWavesN>
struct Wave {
  static constexpr int kWavesM = kWaves / kWavesN;
  static constexpr int kRowTiles = kBlockN / kWavesN / 16, kTokenTiles = kBlockM / kWavesM / 16;
  Sums<kMethod> sums[kRowTiles][kTokenTiles];

  OCTET_DEVICE Wave() {
    OCTET_UNROLL
    for (int i = 0; i < kRowTiles; ++i) {
      OCTET_UNROLL
      for (int j = 0; j < kTokenTiles; ++j) sums[i][j] = Sums<kMethod>{0, 0, 0, 0};
    }
  }
  static OCTET_DEVICE uint32_t first_row(int i) {
    return (wave_index() % kWavesN * kRowTiles + static_cast<uint32_t>(i)) * 16;
  }
  static OCTET_DEVICE uint32_t first_token(int j) {
    return (wave_index() / kWavesN * kTokenTiles + static_cast<uint32_t>(j)) * 16;
  }

  OCTET_DEVICE void add_step(Shared<kMethod, kBlockM, kBlockN>& shared) {
    Fragment tokens[kTokenTiles];
    StepScales of_tokens[kTokenTiles];
    OCTET_UNROLL
    for (int j = 0; j < kTokenTiles; ++j) {
      const uint32_t first = first_token(j);
      tokens[j] = shared.tokens.fragment(first);
      of_tokens[j] = step_scales<kMethod, false>(shared.tokens, first);
      if constexpr (kMethod == Method::kGroups) {
        of_tokens[j].words[0] = as_bits(shared.group_scales[first + lane_index() % 16]);
      }
    }
    OCTET_UNROLL
    for (int i = 0; i < kRowTiles; ++i) {
      const Fragment weights = shared.weights.fragment(first_row(i));
      const StepScales of_weights = step_scales<kMethod, true>(shared.weights, first_row(i));
      OCTET_UNROLL
      for (int j = 0; j < kTokenTiles; ++j) {
        multiply<kMethod>(weights, tokens[j], of_weights, of_tokens[j], sums[i][j]);
      }
    }
  }

  OCTET_DEVICE void store_results(const HipParams& p, const Tile& tile,
                                  const Shared<kMethod, kBlockM, kBlockN>& shared) {
    OCTET_UNROLL
    for (int j = 0; j < kTokenTiles; ++j) {
      const uint32_t token = first_token(j) + lane_index() % 16;
      OCTET_UNROLL
      for (int i = 0; i < kRowTiles; ++i) {
        const uint32_t row = first_row(i) + lane_index() / 16 * 4;
        if constexpr (Step<kMethod>::kWidensBoth) {
          OCTET_UNROLL
          for (uint32_t r = 0; r < 4; ++r) {
            const bool nan = (shared.nan_weights[row + r] | shared.nan_tokens[token]) != 0;
            if (nan) sums[i][j][r] = as_float(0x7fc00000);
          }
        }
        finish(p, tile.batch, tile.m * kBlockM + static_cast<int32_t>(token),
               tile.n * kBlockN + static_cast<int32_t>(row), Step<kMethod>::kUnit, sums[i][j]);
      }
    }
  }
};

template <Method kMethod, int kBlockM, int kBlockN, int kWavesN>
OCTET_DEVICE void run(const HipParams& p) {
  OCTET_SHARED Shared<kMethod, kBlockM, kBlockN> shared;
  const Tile tile(p);
  const Operands from = operands_of<kMethod, kBlockM, kBlockN>(p, tile);
  const auto steps = static_cast<uint32_t>((p.k + Step<kMethod>::kK - 1) / Step<kMethod>::kK);
  OnTheWay<kMethod, kBlockM, kBlockN> way;
  Wave<kMethod, kBlockM, kBlockN, kWavesN> wave;
  if constexpr (Step<kMethod>::kWidensBoth) {
    if (thread_index() < kBlockN) shared.nan_weights[thread_index()] = 0;
    if (thread_index() < kBlockM) shared.nan_tokens[thread_index()] = 0;
  }
  load(from, 0, way);
  OCTET_NO_UNROLL
  for (uint32_t step = 0; step < steps; ++step) {
    barrier();  // the step before has been read
    store(way, shared);
    barrier();
    if (step + 1 < steps) load(from, step + 1, way);
    wave.add_step(shared);
  }
  wave.store_results(p, tile, shared);
}

}  // namespace

#define OCTET_TILE(NAME, METHOD, M, N, WAVES_N)                            \
  OCTET_KERNEL(256, 2) octet_gfx942_tile_##NAME##_##M##x##N(HipParams p) { \
    run<Method::METHOD, M, N, WAVES_N>(p);                                 \
  }
#define OCTET_TILES(...) OCTET_HIP_BATCHED_METHODS(OCTET_TILE, __VA_ARGS__)
#define OCTET_PLAIN_TILES(...) OCTET_HIP_BATCHED_PLAIN_METHODS(OCTET_TILE, __VA_ARGS__)
OCTET_HIP_BATCHED_PLAIN_TILES(OCTET_PLAIN_TILES)
OCTET_HIP_BATCHED_TILES(OCTET_TILES)
#undef OCTET_PLAIN_TILES
#undef OCTET_TILES
#undef OCTET_TILE

}  // namespace octet::ops::gemm_batched::hip
