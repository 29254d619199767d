// Shards of a tuning run: every problem in one of them, from the caller or from a launcher.
#include <gtest/gtest.h>

#include "device/scoped_env.h"
#include "harness/tune/tune_testing.h"
#include "src/harness/tune/tune_run.h"

namespace octet::harness {
namespace {

using testing_env::ScopedEnv;
using testing_tune::problem;

class ShardTest : public testing::Test {
 protected:
  static std::pair<int64_t, int64_t> shard(const std::string& text = "") {
    const auto parsed = parse_shard(text);
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    return {parsed->index, parsed->count};
  }
  using Pair = std::pair<int64_t, int64_t>;
  const ScopedEnv none_[9]{{"SLURM_ARRAY_TASK_ID", nullptr},
                           {"SLURM_ARRAY_TASK_COUNT", nullptr},
                           {"SLURM_ARRAY_TASK_MIN", nullptr},
                           {"SLURM_ARRAY_TASK_STEP", nullptr},
                           {"SLURM_PROCID", nullptr},
                           {"SLURM_NTASKS", nullptr},
                           {"OMPI_COMM_WORLD_RANK", nullptr},
                           {"PMI_RANK", nullptr},
                           {"PMI_SIZE", nullptr}};
};

TEST_F(ShardTest, EveryProblemBelongsToExactlyOne) {
  for (const int64_t count : {1, 2, 3, 7, 16}) {
    std::vector<int> taken(static_cast<size_t>(count));
    for (int64_t m = 1; m <= 400; ++m) {
      int owners = 0;
      for (int64_t index = 0; index < count; ++index) {
        if (!Shard{index, count}.takes(problem(m, 128 * (m % 5 + 1)))) continue;
        ++owners;
        ++taken[static_cast<size_t>(index)];
      }
      ASSERT_EQ(owners, 1) << "m = " << m << " of " << count;
    }
    for (const int number : taken) EXPECT_GT(number, 400 / count / 3) << "of " << count;
  }
}

TEST_F(ShardTest, ByHand) {
  EXPECT_EQ(shard(), (Pair{0, 1})) << "no launcher";
  EXPECT_EQ(shard("1/1"), (Pair{0, 1}));
  EXPECT_EQ(shard("3/8"), (Pair{2, 8}));
  for (const char* bad : {"0/4", "5/4", "4", "1/0", "1/-2", "a/b", "1/2/3", "/", "1/", "1 /2"}) {
    const Status status = parse_shard(bad).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(status.message(), std::string("shard '") + bad + "': must be i/N with 1 <= i <= N");
  }
}

TEST_F(ShardTest, FromTheLaunchers) {
  {
    const ScopedEnv rank("PMI_RANK", "1"), count("PMI_SIZE", "2");
    EXPECT_EQ(shard(), (Pair{1, 2}));
    EXPECT_EQ(shard("1/4"), (Pair{0, 4})) << "what the caller says wins";
  }
  {
    const ScopedEnv rank("OMPI_COMM_WORLD_RANK", "3"), count("OMPI_COMM_WORLD_SIZE", "4");
    EXPECT_EQ(shard(), (Pair{3, 4}));
  }
  {
    const ScopedEnv rank("SLURM_PROCID", "0"), count("SLURM_NTASKS", "5");
    EXPECT_EQ(shard(), (Pair{0, 5}));
    const ScopedEnv task("SLURM_ARRAY_TASK_ID", "12"), tasks("SLURM_ARRAY_TASK_COUNT", "4"),
        first("SLURM_ARRAY_TASK_MIN", "10");
    EXPECT_EQ(shard(), (Pair{2, 4})) << "the array before the step; ids from 10";
  }
  const ScopedEnv lonely("SLURM_PROCID", "3");
  EXPECT_EQ(shard(), (Pair{0, 1})) << "a rank without a count says nothing";
}

TEST_F(ShardTest, VariablesOfALauncherThatHoldNoNumberAreRefused) {
  const ScopedEnv ranks[]{{"SLURM_PROCID", "abc"}, {"SLURM_NTASKS", "4"}};
  const auto refused = [](const std::string& message) {
    const Status status = parse_shard("").status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), message);
  };
  refused("SLURM_PROCID='abc': must be a whole number, 0 to 2147483647");
  EXPECT_EQ(shard("1/4"), (Pair{0, 4})) << "what the caller says wins";
  for (const char* rank : {"-1", "1x", "1.5", "99999999999"}) {
    const ScopedEnv bad("SLURM_PROCID", rank);
    refused(fmt::format("SLURM_PROCID='{}': must be a whole number, 0 to 2147483647", rank));
  }
  {
    const ScopedEnv rank("SLURM_PROCID", "1"), count("SLURM_NTASKS", "0");
    refused("SLURM_NTASKS='0': must be a whole number, 1 to 2147483647");
  }
  {
    const ScopedEnv rank("SLURM_PROCID", "4");
    refused("shard '5/4': must be i/N with 1 <= i <= N");
  }
  const ScopedEnv array[]{{"SLURM_ARRAY_TASK_ID", "2"}, {"SLURM_ARRAY_TASK_COUNT", "4"}};
  {
    const ScopedEnv first("SLURM_ARRAY_TASK_MIN", "one");
    refused("SLURM_ARRAY_TASK_MIN='one': must be a whole number, 0 to 2147483647");
  }
  const ScopedEnv step("SLURM_ARRAY_TASK_STEP", "0");
  refused("SLURM_ARRAY_TASK_STEP='0': must be a whole number, 1 to 2147483647");
}

