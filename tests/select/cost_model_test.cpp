#include "src/select/cost_model.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace octet::select {
namespace {

constexpr const char* kText =
    "arch,variant,fixed_us,us_per_mb_b,us_per_gflop,us_per_mb_a,us_per_mb_d,samples,error\n"
    "x86_avx2,slow,5,100,50,20,10,40,1.120\n"
    "x86_avx512,fast,2.5,60,25,40,0,80,1.050\n"
    "x86_amx,fast,3,70,5,40,0,12,1.080\n";

CostModel model() { return parse_cost_model(parse_csv(kText, "cost.csv").value()).value(); }

TEST(CostModel, PredictionIsTheSumOfItsTerms) {
  const CostRow row{Arch::kX86Avx512, "fast", {2.5, 60, 25, 40, 8}, 1, 1};
  EXPECT_DOUBLE_EQ(predict_us(row, {1, 2, 0.5, 0.25, 0.125}), 2.5 + 120 + 12.5 + 10 + 1);
}

TEST(CostModel, RowsOfTheOwnArch) {
  const CostModel rows = model();
  EXPECT_EQ(rows.find(Arch::kX86Amx, "fast")->us[0], 3);
  EXPECT_EQ(rows.find(Arch::kX86Avx512, "fast")->us[0], 2.5);
  EXPECT_EQ(rows.find(Arch::kX86Avx2, "slow")->us[0], 5);
  EXPECT_EQ(rows.find(Arch::kX86Amx, "slow"), nullptr) << "measured on another machine only";
  EXPECT_EQ(rows.find(Arch::kX86Amx, "gone"), nullptr);
}

TEST(CostModel, ReadsWhatItWrites) { EXPECT_EQ(format_cost_model(model()), kText); }

TEST(CostModel, RefusalsNameFileLineAndValue) {
  const auto refusal = [](const std::string& text) {
    const auto parsed = parse_cost_model(parse_csv(text, "cost.csv").value());
    EXPECT_FALSE(parsed.ok()) << text;
    return parsed.status().message();
  };
  const std::string header =
      "arch,variant,fixed_us,us_per_mb_b,us_per_gflop,us_per_mb_a,us_per_mb_d,samples,error\n";
  EXPECT_TRUE(refusal("arch,variant\n").starts_with("cost.csv:1: "));
  for (const auto& [row, value] : std::vector<std::pair<std::string, std::string>>{
           {"vax,v,1,1,1,1,1,4,1\n", "vax"},
           {"generic,v,1,x,1,1,1,4,1\n", "'x'"},
           {"generic,v,1,-2,1,1,1,4,1\n", "-2"},
           {"generic,v,1,nan,1,1,1,4,1\n", "nan"},
           {"generic,v,1,inf,1,1,1,4,1\n", "inf"},
           {"generic,v,1,1,1,1,1,many,1\n", "'many'"}}) {
    const std::string message = refusal(header + row);
    EXPECT_TRUE(message.starts_with("cost.csv:2: ")) << message;
    EXPECT_NE(message.find(value), std::string::npos) << message;
  }
}

TEST(CostModel, TheFallbackIsTheNearestArchOfTheChain) {
  // The nearest arch down the chain, whatever the order of the rows; any other arch only where
  // there is none.
  const auto rows = [](Arch first, Arch second) {
    return CostModel({{first, "v", {1}, 0, 0}, {second, "v", {2}, 0, 0}});
  };
  EXPECT_EQ(rows(Arch::kX86Avx2, Arch::kX86Avx512).find(Arch::kX86Amx, "v")->us[0], 2);
  EXPECT_EQ(rows(Arch::kX86Avx512, Arch::kX86Avx2).find(Arch::kX86Amx, "v")->us[0], 1);
  EXPECT_EQ(rows(Arch::kX86Amx, Arch::kX86Avx512).find(Arch::kX86Avx2, "v")->us[0], 1);
  EXPECT_EQ(rows(Arch::kX86Amx, Arch::kGeneric).find(Arch::kX86Avx2, "v")->us[0], 2);
}

TEST(CostModel, TimesOfTwoMachinesAreNeverMixed) {
  const CostModel model({{Arch::kX86Amx, "tiles", {9}, 0, 0},
                         {Arch::kX86Avx512, "tiles", {2}, 0, 0},
                         {Arch::kX86Avx512, "vectors", {1}, 0, 0}});
  EXPECT_EQ(model.find(Arch::kX86Amx, "tiles")->us[0], 9);
  EXPECT_EQ(model.find(Arch::kX86Amx, "vectors"), nullptr);
  EXPECT_EQ(model.find(Arch::kX86Avx512, "vectors")->us[0], 1);
}

TEST(CostModel, CheckedInModelsParse) {
  int models = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(OCTET_SOURCE_DIR "/data/cost")) {
    if (entry.path().extension() != ".csv") continue;
    const auto csv = read_csv(entry.path());
    ASSERT_TRUE(csv.ok()) << csv.status().message();
    const auto parsed = parse_cost_model(*csv);
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    ++models;
  }
  EXPECT_GE(models, 2);
}

}  // namespace
}  // namespace octet::select
