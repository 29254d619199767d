// Device memory: regions, guards, refusals.
#include "tests/amdgcn/memory.h"

#include <gtest/gtest.h>

#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

uint64_t address(const void* base) { return reinterpret_cast<uintptr_t>(base); }

TEST(Memory, AllowsRegionsOnly) {
  Memory memory;
  uint32_t words[8] = {};
  memory.add(words, sizeof words, true, "words");
  EXPECT_EQ(memory.size_of(words), sizeof words);
  EXPECT_EQ(memory.at(address(words) + 28, 4, true), reinterpret_cast<std::byte*>(words + 7));
  EXPECT_ERROR(memory.at(address(words) + 30, 4, false), "load of 4 bytes");
  EXPECT_ERROR(memory.at(address(words) - 1, 1, true), "store of 1 bytes");
  EXPECT_ERROR(memory.add(words + 2, 4, true), "overlaps");
  EXPECT_FALSE(memory.remove(words + 1));
  EXPECT_TRUE(memory.remove(words));
  EXPECT_ERROR(memory.at(address(words), 4, false), "load of 4 bytes");
}

TEST(Memory, KeepsReadOnlyRegionsFromStores) {
  Memory memory;
  const uint32_t word = 5;
  memory.add(&word, 4, false, "constant");
  EXPECT_NO_THROW(memory.at(address(&word), 4, false));
  EXPECT_ERROR(memory.at(address(&word), 4, true), "read only");
}

TEST(Memory, GuardsAllocations) {
  Memory memory;
  void* first = memory.allocate(100);
  void* second = memory.allocate(0);
  EXPECT_EQ(address(first) % 256, 0u);
  EXPECT_EQ(static_cast<unsigned char*>(first)[99], 0xa5);
  EXPECT_ERROR(memory.at(address(first) + 100, 1, false), "load of 1 bytes");
  EXPECT_ERROR(memory.at(address(second), 1, false), "load of 1 bytes");
  EXPECT_FALSE(memory.release(static_cast<char*>(first) + 16));
  EXPECT_TRUE(memory.release(first));
  EXPECT_FALSE(memory.release(first));
  EXPECT_ERROR(memory.at(address(first), 1, false), "load of 1 bytes");
}

}  // namespace
}  // namespace octet::amdgcn
