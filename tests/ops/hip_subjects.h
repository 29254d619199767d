// Problems on which AMD kernels come to nearly all of their instructions: tiles that are full, that
// end early, that are not there; every type of d; loops that go round several times; NaN. Chosen by
// what mutants showed to be missing.
#pragma once

#include <string>
#include <vector>

#include "src/harness/case.h"

namespace octet::testing_hip {

using harness::Inputs;

struct Subject {
  const char* op;
  std::string problem;  // "*" in a format: the one of the device's hardware
  uint64_t seed;
  Inputs inputs = Inputs::kRandom;
  bool large = false;  // not for kernels that multiply one by one
};

inline std::vector<Subject> blockscale_subjects() {
  return {{"gemm_blockscale", "m=17 n=145 k=640 format=*", 3},
          {"gemm_blockscale", "m=33 n=132 k=384 format=*_f32", 2},
          {"gemm_blockscale", "m=128 n=256 k=640 format=*_f16", 2},
          {"gemm_blockscale", "m=130 n=136 k=128 format=*", 5}};
}

inline std::vector<Subject> mxfp8_subjects() {
  return {{"gemm_mxfp8", "m=17 n=72 k=640 format=*", 3},
          {"gemm_mxfp8", "m=7 n=44 k=288 format=*_f32", 2},
          {"gemm_mxfp8", "m=8 n=64 k=640 format=*", 3},
          {"gemm_mxfp8", "m=16 n=64 k=2112 format=*_f16", 3},
          {"gemm_mxfp8", "m=64 n=64 k=4096 format=*_f16", 2, Inputs::kRandom, true},
          {"gemm_mxfp8", "m=1 n=40 k=96 format=*", 2},
          {"gemm_mxfp8", "m=1 n=40 k=640 format=*_f32", 3},
          {"gemm_mxfp8", "m=1 n=40 k=1600 format=*_f16", 3},
          {"gemm_mxfp8", "m=17 n=72 k=640 format=*", 3, Inputs::kNan},
          {"gemm_mxfp8", "m=17 n=72 k=640 format=*", 4, Inputs::kNan}};
}

inline std::vector<Subject> grouped_subjects() {
  const std::string small = "m=9 n=72 k=512 experts=3 topk=2 block_m=0 format=moe_";
  const std::string tail = "m=12 n=36 k=288 experts=2 topk=2 block_m=0 format=moe_";
  const std::string blocks = "m=12 n=36 k=384 experts=2 topk=2 block_m=0 format=moe_";
  const std::string deep = "m=5 n=24 k=2048 experts=2 topk=2 block_m=0 format=moe_";
  const std::string padded = "m=10 n=64 k=1056 experts=2 topk=2 block_m=64 format=moe_";
  const std::string padded_blocks = "m=10 n=64 k=640 experts=2 topk=2 block_m=64 format=moe_";
  std::vector<Subject> subjects{{"gemm_grouped", small + "mxfp8", 3},
                                {"gemm_grouped", small + "mxfp8_weighted", 6},
                                {"gemm_grouped", tail + "mxfp8_f32_per_token_weighted", 2},
                                {"gemm_grouped", padded + "mxfp8_f16_weighted", 5},
                                {"gemm_grouped", deep + "mxfp8_f16", 2},
                                {"gemm_grouped", deep + "mxfp8_f32", 3},
                                {"gemm_grouped", deep + "blockscale_f32", 3},
                                {"gemm_grouped", small + "blockscale", 3},
                                {"gemm_grouped", blocks + "blockscale_f32_per_token_weighted", 2},
                                {"gemm_grouped", padded_blocks + "blockscale_f16_weighted", 5}};
  for (const uint64_t seed : {3, 4, 20, 21, 22, 23, 24, 25, 26, 27}) {  // NaN in other rows
    subjects.push_back({"gemm_grouped", small + "mxfp8", seed, Inputs::kNan});
  }
  return subjects;
}

/// In every kind of operands.
inline std::vector<Subject> batched_subjects() {
  std::vector<Subject> subjects;
  for (const std::string kind :
       {"bf16", "a8w8", "a8w8_i8", "a8w8_prequant", "a16wfp4", "a16wfp4_wide", "afp4wfp4"}) {
    const auto add = [&](const std::string& sizes, const std::string& output, uint64_t seed,
                         Inputs inputs, bool large) {
      subjects.push_back({"gemm_batched", sizes + " format=" + kind + output, seed, inputs, large});
    };
    add("m=5 n=24 k=160 batch=2", "", 3, Inputs::kRandom, false);
    add("m=4 n=32 k=96 batch=1", "_f32", 1, Inputs::kRandom, false);
    add("m=3 n=16 k=288 batch=2", "_f16", 2, Inputs::kRandom, false);
    add("m=17 n=72 k=544 batch=2", "", 3, Inputs::kRandom, true);
    add("m=128 n=128 k=160 batch=1", "_f32", 2, Inputs::kRandom, true);
    add("m=33 n=130 k=544 batch=1", "_f16", 5, Inputs::kRandom, true);
    add("m=16 n=32 k=2080 batch=1", "", 2, Inputs::kRandom, true);
    add("m=64 n=128 k=512 batch=1", "", 2, Inputs::kRandom, true);
    add("m=18 n=46 k=128 batch=1", "", 1, Inputs::kNan, true);
    for (const uint64_t seed : {2, 4, 6}) {
      add("m=50 n=110 k=128 batch=1", "", seed, Inputs::kNan, true);
    }
    for (const char* output : {"", "_f16", "_f32"}) {
      for (const uint64_t seed : {1, 2, 3}) {  // a bias in float32, none, one in bf16
        for (const char* n : {"45", "46", "47", "109", "110", "111"}) {
          add(std::string("m=18 k=64 batch=1 n=") + n, output, seed, Inputs::kRandom, true);
        }
        add("m=128 n=128 k=64 batch=1", output, seed, Inputs::kRandom, true);
      }
    }
  }
  return subjects;
}

/// Seeds choose layouts, pages, windows, sinks and soft caps.
inline std::vector<Subject> attn_subjects() {
  std::vector<Subject> subjects;
  uint64_t seed = 3;
  const auto add = [&](const std::string& problem, const char* format, bool large) {
    subjects.push_back(
        {"attn_decode", problem + " format=*" + format, seed++, Inputs::kRandom, large});
  };
  for (const char* format : {"", "_paged", "_token_shift", "_token_shift_paged"}) {
    add("batch=2 hq=2 hkv=1 d=64 ctx=70 q=1", format, false);
    add("batch=2 hq=4 hkv=2 d=64 ctx=30 q=2", format, false);
    add("batch=1 hq=2 hkv=1 d=64 ctx=300 q=1", format, false);
    for (const char* size : {"batch=2 hq=8 hkv=2 ctx=300 q=2", "batch=2 hq=8 hkv=2 ctx=700 q=2",
                             "batch=3 hq=8 hkv=2 ctx=33 q=1", "batch=3 hq=8 hkv=2 ctx=17 q=1",
                             "batch=3 hq=3 hkv=1 ctx=300 q=1"}) {
      for (int n = 0; n < 2; ++n) add(std::string(size) + " d=64", format, true);
    }
  }
  for (const char* format :
       {"_f32", "_f16", "_f32_paged", "_f16_paged", "_f32_token_shift", "_f16_token_shift",
        "_f32_token_shift_paged", "_f16_token_shift_paged", "_f16_qf16_token"}) {
    add("batch=1 hq=2 hkv=1 d=64 ctx=70 q=1", format, false);
    add("batch=4 hq=2 hkv=1 d=64 ctx=260 q=1", format, true);
    add("batch=1 hq=16 hkv=1 d=64 ctx=1030 q=2", format, true);
  }
  subjects.push_back(
      {"attn_decode", "batch=1 hq=4 hkv=1 d=64 ctx=130 q=1 format=*", 3, Inputs::kNan, true});
  return subjects;
}

}  // namespace octet::testing_hip
