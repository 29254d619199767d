// octet tune: killed at any moment and resumed, locked, repeated, and its outputs when they cannot
// be written.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Process;
using testing_process::Words;

constexpr int kProblems = 12;

class TuneTest : public testing::Test {
 protected:
  TuneTest() {
    std::string text = "m,n,k\n";
    for (int m = 1; m <= kProblems; ++m) text += std::to_string(m) + ",64,128\n";
    EXPECT_TRUE(write_file(shapes_, text).ok());
  }
  Words words(const Words& more = {}) const {
    Words all{"tune",      "--shapes", shapes_, "--journal", journal_,
              "--resume",  "--budget", "60s",   "--out",     folder_.file("tuned.csv"),
              "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string journal() const {
    return std::filesystem::exists(journal_) ? read_file(journal_).value() : "";
  }
  size_t lines() const {
    const std::string text = journal();
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  /// The problems in the journal, each once, or a failure.
  void expect_each_once(size_t problems) const {
    std::set<std::string> seen;
    const auto all = read_json_lines(journal_);
    ASSERT_TRUE(all.ok()) << all.status().message();
    for (size_t i = 1; i < all->size(); ++i) {
      const auto problem = all->at(i).object.at("problem").get<std::string>();
      EXPECT_TRUE(seen.insert(problem).second) << problem << " is there twice";
    }
    EXPECT_EQ(seen.size(), problems);
  }
  static std::vector<pid_t> children(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid);
    std::vector<pid_t> found;
    for (const std::string& word : split(trim(read_file(path + "/children").value()), ' ')) {
      if (const auto child = parse_int(word); child.ok()) {
        found.push_back(static_cast<pid_t>(*child));
      }
    }
    return found;
  }
  static bool runs(pid_t pid) {
    const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    return stat.ok() && stat->find(") Z ") == std::string::npos;
  }

  TemporaryFolder folder_;
  const std::string shapes_ = folder_.file("shapes.csv"), journal_ = folder_.file("j.jsonl");
};

TEST_F(TuneTest, KilledAtSeveralMomentsAndResumedLosesAndDoublesNothing) {
  for (const size_t moment : {1, 2, 6}) {  // lines: only the environment; one problem; five
    Process run(words());
    ASSERT_TRUE(run.wait_until([&] { return lines() >= moment; })) << journal();
    const std::string before = journal();
    run.kill();
    const std::string after = journal();
    EXPECT_TRUE(after.starts_with(before)) << "what was there stays";
  }
  const std::string killed = journal();
  const Outcome rest = octet(words({"--json"}));
  ASSERT_EQ(rest.code, 0) << rest.err;
  const size_t whole = killed.rfind('\n') + 1;
  EXPECT_TRUE(journal().starts_with(killed.substr(0, whole))) << "no finished line is lost";
  expect_each_once(kProblems);
  const Json result = rest.json();
  EXPECT_EQ(result["records"].size(), static_cast<size_t>(kProblems));
  EXPECT_GE(result["resumed"], 5);
  EXPECT_EQ(result["left"], 0);
  const std::string table = read_file(folder_.file("tuned.csv")).value();
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 1 + kProblems);
  EXPECT_EQ(octet({"db", "check", folder_.file("tuned.csv")}).code, 0);

  // Once more: nothing is measured again and nothing changes.
  const std::string finished = journal();
  const Outcome again = octet(words({"--json"}));
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(again.json()["resumed"], kProblems);
  EXPECT_EQ(again.json()["records"], result["records"]);
  EXPECT_EQ(journal(), finished);
}

