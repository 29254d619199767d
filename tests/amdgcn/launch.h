// Runs a kernel of a code object in the interpreter.
//
// Numerics   float32 and float16 arithmetic rounds to nearest even, with subnormals. v_exp, v_log,
//            v_rcp, v_rsq and v_sqrt give the nearest float32 (the hardware is within 1 ulp) and
//            take and give zero for subnormals. Matrix instructions add in double and round once:
//            the order of additions inside the hardware is not modelled, nor are caches, the
//            memory model between workgroups, hazards of instructions, and time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tests/amdgcn/code_object.h"
#include "tests/amdgcn/memory.h"

namespace octet::amdgcn {

/// Other instructions in place of one: for tests of what is seen then.
struct Alteration {
  enum class Use : uint8_t {
    kReplace,  // they run instead of it
    kCompare,  // it runs; where they give lanes of its results other values, these are undefined,
               // where they do something else otherwise, that is an error
  };
  Use use = Use::kReplace;
  uint64_t address = ~uint64_t{0};  // of the one
  std::string_view text;            // of the others, "; " between them; none leaves it out
  bool altered() const { return address != ~uint64_t{0}; }
};

struct Launch {
  std::string_view entry;
  uint32_t grid[3] = {1, 1, 1};    // workgroups
  uint32_t block[3] = {64, 1, 1};  // work items
  uint32_t dynamic_lds_bytes = 0;
  std::span<const std::byte> kernarg;
  /// 0: each wave runs to its next barrier in turn. Others: a random wave, for a random time.
  uint64_t seed = 0;
  uint64_t max_instructions = uint64_t{1} << 34;  // of all waves: a kernel that never ends
  Alteration alteration;
};

/// What became of an instruction; bits.
enum Executed : uint8_t { kWentOn = 1, kJumped = 2 };

struct Statistics {
  uint64_t instructions = 0;      // of waves
  uint64_t macs = 0;              // of matrix instructions
  std::vector<uint8_t> executed;  // of the kernel's instructions, in their order: 0 or Executed
};

/// Throws Error, with the instruction and where it ran, at the first thing that is wrong.
Statistics launch(const CodeObject& code, Memory& memory, const Launch& launch);

}  // namespace octet::amdgcn
