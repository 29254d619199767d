// Two builds in turn, on stand-ins for the command: shell scripts that write results.
#include "src/harness/against/in_turn.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "harness/temporary_folder.h"
#include "src/core/text.h"
#include "src/harness/compare/compare.h"

namespace octet::harness {
namespace {

class InTurnTest : public ::testing::Test {
 protected:
  /// A command that notes its name and arguments, and measures `us`, a shell word in which $turn
  /// counts its calls from 0.
  std::string command(const std::string& name, const std::string& us) {
    const std::string path = folder_.file(name);
    const std::string script =
        "#!/bin/sh\n: >> '" + log() + "'\nturn=$(grep -c '^" + name + " ' '" + log() +
        "')\necho \"" + name + " $*\" >> '" + log() +
        "'\nwhile [ $# -gt 0 ]; do [ \"$1\" = --out ] && out=$2; [ \"$1\" = --shapes ] && "
        "m=${2#m=}; shift; done\nus=" +
        us +
        "\n[ -n \"$us\" ] || { echo \"octet: out of luck\" >&2; exit 2; }\n"
        "echo '{\"schema\":1,\"env\":\"e\",\"commit\":\"" +
        name +
        "\"}' > $out\necho '{\"schema\":1,\"op\":\"o\",\"format\":\"f\",\"device\":\"d\",\"arch\":"
        "\"a\",\"cu_num\":1,\"problem\":{\"m\":'$m'},\"variant\":\"v\",\"why\":\"w\",\"us\":'$us',"
        "\"us_min\":'$us',\"us_max\":'$us',\"us_q1\":'$us',\"us_q3\":'$us',\"samples\":9,"
        "\"stable\":true,\"bytes\":1,\"flops\":1,\"floor_us\":1,\"policy\":\"cold\",\"error\":0,"
        "\"commit\":\"c\",\"time\":\"t\",\"env\":\"e\"}' >> $out\n";
    EXPECT_TRUE(write_file(path, script).ok());
    ::chmod(path.c_str(), 0755);
    return path;
  }
  std::string log() const { return folder_.file("log"); }

  /// "AB BA": the order of the calls.
  std::string order() const {
    std::string names;
    for (const std::string& line : split(read_file(log()).value(), '\n')) {
      if (!line.empty()) names += line[0];
    }
    return names;
  }

  testing_files::TemporaryFolder folder_;
  const std::vector<BenchWords> problems_{{"bench", "o", "--shapes", "m=1"},
                                          {"bench", "o", "--shapes", "m=2"}};
};

TEST_F(InTurnTest, AlternatesProblemByProblem) {
  const auto turns = measure_in_turn(problems_, {command("A", "100"), command("B", "110"), 3});
  ASSERT_TRUE(turns.ok()) << turns.status().message();
  EXPECT_EQ(order(), "ABBAABABBAAB");
  ASSERT_EQ(turns->base.rows.size(), 2u);
  EXPECT_EQ(turns->base.rows[1].shape(), "m=2");
  EXPECT_EQ(turns->next.rows[0].us, 110);
  EXPECT_EQ(turns->next.rows[0].repetitions, (std::vector<double>{110, 110, 110}));
  const std::vector<std::string> lines = split(read_file(log()).value(), '\n');
  EXPECT_EQ(lines[0].find("--no-check"), std::string::npos) << "the first turn checks";
  EXPECT_NE(lines[2].find("--no-check"), std::string::npos);
  const auto comparison = compare(turns->base, turns->next);
  ASSERT_TRUE(comparison.ok()) << comparison.status().message();
  EXPECT_TRUE(comparison->noise.in_turn);
  EXPECT_EQ(comparison->of(State::kSlower), 2);
}

TEST_F(InTurnTest, BothGoOnUntilBothHaveSettled) {
  // A measures 100, 120, 140, 160 and then 160 again; B is steady and follows.
  const auto turns = measure_in_turn(
      {problems_[0]},
      {command("A", "$((turn < 3 ? 100 + 20 * turn : 160))"), command("B", "100"), 3});
  ASSERT_TRUE(turns.ok()) << turns.status().message();
  EXPECT_EQ(order(), "ABBAABBAAB");
  EXPECT_EQ(turns->base.rows[0].repetitions.size(), 5u);
  EXPECT_EQ(turns->next.rows[0].repetitions.size(), 5u);
  EXPECT_EQ(turns->base.rows[0].us, 160);
  EXPECT_TRUE(turns->base.rows[0].stable);
}

TEST_F(InTurnTest, WhatTheBaseCannotIsNew) {
  const auto turns = measure_in_turn(
      problems_, {command("A", "$([ $m = 2 ] && echo 100)"), command("B", "100"), 3});
  ASSERT_TRUE(turns.ok()) << turns.status().message();
  EXPECT_EQ(turns->base.rows.size(), 1u);
  EXPECT_EQ(turns->next.rows.size(), 2u);
  ASSERT_EQ(turns->base_cannot.size(), 1u);
  EXPECT_NE(turns->base_cannot[0].find("exit code 2: octet: out of luck"), std::string::npos);
}

TEST_F(InTurnTest, ANewBuildThatFailsIsAnError) {
  const auto turns = measure_in_turn(problems_, {command("A", "100"), command("B", ""), 3});
  EXPECT_EQ(turns.status().code(), StatusCode::kInternal);
  EXPECT_NE(turns.status().message().find("octet: out of luck"), std::string::npos);
}

TEST_F(InTurnTest, ABaseThatMeasuresNothingIsRefused) {
  const auto turns = measure_in_turn(problems_, {command("A", ""), command("B", "100"), 3});
  EXPECT_EQ(turns.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(turns.status().message().find("can measure none of the 2 problems"), std::string::npos);
}

}  // namespace
}  // namespace octet::harness
