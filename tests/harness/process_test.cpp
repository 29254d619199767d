// A child process: what it printed, how it ended, and what cannot be started.
#include "src/harness/process.h"

#include <gtest/gtest.h>

namespace octet::harness {
namespace {

TEST(Process, KeepsOutputAndCode) {
  const auto ended = run_process({"sh", "-c", "echo out; echo one >&2; echo two >&2; exit 3"});
  ASSERT_TRUE(ended.ok()) << ended.status().message();
  EXPECT_EQ(ended->code, 3);
  EXPECT_EQ(ended->out, "out\n");
  EXPECT_EQ(ended->err, "one\ntwo\n");
  EXPECT_EQ(ended->last_line(), "two");
}

TEST(Process, ASignalIs128AndMore) {
  EXPECT_EQ(run_process({"sh", "-c", "kill -9 $$"})->code, 137);
}

TEST(Process, MuchOutputDoesNotBlock) {
  const auto ended =
      run_process({"sh", "-c", "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"});
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->out.size(), 1'000'000u);
  EXPECT_EQ(ended->err.size(), 1'000'000u);
}

TEST(Process, NamesWhatCannotBeStarted) {
  const auto ended = run_process({"no-such-program-of-octet"});
  EXPECT_EQ(ended.status().code(), StatusCode::kBackend);
  EXPECT_EQ(ended.status().message(), "no-such-program-of-octet: No such file or directory");
}

}  // namespace
}  // namespace octet::harness
