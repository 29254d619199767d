// What verbs print and write: JSON for programs, progress for terminals only, nothing half.
#include <gtest/gtest.h>
#include <pty.h>

#include "harness/tune/tune_testing.h"
#include "octet/device.h"
#include "src/harness/measure/environment.h"
#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::model;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Process;
using testing_process::Words;

void expect_keys(const Json& object, const Words& keys) {
  for (const std::string& key : keys) {
    EXPECT_TRUE(object.contains(key)) << key << " in " << object.dump();
  }
}

/// A results file with one row of `us` for m = 4.
void write_results_file(const std::string& path, double us) {
  harness::Results results;
  results.environment = harness::environment_json(device_profile("generic").value());
  harness::Measurement row =
      harness::testing_tune::row(harness::testing_tune::problem(4), "generic_ref", us);
  row.us_q1 = row.us_min = us * 0.99;
  row.us_q3 = row.us_max = us * 1.01;
  row.stable = true;
  row.floor_us = 1;
  results.rows.push_back(row);
  ASSERT_TRUE(harness::write_results(path, results).ok());
}

TEST(Json, ExplainOfEveryProfileHoldsTheContract) {
  for (const std::string& profile : device_profile_names()) {
    const Outcome outcome = octet(
        {"explain", "gemm_blockscale", "m=64", "n=7168", "k=2048", "--device", profile, "--json"});
    ASSERT_EQ(outcome.code, 0) << profile << outcome.err;
    const Json plan = outcome.json();
    expect_keys(plan,
                {"op", "device", "problem", "variant", "why", "built", "predicted_us", "refused"});
    EXPECT_EQ(plan["op"], "gemm_blockscale");
    EXPECT_EQ(plan["device"]["name"], profile);
    expect_keys(plan["device"], {"arch", "cu_num"});
    EXPECT_EQ(plan["problem"]["m"], 64);
    EXPECT_EQ(plan["problem"]["n"], 7168);
    EXPECT_EQ(plan["problem"]["k"], 2048);
    ASSERT_TRUE(plan["refused"].is_array());
    for (const Json& refusal : plan["refused"]) {
      EXPECT_FALSE(refusal.at("variant").get<std::string>().empty());
      EXPECT_FALSE(refusal.at("reason").get<std::string>().empty());
    }
    EXPECT_TRUE(plan["variant"].is_string()) << profile;
    const Outcome text =
        octet({"explain", "gemm_blockscale", "m=64", "n=7168", "k=2048", "--device", profile});
    EXPECT_EQ(text.code, 0);
    EXPECT_TRUE(text.out_has("device     " + profile)) << text.out;
  }
}

