// A step of both operands on its way: from device memory to registers of the workgroup, and as what
// matrix instructions take to LDS.
//
//            Weights of kWide carry their blocks' exponents, which become part of the bf16.
//
// Layout     a row is 128 bytes, chunk c of 16 bytes at place c ^ (row % 8): 16 rows' reads of one
//            chunk meet all banks. Lane group g = l / 16 reads chunks g and 4 + g. Codes of e2m1 as
//            int8: word i of block b of 32 is half b % 2 of chunk b / 2 * 4 + i
#pragma once

#include "src/gpu/hip/e2m1.h"
#include "src/ops/gemm_batched/hip/multiply.h"
#include "src/ops/gemm_batched/hip/rows.h"

namespace octet::ops::gemm_batched::hip {

/// Exponents of a step's rows in LDS; none take no memory.
template <int kBytes>
struct SharedExponents {
  uint8_t exponents[kBytes] __attribute__((aligned(16)));

  OCTET_DEVICE uint32_t word(uint32_t byte) const {
    return *reinterpret_cast<const uint32_t*>(exponents + byte);
  }
};
template <>
struct SharedExponents<0> {};

/// Rows of a step in LDS, and kEach bytes of exponents of each.
template <int kNumRows, int kEach>
struct SharedRows : SharedExponents<kNumRows * kEach> {
  static constexpr int kRows = kNumRows;
  uint8_t codes[kRows * 128] __attribute__((aligned(16)));

  OCTET_DEVICE uint8_t* at(uint32_t row, uint32_t chunk) {
    return codes + row * 128 + (chunk ^ (row & 7)) * 16;
  }
  /// 16 rows from `first` on.
  OCTET_DEVICE Fragment fragment(uint32_t first) {
    const uint32_t row = first + lane_index() % 16, group = lane_index() / 16;
    return {{*reinterpret_cast<const Word4*>(at(row, group)),
             *reinterpret_cast<const Word4*>(at(row, 4 + group))}};
  }
};

/// What a work item carries of kRows rows of kBytes bytes.
template <int kRows, int kBytes>
struct CodesOnTheWay {
  static constexpr int kPerRow = kBytes / 16, kVectors = kRows * kPerRow;
  static constexpr int kEach = (kVectors + kThreads - 1) / kThreads;
  Word4 vectors[kEach];

  static OCTET_DEVICE uint32_t vector(int i) {
    return thread_index() + static_cast<uint32_t>(i) * kThreads;
  }
  OCTET_DEVICE void load(const Rows& rows, uint32_t step) {
    OCTET_UNROLL
    for (int i = 0; i < kEach; ++i) {
      vectors[i] = rows.load128(vector(i) / kPerRow, step * kBytes + vector(i) % kPerRow * 16);
    }
  }
  /// Calls put(row, chunk, words).
  template <class Put>
  OCTET_DEVICE void store(const Put& put) const {
    OCTET_UNROLL
    for (int i = 0; i < kEach; ++i) {
      if (kVectors % kThreads != 0 && vector(i) >= kVectors) continue;
      put(vector(i) / kPerRow, vector(i) % kPerRow, vectors[i]);
    }
  }
};

/// Rows of blocks of e2m1 with their exponents.
template <int kRows, int kBytes>
struct BlocksOnTheWay : CodesOnTheWay<kRows, kBytes> {
  using Codes = CodesOnTheWay<kRows, kBytes>;
  uint32_t exponents[Codes::kEach];

  OCTET_DEVICE void load(const Rows& rows, const Rows& exponent_rows, uint32_t step) {
    OCTET_UNROLL
    for (int i = 0; i < Codes::kEach; ++i) {
      const uint32_t v = Codes::vector(i);
      exponents[i] =
          exponent_rows.load8(v / Codes::kPerRow, step * Codes::kPerRow + v % Codes::kPerRow);
    }
    Codes::load(rows, step);
  }
  /// Calls put(row, block, words, exponent).
  template <class Put>
  OCTET_DEVICE void store(const Put& put) const {
    OCTET_UNROLL
    for (int i = 0; i < Codes::kEach; ++i) {
      const uint32_t v = Codes::vector(i);
      if (Codes::kVectors % kThreads != 0 && v >= Codes::kVectors) continue;
      put(v / Codes::kPerRow, v % Codes::kPerRow, Codes::vectors[i], exponents[i]);
    }
  }
};

/// The same of exponents, kBlocks a row.
template <int kRows, int kBlocks>
struct ExponentsOnTheWay {
  static constexpr int kBytes = kRows * kBlocks;
  static constexpr int kEach = (kBytes + kThreads - 1) / kThreads;
  uint32_t bytes[kEach];

