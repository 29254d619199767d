#include "src/select/fitted_cost.h"

#include <gtest/gtest.h>

#include "tests/select/toy_op.h"

namespace octet::select {
namespace {

constexpr const char* kHeader =
    "arch,variant,fixed_us,us_per_mb_b,us_per_gflop,us_per_mb_a,us_per_mb_d,samples,error\n";

std::vector<std::string> problems(const std::string& rows) {
  return cost_problems(toy::op(), parse_csv(kHeader + rows, "c.csv").value());
}

TEST(CostProblems, RowsThatServeNobodyAreNamed) {
  EXPECT_TRUE(problems("gfx942,big,1,1,1,1,1,4,1\ngfx950,big,1,1,1,1,1,4,1\n").empty());
  EXPECT_EQ(
      problems("gfx942,bigg,1,1,1,1,1,4,1\n"),
      std::vector<std::string>{"c.csv:2: variant: unknown kernel 'bigg' (did you mean 'big'?)"});
  EXPECT_EQ(problems("sm90,big,1,1,1,1,1,4,1\n"),
            std::vector<std::string>{"c.csv:2: variant: 'big' needs gfx942, the row is of sm90"});
  EXPECT_EQ(problems("gfx942,big,1,1,1,1,1,4,1\ngfx942,big,2,1,1,1,1,4,1\n"),
            std::vector<std::string>{"c.csv:3: gfx942 big occurs before"});
  const auto bad = problems("gfx942,big,nan,1,1,1,1,4,1\ngfx942,small,1,1,1,1,1,4,1\n");
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_TRUE(bad[0].starts_with("c.csv:2: fixed_us: nan")) << bad[0];
}

TEST(CostProblems, ABadRowIsLeftOutAndTheRestIsTheModel) {
  std::vector<std::string> bad;
  const Csv csv = parse_csv(std::string(kHeader) +
                                "vax,big,1,1,1,1,1,4,1\n"
                                "gfx942,small,7,1,1,1,1,4,1\n",
                            "c.csv")
                      .value();
  const auto model = parse_cost_model(csv, &bad);
  ASSERT_TRUE(model.ok());
  ASSERT_EQ(model->rows().size(), 1u);
  EXPECT_EQ(model->find(Arch::kGfx942, "small")->us[0], 7);
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_TRUE(bad[0].starts_with("c.csv:2: unknown arch 'vax'")) << bad[0];
}

}  // namespace
}  // namespace octet::select
