// Progress where it is not seen: nothing, however long it takes, unless lines are asked for.
#include "src/harness/progress.h"

#include <gtest/gtest.h>

#include "harness/temporary_folder.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

/// What a log has of twelve problems of 20 s each.
std::string log_of(double log_every_s) {
  const testing_files::TemporaryFolder folder;
  const std::string path = folder.file("log");
  std::FILE* log = std::fopen(path.c_str(), "w");
  EXPECT_NE(log, nullptr);
  double now = 1000;
  {
    Progress progress(
        log, [&] { return now; }, log_every_s);
    for (int64_t done = 0; done < 12; ++done, now += 20) progress.show(done, 12, "m=1");
    progress.clear();
  }
  std::fclose(log);
  return read_file(path).value();
}

TEST(Progress, SaysNothingInALog) { EXPECT_EQ(log_of(0), ""); }

TEST(Progress, SaysALineAMinuteWhereItIsAsked) {
  EXPECT_EQ(log_of(60), "octet: 3/12 m=1\noctet: 6/12 m=1\noctet: 9/12 m=1\n");
}

}  // namespace
}  // namespace octet::harness
