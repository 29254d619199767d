// Contract: splits of the cache on AMX.
//
// Requires   amx_tile, amx_bf16, gfni, avx512 with vbmi and bf16; q in bf16, at least 8 rows of it
// a
//            KV head
// Numerics   split.h, pair_products.h; sums of 32 of dim, and of 32 tokens, added up in a tile;
//            splits folded in ascending tokens
// Method     attend.h
// Measured   on a Xeon with AMX, time over that of x86_avx512_split: 0.6 to 0.7 at 16 rows, 0.84 to
//            1.2 at 8, 1.1 to 1.6 at 4, 1.4 to 2.1 at one
#pragma once

#include "src/ops/attn_decode/cpu/split_contract.h"

namespace octet::ops::attn_decode {

struct X86AmxSplit : SplitContract {
  static constexpr Arch kArch = Arch::kX86Amx;
  static constexpr int64_t kLeastRows = 8;

  static std::string name(const Config& c) { return "x86_amx_" + name_end(c); }
  static select::Support supports(const Config&, const Problem& problem, const Device&) {
    const select::Support bf16 = has_bf16_q(problem);
    if (!bf16.ok || problem.rows() >= kLeastRows) return bf16;
    return select::Support::no(std::to_string(problem.rows()) +
                               " rows of q a KV head, for at least " + std::to_string(kLeastRows));
  }
  static Kernel kernel();  // defined in x86_amx_split.cpp
};

/// For tests: x86_amx_split.cpp compiled a second time, with OCTET_AMX_EMULATED.
Kernel x86_amx_split_emulated();

}  // namespace octet::ops::attn_decode
