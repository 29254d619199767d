// Atomics on device memory, lane by lane.
#include <gtest/gtest.h>

#include <bit>

#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

struct Bench : InstructionBench {
  Bench() : words(to_device(memory, std::vector<uint32_t>(16, 10))) {
    set_s64(0, reinterpret_cast<uintptr_t>(words));
    set_v(0, 0), set_v(1, 3), set_exec(0xf);
  }
  uint32_t* words;
};

TEST(Atomics, ChangeMemoryWhenIssued) {
  Bench bench;
  const auto after = [&](const std::string& text) {
    bench.words[0] = 10, bench.words[1] = 0;
    bench.run(text);
    return bench.words[0];
  };
  EXPECT_EQ(after("global_atomic_add v0, v1, s[0:1]"), 22u);
  EXPECT_EQ(after("global_atomic_sub v0, v1, s[0:1]"), 0xfffffffeu);
  EXPECT_EQ(after("global_atomic_umax v0, v1, s[0:1]"), 10u);
  EXPECT_EQ(after("global_atomic_smin v0, v1, s[0:1]"), 3u);
  EXPECT_EQ(after("global_atomic_or v0, v1, s[0:1]"), 11u);
  EXPECT_EQ(after("global_atomic_inc v0, v1, s[0:1]"), 3u);  // 0, 1, 2, 3
  EXPECT_EQ(after("global_atomic_dec v0, v1, s[0:1]"), 0u);  // 3, 2, 1, 0
  bench.set_v64(2, uint64_t{1} << 32);
  after("global_atomic_add_x2 v0, v[2:3], s[0:1]");
  EXPECT_EQ(bench.words[1], 4u);
  bench.words[2] = std::bit_cast<uint32_t>(1.5f), bench.set_v(4, std::bit_cast<uint32_t>(0.25f));
  bench.run("global_atomic_add_f32 v0, v4, s[0:1] offset:8");
  EXPECT_EQ(std::bit_cast<float>(bench.words[2]), 2.5f);
  bench.words[2] = 0x3f803f80, bench.set_v(4, 0x40003f80);  // bf16 1, 1; 1, 2
  bench.run("global_atomic_pk_add_bf16 v0, v4, s[0:1] offset:8");
  EXPECT_EQ(bench.words[2], 0x411040a0u);
}

TEST(Atomics, ReturnTheOldValueAfterAWait) {
  Bench bench;
  bench.run("global_atomic_add v8, v0, v1, s[0:1] sc0");
  EXPECT_ERROR(bench.run("v_mov_b32_e32 v9, v8"), "v8 is read while a load");
  bench.run("s_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.v(8, 0), 10u);
  EXPECT_EQ(bench.v(8, 3), 19u);
  bench.set_v(2, 5), bench.set_v(3, 22);  // new, compared
  bench.run("global_atomic_cmpswap v8, v0, v[2:3], s[0:1] sc0\ns_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.words[0], 5u);
  EXPECT_EQ(bench.v(8, 1), 5u);
  bench.set_s64(4, bench.s64(0)), bench.set_s(6, 4), bench.set_s(7, 0x27000);
  bench.run("buffer_atomic_add v1, v0, s[4:7], 0 offen sc0\ns_waitcnt vmcnt(0)");
  EXPECT_EQ(bench.v(1, 2), 11u);
  bench.set_v(0, 4), bench.set_v(1, 7);
  bench.run("buffer_atomic_add v1, v0, s[4:7], 0 offen");
  EXPECT_EQ(bench.words[1], 10u);  // past the end of the buffer
  EXPECT_ERROR(bench.run("global_atomic_add v0, v200, s[0:1]"), "undefined");
}

}  // namespace
}  // namespace octet::amdgcn