TEST_F(ShardTest, SaysWhereItComesFrom) {
  const std::vector<TuneItem> items(12, {problem(1), 1, ""});
  const auto said = [&](const std::string& text) {
    return describe(parse_shard(text).value(), items);
  };
  EXPECT_EQ(said(""), "") << "no shard, nothing to say";
  EXPECT_EQ(said("1/1"), "");
  const bool first = Shard{0, 2}.takes(problem(1));
  EXPECT_EQ(said("1/2"), first ? "shard 1/2 from --shard: 12 of 12 problems"
                               : "shard 1/2 from --shard: 0 of 12 problems");
  const ScopedEnv rank("SLURM_PROCID", "0"), count("SLURM_NTASKS", "5");
  EXPECT_TRUE(said("").starts_with("shard 1/5 from Slurm (SLURM_PROCID=0, SLURM_NTASKS=5): "))
      << said("");
  EXPECT_TRUE(said("").ends_with(" of 12 problems; --shard 1/1 takes all")) << said("");
  EXPECT_EQ(said("1/1"), "") << "what the caller says wins";
  const ScopedEnv task("SLURM_ARRAY_TASK_ID", "2"), tasks("SLURM_ARRAY_TASK_COUNT", "4"),
      least("SLURM_ARRAY_TASK_MIN", "1");
  EXPECT_TRUE(said("").starts_with("shard 2/4 from a Slurm array (SLURM_ARRAY_TASK_ID=2, "))
      << said("");
}

TEST_F(ShardTest, SlurmArraysWithSteps) {  // --array=1-9:2 has the ids 1 3 5 7 9
  const ScopedEnv count("SLURM_ARRAY_TASK_COUNT", "5"), first("SLURM_ARRAY_TASK_MIN", "1"),
      step("SLURM_ARRAY_TASK_STEP", "2");
  const std::pair<const char*, int64_t> ids[]{{"1", 0}, {"3", 1}, {"9", 4}};
  for (const auto& [id, index] : ids) {
    const ScopedEnv task("SLURM_ARRAY_TASK_ID", id);
    EXPECT_EQ(shard(), (Pair{index, 5})) << id;
  }
}

}  // namespace
}  // namespace octet::harness
