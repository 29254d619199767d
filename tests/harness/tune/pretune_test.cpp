#include "src/harness/tune/pretune.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "harness/temporary_folder.h"
#include "harness/tune/tune_testing.h"
#include "src/core/embedded.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

using testing_files::TemporaryFolder;
using testing_tune::record;

const select::Op& op() { return ops::gemm_blockscale::op(); }

const std::string kHeader = "arch,cu_num,format,m,n,k,variant,us,source\n";
const std::string kOthers =
    "gfx942,80,e4m3fnuz,16,256,128,gfx942_mfma_16x64x256_v1,3,s\n"
    "gfx942,304,e4m3fnuz,16,256,128,gfx942_mfma_16x64x256_v1,2,s\n"
    "sm90,132,e4m3fn,16,256,128,sm90_simple,4,s\n";
const std::string kOwn = "generic,2,e4m3fn,32,256,128,generic_ref,50,s\n";

class PretuneTest : public testing::Test {
 protected:
  PretuneTest() { EXPECT_TRUE(write_file(path_, kHeader + kOwn + kOthers).ok()); }
  std::vector<PretuneSource> sources(const std::vector<std::string>& names,
                                     const std::string& folder = "") {
    return pretune_sources(names, folder);
  }
  PretunePlan plan(const std::string& folder = "") {
    return plan_pretune(sources({path_}, folder)[0], device_);
  }
  std::string words(size_t item, const PretunePlan& plan) {
    return select::to_string(plan.items[item].problem) + " " + plan.items[item].incumbent;
  }
  /// The table after `records`.
  std::string merged(const std::vector<TuneRecord>& records, PretuneCounts& counts) {
    std::set<select::TunedKey> counted;
    const PretuneOutcome outcome = merge_pretuned(plan(), records, device_, "new", counted);
    counts = outcome.counts;
    return select::format_tuned_table(op(), outcome.rows);
  }
  TemporaryFolder folder_;
  const std::string path_ = folder_.file("t.csv");
  const Device device_ = device_profile("generic:2").value();
};

TEST_F(PretuneTest, WithoutNamesEveryBuiltInTable) {
  const auto all = sources({}, "out");
  EXPECT_EQ(all.size(), embedded_files("data/tuned/").size());
  ASSERT_GE(all.size(), 3u);
  for (const PretuneSource& source : all) {
    EXPECT_EQ(source.out, "out/" + source.name + ".csv");
    EXPECT_TRUE(source.csv.ok()) << source.name;
  }
  EXPECT_EQ(std::count_if(all.begin(), all.end(),
                          [](const auto& source) { return source.name == "gemm_blockscale/sm90"; }),
            1);
}

TEST_F(PretuneTest, TablesByOpByNameAndByPath) {
  const auto some = sources({"gemm_mxfp8", "gemm_grouped/sm90", path_}, folder_.file("out"));
  ASSERT_EQ(some.size(), 3u);
  EXPECT_EQ(some[0].name, "gemm_mxfp8/sm90");
  EXPECT_EQ(some[1].name, "gemm_grouped/sm90");
  EXPECT_EQ(some[2].out, folder_.file("out/gemm_blockscale/t.csv"));
  EXPECT_EQ(sources({path_})[0].out, path_) << "where it is";
}

TEST_F(PretuneTest, WhatCannotBeIsAnErrorOfItsOwnTable) {
  const auto error = [&](const std::string& name) {
    return plan_pretune(sources({name})[0], device_).error;
  };
  EXPECT_TRUE(
      error("gemm_mxfp8/sm9")
          .starts_with(
              "gemm_mxfp8/sm9: no such file or built-in table (did you mean 'gemm_mxfp8/sm90'?)"))
      << error("gemm_mxfp8/sm9");
  EXPECT_EQ(error("gemm_mxfp8/sm90"),
            "gemm_mxfp8/sm90: is built in; --out names the folder for its rows");
  ASSERT_TRUE(write_file(path_, "my thesis\n").ok());
  EXPECT_TRUE(error(path_).starts_with(path_ + ":1: the columns are those of no op's"));
  ASSERT_TRUE(write_file(path_, kHeader + "vax,1,e4m3fn,1,256,128,generic_ref,1,s\n").ok());
  EXPECT_TRUE(error(path_).starts_with(path_ + ":2: unknown arch 'vax'"))
      << "a row that is not understood is not thrown away";
}

