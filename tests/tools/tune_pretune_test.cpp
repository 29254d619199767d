// octet tune --pretune end to end, on shapes of a few microseconds.
#include <gtest/gtest.h>

#include <filesystem>

#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Words;

const std::string kHeader = "arch,cu_num,format,m,n,k,variant,us,source\n";
const std::string kOthers =
    "sm90,78,e4m3fn,2,64,128,sm90_simple,4,s\n"
    "sm90,132,e4m3fn,2,64,128,sm90_simple,3,s\n"
    "sm90,132,e4m3fn,4,64,128,sm90_simple,3,s\n";

class TunePretuneTest : public testing::Test {
 protected:
  TunePretuneTest() { EXPECT_TRUE(write_file(table_, kHeader + kOthers).ok()); }
  Outcome pretune(const Words& tables, const Words& more = {}) const {
    Words all{"tune", "--pretune"};
    all.insert(all.end(), tables.begin(), tables.end());
    all.insert(all.end(), {"--threads", "1", "--journal", journal_, "--resume"});
    all.insert(all.end(), more.begin(), more.end());
    return octet(all, {"OCTET_CPU_ARCH=generic"});
  }
  TemporaryFolder folder_;
  const std::string table_ = folder_.file("t.csv"), journal_ = folder_.file("j.jsonl");
};

TEST_F(TunePretuneTest, ATableGetsRowsOfThisDeviceKeepsTheOthersAndIsNotMeasuredTwice) {
  const Outcome first = pretune({table_}, {"--json"});
  ASSERT_EQ(first.code, 0) << first.err << first.out;
  const Json report = first.json()[0];
  EXPECT_EQ(report["shapes"], 2) << report;
  EXPECT_EQ(report["measured"], 2) << report;
  EXPECT_EQ(report["added"], 2) << report;
  const std::string after = read_file(table_).value();
  EXPECT_TRUE(after.ends_with(kOthers)) << after;
  EXPECT_TRUE(after.starts_with(kHeader + "generic,1,e4m3fn,2,64,128,generic_")) << after;
  EXPECT_NE(after.find("generic,1,e4m3fn,4,64,128,generic_"), std::string::npos) << after;
  EXPECT_EQ(octet({"db", "check", "--strict", table_}).code, 0);

  const std::string journal = read_file(journal_).value();
  const Json again = pretune({table_}, {"--json"}).json()[0];
  EXPECT_EQ(again["resumed"], 2) << again;
  EXPECT_EQ(again["added"], 2) << "as the part before said: " << again;
  EXPECT_EQ(read_file(table_).value(), after);
  EXPECT_EQ(read_file(journal_).value(), journal);
}

TEST_F(TunePretuneTest, ATableThatFailsIsToldOfAndTheOthersGoOn) {
  const std::string none = folder_.file("none.csv"), bad = folder_.file("bad.csv");
  ASSERT_TRUE(write_file(bad, "my thesis\n").ok());
  const Outcome outcome = pretune({none, bad, table_});
  EXPECT_EQ(outcome.code, 1) << outcome.out;
  EXPECT_TRUE(outcome.out_has("failed: " + none + ": no such file or built-in table"))
      << outcome.out;
  EXPECT_TRUE(outcome.out_has("failed: " + bad + ":1: the columns are those of no op's"))
      << outcome.out;
  EXPECT_TRUE(outcome.out_has("3 tables, 0 shapes left for want of time\n")) << outcome.out;
  EXPECT_NE(read_file(table_).value().find("generic,1,"), std::string::npos);
  EXPECT_EQ(read_file(bad).value(), "my thesis\n");
}

