// Global and buffer loads and stores: addresses, widths, bounds, waits.
#include <gtest/gtest.h>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

/// 256 words of memory, word n being 0x01010101 * n; s[0:1] is their address, v0 is 4 times the
/// lane, v[2:3] the address of the lane's word, s[4:7] a buffer of 240 bytes.
struct Bench : InstructionBench {
  Bench() : InstructionBench(true, 4096) {
    std::vector<uint32_t> values(256);
    for (uint32_t n = 0; n < 256; ++n) values[n] = 0x01010101 * n;
    words = to_device(memory, values);
    const auto base = reinterpret_cast<uintptr_t>(words);
    set_s64(0, base);
    set_v(0, [](uint32_t l) { return 4 * l; });
    set_v(2, [base](uint32_t l) { return static_cast<uint32_t>(base + 4 * l); });
    set_v(3, static_cast<uint32_t>(base >> 32));
    set_s64(4, base), set_s(6, 240), set_s(7, 0x27000);
  }
  uint32_t* words;
};

TEST(MemoryVector, LoadsAllWidths) {
  Bench bench;
  bench.run(
      "global_load_dwordx4 v[16:19], v[2:3], off offset:16\nglobal_load_ushort v20, v0, s[0:1] "
      "offset:6\n"
      "global_load_sbyte v21, v0, s[0:1] offset:512\nglobal_load_dwordx3 v[22:24], v0, s[0:1]\n"
      "global_load_sshort v25, v0, s[0:1] offset:513\ns_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.v(16, 2), 0x06060606u);
  EXPECT_EQ(bench.v(19, 2), 0x09090909u);
  EXPECT_EQ(bench.v(20, 5), 0x0606u);
  EXPECT_EQ(bench.v(21, 3), 0xffffff83u);
  EXPECT_EQ(bench.v(24, 1), 0x03030303u);
  EXPECT_EQ(bench.v(25, 3), 0xffff8383u);
  bench.set_v(16, 0x12345678);
  bench.run(
      "global_load_short_d16_hi v16, v0, s[0:1]\nglobal_load_ubyte_d16 v16, v0, s[0:1] "
      "offset:4\ns_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.v(16, 9), 0x0909000au);
}

TEST(MemoryVector, LoadsToOneRegisterLandInOrderButNotAmongThoseOfLds) {
  Bench bench;
  bench.run(
      "global_load_dword v16, v0, s[0:1]\nglobal_load_dword v16, v0, s[0:1] offset:4\n"
      "s_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.v(16, 2), 0x03030303u);
  bench.run("global_load_dword v17, v0, s[0:1]");
  EXPECT_ERROR(bench.run("ds_read_b32 v17, v0"), "v17 is written while a load to it");
  EXPECT_ERROR(bench.run("v_mov_b32_e32 v17, 0"), "v17 is written while a load to it");
}

TEST(MemoryVector, StoresHappenAtTheirWaitOrBeforeTheNextLoad) {
  Bench bench;
  bench.set_v(8, 77), bench.set_v(9, 0xabcd1234);
  bench.run("global_store_dword v0, v8, s[0:1]");
  EXPECT_EQ(bench.words[5], 0x05050505u);
  bench.run("s_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.words[5], 77u);
  bench.run(
      "global_store_short_d16_hi v0, v9, s[0:1] offset:2\nglobal_store_byte v0, v9, "
      "s[0:1]\nglobal_load_dword v10, v0, s[0:1]");
  EXPECT_EQ(bench.words[5], 0xabcd0034u);
  bench.run("s_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.v(10, 5), 0xabcd0034u);
}

TEST(MemoryVector, BuffersEnd) {
  Bench bench;
  bench.set_v(1, [](uint32_t l) { return l < 4 ? 220 + 8 * l : l == 4 ? 0xffffffff : 0; });
  bench.run("buffer_load_dwordx4 v[16:19], v1, s[4:7], 0 offen\ns_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.v(19, 0), 0x3a3a3a3au);
  EXPECT_EQ(bench.v(18, 1), 0x3b3b3b3bu);  // byte 236: inside
  EXPECT_EQ(bench.v(19, 1), 0u);           // past the end: zero, word by word
  EXPECT_EQ(bench.v(16, 3), 0u);
  EXPECT_EQ(bench.v(16, 4), 0u);  // a negative offset is past the end
  bench.set_s(8, 40), bench.set_v(9, 5);
  bench.run("buffer_store_dwordx2 v[16:17], v1, s[4:7], 0 offen offset:44");
  bench.run("buffer_store_dword v9, off, s[4:7], s8 offset:12\ns_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.words[13], 5u);
  EXPECT_EQ(bench.words[60], 0x3c3c3c3cu);  // dropped
}

TEST(MemoryVector, TheScalarOffsetDoesNotDecideWhereABufferEnds) {
  Bench bench;
  bench.set_s(8, 40), bench.set_v(1, 240), bench.set_v(9, 196), bench.set_v(10, 200);
  bench.run("buffer_load_dword v16, v1, s[4:7], s8 offen\ns_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.v(16, 0), 0u) << "past the end without it too";
  bench.run("buffer_load_dword v16, v9, s[4:7], s8 offen\ns_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.v(16, 0), 0x3b3b3b3bu);
  EXPECT_ERROR(bench.run("buffer_load_dword v16, v10, s[4:7], s8 offen"),
               "the scalar offset decides");
}

TEST(MemoryVector, ResultsAreThereAfterTheirWaitInOrder) {
  Bench bench;
  bench.run("global_load_dword v16, v0, s[0:1]\nglobal_load_dword v17, v0, s[0:1] offset:4");
  EXPECT_ERROR(bench.run("v_mov_b32_e32 v20, v16"), "v16 is read while a load");
  bench.run("s_waitcnt vmcnt(1)\nv_mov_b32_e32 v20, v16");
  EXPECT_EQ(bench.v(20, 2), 0x02020202u);
  EXPECT_ERROR(bench.run("v_add_u32_e32 v17, 1, v20"), "v17 is written while a load");
  bench.run("s_waitcnt lgkmcnt(0)");
  EXPECT_ERROR(bench.run("v_mov_b32_e32 v20, v17"), "v17 is read while a load");
}

TEST(MemoryVector, LoadsIntoLds) {
  Bench bench;
  bench.set_s(kM0, 256);
  bench.run("global_load_lds_dword v0, s[0:1] offset:8");
  bool undefined = false;
  bench.machine().lds.read(264, 4, 0, undefined);
  EXPECT_TRUE(undefined);  // not before the wait
  bench.run("s_waitcnt vmcnt(0)");
  undefined = false;
  EXPECT_EQ(bench.machine().lds.read(264 + 4 * 7, 4, 0, undefined), 0x09090909u);
  bench.set_s(kM0, 1024), bench.set_v(1, [](uint32_t l) { return 16 * (l % 16); });
  bench.run("buffer_load_dwordx4 v1, s[4:7], 0 offen lds\ns_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.machine().lds.read(1024 + 16 * 3 + 4, 4, 0, undefined), 0x0d0d0d0du);
  EXPECT_EQ(bench.machine().lds.read(1024 + 16 * 15, 4, 0, undefined), 0u);  // past the buffer
}

TEST(MemoryVector, RefusesWhatIsOutside) {
  Bench bench;
  bench.set_s(6, 2000);  // a buffer that is larger than its memory
  bench.set_v(1, 1022), bench.set_v(8, 1);
  EXPECT_ERROR(bench.run("buffer_load_dword v16, v1, s[4:7], 0 offen"), "load of 4 bytes");
  EXPECT_ERROR(bench.run("global_store_dword v1, v8, s[0:1]"), "store of 4 bytes");
  EXPECT_ERROR(bench.run("global_store_dword v0, v200, s[0:1]"), "undefined");
  EXPECT_ERROR(bench.run("global_load_dword v16, v200, s[0:1]"), "undefined");
  Bench strided;
  strided.set_s(5, strided.s(5) | 16 << 16);
  EXPECT_ERROR(strided.run("buffer_load_dword v17, v0, s[4:7], 0 offen"), "stride");
}

}  // namespace
}  // namespace octet::amdgcn
