// octet db check on everything that a table file can be.
#include <gtest/gtest.h>

#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Words;

class DbCheckTest : public testing::Test {
 protected:
  Outcome check(const std::string& content) {
    EXPECT_TRUE(write_file(path_, content).ok());
    return octet({"db", "check", path_, "--device", "generic"});
  }
  /// Exit code 4: the file is no table at all.
  void expect_corrupt(const std::string& content, const std::string& message) {
    const Outcome outcome = check(content);
    EXPECT_EQ(outcome.code, 4) << content;
    EXPECT_TRUE(outcome.err.starts_with("octet: " + path_ + message)) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  /// Exit code 1: line 3 is bad, the rows around it are fine.
  void expect_bad_row(const std::string& row, const std::string& message) {
    const Outcome outcome = check(header_ + good_ + row + "\n" + other_);
    EXPECT_EQ(outcome.code, 1) << row;
    EXPECT_TRUE(outcome.out_has("\n" + path_ + ":3: " + message)) << outcome.out;
    EXPECT_TRUE(outcome.out_has("3 rows of gemm_blockscale; 2 reached on generic")) << outcome.out;
    EXPECT_TRUE(outcome.out_has(", 1 bad, 0 repeated in this file\n")) << outcome.out;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.file("t.csv");
  const std::string header_ = "arch,cu_num,format,m,n,k,variant,us,source\n";
  const std::string good_ = "generic,2,e4m3fn,4,256,256,generic_ref,1.5,x\n";
  const std::string other_ = "generic,2,e4m3fn,8,256,256,generic_fast_r16,2,x\n";
};

TEST_F(DbCheckTest, AGoodTable) {
  const Outcome outcome = check(header_ + good_ + other_);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out_has("2 rows of gemm_blockscale; 2 reached on generic")) << outcome.out;
  EXPECT_EQ(check(header_).code, 0) << "no rows yet";
}

TEST_F(DbCheckTest, LineEndsAndMarksOfOtherEditorsAreFine) {
  std::string crlf = header_ + good_ + other_;
  for (size_t at = 0; (at = crlf.find('\n', at)) != std::string::npos; at += 2) {
    crlf.insert(at, "\r");
  }
  EXPECT_EQ(check(crlf).code, 0);
  EXPECT_EQ(check("\xef\xbb\xbf" + header_ + good_).code, 0);
  EXPECT_EQ(check(header_ + "generic,2,e4m3fn,4,256,256,generic_ref,1.5,x").code, 0)
      << "no end of the last line";
}

TEST_F(DbCheckTest, WhatIsNoTable) {
  expect_corrupt("", ":1: empty: no header line");
  expect_corrupt("\n \n", ":1: empty: no header line");
  expect_corrupt(std::string("\x7f\x45LF\0\1\2", 7), ":1: a NUL byte: not a text file");
  expect_corrupt("hello world\n", ":1: the columns are those of no op's tuned table");
  expect_corrupt("{\"schema\":1}\n", ":1: the columns are those of no op's tuned table");
  expect_corrupt(header_ + good_ + "generic,2,e4m3fn,8,25", ":3: 5 fields, the header has 9");
  expect_corrupt(header_ + "generic,2,e4m3fn,4,256,256,\"generic_ref,1,x\n",
                 ":2: a quote is opened and never closed");
  expect_corrupt(header_ + "<<<<<<< mine\n" + good_ + "=======\n" + other_ + ">>>>>>> theirs\n",
                 ":2: a conflict marker of a merge was left in");
  expect_corrupt("arch,cu_num,format,m,n,k,variant,us,source,speed\n",
                 ":1: unknown column 'speed'");
  expect_corrupt("arch,cu_num,format,m,n,k,variant,us\n", ":1: no column 'source'");
  expect_corrupt("arch,cu_num,format,m,n,k,variant,us,us\n", ":1: column 'us' occurs twice");
}

TEST_F(DbCheckTest, BadRowsAreNamedOneByOne) {
  const auto row = [](const std::string& us) {
    return "generic,2,e4m3fn,16,256,256,generic_ref," + us + ",x";
  };
  for (const char* us : {"nan", "NaN", "0", "-1", "-0.0", "inf", "1e999", "", "fast", "1 us"}) {
    expect_bad_row(row(us), std::string("us: '") + us + "' is not a positive, finite time");
  }
  expect_bad_row("generic,2,e4m3fn,16,256,256,generic_reff,1,x",
                 "variant: unknown kernel 'generic_reff' (did you mean 'generic_ref'?)");
  expect_bad_row("genric,2,e4m3fn,16,256,256,generic_ref,1,x",
                 "unknown arch 'genric' (did you mean 'generic'?)");
  expect_bad_row("generic,0,e4m3fn,16,256,256,generic_ref,1,x", "cu_num: 0 is not in 1 to");
  expect_bad_row("generic,2,e4m3,16,256,256,generic_ref,1,x",
                 "gemm_blockscale: unknown format 'e4m3'");
  expect_bad_row("generic,2,e4m3fn,16,256,200,generic_ref,1,x",
                 "gemm_blockscale: k = 200, must be a multiple of 128");
  expect_bad_row("generic,2,e4m3fn,-1,256,256,generic_ref,1,x", "gemm_blockscale: m = -1");
  expect_bad_row("generic,2,e4m3fn,1.5,256,256,generic_ref,1,x", "m: '1.5' is not a whole number");
  expect_bad_row("generic,2,e4m3fn,99999999999999999999,256,256,generic_ref,1,x",
                 "m: '99999999999999999999' does not fit a whole number of 64 bits");
}

TEST_F(DbCheckTest, ARepeatedKeyIsNamedAndTheLowestTimeServes) {
  const Outcome outcome =
      check(header_ + good_ + "generic,2,e4m3fn,4,256,256,generic_fast_r16,1,x\n");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.out_has("2 rows of gemm_blockscale; 1 reached on generic")) << outcome.out;
  EXPECT_TRUE(outcome.out_has(", 0 bad, 1 repeated in this file\n")) << outcome.out;
  EXPECT_TRUE(outcome.out_has("\n" + path_ + ":2: generic 2 m=4 n=256 k=256 format=e4m3fn is in " +
                              path_ + ":3 too, whose 1 us serve, not 1.5\n"))
      << outcome.out;
}

