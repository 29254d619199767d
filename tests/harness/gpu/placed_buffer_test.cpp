// Memory of a CPU stream is the host's: copies go through it, and a mirror is the buffer itself.
#include "src/harness/gpu/placed_buffer.h"

#include <gtest/gtest.h>

namespace octet::harness {
namespace {

TEST(PlacedBuffer, OnACpuIsMemoryOfTheHost) {
  Stream stream = Stream::cpu(1).value();
  PlacedBuffer placed = PlacedBuffer::allocate(stream, 8).value();
  ASSERT_EQ(placed.bytes(), 8);
  ASSERT_TRUE(placed.upload("abcdefgh", 8).ok());
  EXPECT_EQ(std::string(placed.as<char>(), 8), "abcdefgh");
  char part[3];
  ASSERT_TRUE(placed.download(part, 3, 4).ok());
  EXPECT_EQ(std::string(part, 3), "efg");
}

TEST(PlacedBuffer, AMirrorOnACpuIsTheBufferItself) {
  Stream stream = Stream::cpu(1).value();
  const Buffer host = Buffer::allocate(16).value();
  PlacedBuffer mirror = PlacedBuffer::mirror(stream, host).value();
  EXPECT_EQ(mirror.as(), host.data());
  EXPECT_EQ(mirror.bytes(), host.bytes());
  host.data()[3] = 42;
  EXPECT_TRUE(mirror.download(host.data(), 16).ok());
  EXPECT_EQ(mirror.as()[3], 42);
}

}  // namespace
}  // namespace octet::harness
