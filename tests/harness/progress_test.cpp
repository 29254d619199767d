// Progress in a log: a plain line when ten seconds have passed, nothing before.
#include "src/harness/progress.h"

#include <gtest/gtest.h>

#include "harness/temporary_folder.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

TEST(ProgressLines, OneEveryTenSeconds) {
  const testing_files::TemporaryFolder folder;
  const std::string path = folder.file("log");
  std::FILE* log = std::fopen(path.c_str(), "w");
  ASSERT_NE(log, nullptr);
  double now = 1000;
  {
    Progress progress(log, [&] { return now; });
    const auto at = [&](double second, int64_t done, const char* what) {
      now = 1000 + second;
      progress.show(done, 12, what);
      return read_file(path).value();
    };
    const std::string first = "octet: problem 3 of 12, 10 s: m=4\n";
    const std::string second = first + "octet: problem 3 of 12, 25 s: m=4\n";
    EXPECT_EQ(at(0, 0, "m=1"), "");
    EXPECT_EQ(at(9.9, 1, "m=2"), "") << "a short run says nothing";
    EXPECT_EQ(at(10.2, 2, "m=4"), first);
    EXPECT_EQ(at(11, 2, "m=4"), first);
    EXPECT_EQ(at(20.1, 2, "m=4"), first);
    EXPECT_EQ(at(25, 2, "m=4"), second) << "a long problem is heard of again";
  }
  std::fclose(log);
  EXPECT_EQ(read_file(path).value().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace octet::harness
