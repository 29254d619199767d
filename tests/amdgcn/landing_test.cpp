#include <gtest/gtest.h>

#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

/// Two waves read what the other one wrote, then write their own again.
std::string exchange(const std::string& wait) {
  KernelCode kernel = kernel_of(
      "v_lshlrev_b32_e32 v1, 2, v0\nv_xor_b32_e32 v2, 0x100, v1\nds_write_b32 v1, v0\n"
      "s_waitcnt lgkmcnt(0)\ns_barrier\nds_read_b32 v3, v2\n" +
      wait + "\ns_barrier\nds_write_b32 v1, v2\ns_waitcnt lgkmcnt(0)\ns_endpgm");
  kernel.lds_bytes = 512;
  kernel.vector_registers = 8;
  const CodeObject code;
  Memory memory;
  Launch launch;
  launch.block[0] = 128;
  return error_of([&] { Machine(code, kernel, memory, launch).run(0); });
}

TEST(Landing, AReadUnderWayAtABarrierMayComeAfterIt) {
  EXPECT_EQ(exchange("s_waitcnt lgkmcnt(0)"), "");
  EXPECT_NE(exchange("s_nop 0").find("race: LDS byte 0 is written by wave 0"), std::string::npos)
      << exchange("s_nop 0");
}

}  // namespace
}  // namespace octet::amdgcn
