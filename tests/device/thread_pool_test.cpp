// The pool: every thread once a round, whatever the number of cores; sleep, wake-up and
// destruction.
#include "src/device/thread_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>

namespace octet {
namespace {

constexpr int kMaxThreads = 64;

struct Round {
  std::array<std::atomic<int>, kMaxThreads> calls{};
  std::atomic<int> wrong{0};
  int threads = 0;
};

void count(void* context, int thread, int threads) {
  Round& round = *static_cast<Round*>(context);
  if (threads != round.threads || thread < 0 || thread >= threads) {
    ++round.wrong;
  } else {
    ++round.calls[static_cast<size_t>(thread)];
  }
}

void expect_each_ran(const Round& round, int times) {
  EXPECT_EQ(round.wrong, 0);
  for (int i = 0; i < kMaxThreads; ++i) {
    EXPECT_EQ(round.calls[static_cast<size_t>(i)], i < round.threads ? times : 0) << "thread " << i;
  }
}

TEST(ThreadPool, EveryThreadRunsOnceARound) {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (int i = 0; i < 3; ++i) {
      Round round;
      round.threads = threads;
      pool.run(count, &round);
      expect_each_ran(round, 1);
    }
  }
}

TEST(ThreadPool, ManyRoundsBackToBack) {
  ThreadPool pool(3);
  Round round;
  round.threads = 3;
  for (int i = 0; i < 2000; ++i) pool.run(count, &round);
  expect_each_ran(round, 2000);
}

TEST(ThreadPool, FarMoreThreadsThanCores) {
  ThreadPool pool(kMaxThreads);
  Round round;
  round.threads = kMaxThreads;
  for (int i = 0; i < 20; ++i) pool.run(count, &round);
  expect_each_ran(round, 20);
}

TEST(ThreadPool, TheCallerIsThreadZeroAndItsWritesAreSeen) {
  struct Shared {
    std::thread::id caller;
    int input = 0;                // plain: the pool must order it before the round
    std::array<int, 4> output{};  // plain: and these before the return
    std::atomic<bool> zero_is_caller{false};
  } shared;
  shared.caller = std::this_thread::get_id();
  ThreadPool pool(4);
  for (int i = 1; i <= 100; ++i) {
    shared.input = i;
    pool.run(
        [](void* context, int thread, int) {
          Shared& s = *static_cast<Shared*>(context);
          s.output[static_cast<size_t>(thread)] = s.input * 10 + thread;
          if (thread == 0) s.zero_is_caller = std::this_thread::get_id() == s.caller;
        },
        &shared);
    ASSERT_EQ(shared.output, (std::array{i * 10, i * 10 + 1, i * 10 + 2, i * 10 + 3}));
    ASSERT_TRUE(shared.zero_is_caller);
  }
}

TEST(ThreadPool, SleepingWorkersWakeUp) {
  ThreadPool pool(3);
  Round round;
  round.threads = 3;
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));  // far beyond the spinning
    pool.run(count, &round);
  }
  expect_each_ran(round, 5);
}

TEST(ThreadPool, CallsAtTheMomentWhenWorkersFallAsleep) {
  ThreadPool pool(2);
  Round round;
  round.threads = 2;
  for (int i = 0; i < 300; ++i) {  // the workers spin for 200 us
    std::this_thread::sleep_for(std::chrono::microseconds(100 + i % 200));
    pool.run(count, &round);
  }
  expect_each_ran(round, 300);
}

TEST(ThreadPool, DestructionUnusedSpinningAndAsleep) {
  { ThreadPool unused(4); }
  {
    ThreadPool spinning(4);
    Round round;
    round.threads = 4;
    spinning.run(count, &round);
  }
  auto asleep = std::make_unique<ThreadPool>(4);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  asleep.reset();
  for (int i = 0; i < 50; ++i) ThreadPool brief(3);
}

TEST(ThreadPool, PoolsDoNotDisturbEachOther) {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([&wrong] {
      ThreadPool pool(2);
      Round round;
      round.threads = 2;
      for (int i = 0; i < 200; ++i) pool.run(count, &round);
      if (round.calls[0] != 200 || round.calls[1] != 200 || round.wrong != 0) ++wrong;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(SpinBarrier, NobodyPassesBeforeTheLast) {
  constexpr int kThreads = 4, kRounds = 200;
  struct Meeting {
    SpinBarrier barrier{kThreads};
    std::atomic<int> arrived{0};
    std::atomic<int> early{0};
  } meeting;
  ThreadPool pool(kThreads);
  pool.run(
      [](void* context, int, int) {
        Meeting& m = *static_cast<Meeting*>(context);
        for (int round = 1; round <= kRounds; ++round) {
          ++m.arrived;
          m.barrier.wait();
          if (m.arrived < round * kThreads) ++m.early;
          m.barrier.wait();  // the same barrier, at once again
        }
      },
      &meeting);
  EXPECT_EQ(meeting.arrived, kThreads * kRounds);
  EXPECT_EQ(meeting.early, 0);
}

TEST(SpinBarrier, OneThreadNeverWaits) {
  SpinBarrier barrier(1);
  for (int i = 0; i < 10; ++i) barrier.wait();
  SUCCEED();
}

}  // namespace
}  // namespace octet