TEST_F(TunePretuneTest, KeysThatTwoFilesHaveAreToldOf) {
  const std::string other = folder_.file("u.csv");
  ASSERT_TRUE(write_file(other, kHeader + "sm90,132,e4m3fn,2,64,128,sm90_simple,5,s\n"
                                          "sm90,132,e4m3fn,8,64,128,sm90_simple,5,s\n")
                  .ok());
  const Outcome outcome = pretune({table_, other}, {"--dry-run"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "octet: " + other + ": 1 of its rows is in " + table_ +
                             ", too; of equal keys the lowest time serves calls\n");
  EXPECT_EQ(pretune({table_}, {"--dry-run"}).err, "");
}

TEST_F(TunePretuneTest, AKeyOfTwoTablesWithOneResultIsAddedOnce) {
  const std::string same_name = folder_.file("more/t.csv"), out = folder_.file("out");
  std::filesystem::create_directories(folder_.file("more"));
  ASSERT_TRUE(write_file(same_name, kHeader + "sm90,132,e4m3fn,2,64,128,sm90_simple,5,s\n"
                                              "sm90,132,e4m3fn,8,64,128,sm90_simple,5,s\n")
                  .ok());
  for (const int part : {1, 2}) {  // the second has all from the journal
    const Outcome outcome = pretune({table_, same_name}, {"--json", "--out", out});
    ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
    const Json first = outcome.json()[0], second = outcome.json()[1];
    ASSERT_EQ(first["out"], second["out"]);
    EXPECT_EQ(first["added"], 2) << "m of 2 and 4; part " << part;
    EXPECT_EQ(second["added"], 1) << "m of 8; part " << part;
    EXPECT_EQ(second["kept"], 1) << "m of 2; part " << part;
    EXPECT_EQ(second["measured"], part == 1 ? 1 : 0);
  }
  const std::string after = read_file(out + "/gemm_blockscale/t.csv").value();
  const std::string own = "\ngeneric,1,";
  int rows = 0;
  for (size_t at = after.find(own); at != std::string::npos; at = after.find(own, at + 1)) ++rows;
  EXPECT_EQ(rows, 3) << after;
}

TEST_F(TunePretuneTest, ADryRunSaysWhatItWouldMeasureAndWritesNothing) {
  const std::string out = folder_.file("out");
  const Outcome all = pretune({}, {"--dry-run", "--out", out});
  ASSERT_EQ(all.code, 0) << all.err;
  for (const char* name : {"gemm_blockscale/sm90", "gemm_grouped/sm90", "gemm_mxfp8/sm90"}) {
    EXPECT_TRUE(all.out_has(std::string(name) + ": to " + out + "/" + name + ".csv\n")) << all.out;
  }
  const Json one = pretune({table_}, {"--dry-run", "--json"}).json()[0];
  EXPECT_EQ(one["shapes"], 2) << one;
  EXPECT_EQ(one["rows"], 3) << one;
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_FALSE(std::filesystem::exists(journal_));
  EXPECT_EQ(read_file(table_).value(), kHeader + kOthers);
}

TEST_F(TunePretuneTest, WithoutTimeShapesAreLeftAndTheFolderHasTheTablesAsTheyWere) {
  const std::string out = folder_.file("out"), path = out + "/gemm_mxfp8/sm90.csv";
  const Outcome outcome = pretune({"gemm_mxfp8"}, {"--out", out, "--budget", "0.000001s"});
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  EXPECT_TRUE(outcome.out_has("1 tables, 165 shapes left for want of time\n")) << outcome.out;
  EXPECT_EQ(outcome.err, "octet: gemm_mxfp8/sm90: 165 shapes\n");
  EXPECT_EQ(read_file(path).value(),
            read_file(OCTET_SOURCE_DIR "/data/tuned/gemm_mxfp8/sm90.csv").value());
}

TEST_F(TunePretuneTest, Usage) {
  const Outcome no_folder = octet({"tune", "--pretune"});
  EXPECT_EQ(no_folder.code, 2);
  EXPECT_EQ(no_folder.err,
            "octet: tune: --pretune of built-in tables needs --out, the folder for theirs\n");
  const Outcome dry = octet({"tune", "--pretune", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << "nothing is written: " << dry.err;
  EXPECT_EQ(octet({"tune", "--pretune", table_, "--shapes", "m=1 n=64 k=128"}).code, 2);
  EXPECT_EQ(octet({"tune", "--pretune", table_, "--budget", "soon"}).code, 2);
  EXPECT_EQ(octet({"tune", "--dry-run"}).code, 2);
  EXPECT_EQ(
      octet({"tune", "--pretune", table_, "--device", "cuda"}, {"OCTET_CUDA_DRIVER=/nonexistent"})
          .code,
      3);
}

}  // namespace
}  // namespace octet
