// A tuned call takes no memory: this binary counts what operator new is asked for, per thread.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/select/toy_op.h"

namespace {
thread_local int64_t allocations = 0;

void* counted(std::size_t bytes) {
  ++allocations;
  return std::malloc(bytes == 0 ? 1 : bytes);
}

// Why noinline: the compiler would see free() of what operator new returned, and warn.
[[gnu::noinline]] void release(void* memory) { std::free(memory); }
}  // namespace

void* operator new(std::size_t bytes) {
  if (void* memory = counted(bytes)) return memory;
  std::abort();
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return counted(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return counted(bytes); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { release(memory); }

namespace octet::select {
namespace {

class ChooseAllocationTest : public testing::Test {
 protected:
  ChooseAllocationTest() {
    tables_.add({&toy::op(),
                 {toy::row(64, 8, 256, "big"), toy::row(50, 8, 256, "small"),
                  toy::row(512, 8, 256, "ref"), toy::row(96, 9, 256, "big", 80)},
                 {}});
  }

  /// How often choose() asked for memory; the choice must be a tuned one.
  int64_t of_choose(const Problem& problem) {
    const int64_t before = allocations;
    const Result<Choice> choice = choose(toy::op(), problem, device_, tables_);
    const int64_t count = allocations - before;
    EXPECT_TRUE(choice.ok() && choice->why.level == Why::Level::kTuned) << to_string(problem);
    return count;
  }

  TunedTables tables_;
  const Device device_ = device_profile("mi300x").value();
};

TEST_F(ChooseAllocationTest, TheCounterCounts) {
  const int64_t before = allocations;
  const std::string text(1000, 'x');
  EXPECT_GT(allocations, before);
}

TEST_F(ChooseAllocationTest, FindTakesNoMemory) {
  const Problem hit = toy::problem(64, 8, 256), miss = toy::problem(64, 8, 512);
  const int64_t before = allocations;
  const auto found = tables_.find(toy::op(), Arch::kGfx942, 304, hit);
  const auto none = tables_.find(toy::op(), Arch::kGfx942, 304, miss);
  const int nearest = tables_.nearest_cu_num(toy::op(), Arch::kGfx942, 304);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(found.variant, 0);
  EXPECT_EQ(none.variant, -1);
  EXPECT_EQ(nearest, 80);
}

TEST_F(ChooseAllocationTest, TheTunedPathTakesNoMemory) {
  EXPECT_EQ(of_choose(toy::problem(64, 8, 256)), 0) << "exact";
  EXPECT_EQ(of_choose(toy::problem(60, 8, 256)), 0) << "fine grid";
  EXPECT_EQ(of_choose(toy::problem(300, 8, 256)), 0) << "coarse grid";
  EXPECT_EQ(of_choose(toy::problem(90, 9, 256)), 0) << "nearest cu_num";
}

}  // namespace
}  // namespace octet::select
