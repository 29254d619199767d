// The verbs serve every op of the registry: check, tune into a table, explain from it, fit.
#include <gtest/gtest.h>

#include <map>

#include "src/core/text.h"
#include "src/ops/registry.h"
#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Words;

/// A small problem, by the names of fields.
const std::map<std::string_view, std::string> kSmall{
    {"m", "1"},     {"n", "64"}, {"k", "128"}, {"experts", "4"}, {"topk", "2"},
    {"batch", "2"}, {"hq", "4"}, {"hkv", "2"}, {"d", "32"},      {"ctx", "48"}};

class EveryOp : public testing::TestWithParam<const select::Op*> {
 protected:
  EveryOp() {
    for (const std::string_view field : GetParam()->schema->fields) {
      const auto value = kSmall.find(field);
      if (value == kSmall.end()) continue;  // it may be left out
      problem_.push_back(std::string(field) + "=" + value->second);
      if (field == "m") continue;  // given by --m
      names_ += (names_.empty() ? "" : ",") + std::string(field);
      values_ += (values_.empty() ? "" : ",") + value->second;
    }
  }

  const std::string op_{GetParam()->name()};
  Words problem_;
  std::string names_, values_;  // a shape file
  TemporaryFolder folder_;
};

TEST_P(EveryOp, IsChecked) {
  const Outcome outcome =
      octet({"check", op_, "--shapes", join(problem_, " "), "--variant", "generic_ref", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_GE(outcome.json()["cases"].get<int>(), static_cast<int>(3 * GetParam()->num_formats));
}

TEST_P(EveryOp, IsTunedIntoATableThatExplainFollows) {
  const std::string shapes = folder_.file("s.csv"), table = folder_.file("tuned.csv");
  const std::string results = folder_.file("r.jsonl");
  ASSERT_TRUE(write_file(shapes, names_ + "\n" + values_ + "\n").ok());
  const Outcome tuned = octet({"tune", op_, "--shapes", shapes, "--m", "1", "--budget", "20s",
                               "--threads", "1", "--out", table, "--results", results});
  ASSERT_EQ(tuned.code, 0) << tuned.err;
  const Outcome check = octet({"db", "check", table});
  EXPECT_TRUE(check.out_has("1 rows of " + op_ + "; ")) << check.out;
  Words explain{"explain", op_, "--threads", "1", "--json"};
  explain.insert(explain.end(), problem_.begin(), problem_.end());
  const Json plan = octet(explain, {"OCTET_TABLES=" + table}).json();
  EXPECT_EQ(plan["op"], op_);
  EXPECT_EQ(plan["why"], GetParam()->schema->bucket != nullptr ? "tuned:bucket" : "tuned:exact");
  const Outcome fit = octet({"db", "fit", results});
  EXPECT_EQ(fit.code, 0) << fit.err;
  EXPECT_TRUE(fit.err_has("not fitted: ")) << "the rows are of this op, too few of each variant";
}

std::string op_name(const testing::TestParamInfo<const select::Op*>& info) {
  return std::string(info.param->name());
}
INSTANTIATE_TEST_SUITE_P(Ops, EveryOp, testing::ValuesIn(ops::all().begin(), ops::all().end()),
                         op_name);

TEST(DbFit, ResultsWithoutRowsAreNamed) {
  const TemporaryFolder folder;
  const std::string path = folder.file("r.jsonl");
  ASSERT_TRUE(write_file(path, "{\"schema\":1,\"env\":\"0\"}\n").ok());
  const Outcome outcome = octet({"db", "fit", path});
  EXPECT_NE(outcome.code, 0);
  EXPECT_TRUE(outcome.err_has(path)) << outcome.err;
}

}  // namespace
}  // namespace octet
