// Experts on AMX.
#include "src/ops/gemm_grouped/cpu/x86_amx_experts.h"

#include "src/cpu/amx_loops.h"
#include "src/ops/gemm_grouped/cpu/x86_avx512_experts.h"

namespace octet::ops::gemm_grouped {
namespace {

constexpr int kPanel = X86AmxExperts::kConfigs[0].block_n;

constexpr cpu::AmxLoop with_scales(cpu::AmxLoop loop, cpu::Scales scales) {
  loop.scales = scales;
  return loop;
}

template <cpu::Scales S, int kRows>
cpu::Kernel stream() {
  return cpu::amx_kernel<with_scales(cpu::amx_stream_loop(kRows, kPanel, 128), S)>();
}

template <cpu::Scales S>
Steps steps_with(const Step& few) {
  constexpr cpu::AmxLoop kBlocks = with_scales(cpu::amx_block_loop(512, 512, 128), S);
  return {{few,
           {16, stream<S, 16>()},
           {64, stream<S, 64>()},
           {128, stream<S, 128>()},
           {kAnyRows, cpu::amx_kernel<kBlocks>()}},
          5};
}

/// Where a row or two of tokens do not pay for tiles.
Step few_rows(Format format) {
  const int64_t most = format == Format::kMxfp8 ? 2 : 1;
  return {most, X86Avx512Experts::steps(0, format).step[0].kernel};
}

Steps steps_of(Format format) {
  return format == Format::kMxfp8 ? steps_with<cpu::Scales::kE8m0Of32>(few_rows(format))
                                  : steps_with<cpu::Scales::kF32Of128>(few_rows(format));
}

}  // namespace

#ifdef OCTET_AMX_EMULATED
Steps x86_amx_experts_emulated(int, Format format) { return steps_of(format); }
#else
Steps X86AmxExperts::steps(int, Format format) { return steps_of(format); }
#endif

}  // namespace octet::ops::gemm_grouped
