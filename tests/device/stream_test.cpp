// Streams: threads, workspace, errors.
#include "octet/stream.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cstring>
#include <set>

#include "device/scoped_env.h"

namespace octet {
namespace {

using testing_env::ScopedEnv;

TEST(Stream, RunsOnAsManyThreadsAsItSays) {
  for (const int threads : {1, 2, 5}) {
    Stream stream = Stream::cpu(threads).value();
    EXPECT_EQ(stream.device().cu_num, threads);
    std::atomic<int> seen{0};  // a bit a thread
    stream.parallel(
        [](void* context, int thread, int total) {
          if (thread < total) *static_cast<std::atomic<int>*>(context) += 1 << thread;
        },
        &seen);
    EXPECT_EQ(seen, (1 << threads) - 1);
  }
}

TEST(Stream, ZeroThreadsMeansOctetThreads) {
  const ScopedEnv three("OCTET_THREADS", "3");
  EXPECT_EQ(Stream::cpu().value().device().cu_num, 3);
}

TEST(Stream, ErrorsNameTheNumberAndTheLimit) {
  for (const int threads : {-1, 1025}) {
    const Status status = Stream::cpu(threads).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(),
              "Stream::cpu: threads = " + std::to_string(threads) + ", must be 0 to 1024");
  }
  const ScopedEnv wrong("OCTET_CPU_ARCH", "gfx942");
  EXPECT_EQ(Stream::cpu(1).status().message(), "OCTET_CPU_ARCH=gfx942: not a CPU tier");
}

TEST(Stream, WorkspaceIsAlignedKeptAndGrows) {
  Stream stream = Stream::cpu(1).value();
  auto* small = static_cast<uint8_t*>(stream.workspace(100).value());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(small) % 64, 0u);
  std::memset(small, 7, 100);
  EXPECT_EQ(stream.workspace(50).value(), small) << "kept for the next call";
  EXPECT_EQ(small[99], 7);
  constexpr int64_t kLarge = int64_t{9} << 20;
  auto* large = static_cast<uint8_t*>(stream.workspace(kLarge).value());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(large) % 64, 0u);
  std::memset(large, 8, kLarge);  // all of it is there
  EXPECT_EQ(stream.workspace(1).value(), large);
  EXPECT_TRUE(stream.workspace(0).ok());
}

/// New threads ask for stacks of `bytes` while this lives.
class StackSize {
 public:
  explicit StackSize(size_t bytes) {
    pthread_getattr_default_np(&old_);
    pthread_attr_t large = old_;
    pthread_attr_setstacksize(&large, bytes);
    pthread_setattr_default_np(&large);
  }
  ~StackSize() {
    pthread_setattr_default_np(&old_);
    pthread_attr_destroy(&old_);
  }
  StackSize(const StackSize&) = delete;
  StackSize& operator=(const StackSize&) = delete;

 private:
  pthread_attr_t old_;
};

TEST(Stream, ThreadsThatTheSystemRefusesAreAnErrorWithNumbers) {
  {
    const StackSize huge(size_t{1} << 45);  // of an address space of 2^47: four at most
    const Status status = Stream::cpu(8).status();
    EXPECT_EQ(status.code(), StatusCode::kBackend);
    EXPECT_TRUE(status.message().starts_with("Stream::cpu: the system gave ")) << status.message();
    EXPECT_NE(status.message().find(" of 8 threads: "), std::string::npos) << status.message();
  }
  EXPECT_TRUE(Stream::cpu(8).ok()) << "once they can be had";
}

TEST(Stream, AnImpossibleWorkspaceIsAnErrorAndTheStreamGoesOn) {
  Stream stream = Stream::cpu(1).value();
  const auto huge = stream.workspace(int64_t{1} << 62);
  EXPECT_EQ(huge.status().code(), StatusCode::kBackend);
  EXPECT_EQ(huge.status().message(), "workspace: the system refused 4611686018427387904 bytes");
  auto* after = static_cast<uint8_t*>(stream.workspace(4096).value());
  ASSERT_NE(after, nullptr);
  std::memset(after, 1, 4096);
}

TEST(Stream, CopiesShareThreadsAndWorkspace) {
  Stream stream = Stream::cpu(2).value();
  void* memory = stream.workspace(1000).value();
  Stream copy = stream;
  EXPECT_EQ(copy.workspace(1000).value(), memory);
  EXPECT_EQ(&copy.device(), &stream.device());
  { Stream gone = copy; }
  EXPECT_EQ(stream.workspace(10).value(), memory);
}

}  // namespace
}  // namespace octet
