// A repetition of two builds, on stand-ins for the command: shell scripts that write results, with
// and without turns.
#include "src/harness/against/turn_pair.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "harness/temporary_folder.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

class TurnPairTest : public ::testing::Test {
 protected:
  static constexpr const char* kRow =
      "row='{\"schema\":1,\"op\":\"o\",\"format\":\"f\",\"device\":\"d\",\"arch\":\"a\",\"cu_num\":"
      "1,\"problem\":{\"m\":1},\"variant\":\"v\",\"why\":\"w\",\"us\":'$us',\"us_min\":'$us',"
      "\"us_max\":'$us',\"us_q1\":'$us',\"us_q3\":'$us',\"samples\":9,\"stable\":true,\"bytes\":1,"
      "\"flops\":1,\"floor_us\":7,\"policy\":\"cold\",\"error\":0.5,\"commit\":\"c\",\"time\":"
      "\"t\",\"env\":\"e\"}'\n";

  std::string script(const std::string& name, const std::string& body) {
    const std::string path = folder_.file(name);
    EXPECT_TRUE(
        write_file(path, "#!/bin/sh\necho \"" + name + " $*\" >> '" + log() + "'\n" + body).ok());
    ::chmod(path.c_str(), 0755);
    return path;
  }
  /// A version that measures once a process, `us`; that takes no turns.
  std::string old_version(const std::string& name, const std::string& us) {
    return script(name,
                  "while [ $# -gt 0 ]; do [ \"$1\" = --turns ] && exit 2; [ \"$1\" = --out ] && "
                  "out=$2; shift; done\nus=" +
                      us + "\n[ -n \"$us\" ] || { echo 'octet: out of luck' >&2; exit 2; }\n" +
                      kRow + "echo '{\"schema\":1,\"env\":\"e\"}' > $out\necho \"$row\" >> $out\n");
  }
  /// A version that takes turns; in turn i, counted from 0 for the first, it measures `us`.
  std::string new_version(const std::string& name, const std::string& us) {
    return script(name, "echo '{\"turns\":1,\"environment\":{\"schema\":1,\"build\":\"" + name +
                            "\"}}'\nturn=0\nwhile read -r line; do\necho \"" + name +
                            " $line\" >> '" + log() + "'\nus=" + us + "\n" + kRow +
                            "echo '{\"rows\":['\"$row\"']}'\nturn=$((turn+1))\ndone\n");
  }
  std::string log() const { return folder_.file("log"); }
  std::vector<std::string> calls() const {
    std::vector<std::string> lines = split(read_file(log()).value(), '\n');
    lines.erase(std::remove(lines.begin(), lines.end(), ""), lines.end());
    return lines;
  }
  /// Of the processes, or of the turns: "ABBA".
  std::string order(bool turns) const {
    std::string names;
    for (const std::string& line : calls()) {
      if ((line.find("budget_us") != std::string::npos) == turns) names += line[0];
    }
    return names;
  }

  testing_files::TemporaryFolder folder_;
  const TurnProblem problem_{{"bench", "o", "--shapes", "m=1"}};
};

TEST_F(TurnPairTest, AlternatesAfterAFirstTurnThatChecks) {
  const TwoBuilds builds{new_version("A", "$((100 + turn % 2))"), new_version("B", "110"), 1};
  const auto pair = measure_pair(builds, problem_, 0);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_TRUE(order(true).starts_with("ABABBAAB")) << order(true);
  EXPECT_EQ(order(false).size(), 2u) << "one process a side";
  ASSERT_TRUE(pair->base.has_value());
  EXPECT_EQ(pair->base->environment["build"], "A");
  EXPECT_EQ(pair->base->rows[0].error, 0.5);
  EXPECT_EQ(pair->base->rows[0].floor_us, 7);
  EXPECT_EQ(pair->next.rows[0].us, 110);
  EXPECT_EQ(pair->next.rows[0].samples % 9, 0);
  EXPECT_GE(pair->next.rows[0].samples, 27);
  EXPECT_TRUE(pair->next.rows[0].repetitions.empty());
  size_t checks = 0;
  for (const std::string& line : calls())
    checks += line.find("\"check\":true") != std::string::npos;
  EXPECT_EQ(checks, 2u);
}

