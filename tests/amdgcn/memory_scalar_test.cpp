// Scalar loads return in any order: only lgkmcnt(0) says that one is there.
#include <gtest/gtest.h>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

TEST(MemoryScalar, LoadsWordsAtOffsets) {
  InstructionBench bench;
  std::vector<uint32_t> values(64);
  for (uint32_t n = 0; n < 64; ++n) values[n] = n;
  bench.set_s64(0, reinterpret_cast<uintptr_t>(to_device(bench.memory, values)));
  bench.set_s(2, 8);
  bench.run(
      "s_load_dwordx4 s[8:11], s[0:1], 0x20\ns_load_dword s12, s[0:1], s2 offset:0x10\ns_waitcnt "
      "lgkmcnt(0)");
  EXPECT_EQ(bench.s(8), 8u);
  EXPECT_EQ(bench.s(11), 11u);
  EXPECT_EQ(bench.s(12), 6u);
  bench.set_s64(4, bench.s64(0)), bench.set_s(6, 100), bench.set_s(7, 0);
  bench.run("s_buffer_load_dwordx2 s[8:9], s[4:7], 0x60\ns_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.s(8), 24u);
  EXPECT_EQ(bench.s(9), 0u);  // past the end
  EXPECT_ERROR(bench.run("s_load_dword s8, s[0:1], 0x100"), "load of 4 bytes");
  EXPECT_ERROR(bench.run("s_load_dword s8, s[20:21], 0x0"), "undefined");
}

TEST(MemoryScalar, WaitsForAllOrNone) {
  InstructionBench bench;
  bench.set_s64(0,
                reinterpret_cast<uintptr_t>(to_device(bench.memory, std::vector<uint32_t>(8, 3))));
  bench.run("s_load_dword s8, s[0:1], 0x0\ns_load_dword s9, s[0:1], 0x4\ns_waitcnt lgkmcnt(1)");
  EXPECT_ERROR(bench.run("s_add_u32 s10, s8, 1"), "s8 is read while a load");
  bench.run("s_waitcnt lgkmcnt(0)\ns_add_u32 s10, s8, 1\ns_memtime s[12:13]\ns_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.s(10), 4u);
}

}  // namespace
}  // namespace octet::amdgcn
