// Experts on AMX.
#include "src/ops/gemm_grouped/cpu/x86_amx_experts.h"

#include "src/cpu/amx_loops.h"

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
Steps steps_with() {
  constexpr cpu::AmxLoop kBlocks = with_scales(cpu::amx_block_loop(512, 512, 128), S);
  return {{{16, stream<S, 16>()},
           {64, stream<S, 64>()},
           {128, stream<S, 128>()},
           {kAnyRows, cpu::amx_kernel<kBlocks>()}},
          4};
}

Steps steps_of(Format format) {
  return format == Format::kMxfp8 ? steps_with<cpu::Scales::kE8m0Of32>()
                                  : steps_with<cpu::Scales::kF32Of128>();
}

}  // namespace

#ifdef OCTET_AMX_EMULATED
Steps x86_amx_experts_emulated(int, Format format) { return steps_of(format); }
#else
Steps X86AmxExperts::steps(int, Format format) { return steps_of(format); }
#endif

}  // namespace octet::ops::gemm_grouped