  static OCTET_DEVICE uint32_t byte(int i) {
    return thread_index() + static_cast<uint32_t>(i) * kThreads;
  }
  OCTET_DEVICE void load(const Rows& rows, uint32_t step) {
    OCTET_UNROLL
    for (int i = 0; i < kEach; ++i) {
      bytes[i] = rows.load8(byte(i) / kBlocks, step * kBlocks + byte(i) % kBlocks);
    }
  }
  /// Calls put(row, block, byte).
  template <class Put>
  OCTET_DEVICE void store(const Put& put) const {
    OCTET_UNROLL
    for (int i = 0; i < kEach; ++i) {
      if (kBytes % kThreads != 0 && byte(i) >= kBytes) continue;
      put(byte(i) / kBlocks, byte(i) % kBlocks, bytes[i]);
    }
  }
};
template <int kRows>
struct ExponentsOnTheWay<kRows, 0> {};

/// Puts 16 bytes of an operand's row, as they lie in memory, in their place.
template <Method kMethod, bool kOfWeights, class Shared>
OCTET_DEVICE void put_codes(Shared& shared, uint32_t row, uint32_t chunk, Word4 words) {
  if constexpr (Step<kMethod>::kWidensBoth) {
    OCTET_UNROLL
    for (uint32_t i = 0; i < 4; ++i) {
      uint8_t* to = shared.at(row, chunk / 2 * 4 + i) + chunk % 2 * 8;
      *reinterpret_cast<Word2*>(to) = e2m1_to_i8(words[i]);
    }
  } else {
    constexpr bool kOcp = kMethod == Method::kE4m3 || (kMethod == Method::kGroups && kOfWeights);
    *reinterpret_cast<Word4*>(shared.at(row, chunk)) = kOcp ? device_fp8(words) : words;
  }
}

/// Puts a block of weights of kWide: bf16 with most of the exponent, the rest beside them.
template <class Shared>
OCTET_DEVICE void put_wide(Shared& shared, uint32_t row, uint32_t block, Word4 words,
                           uint32_t exponent) {
  const SplitExponent split(exponent);
  const Bf16Table table = exponent == 255 ? Bf16Table::nan() : Bf16Table(split.inner);
  OCTET_UNROLL
  for (uint32_t i = 0; i < 4; ++i) {
    *reinterpret_cast<Word4*>(shared.at(row, block * 4 + i)) = e2m1_to_bf16(words[i], table);
  }
  reinterpret_cast<float*>(shared.exponents)[block * Shared::kRows + row] =
      exponent == 255 ? 1.0f : split.outer;
}

/// Puts an exponent where step_scales() reads it.
template <Method kMethod, bool kOfWeights, class Shared>
OCTET_DEVICE void put_exponent(Shared& shared, uint32_t row, uint32_t block, uint32_t byte) {
  [[maybe_unused]] constexpr uint32_t kRows = Shared::kRows;
  if constexpr (kGfx950) {
    shared.exponents[row * 8 + block] = static_cast<uint8_t>(byte);
  } else {
    const uint32_t at = kOfWeights ? block * kRows + row : row * 4 + block;
    shared.exponents[at] = static_cast<uint8_t>(byte);
  }
}

/// The scales of 16 rows from `first` on, as multiply() takes them.
template <Method kMethod, bool kOfWeights, class Shared>
OCTET_DEVICE StepScales step_scales(const Shared& shared, uint32_t first) {
  constexpr uint32_t kRows = Shared::kRows;
  StepScales scales{};
  [[maybe_unused]] const uint32_t row = first + lane_index() % 16, group = lane_index() / 16;
  if constexpr (kMethod == Method::kWide && kOfWeights) {
    const auto* values = reinterpret_cast<const float*>(shared.exponents);
    OCTET_UNROLL
    for (uint32_t h = 0; h < 2; ++h) {
      scales.values[h] = *reinterpret_cast<const Float4*>(values + h * kRows + first + group * 4);
    }
  } else if constexpr (Step<kMethod>::kWidensBoth && kOfWeights) {
    OCTET_UNROLL
    for (uint32_t b = 0; b < 4; ++b) scales.words[b] = shared.word(b * kRows + first + group * 4);
  } else if constexpr (Step<kMethod>::kWidensBoth) {
    scales.words[0] = shared.word(row * 4);
  } else if constexpr (kMethod == Method::kE2m1) {
    OCTET_UNROLL
    for (uint32_t h = 0; h < 2; ++h) scales.words[h] = shared.word(row * 8 + h * 4) >> group * 8;
  }
  return scales;
}

}  // namespace octet::ops::gemm_batched::hip
