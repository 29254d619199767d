// Experts on AMX.
#include "src/ops/gemm_grouped/cpu/x86_amx_experts.h"

#include "src/cpu/amx_loops.h"
#include "src/ops/gemm_grouped/cpu/x86_amx_few.h"

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

Step few_rows(int64_t most, Format format) {
#ifdef OCTET_AMX_EMULATED
  return {most, amx_few_rows_emulated(format)};
#else
  return {most, amx_few_rows(format)};
#endif
}

template <cpu::Scales S>
Step many_rows() {
  constexpr cpu::AmxLoop kBlocks = with_scales(cpu::amx_block_loop(512, 512, 128), S);
  return {kAnyRows, cpu::amx_kernel<kBlocks>()};
}

Steps steps_of(Format format) {
  if (format == Format::kMxfp8) {
    constexpr cpu::Scales kScales = cpu::Scales::kE8m0Of32;
    return {{few_rows(kAmxFewRows, format),
             {64, stream<kScales, 64>()},
             {128, stream<kScales, 128>()},
             many_rows<kScales>()},
            4};
  }
  constexpr cpu::Scales kScales = cpu::Scales::kF32Of128;
  return {{few_rows(8, format),
           {16, stream<kScales, 16>()},
           {64, stream<kScales, 64>()},
           {128, stream<kScales, 128>()},
           many_rows<kScales>()},
          5};
}

}  // namespace

#ifdef OCTET_AMX_EMULATED
Steps x86_amx_experts_emulated(int, Format format) { return steps_of(format); }
#else
Steps X86AmxExperts::steps(int, Format format) { return steps_of(format); }
#endif

}  // namespace octet::ops::gemm_grouped