TEST_F(TurnPairTest, LaterRepetitionsCheckNothingAndOddOnesBeginWithTheNewBuild) {
  const TwoBuilds builds{new_version("A", "100"), new_version("B", "110"), 1};
  ASSERT_TRUE(measure_pair(builds, problem_, 1).ok());
  EXPECT_TRUE(order(true).starts_with("ABBAAB")) << order(true);
  for (const std::string& line : calls()) {
    EXPECT_EQ(line.find("\"check\":true"), std::string::npos) << line;
  }
}

TEST_F(TurnPairTest, AVersionWithoutTurnsIsMeasuredByProcessesOnBothSides) {
  // The new build takes turns, but so measured it would not be compared like with like.
  const std::string old_words = old_version("A", "100"), own = old_version("B", "110");
  for (const int repetition : {0, 1}) {
    const auto pair = measure_pair({old_words, own, 1}, problem_, repetition);
    ASSERT_TRUE(pair.ok()) << pair.status().message();
    EXPECT_EQ(pair->base->rows[0].us, 100);
    EXPECT_EQ(pair->next.rows[0].us, 110);
  }
  std::string order;
  std::vector<bool> checks;
  for (const std::string& line : calls()) {
    if (line.find("--out") == std::string::npos) continue;
    order += line[0];
    checks.push_back(line.find("--no-check") == std::string::npos);
  }
  EXPECT_EQ(order, "ABBA");
  EXPECT_EQ(checks, (std::vector<bool>{true, true, false, false}));
}

TEST_F(TurnPairTest, OperandsWithoutRoomForBothAreMeasuredOneAfterAnother) {
  TurnProblem large = problem_;
  large.room_for_both = false;
  ASSERT_TRUE(measure_pair({old_version("A", "100"), old_version("B", "110"), 1}, large, 0).ok());
  for (const std::string& line : calls()) {
    EXPECT_EQ(line.find("--turns"), std::string::npos) << line;
  }
}

TEST_F(TurnPairTest, ABaseThatCannotIsNamedAndANewBuildThatFailsIsAnError) {
  const std::string good = old_version("A", "100"), bad = old_version("B", "");
  const auto pair = measure_pair({bad, good, 1}, problem_, 0);
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_FALSE(pair->base.has_value());
  EXPECT_NE(pair->base_cannot.find("exit code 2: octet: out of luck"), std::string::npos);
  const auto failed = measure_pair({good, bad, 1}, problem_, 0);
  EXPECT_EQ(failed.status().code(), StatusCode::kInternal);
  EXPECT_NE(failed.status().message().find("octet: out of luck"), std::string::npos);
}

TEST_F(TurnPairTest, RunsCopiesAndLeavesNoneBehind) {
  const std::string program = script("A", "echo \"at $0\" >> '" + log() + "'\nexit 1\n");
  EXPECT_FALSE(measure_pair({program, program, 1}, problem_, 0).ok());
  size_t copies = 0;
  for (const std::string& line : calls()) {
    if (!line.starts_with("at ") || line == "at " + program) continue;
    ++copies;
    EXPECT_FALSE(std::filesystem::exists(line.substr(3))) << line;
  }
  EXPECT_GE(copies, 1u) << "one that fails ends the other, maybe before it said where it is";
}

TEST(MergeTurns, TakesMediansOverTurns) {
  std::vector<std::vector<Measurement>> turns(5, std::vector<Measurement>(1));
  for (size_t i = 0; i < turns.size(); ++i) {
    Measurement& row = turns[i][0];
    row.us = row.us_q1 = row.us_q3 = i == 4 ? 1000 : 100 + static_cast<double>(i);
    row.us_min = row.us - 1, row.us_max = row.us + 1, row.samples = 3;
  }
  const std::vector<Measurement> merged = merge_turns(turns);
  ASSERT_EQ(merged.size(), 1u);
  EXPECT_EQ(merged[0].us, 102);
  EXPECT_EQ(merged[0].us_min, 99);
  EXPECT_EQ(merged[0].us_max, 1001);
  EXPECT_EQ(merged[0].samples, 15);
}

}  // namespace
}  // namespace octet::harness
