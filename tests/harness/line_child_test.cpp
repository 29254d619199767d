// A child that is spoken to in lines: answers, silence, its end.
#include "src/harness/line_child.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace octet::harness {
namespace {

LineChild shell(const std::string& commands) {
  auto child = LineChild::start({"/bin/sh", "-c", commands}, true);
  EXPECT_TRUE(child.ok()) << child.status().message();
  return std::move(child).value();
}

TEST(LineChild, HearsLinesAndTheEnd) {
  LineChild child = shell("read line; echo \"heard $line\"; echo; printf 'no end'");
  ASSERT_TRUE(child.write({{"a", 1}}));
  std::string line;
  ASSERT_EQ(child.read(line, 60), Heard::kLine);
  EXPECT_EQ(line, "heard {\"a\":1}");
  ASSERT_EQ(child.read(line, 60), Heard::kLine);
  EXPECT_EQ(line, "");
  EXPECT_EQ(child.read(line, 60), Heard::kEnd);
  EXPECT_EQ(child.how_it_ended(), "its process ended with code 0");
}

TEST(LineChild, SilenceIsNoEnd) {
  LineChild child = shell("read line");
  std::string line;
  EXPECT_EQ(child.read(line, 0.01), Heard::kSilence);
  child.kill();
  EXPECT_EQ(child.read(line, 60), Heard::kEnd);
  EXPECT_EQ(child.how_it_ended(), "killed by signal 9 (Killed)");
}

TEST(LineChild, WritingToADeadChildFails) {
  LineChild child = shell("exec <&-; echo; sleep 60");
  std::string line;
  ASSERT_EQ(child.read(line, 60), Heard::kLine);
  EXPECT_FALSE(child.write({{"a", 1}}));
}

TEST(LineChild, DiesWithItsOwner) {
  std::string line;
  {
    LineChild child = shell("echo $$; read line");
    ASSERT_EQ(child.read(line, 60), Heard::kLine);
    LineChild moved = std::move(child);
    EXPECT_EQ(::kill(std::stoi(line), 0), 0);
  }
  EXPECT_NE(::kill(std::stoi(line), 0), 0);
}

TEST(LineChild, AFileThatCannotRunEndsAtOnce) {
  auto child = LineChild::start({"/no/such/program"}, true);
  ASSERT_TRUE(child.ok());
  std::string line;
  EXPECT_EQ(child->read(line, 60), Heard::kEnd);
  EXPECT_EQ(child->how_it_ended(), "its process ended with code 127");
}

}  // namespace
}  // namespace octet::harness
