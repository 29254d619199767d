// The journal: nothing finished is lost, nothing is there twice, and every bad file is named.
#include "src/harness/tune/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "harness/temporary_folder.h"
#include "harness/tune/tune_testing.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

using testing_files::FullDisk;
using testing_files::TemporaryFolder;
using testing_tune::problem;
using testing_tune::record;
using testing_tune::unknown_op;

class JournalTest : public testing::Test {
 protected:
  Result<Journal> open(bool resume) { return Journal::open(path_, device_, resume); }
  std::string text() const { return read_file(path_).value(); }
  void write(const std::string& content) { ASSERT_TRUE(write_file(path_, content).ok()); }
  static TuneRecord done(int64_t m) {
    return record(problem(m), "generic_fast_r16", {{"generic_fast_r16", 10.0 + m}});
  }
  /// A journal of the problems m = 1 and 2, closed.
  void write_two() {
    Journal journal = open(false).value();
    ASSERT_TRUE(journal.append(done(1)).ok());
    ASSERT_TRUE(journal.append(done(2)).ok());
  }
  size_t lines() const {
    const std::string all = text();
    return static_cast<size_t>(std::count(all.begin(), all.end(), '\n'));
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.file("j.jsonl");
  const Device device_ = device_profile("generic").value();
};

TEST_F(JournalTest, EveryRecordIsOnDiskAtOnceBehindTheEnvironment) {
  Journal journal = open(false).value();
  EXPECT_EQ(lines(), 1u);
  const auto first = parse_json(split(text(), '\n')[0], path_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->at("device"), "generic");
  EXPECT_EQ(*first, journal.environment());
  ASSERT_TRUE(journal.append(done(1)).ok());
  EXPECT_EQ(lines(), 2u);
  EXPECT_EQ(journal.finished().size(), 1u);
  EXPECT_TRUE(journal.finished().contains("gemm_blockscale m=1 n=256 k=128 format=e4m3fn"));
}

TEST_F(JournalTest, ResumeTakesFinishedProblemsOver) {
  write_two();
  Journal journal = open(true).value();
  EXPECT_EQ(journal.set_aside(), "");
  ASSERT_EQ(journal.finished().size(), 2u);
  const TuneRecord& second = journal.finished().at(Journal::key(problem(2)));
  EXPECT_EQ(second.winner, "generic_fast_r16");
  EXPECT_EQ(second.rows[0].us, 12);
  ASSERT_TRUE(journal.append(done(3)).ok());
  EXPECT_EQ(lines(), 4u);
  EXPECT_EQ(read_journal(path_)->size(), 3u);
}

TEST_F(JournalTest, AnExistingOneNeedsResume) {
  write_two();
  const std::string before = text();
  const Status status = open(false).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            path_ + ": exists; --resume goes on with it, or name another journal");
  EXPECT_EQ(text(), before);
}

TEST_F(JournalTest, ATornLastLineIsCutWhereverItWasTorn) {
  write_two();
  const std::string whole = text();
  const size_t last = whole.rfind('\n', whole.size() - 2) + 1;  // where the last record begins
  for (const size_t keep : {whole.size() - 1, whole.size() - 20, last + 1, last}) {
    write(whole.substr(0, keep));
    {
      Journal journal = open(true).value();
      EXPECT_EQ(journal.finished().size(), 1u) << keep;
      EXPECT_EQ(text(), whole.substr(0, last)) << "what is torn is gone before anything is added";
      ASSERT_TRUE(journal.append(done(2)).ok());
    }
    EXPECT_EQ(open(true)->finished().size(), 2u);
    EXPECT_EQ(lines(), 3u);
  }
}

TEST_F(JournalTest, ATornEnvironmentLineIsAFreshStart) {
  write_two();
  const std::string whole = text();
  for (const size_t keep : {size_t{0}, size_t{1}, whole.find('\n')}) {
    write(whole.substr(0, keep));
    const auto journal = open(true);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    EXPECT_TRUE(journal->finished().empty());
    EXPECT_EQ(lines(), 1u) << keep;
  }
}

TEST_F(JournalTest, OneOfAnotherBuildOrDeviceIsSetAside) {
  write_two();
  const std::string mine = text();
  const size_t at = mine.find("\"build\":\"") + 9;
  std::string other = mine;
  other.replace(at, 4, "zzzz");
  write(other);
  {
    const Journal journal = open(true).value();
    EXPECT_TRUE(journal.set_aside().starts_with("its build is \"zzzz")) << journal.set_aside();
    EXPECT_TRUE(journal.finished().empty());
    EXPECT_EQ(read_file(path_ + ".old").value(), other) << "nothing is lost";
    EXPECT_EQ(lines(), 1u);
  }
  write(mine);
  const Device more = device_profile("generic:3").value();
  const Journal journal = Journal::open(path_, more, true).value();
  EXPECT_EQ(journal.set_aside(), "its cu_num is 2, now it is 3");
  EXPECT_EQ(read_file(path_ + ".old").value(), mine);
}