TEST_F(PretuneTest, ShapesOfEveryDeviceAreMeantOnceForThisOne) {
  const PretunePlan found = plan();
  ASSERT_EQ(found.error, "");
  EXPECT_EQ(found.rows, 4);
  EXPECT_EQ(found.unable, 0);
  ASSERT_EQ(found.items.size(), 2u);
  EXPECT_EQ(words(0, found), "m=32 n=256 k=128 format=e4m3fn generic_ref");
  EXPECT_EQ(words(1, found), "m=16 n=256 k=128 format=e4m3fn ")
      << "of three devices, each in its own format";
  EXPECT_EQ(found.kept.size(), 4u);
}

TEST_F(PretuneTest, AFormatThatIsNotTheRowsDevicesOwnStandsWhereAKernelTakesIt) {
  ASSERT_TRUE(write_file(path_, kHeader + "sm90,132,e4m3fnuz,16,256,128,sm90_simple,4,s\n" +
                                    "sm90,132,e4m3fn_packed,16,256,128,sm90_simple,4,s\n")
                  .ok());
  const PretunePlan found = plan();
  ASSERT_EQ(found.items.size(), 2u);
  EXPECT_EQ(words(0, found), "m=16 n=256 k=128 format=e4m3fnuz ");
  EXPECT_EQ(words(1, found), "m=16 n=256 k=128 format=e4m3fn_packed ");
}

TEST_F(PretuneTest, RowsOfTheFileThatIsWrittenCountNotThoseOfTheSource) {
  const std::string out = folder_.file("out");
  std::filesystem::create_directories(out + "/gemm_blockscale");
  EXPECT_EQ(plan(out).kept.size(), 4u) << "a new file begins with those of the table";
  ASSERT_TRUE(write_file(out + "/gemm_blockscale/t.csv",
                         kHeader + "generic,2,e4m3fn,16,256,128,generic_fast_r16,5,s\n")
                  .ok());
  const PretunePlan found = plan(out);
  EXPECT_EQ(found.kept.size(), 1u);
  EXPECT_EQ(words(0, found), "m=32 n=256 k=128 format=e4m3fn ");
  EXPECT_EQ(words(1, found), "m=16 n=256 k=128 format=e4m3fn generic_fast_r16");
}

TEST_F(PretuneTest, RepeatedRowsAreToldOfAndNoError) {
  ASSERT_TRUE(write_file(path_, kHeader + kOwn + kOwn + kOthers).ok());
  const PretunePlan found = plan();
  EXPECT_EQ(found.error, "");
  ASSERT_EQ(found.told.size(), 1u);
  EXPECT_TRUE(found.told[0].starts_with(path_ + ":3: generic 2 m=32")) << found.told[0];
}

TEST_F(PretuneTest, OnlyAWinnerByTheMarginTakesThePlaceOfARow) {
  const auto own = [&](double incumbent, double winner) {
    const std::vector<TuneRecord> records{
        record(testing_tune::problem(32), "generic_fast_r16",
               {{"generic_ref", incumbent}, {"generic_fast_r16", winner}})};
    PretuneCounts counts;
    const std::string text = merged(records, counts);
    EXPECT_EQ(counts.added + counts.no_winner, 0);
    EXPECT_EQ(counts.kept + counts.replaced, 1);
    EXPECT_NE(text.find(kOthers), std::string::npos) << "as they were: " << text;
    return counts.replaced == 1 ? text.substr(kHeader.size(), text.find("gfx942") - kHeader.size())
                                : "";
  };
  EXPECT_EQ(own(10.2, 10), "") << "2 % are none";
  EXPECT_EQ(own(9, 10), "");
  EXPECT_EQ(own(10.4, 10), "generic,2,e4m3fn,32,256,128,generic_fast_r16,10,new\n");
}