TEST_F(DbCheckTest, StrictLooksAtFilesTogetherAndOnNoMachine) {
  const std::string other = folder_.file("u.csv");
  ASSERT_TRUE(write_file(path_, header_ + good_).ok());
  ASSERT_TRUE(write_file(other, header_ + other_).ok());
  const Outcome fine = octet({"db", "check", "--strict", path_, other});
  EXPECT_EQ(fine.code, 0) << fine.out;
  EXPECT_EQ(fine.out, "2 rows of 2 tuned tables and 0 rows of 0 cost models: 0 faults\n");
  ASSERT_TRUE(write_file(other, header_ + good_).ok());
  const Outcome twice = octet({"db", "check", "--strict", folder_.path()});
  EXPECT_EQ(twice.code, 1);
  EXPECT_TRUE(twice.out_has(" is in " + path_ + ":2 too")) << twice.out;
  EXPECT_TRUE(twice.out_has(": 1 faults\n")) << twice.out;
  const Json json = octet({"db", "check", "--strict", folder_.path(), "--json"}).json();
  EXPECT_EQ(json["faults"].size(), 1u);
  EXPECT_EQ(json["tuned_files"], 2);
  EXPECT_EQ(octet({"db", "check", "--strict", path_, "--device", "mi300x"}).code, 2);
}

TEST_F(DbCheckTest, TheCommonestReasonsAreShownAndTheOthersCounted) {
  std::string rows = good_;
  for (const char* n : {"64", "128", "192"}) {
    rows += fmt::format("sm90,132,e4m3fn,1,{},256,sm90_wgmma_tile_128x128x128_s5,1,x\n", n);
  }
  for (int m = 1; m <= 12; ++m) {  // each has a reason of its own: its m
    rows += fmt::format("x86_avx512,2,e4m3fn,{},256,256,x86_avx512_gemv_8x4x128,1,x\n", 100 + m);
  }
  ASSERT_TRUE(write_file(path_, header_ + rows).ok());
  const Words words{"db", "check", path_, "--device", "x86_avx512"};
  const Outcome text = octet(words);
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_TRUE(text.out_has("\n         3  arch sm90, the device is x86_avx512\n")) << text.out;
  EXPECT_TRUE(text.out_has("\n         1  m = 108, at most 8 tokens share a pass\n")) << text.out;
  EXPECT_FALSE(text.out_has("m = 109")) << text.out;
  EXPECT_TRUE(text.out.ends_with("\n         4  for 4 other reasons; --json lists them\n"))
      << text.out;
  Words json = words;
  json.push_back("--json");
  EXPECT_TRUE(octet(json).out_has("m = 112, at most 8 tokens share a pass"));
}

TEST(DbImport, ATableThatNoOpReadsIsNamedOnce) {
  const std::string path = OCTET_SOURCE_DIR "/data/aiter/a8w8_tuned_gemm.csv";
  const std::string note =
      path + ": row-wise a8w8 GEMM: 579 rows; no op of this version reads them\n";
  const Outcome import = octet({"db", "import", "--from", "aiter", path});
  EXPECT_EQ(import.code, 0);
  EXPECT_EQ(import.out, "");
  EXPECT_EQ(import.err, note);
  const Outcome evaluate = octet({"db", "evaluate", "--from", "aiter", path});
  EXPECT_EQ(evaluate.code, 2);
  EXPECT_EQ(evaluate.err, "octet: " + note);
}

TEST_F(DbCheckTest, FilesThatCannotBeRead) {
  EXPECT_EQ(octet({"db", "check", folder_.file("none.csv")}).code, 2);
  EXPECT_EQ(octet({"db", "check", folder_.path()}).code, 2);
  EXPECT_EQ(octet({"db", "check", path_, "--device", "mi300"}).code, 2);
}

TEST_F(DbCheckTest, MergeNeverWritesHalf) {
  const std::string out = folder_.file("merged.csv");
  ASSERT_TRUE(write_file(out, "old content\n").ok());
  ASSERT_TRUE(write_file(path_, "no table\n").ok());
  EXPECT_EQ(octet({"db", "merge", path_, "--out", out}).code, 4);
  EXPECT_EQ(read_file(out).value(), "old content\n");
  ASSERT_TRUE(write_file(path_, header_ + other_ + good_).ok());
  EXPECT_EQ(octet({"db", "merge", path_, "--out", out}).code, 0);
  EXPECT_EQ(read_file(out).value(), header_ + good_ + other_) << "sorted";
}

}  // namespace
}  // namespace octet
