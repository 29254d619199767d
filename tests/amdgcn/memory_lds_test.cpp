// LDS instructions: widths, offsets, waits, exchanges, races.
#include <gtest/gtest.h>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

constexpr uint32_t kBytes = 4096;

/// v0 is 16 times the lane; v[8:11] hold 4 words a lane.
struct Bench : InstructionBench {
  Bench() : InstructionBench(true, kBytes) {
    set_v(0, [](uint32_t l) { return 16 * l; });
    for (uint32_t n = 0; n < 4; ++n)
      set_v(8 + static_cast<int>(n), [n](uint32_t l) { return n << 24 | l; });
  }
};

TEST(MemoryLds, WritesAndReadsAllWidths) {
  Bench bench;
  bench.run(
      "ds_write_b128 v0, v[8:11]\nds_read_b128 v[16:19], v0\nds_read_b64 v[20:21], v0 offset:8\n"
      "ds_read_u16 v22, v0 offset:14\nds_read_i8 v23, v0 offset:15\ns_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.v64(16, 7), 0x0100000700000007u);
  EXPECT_EQ(bench.v64(18, 7), 0x0300000702000007u);
  EXPECT_EQ(bench.v64(20, 9), 0x0300000902000009u);
  EXPECT_EQ(bench.v(22, 9), 0x0300u);
  EXPECT_EQ(bench.v(23, 9), 3u);
  bench.set_v(1, 0xaaaa5581);
  bench.run(
      "ds_write_b8 v0, v1 offset:1\nds_write_b16_d16_hi v0, v1 offset:2\nds_read_b32 v16, v0\n"
      "ds_read_i8 v17, v0 offset:1\ns_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.v(16, 3), 0xaaaa8103u);
  EXPECT_EQ(bench.v(17, 3), 0xffffff81u);
  bench.set_v(18, 0x12345678);
  bench.run("ds_read_u16_d16_hi v18, v0\nds_read_u8_d16 v18, v0 offset:3\ns_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.v(18, 3), 0x810300aau);
}

TEST(MemoryLds, TwoAddressesAtOnce) {
  Bench bench;
  bench.set_v(1, 0);
  bench.run(
      "ds_write2_b32 v0, v8, v9 offset0:1 offset1:3\nds_read2_b32 v[16:17], v0 offset0:3 "
      "offset1:1\n"
      "s_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.v(16, 5), 0x01000005u);
  EXPECT_EQ(bench.v(17, 5), 5u);
  bench.set_exec(1);
  bench.run(
      "ds_write2st64_b64 v1, v[8:9], v[10:11] offset1:2\nds_read2st64_b32 v[16:17], v1 offset0:0 "
      "offset1:4\n"
      "s_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.v64(16), 0x0200000000000000u);  // byte 1024: 2 * 64 * 8
}

TEST(MemoryLds, AResultIsThereAfterItsWaitOnly) {
  Bench bench;
  bench.run("ds_write_b32 v0, v8\nds_read_b32 v16, v0");
  EXPECT_ERROR(bench.run("v_mov_b32_e32 v20, v16"), "v16 is read while a load");
  EXPECT_ERROR(bench.run("v_mov_b32_e32 v16, 0"), "v16 is written while a load");
  EXPECT_ERROR(bench.run("ds_read_b32 v16, v0"), "v16 is written while a load");
  bench.run("ds_read_b32 v17, v0\ns_waitcnt lgkmcnt(1)\nv_mov_b32_e32 v20, v16");
  EXPECT_EQ(bench.v(20, 6), 6u);
  EXPECT_ERROR(bench.run("v_mov_b32_e32 v20, v17"), "v17 is read");
}

TEST(MemoryLds, OtherWavesSeeAWriteAfterItsWaitOnly) {
  Bench bench;
  bool undefined = false;
  bench.run("ds_write_b32 v0, v9");
  bench.machine().lds.read(0, 4, 0, undefined);
  EXPECT_TRUE(undefined);
  bench.run("s_waitcnt lgkmcnt(0)");
  undefined = false;
  EXPECT_EQ(bench.machine().lds.read(16, 4, 0, undefined), 0x01000001u);
  EXPECT_FALSE(undefined);
}

TEST(MemoryLds, Atomics) {
  Bench bench;
  bench.set_v(1, 0), bench.set_v(2, 5), bench.set_v(3, 100);
  bench.set_exec(1);
  bench.run("ds_write_b32 v1, v3\ns_waitcnt lgkmcnt(0)");
  bench.set_exec(0xf);
  bench.run(
      "ds_add_rtn_u32 v16, v1, v2\nds_max_u32 v1, v2\nds_add_f32 v1, v1 offset:0\ns_waitcnt "
      "lgkmcnt(0)");
  EXPECT_EQ(bench.v(16, 0), 100u);
  EXPECT_EQ(bench.v(16, 3), 115u);  // lane by lane
  bench.set_v(4, 120), bench.set_v(5, 7);
  bench.run("ds_cmpst_rtn_b32 v16, v1, v4, v5\nds_read_b32 v17, v1\ns_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.v(16, 0), 120u);
  EXPECT_EQ(bench.v(16, 1), 7u);
  EXPECT_ERROR(bench.run("ds_add_u32 v1, v2 offset:64"), "never written");
}

TEST(MemoryLds, ExchangesBetweenLanes) {
  Bench bench;
  bench.set_v(1, [](uint32_t l) { return 4 * (63 - l); }),
      bench.set_v(2, [](uint32_t l) { return l; });
  bench.run(
      "ds_bpermute_b32 v16, v1, v2\nds_permute_b32 v17, v1, v2\n"
      "ds_swizzle_b32 v18, v2 offset:swizzle(SWAP,16)\nds_swizzle_b32 v19, v2 "
      "offset:swizzle(QUAD_PERM,3,2,1,0)\n"
      "ds_swizzle_b32 v20, v2 offset:swizzle(BITMASK_PERM,\"0p1ii\")\n"
      "ds_swizzle_b32 v21, v2 offset:swizzle(BROADCAST,8,3)\ns_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.v(16, 10), 53u);
  EXPECT_EQ(bench.v(17, 10), 53u);
  EXPECT_EQ(bench.v(18, 33), 49u);
  EXPECT_EQ(bench.v(19, 5), 6u);
  EXPECT_EQ(bench.v(20, 26), 13u);  // 11010: bit 4 off, bit 3 kept, bit 2 on, bits 1 and 0 flipped
  EXPECT_EQ(bench.v(21, 22), 19u);
  bench.set_exec(0xff);
  bench.run("ds_bpermute_b32 v16, v1, v2\ns_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.v(16, 3), 0u);  // lane 60 is inactive
}

TEST(MemoryLds, RefusesWhatHardwareWouldNotForgive) {
  Bench bench;
  bench.set_v(1, kBytes - 8), bench.set_v(2, 2);
  EXPECT_ERROR(bench.run("ds_read_b32 v16, v1 offset:8"), "the workgroup has 4096");
  EXPECT_ERROR(bench.run("ds_read_b32 v16, v2"), "not aligned");
  EXPECT_ERROR(bench.run("ds_read_b128 v[16:19], v1"), "not aligned");
  EXPECT_ERROR(bench.run("ds_read_b32 v16, v200"), "undefined LDS address");
  bench.run("ds_read_b32 v24, v0\ns_waitcnt lgkmcnt(0)");
  EXPECT_EQ(bench.wave().undefined[24], ~uint64_t{0});  // never written
}

}  // namespace
}  // namespace octet::amdgcn
