// Buffers, guard pages that really fault, and the windows of the arena.
#include "src/harness/memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

namespace {

bool refuse_to_protect = false;
void* last_protected = nullptr;

}  // namespace

/// In place of the C library's, so that a test can make it fail.
extern "C" int mprotect(void* pages, size_t bytes, int protection) noexcept {
  last_protected = pages;
  if (refuse_to_protect) {
    errno = ENOMEM;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_mprotect, pages, bytes, protection));
}

namespace octet::harness {
namespace {

TEST(Buffer, IsAlignedWritableAndAtLeastAsLargeAsAsked) {
  for (const int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{4097}, int64_t{5} << 20}) {
    const Buffer buffer = Buffer::allocate(bytes).value();
    ASSERT_NE(buffer.data(), nullptr) << bytes;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0u);
    EXPECT_GE(buffer.bytes(), bytes);
    std::memset(buffer.data(), 0xab, static_cast<size_t>(buffer.bytes()));
  }
}

TEST(Buffer, AnImpossibleSizeIsAnError) {
  const auto buffer = Buffer::allocate(int64_t{1} << 60);
  EXPECT_EQ(buffer.status().code(), StatusCode::kBackend);
  EXPECT_EQ(buffer.status().message(), "the system refused 1152921504606846976 bytes for operands");
  EXPECT_EQ(Buffer::allocate_guarded(int64_t{1} << 60).status().code(), StatusCode::kBackend);
}

TEST(Buffer, MovesKeepTheMemory) {
  Buffer first = Buffer::allocate(100).value();
  uint8_t* data = first.data();
  data[99] = 5;
  Buffer second = std::move(first);
  EXPECT_EQ(second.data(), data);
  Buffer third = Buffer::allocate(8).value();
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.data()[99], 5);
}

TEST(GuardedBuffer, HasExactlyItsBytes) {
  for (const int64_t bytes : {1, 100, 4096, 4100}) {
    const Buffer buffer = Buffer::allocate_guarded(bytes).value();
    EXPECT_EQ(buffer.bytes(), bytes);
    std::memset(buffer.data(), 1, static_cast<size_t>(bytes));
  }
}

TEST(GuardedBuffer, PagesThatCannotBeGuardedAreGivenBack) {
  refuse_to_protect = true;
  const auto buffer = Buffer::allocate_guarded(5000);
  refuse_to_protect = false;
  void* guard = last_protected;  // before anything else is protected
  EXPECT_EQ(buffer.status().code(), StatusCode::kBackend);
  EXPECT_EQ(buffer.status().message(), "the system refused 8192 guarded bytes");
  EXPECT_EQ(::msync(guard, 4096, MS_ASYNC), -1) << "still mapped";
  EXPECT_EQ(errno, ENOMEM);
}

TEST(GuardedBufferDeathTest, OneByteFurtherIsAFault) {
  const Buffer buffer = Buffer::allocate_guarded(100).value();
  volatile uint8_t* end = buffer.data() + 100;
  EXPECT_DEATH({ static_cast<void>(*end); }, "") << "read";
  EXPECT_DEATH({ *end = 1; }, "") << "write";
  volatile uint8_t* last_of_guard = end + 4095;
  EXPECT_DEATH({ *last_of_guard = 1; }, "");
  const Buffer empty = Buffer::allocate_guarded(0).value();
  volatile uint8_t* none = empty.data();
  EXPECT_DEATH({ *none = 1; }, "") << "an empty buffer has no byte";
}

class ArenaTest : public testing::Test {
 protected:
  // A small machine: an arena of a quarter of 64 MiB, unless this process has a larger one.
  const Arena* arena_ = Arena::get(1 << 20, int64_t{64} << 20, 1000).value();
};

TEST_F(ArenaTest, WindowsAreDisjointAlignedAndRotate) {
  constexpr int64_t kBytes = 3 * 1000 * 1000;  // no multiple of 64
  const int64_t count = arena_->num_windows(kBytes);
  ASSERT_GE(count, 5);
  const uint8_t* previous_end = nullptr;
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t* window = arena_->window(i, kBytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(window) % 64, 0u);
    if (previous_end != nullptr) {
      EXPECT_GE(window, previous_end) << i;
    }
    previous_end = window + kBytes;
    EXPECT_EQ(arena_->window(i + count, kBytes), window) << "round and round";
  }
  const uint8_t* first = arena_->window(0, 64);
  EXPECT_LE(previous_end, first + arena_->num_windows(64) * 64) << "within the arena";
}

TEST_F(ArenaTest, RotationOutgrowsTheLastLevelCache) {
  EXPECT_GE(arena_->num_windows(64) * 64, 3 * (1 << 20));
  for (const int64_t bytes : {100, 4096, 1 << 20}) {
    EXPECT_GE(arena_->num_windows(bytes) * bytes, 2 * (1 << 20)) << bytes;
  }
}

TEST_F(ArenaTest, HoldsSignedFiniteCodesOfManyKinds) {
  std::set<int> codes;
  const uint8_t* data = arena_->window(0, 1 << 20);
  for (int64_t i = 0; i < 1 << 20; ++i) codes.insert(data[i]);
  EXPECT_FALSE(codes.contains(0x7f)) << "NaN of e4m3fn";
  EXPECT_FALSE(codes.contains(0xff));
  EXPECT_GE(*codes.lower_bound(0x78), 0x78);
  EXPECT_LT(*codes.lower_bound(0x78), 0x7f) << "positive codes of 256 and more";
  EXPECT_LT(*codes.lower_bound(0xf8), 0xff) << "negative ones";
  EXPECT_GT(codes.size(), 150u);
  const uint8_t* later = arena_->window(1, 1 << 20);
  EXPECT_NE(std::memcmp(data, later, 1 << 20), 0);
}

TEST_F(ArenaTest, GrowsForAWindowBeyondItsUsualSize) {
  const int64_t more = arena_->num_windows(64) * 64 + 1;
  if (more > int64_t{64} << 20) GTEST_SKIP() << "this process has the arena of a large machine";
  const Arena* grown = Arena::get(1 << 20, int64_t{64} << 20, more).value();
  EXPECT_EQ(grown, arena_);
  EXPECT_EQ(grown->num_windows(more), 1);
  const uint8_t* window = grown->window(17, more);
  EXPECT_NE(window[more - 1], 0x7f) << "filled to the end";
}

}  // namespace
}  // namespace octet::harness