TEST_F(PretuneTest, ARowOfAnotherDeviceOfTheSameKeyIsReplacedWhateverItsKernel) {
  const std::string header = "arch,cu_num,format,m,n,k,variant,us,source,device\n";
  const std::string row = "sm90,132,e4m3fn,16,256,128,";
  const Device h100 = device_profile("h100").value();
  const auto after = [&](const std::string& measured_on, double simple) {
    EXPECT_TRUE(write_file(path_, header + row + "sm90_simple,4,s," + measured_on + "\n").ok());
    const PretunePlan plan = plan_pretune(sources({path_})[0], h100);
    std::set<select::TunedKey> counted;
    const PretuneOutcome outcome =
        merge_pretuned(plan,
                       std::vector<TuneRecord>{record(
                           testing_tune::problem(16), "sm90_wgmma_swap_8x64x128_g2_c1",
                           {{"sm90_simple", simple}, {"sm90_wgmma_swap_8x64x128_g2_c1", 5}})},
                       h100, "new", counted);
    EXPECT_EQ(outcome.counts.replaced + outcome.counts.kept, 1);
    return select::format_tuned_table(op(), outcome.rows);
  };
  const std::string fresh = row + "sm90_wgmma_swap_8x64x128_g2_c1,5,new,h100\n";
  EXPECT_EQ(after("h200", 5.1), header + fresh) << "2 % are no margin, but its time is no H100's";
  EXPECT_EQ(after("h100", 5.1), header + row + "sm90_simple,4,s,h100\n");
  EXPECT_EQ(after("h100", 5.3), header + fresh);
}

TEST_F(PretuneTest, ARowWhoseKernelFailedHereIsReplaced) {
  TuneRecord failed =
      record(testing_tune::problem(32), "generic_fast_r16", {{"generic_fast_r16", 99}});
  failed.failed.push_back({"generic_ref", "wrong result"});
  PretuneCounts counts;
  const std::string text = merged({failed}, counts);
  EXPECT_EQ(counts.replaced, 1);
  EXPECT_NE(text.find(",generic_fast_r16,99,new\n"), std::string::npos) << text;
}

TEST_F(PretuneTest, ARowOfAnEarlierPartCountsAsWhatItWasThen) {
  std::vector<TuneRecord> records{
      record(testing_tune::problem(16), "generic_fast_r16", {{"generic_fast_r16", 7.0 / 3}}),
      record(testing_tune::problem(32), "generic_ref",
             {{"generic_ref", 20}, {"generic_fast_r16", 40.0 / 3}})};
  records[1].incumbent = "generic_ref";
  PretuneCounts first, again;
  const std::string text = merged(records, first);
  ASSERT_TRUE(write_file(path_, text).ok());
  EXPECT_EQ(merged(records, again), text);
  for (const PretuneCounts& counts : {first, again}) {
    EXPECT_EQ(counts.added, 1);
    EXPECT_EQ(counts.replaced, 1);
    EXPECT_EQ(counts.kept + counts.no_winner, 0);
  }
}

TEST_F(PretuneTest, NewShapesGetRowsOfThisDeviceAndThoseWithoutAWinnerNone) {
  const std::vector<TuneRecord> records{
      record(testing_tune::problem(16), "generic_fast_r16", {{"generic_fast_r16", 7}}),
      record(testing_tune::problem(64), "generic_fast_r16", {})};
  PretuneCounts counts;
  EXPECT_EQ(merged(records, counts),
            kHeader + "generic,2,e4m3fn,16,256,128,generic_fast_r16,7,new\n" + kOwn + kOthers);
  EXPECT_EQ(counts.added, 1);
  EXPECT_EQ(counts.no_winner, 1);
  EXPECT_EQ(counts.kept + counts.replaced, 0);
}

}  // namespace
}  // namespace octet::harness
