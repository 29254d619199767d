// Contract: splits of the cache on AVX-512 with vdpbf16ps.
//
// Requires   avx512 f, bw, dq, vl, vbmi, bf16; q in bf16; on machines with AMX, whose shuffles have
//            one port, up to two rows of q a KV head
// Numerics   split.h, pair_products.h; splits folded in ascending tokens
// Method     attend.h
#pragma once

#include "src/cpu/avx512_contract.h"
#include "src/ops/attn_decode/cpu/split_contract.h"

namespace octet::ops::attn_decode {

struct X86Avx512Dpbf16Split : SplitContract {
  static constexpr Arch kArch = Arch::kX86Avx512;
  static constexpr int64_t kMostRowsBesideAmx = 2;

  static std::string name(const Config& c) { return "x86_avx512_dpbf16_" + name_end(c); }
  static select::Support supports(const Config&, const Problem& problem, const Device& device) {
    const select::Support bf16 = has_bf16_q(problem);
    if (!bf16.ok) return bf16;
    if (device.arch != Arch::kX86Amx || problem.rows() <= kMostRowsBesideAmx) {
      return cpu::has_vdpbf16ps(device);
    }
    return select::Support::no(std::to_string(problem.rows()) + " rows of q a KV head, for up to " +
                               std::to_string(kMostRowsBesideAmx) + " on machines with AMX");
  }
  static Kernel kernel();  // defined in x86_avx512_dpbf16_split.cpp
};

}  // namespace octet::ops::attn_decode