TEST(Json, ExplainOfTheLargestProblemHasABoundOfItsSize) {
  const Words words{"explain",           "gemm_blockscale", "m=2147483647", "n=2147483647", "k=128",
                    "format=e4m3fn_f32", "--device",        "mi300x",       "--json"};
  const Outcome outcome = octet(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  // 2^64 bytes of results are counted as 2^63, the most that int64 holds, at 5300 GB/s.
  EXPECT_NEAR(outcome.json()["bound_us"].get<double>(), 0x1p63 / 5300e3, 1e6);
}

TEST(Json, OfInfoShapesCheckAndDb) {
  const TemporaryFolder folder;
  const Json info = octet({"info", "--json"}).json();
  expect_keys(info, {"schema", "device", "arch", "cu_num", "commit", "devices", "profiles", "ops"});
  EXPECT_GT(info["ops"]["gemm_blockscale"].size(), 10u);
  EXPECT_EQ(info["profiles"].size(), device_profile_names().size());

  const Json shapes =
      octet({"shapes", "--model", model("Qwen3-32B-FP8"), "--tp", "8", "--m", "1,16", "--json"})
          .json();
  ASSERT_FALSE(shapes.empty());
  for (const Json& shape : shapes) {
    expect_keys(shape, {"model", "tp", "ep", "layer", "op", "format", "m", "n", "k"});
  }
  const Outcome csv = octet({"shapes", "--model", model("Qwen3-32B-FP8"), "--tp", "8", "--csv"});
  EXPECT_TRUE(csv.out.starts_with("model,tp,ep,layer,op,format,n,k")) << csv.out;

  const Json check = octet({"check", "gemm_blockscale", "--shapes", "m=3 n=33 k=256", "--format",
                            "e4m3fn", "--json"})
                         .json();
  EXPECT_EQ(check["failures"].size(), 0u);
  EXPECT_GE(check["cases"], 6) << "two variants at least, three kinds of inputs";

  const std::string table = folder.file("t.csv");
  ASSERT_TRUE(write_file(table,
                         "arch,cu_num,format,m,n,k,variant,us,source\n"
                         "gfx942,304,e4m3fnuz,64,512,512,gfx942_mfma_64x128x128_v3,9,x\n")
                  .ok());
  const Json db = octet({"db", "check", table, "--device", "mi300x", "--json"}).json();
  ASSERT_EQ(db.size(), 1u);
  expect_keys(db[0], {"path", "op", "device", "rows", "reachable", "unreachable", "bad"});
  EXPECT_EQ(db[0]["reachable"], 1);
  expect_keys(octet({"db", "evaluate", table, "--device", "mi300x", "--json"}).json(),
              {"rows", "heuristic", "constant"});
}

TEST(Json, OfCompareWhoseExitCodeIsTheVerdict) {
  const TemporaryFolder folder;
  const std::string base = folder.file("base.jsonl"), same = folder.file("same.jsonl"),
                    slow = folder.file("slow.jsonl");
  write_results_file(base, 100);
  write_results_file(same, 100);
  write_results_file(slow, 150);
  for (const char* rule : {"golden", "threshold", "robust"}) {
    EXPECT_EQ(octet({"compare", base, same, "--rule", rule}).code, 0) << rule;
    const Outcome worse = octet({"compare", base, slow, "--rule", rule, "--json"});
    EXPECT_EQ(worse.code, 1) << rule;
    EXPECT_EQ(worse.json()["regression"], true) << rule;
    EXPECT_EQ(octet({"compare", slow, base, "--rule", rule}).code, 0) << "faster, " << rule;
  }
  EXPECT_EQ(octet({"compare", base, same, "--rule", "silver"}).code, 2);
  EXPECT_EQ(octet({"compare", base, folder.file("none.jsonl")}).code, 2);
  ASSERT_TRUE(write_file(slow, "{\"schema\":1}\n{\"us\":1e999}\n").ok());
  const Outcome corrupt = octet({"compare", base, slow});
  EXPECT_EQ(corrupt.code, 4);
  EXPECT_TRUE(corrupt.err_has(slow + ":2: ")) << corrupt.err;
}

TEST(BenchOutput, OneProblemInWords) {
  const Outcome bench = octet({"bench", "gemm_blockscale", "--shapes", "m=2 n=128 k=256",
                               "--variants", "generic_ref", "--budget-ms", "1", "--json"});
  ASSERT_EQ(bench.code, 0) << bench.err;
  const Words lines = split(bench.out, '\n');
  ASSERT_EQ(lines.size(), 3u) << bench.out;
  EXPECT_EQ(Json::parse(lines[1])["problem"], (Json{{"m", 2}, {"n", 128}, {"k", 256}}));
}

TEST(BenchOutput, JsonLinesHoldTheContract) {
  const TemporaryFolder folder;
  const std::string shapes = folder.file("s.csv"), out = folder.file("o.jsonl");
  ASSERT_TRUE(write_file(shapes, "m,n,k\n2,128,256\n").ok());
  const Outcome bench =
      octet({"bench", "gemm_blockscale", "--shapes", shapes, "--variants",
             "generic_fast_r16,generic_ref", "--budget-ms", "1", "--out", out, "--json"});
  ASSERT_EQ(bench.code, 0) << bench.err;
  const Words lines = split(bench.out, '\n');
  ASSERT_EQ(lines.size(), 4u) << bench.out;
  const Json environment = Json::parse(lines[0]);
  for (const size_t i : {1, 2}) {
    const Json row = Json::parse(lines[i]);
    expect_keys(
        row, {"schema", "op",     "format",   "device", "arch",    "cu_num", "problem", "variant",
              "why",    "us",     "us_min",   "us_max", "samples", "stable", "bytes",   "flops",
              "gbps",   "tflops", "floor_us", "policy", "error",   "commit", "time",    "env"});
    EXPECT_EQ(row["env"], environment["env"]);
    EXPECT_EQ(row["policy"], "cold");
    EXPECT_GT(row["us"], 0);
  }
  EXPECT_EQ(read_file(out).value(), bench.out);
  EXPECT_EQ(octet({"compare", out, out}).code, 0) << "its own file reads back";
  const std::string page = folder.file("r.html");
  EXPECT_EQ(octet({"report", out, "--out", page}).code, 0);
  EXPECT_TRUE(read_file(page).value().starts_with("<!DOCTYPE html>") ||
              read_file(page).value().starts_with("<!doctype html>"));
}

const std::string kAiter = "a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv";

TEST(Output, AFullDiskOrAMissingFolderIsAnErrorAndOldContentStays) {
  const TemporaryFolder folder;
  const std::string base = folder.file("base.jsonl"), table = folder.file("t.csv");
  write_results_file(base, 100);
  ASSERT_TRUE(write_file(table,
                         "arch,cu_num,format,m,n,k,variant,us,source\n"
                         "generic,2,e4m3fn,4,256,256,generic_ref,1,x\n")
                  .ok());
  const std::vector<Words> writers{
      {"shapes", "--model", model("Qwen3-32B-FP8"), "--tp", "8"},
      {"compare", base, base},
      {"report", base},
      {"db", "merge", table},
      {"db", "import", "--from", "aiter", OCTET_SOURCE_DIR "/data/aiter/" + kAiter},
      {"bench", "gemm_blockscale", "--shapes", "m=1 n=16 k=128", "--budget-ms", "1", "--variants",
       "generic_ref"},
  };
  for (Words words : writers) {
    const std::string verb = words[0];
    words.insert(words.end(), {"--out", "/dev/full"});
    const Outcome full = octet(words);
    EXPECT_EQ(full.code, 2) << verb;
    EXPECT_TRUE(full.err_has("/dev/full: No space left on device")) << verb << full.err;
    const std::string nowhere = folder.file("no/such/folder/file");
    words.back() = nowhere;
    const Outcome missing = octet(words);
    EXPECT_EQ(missing.code, 2) << verb;
    EXPECT_TRUE(missing.err_has(nowhere + ": No such file or directory")) << verb << missing.err;
  }
  EXPECT_EQ(folder.num_files(), 2u) << "nothing half is left";
  for (const Words& words :
       {Words{"info"}, Words{"shapes", "--model", model("Qwen3-32B-FP8"), "--csv"},
        Words{"info", "--json"}, Words{"db", "merge", table}}) {
    const Outcome stdout_full = octet(words, {}, {"/dev/full", ""});
    EXPECT_EQ(stdout_full.code, 2) << words[0];
    EXPECT_TRUE(stdout_full.err_has("octet: stdout: No space left on device")) << stdout_full.err;
  }
}

TEST(Progress, OnATerminalOnly) {
  const Words words{"check",    "gemm_blockscale", "--shapes",  "m=2 n=20 k=128",
                    "--format", "e4m3fn",          "--variant", "generic_ref"};
  const Outcome piped = octet(words);
  EXPECT_EQ(piped.code, 0);
  EXPECT_EQ(piped.err, "");
  EXPECT_FALSE(piped.out_has("\x1b"));

  int terminal = -1, side = -1;
  char name[256] = "";
  if (::openpty(&terminal, &side, name, nullptr, nullptr) != 0) GTEST_SKIP() << "no terminals here";
  const Outcome seen = octet(words, {}, {"", name});
  EXPECT_EQ(seen.code, 0);
  EXPECT_FALSE(seen.out_has("\x1b"));
  std::string shown(4096, '\0');
  const ssize_t count = ::read(terminal, shown.data(), shown.size());
  shown.resize(static_cast<size_t>(std::max<ssize_t>(0, count)));
  EXPECT_NE(shown.find("0/1"), std::string::npos) << shown;
  EXPECT_NE(shown.find("m=2 n=20 k=128"), std::string::npos) << shown;
  ::close(terminal);
  ::close(side);
}

}  // namespace
}  // namespace octet