TEST_F(TuneTest, ASecondRunOnOneJournalIsRefusedAndNoOrphanStays) {
  const Json plan =
      octet({"explain", "gemm_blockscale", "m=1", "n=64", "k=128", "--threads", "1", "--json"})
          .json();
  const std::string hangs = plan["variant"].get<std::string>() + ":hang";
  Process first(words({"--fault", hangs, "--timeout", "100"}));
  ASSERT_TRUE(first.wait_until([&] { return lines() >= 1; }));
  const std::string before = journal();
  const Outcome second = octet(words());
  EXPECT_EQ(second.code, 2);
  EXPECT_EQ(second.err, "octet: " + journal_ + ": another tuning run writes this journal\n");
  EXPECT_EQ(journal(), before);

  std::vector<pid_t> workers;
  ASSERT_TRUE(first.wait_until([&] { return !(workers = children(first.pid())).empty(); }));
  first.kill();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (runs(workers[0]) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_FALSE(runs(workers[0])) << "the worker outlives its parent";
}

TEST_F(TuneTest, TheTableFitsATerminalNamesItsColumnsAndAgreesWithTheReport) {
  const std::string results = folder_.file("r.jsonl"), page = folder_.file("r.html");
  const Outcome outcome = octet(words({"--results", results}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Words lines = split(outcome.out, '\n');
  for (const std::string& line : lines) EXPECT_LE(line.size(), 120u) << line;
  EXPECT_TRUE(lines[2].starts_with(" m ")) << outcome.out;
  for (const char* name :
       {" variant ", " why ", " us ", " GB/s ", " GFLOP/s ", " floor ", " rate "}) {
    EXPECT_NE((lines[2] + " ").find(name), std::string::npos) << name;
  }
  EXPECT_EQ(lines[3], "n=64 k=128") << "of all the rows below";
  const auto all = read_json_lines(results);
  ASSERT_TRUE(all.ok()) << all.status().message();
  std::map<int64_t, Words> chosen;  // by m
  for (size_t i = 1; i < all->size(); ++i) {
    const Json& row = all->at(i).object;
    if (row["why"] != "bench") chosen[row["problem"]["m"]].push_back(row["variant"]);
  }
  ASSERT_EQ(chosen.size(), static_cast<size_t>(kProblems));
  ASSERT_EQ(octet({"report", results, "--out", page}).code, 0);
  const std::string html = read_file(page).value();
  for (const auto& [m, variants] : chosen) {
    ASSERT_EQ(variants.size(), 1u) << m;
    const std::string& line = lines[static_cast<size_t>(3 + m)];
    EXPECT_NE(line.find(" " + variants[0] + " "), std::string::npos) << line;
    const std::string tip = "<title>m=" + std::to_string(m) + " n=64 k=128\n" + variants[0] + " ";
    EXPECT_NE(html.find(tip), std::string::npos) << tip;
  }
}

TEST_F(TuneTest, OutputsThatCannotBeWrittenAreFoundBeforeTheWork) {
  const std::string nowhere = folder_.file("no/such/folder/t.csv");
  for (const char* option : {"--out", "--results"}) {
    const Outcome outcome = octet(
        {"tune", "--shapes", shapes_, "--journal", journal_, option, nowhere, "--budget", "60s"});
    EXPECT_EQ(outcome.code, 2) << option;
    EXPECT_EQ(outcome.err, "octet: " + nowhere + ": No such file or directory\n");
    EXPECT_FALSE(std::filesystem::exists(journal_)) << "nothing was begun";
  }
  const Outcome folder = octet({"tune", "--shapes", shapes_, "--journal", journal_, "--out",
                                folder_.path(), "--budget", "60s"});
  EXPECT_EQ(folder.code, 2);
  EXPECT_EQ(folder.err, "octet: " + folder_.path() + ": Is a directory\n");
  EXPECT_FALSE(std::filesystem::exists(journal_));
  const Outcome journal_nowhere =
      octet({"tune", "--shapes", shapes_, "--journal", nowhere, "--budget", "60s"});
  EXPECT_EQ(journal_nowhere.code, 2);
  EXPECT_EQ(journal_nowhere.err, "octet: " + nowhere + ": No such file or directory\n");
}

TEST_F(TuneTest, AFullDiskAtTheEndIsAnErrorAndNoDeviceIsRemoved) {
  // No time at all: the problems are left, the outputs are written all the same.
  for (const char* option : {"--out", "--results"}) {
    const Outcome outcome =
        octet({"tune", "--shapes", shapes_, "--journal", folder_.file(std::string("j") + option),
               option, "/dev/full", "--budget", "0.000001s"});
    EXPECT_EQ(outcome.code, 2) << option;
    EXPECT_EQ(outcome.err, "octet: /dev/full: No space left on device\n");
  }
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST_F(TuneTest, ATableThatIsNoneIsLeftAlone) {
  const std::string table = folder_.file("tuned.csv");
  ASSERT_TRUE(write_file(table, "my thesis\n").ok());
  const Outcome corrupt = octet({"tune", "--shapes", shapes_, "--journal", journal_, "--out", table,
                                 "--budget", "0.000001s"});
  EXPECT_EQ(corrupt.code, 4);
  EXPECT_TRUE(corrupt.err.starts_with("octet: " + table + ":1: no column 'arch'")) << corrupt.err;
  EXPECT_EQ(read_file(table).value(), "my thesis\n");
  EXPECT_FALSE(std::filesystem::exists(journal_)) << "found before the work";
}

TEST_F(TuneTest, AShardIsToldOfWithWhereItComesFrom) {
  const Words none{"tune", "--shapes", shapes_, "--budget", "0.000001s", "--json"};
  const Words slurm{"SLURM_PROCID=1", "SLURM_NTASKS=4"};
  const Outcome part = octet(none, slurm);
  ASSERT_EQ(part.code, 0) << part.err;
  EXPECT_TRUE(
      part.err.starts_with("octet: shard 2/4 from Slurm (SLURM_PROCID=1, SLURM_NTASKS=4): "))
      << part.err;
  EXPECT_TRUE(part.err.ends_with(" of 12 problems; --shard 1/1 takes all\n")) << part.err;
  EXPECT_EQ(part.json()["shard"], "2/4");
  Words all = none;
  all.insert(all.end(), {"--shard", "1/1"});
  const Outcome whole = octet(all, slurm);
  EXPECT_EQ(whole.err, "");
  EXPECT_EQ(whole.json()["left"], kProblems);
}

TEST_F(TuneTest, ATemporaryJournalHasNoNameToGuessAndIsRemoved) {
  // A process cannot know the next child's id; with a folder of its own, every file is a leftover.
  const TemporaryFolder temporary;
  const Words environment{"TMPDIR=" + temporary.path()};
  for (const char* faulty : {"check", "no_such_set"}) {
    octet({"tune", "--shapes", faulty, "--m", "1", "--budget", "0.000001s"}, environment);
    EXPECT_EQ(temporary.num_files(), 0u) << faulty;
  }
  Process run({"tune", "--shapes", shapes_, "--budget", "60s", "--threads", "1"}, environment);
  ASSERT_TRUE(run.wait_until([&] { return temporary.num_files() == 1; }));
  const auto journal = *std::filesystem::directory_iterator(temporary.path());
  EXPECT_EQ(journal.path().filename().string().find(std::to_string(run.pid())), std::string::npos)
      << journal.path();
  EXPECT_EQ(journal.status().permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(TuneTest, OutputsThatAreLinksStayLinks) {
  const std::string link = folder_.file("results.jsonl"), target = folder_.file("far.jsonl");
  std::filesystem::create_symlink(target, link);
  const Outcome outcome =
      octet({"tune", "--shapes", shapes_, "--budget", "0.000001s", "--results", link});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_TRUE(std::filesystem::is_regular_file(target));
}

TEST_F(TuneTest, OneProblemInWords) {
  const Outcome outcome = octet({"tune", "--shapes", "m=2 n=128 k=256", "--budget", "1s", "--json"},
                                {"OCTET_CPU_ARCH=generic"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json records = outcome.json()["records"];
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0]["rows"][0]["problem"], (Json{{"m", 2}, {"n", 128}, {"k", 256}}));
}

TEST_F(TuneTest, WithoutShapes) {
  ASSERT_TRUE(write_file(shapes_, "m,n,k\n").ok());
  const Outcome outcome = octet(words());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "octet: " + shapes_ + ": no shape of gemm_blockscale\n");
  EXPECT_FALSE(std::filesystem::exists(folder_.file("tuned.csv")));
}

TEST_F(TuneTest, RowsAreOfTheFormatThatIsNamed) {
  const Outcome run = octet({"tune", "--shapes", "m=1 n=64 k=128", "--format", "e4m3fnuz", "--out",
                             folder_.file("tuned.csv"), "--budget", "60s"});
  ASSERT_EQ(run.code, 0) << run.err;
  const std::string table = read_file(folder_.file("tuned.csv")).value();
  EXPECT_NE(table.find(",e4m3fnuz,1,64,128,"), std::string::npos) << table;
  EXPECT_EQ(table.find(",e4m3fn,"), std::string::npos) << table;
}

}  // namespace
}  // namespace octet
