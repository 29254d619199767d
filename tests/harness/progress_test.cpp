// Progress where it is not seen: nothing, however long it takes.
#include "src/harness/progress.h"

#include <gtest/gtest.h>

#include "harness/temporary_folder.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

TEST(Progress, SaysNothingInALog) {
  const testing_files::TemporaryFolder folder;
  const std::string path = folder.file("log");
  std::FILE* log = std::fopen(path.c_str(), "w");
  ASSERT_NE(log, nullptr);
  double now = 1000;
  {
    Progress progress(log, [&] { return now; });
    for (int64_t done = 0; done < 12; ++done, now += 60) progress.show(done, 12, "m=1");
    progress.clear();
  }
  std::fclose(log);
  EXPECT_EQ(read_file(path).value(), "");
}

}  // namespace
}  // namespace octet::harness