TEST_F(JournalTest, WithoutItsEnvironmentLineItIsSetAside) {
  write_two();
  write(text().substr(text().find('\n') + 1));
  const Journal journal = open(true).value();
  EXPECT_EQ(journal.set_aside(), "its device is nothing, now it is \"generic\"");
}

TEST_F(JournalTest, ASecondOpenerIsRefusedUntilTheFirstIsGone) {
  {
    Journal first = open(false).value();
    for (const bool resume : {false, true}) {
      const Status status = open(resume).status();
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
      EXPECT_EQ(status.message(), path_ + ": another tuning run writes this journal");
    }
    Journal moved = std::move(first);
    EXPECT_FALSE(open(true).ok()) << "the lock moves along";
    ASSERT_TRUE(moved.append(done(1)).ok());
  }
  EXPECT_EQ(open(true)->finished().size(), 1u);
}

/// As the lock of a run that was killed between the fork and the exec of its child.
TEST_F(JournalTest, ALockThatIsLetGoSoonIsWaitedFor) {
  write_two();
  const int held = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  std::thread dying([held] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    ::close(held);
  });
  const auto journal = open(true);
  EXPECT_TRUE(journal.ok()) << journal.status().message();
  dying.join();
}

TEST_F(JournalTest, ACorruptLineIsNamedAndTheFileStaysAsItIs) {
  write_two();
  const std::vector<std::string> good = split(text(), '\n');
  const std::string unknown =
      R"({"op":"nothing","problem":"m=1","heuristic":"","default":"","winner":"","rows":[],"failed":[]})";
  const std::pair<std::string, std::string> cases[]{
      {"garbage", "not a JSON object"},        {"{\"op\":", "not a JSON object"},
      {"{}", "'op' is missing or not a text"}, {unknown, unknown_op("nothing")},
      {"<<<<<<< mine", "not a JSON object"},
  };
  for (const auto& [line, message] : cases) {
    const std::string content = good[0] + "\n" + good[1] + "\n" + line + "\n" + good[2] + "\n";
    write(content);
    const Status status = open(true).status();
    EXPECT_EQ(status.code(), StatusCode::kCorruptData) << line;
    EXPECT_EQ(status.message(), path_ + ":3: " + message);
    EXPECT_EQ(text(), content);
    EXPECT_EQ(read_journal(path_).status().message(), path_ + ":3: " + message);
  }
}

TEST_F(JournalTest, WhereItCannotBeWritten) {
  const Status missing =
      Journal::open(folder_.file("no/such/folder/j.jsonl"), device_, false).status();
  EXPECT_EQ(missing.code(), StatusCode::kIo);
  EXPECT_EQ(missing.message(), folder_.file("no/such/folder/j.jsonl: No such file or directory"));
  EXPECT_EQ(Journal::open(folder_.path(), device_, true).status().code(), StatusCode::kIo);
  const Status device = Journal::open("/dev/full", device_, true).status();
  EXPECT_EQ(device.message(), "/dev/full: a journal must be a regular file");
}

TEST_F(JournalTest, AFullDiskIsAnErrorAndLeavesWholeLinesOnly) {
  {
    Journal journal = open(false).value();
    ASSERT_TRUE(journal.append(done(1)).ok());
    const std::string before = text();
    {
      const FullDisk full(before.size() + 50);  // room for a part of the next record
      const Status status = journal.append(done(2));
      EXPECT_EQ(status.code(), StatusCode::kIo);
      EXPECT_EQ(status.message(), path_ + ": File too large");
    }
    EXPECT_EQ(text(), before) << "the part that fitted is taken back";
    EXPECT_FALSE(journal.finished().contains(Journal::key(problem(2))));
    EXPECT_TRUE(journal.append(done(3)).ok()) << "room again";
  }
  EXPECT_EQ(open(true)->finished().size(), 2u);
}

TEST_F(JournalTest, AFullDiskAtTheStart) {
  {
    const FullDisk full(10);
    const Status status = open(false).status();
    EXPECT_EQ(status.code(), StatusCode::kIo);
    EXPECT_EQ(status.message(), path_ + ": File too large");
    EXPECT_FALSE(std::filesystem::exists(path_)) << "nothing half is left";
  }
  EXPECT_TRUE(open(false).ok()) << "room again";
}

}  // namespace
}  // namespace octet::harness
