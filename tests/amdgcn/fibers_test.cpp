// The test kernels as plain C++, one fiber for each work item.
#include "tests/amdgcn/fibers.h"

#include <gtest/gtest.h>

#include "src/gpu/hip/host.h"
#include "tests/amdgcn/kernels/gemm.h"
#include "tests/amdgcn/kernels/gemm_case.h"

namespace octet::amdgcn {
namespace {

namespace host = gpu::hip::host;

FiberLaunch of(const Launch& launch, uint64_t seed, bool gfx950) {
  return {{launch.grid[0], launch.grid[1], launch.grid[2]}, launch.block[0], gfx950, seed};
}

TEST(Fibers, ProductThroughLdsIsRightForEverySeed) {
  for (const bool gfx950 : {false, true}) {
    GemmCase test(100, 72, 256, gfx950, false);
    for (const uint64_t seed : {0, 1, 2}) {
      const GemmArgs& args = test.fresh();
      run_on_fibers(of(tile_launch(args), seed, gfx950), [&] { octet_test_tile(args); });
      EXPECT_LT(test.worst(), GemmCase::kBound) << seed;
    }
  }
}

TEST(Fibers, ScaledProductIsRight) {
  GemmCase test(32, 48, 512, true, true);
  const GemmArgs& args = test.fresh();
  run_on_fibers(of(mx_launch(args), 1, true), [&] { octet_test_mx(args); });
  EXPECT_LT(test.worst(), GemmCase::kBound);
}

TEST(Fibers, CollectivesExchangeBetweenLanes) {
  std::vector<uint32_t> shuffled(128), first(128);
  uint64_t ballots[2] = {};
  FiberLaunch launch{{1, 1, 1}, 128, false, 3};
  run_on_fibers(launch, [&] {
    const uint32_t item = host::thread_index();
    shuffled[item] = host::exchange(100 + item, (item + 1) % 64);
    first[item] = host::first_lane(item);
    ballots[item / 64] = host::ballot(item % 3 == 0);
  });
  EXPECT_EQ(shuffled[0], 101u);
  EXPECT_EQ(shuffled[63], 100u);
  EXPECT_EQ(shuffled[64 + 63], 164u);
  EXPECT_EQ(first[5], 0u);
  EXPECT_EQ(first[70], 64u);
  EXPECT_EQ(ballots[0], 0x9249249249249249u);
  EXPECT_EQ(ballots[1], 0x4924924924924924u);
}

TEST(Fibers, RefuseDivergence) {
  const FiberLaunch launch{{1, 1, 1}, 128, false, 0};
  EXPECT_ERROR(run_on_fibers(launch,
                             [] {
                               if (host::thread_index() != 3) host::exchange(0, 0);
                             }),
               "lane 0 is at a shuffle and lane 3 at the end");
  EXPECT_ERROR(run_on_fibers(launch,
                             [] {
                               if (host::thread_index() < 64) host::barrier();
                             }),
               "1 of 2 waves ended and the others are at barrier()");
  EXPECT_ERROR(run_on_fibers({{1, 1, 1}, 100, false, 0}, [] {}), "a workgroup of 100 work items");
}

TEST(Fibers, CountWhatWavesComeTo) {
  const FiberStatistics statistics = run_on_fibers({{2, 1, 1}, 128, false, 1}, [] {
    host::first_lane(0);
    host::barrier();
    host::ballot(true);
  });
  EXPECT_EQ(statistics.collectives, 8u);
  EXPECT_EQ(statistics.barriers, 4u);
}

TEST(Fibers, ALostWorkItemIsSeenAtACollectiveAndABarrier) {
  const FiberLaunch launch{{1, 1, 1}, 64, false, 0, FiberFault::kLostLane};
  EXPECT_ERROR(run_on_fibers(launch, [] { host::ballot(true); }),
               "lane 0 is at ballot() and lane 1 at the end");
  EXPECT_ERROR(run_on_fibers(launch, [] { host::barrier(); }),
               "lane 0 is at barrier() and lane 1 at the end");
  int ran = 0;
  run_on_fibers(launch, [&] { ++ran; });
  EXPECT_EQ(ran, 63);
}

TEST(Fibers, WithoutBarriersAWaveReadsWhatNobodyWrote) {
  for (const FiberFault fault : {FiberFault::kNone, FiberFault::kNoBarrier}) {
    std::vector<int> shared(128);
    int missed = 0;
    run_on_fibers({{1, 1, 1}, 128, false, 0, fault}, [&] {
      const uint32_t item = host::thread_index();
      shared[item] = 1;
      host::barrier();
      missed += shared[127 - item] == 0;
    });
    EXPECT_EQ(missed, fault == FiberFault::kNone ? 0 : 64);
  }
}

TEST(Fibers, PassOnWhatAKernelThrows) {
  EXPECT_ERROR(run_on_fibers({},
                             [] {
                               if (host::thread_index() == 40)
                                 fail("lane {}", host::thread_index());
                               host::barrier();
                             }),
               "lane 40");
}

}  // namespace
}  // namespace octet::amdgcn
