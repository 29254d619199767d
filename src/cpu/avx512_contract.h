// What the contracts of the AVX-512 kernels share: each kernel is built with f32 FMA and, as a
// contract of its own, with vdpbf16ps.
//
// Requires   any instruction set: variants.cpp includes it as well. No kernel file may call its
//            functions (they are inline, see kernel.h)
#pragma once

#include <string>

#include "octet/device.h"
#include "src/cpu/kernel.h"
#include "src/select/variant.h"

namespace octet::cpu {

/// Many tokens: the kernel of avx512_gemm.h.
struct Avx512GemmContract {
  struct Config {
    int tile_m, panel_n;   // register tile; panel_n: 16, 32 or 64
    int block_m, block_n;  // unit
    bool overlap;          // the next panel is decoded between the steps of this one
    bool prefetch;         // of the next tile's tokens: pays where they exceed L1
  };
  static constexpr Arch kArch = Arch::kX86Avx512;

  static std::string name_end(const Config& c) {
    return std::to_string(c.block_m) + "x" + std::to_string(c.block_n) + "x128_t" +
           std::to_string(c.tile_m) + "x" + std::to_string(c.panel_n) +
           (c.overlap ? "_overlap" : "");
  }
  static select::Tile tile(const Config& c) { return {c.tile_m, c.panel_n, 128}; }
};

/// Few tokens: the kernel of avx512_gemv.h.
struct Avx512GemvContract {
  struct Config {
    int rows;  // of b that share an activation in registers
  };
  static constexpr Arch kArch = Arch::kX86Avx512;
  static constexpr int64_t kMaxTokens = 8;  // that share one pass over the weights

  static std::string name_end(const Config& c) {
    return std::to_string(kMaxTokens) + "x" + std::to_string(c.rows) + "x128";
  }
  static select::Tile tile(const Config& c) { return {1, c.rows, 128}; }
  static select::Support few_tokens(int64_t m) {
    if (m <= kMaxTokens) return select::Support::yes();
    return select::Support::no("m = " + std::to_string(m) + ", at most " +
                               std::to_string(kMaxTokens) + " tokens share a pass");
  }
};

inline select::Support has_vdpbf16ps(const Device& device) {
  if (device.has_avx512_bf16) return select::Support::yes();
  return select::Support::no(device.name + " has no avx512_bf16");
}

}  // namespace octet::cpu
