// The command as a person meets it: help, slips, exit codes, and what the environment does.
#include <gtest/gtest.h>

#include "octet/device.h"
#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_files::TemporaryFolder;
using testing_process::model;
using testing_process::octet;
using testing_process::Outcome;
using testing_process::Words;

const Words kProblem{"m=4", "n=256", "k=256"};

Words explain(const Words& more = {}) {
  Words words{"explain", "gemm_blockscale"};
  words.insert(words.end(), kProblem.begin(), kProblem.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Words bench(const char* option, const char* value) {
  return {"bench", "gemm_blockscale", option, value};
}

TEST(Help, OfEveryVerbShowsAnExample) {
  const std::vector<Words> verbs{{"info"},        {"shapes"},        {"explain"},
                                 {"check"},       {"bench"},         {"tune"},
                                 {"compare"},     {"report"},        {"db"},
                                 {"db", "check"}, {"db", "import"},  {"db", "export"},
                                 {"db", "merge"}, {"db", "evaluate"}};
  for (Words words : verbs) {
    const std::string verb = join(words, " ");
    words.emplace_back("--help");
    const Outcome help = octet(words);
    EXPECT_EQ(help.code, 0) << verb;
    EXPECT_TRUE(help.out_has("Usage: ")) << verb;
    EXPECT_TRUE(help.out_has("Example")) << verb;
    EXPECT_TRUE(help.out_has("  octet " + verb.substr(0, verb.find(' ')))) << verb << help.out;
    EXPECT_EQ(help.err, "") << verb;
    EXPECT_FALSE(help.out_has("--fault")) << verb << ": for tests only";
  }
  const Outcome all = octet({"--help"});
  EXPECT_EQ(all.code, 0);
  EXPECT_TRUE(all.out_has("Exit codes: 0 ok"));
  EXPECT_FALSE(all.out_has("worker")) << "not for people";
  EXPECT_TRUE(octet({"--version"}).out.starts_with("octet 0."));
}

struct Refused {
  Words words;
  const char* message;
};

void expect_usage_error(const Refused& one) {
  const Outcome outcome = octet(one.words);
  EXPECT_EQ(outcome.code, 2) << join(one.words, " ");
  EXPECT_TRUE(outcome.err_has(one.message)) << join(one.words, " ") << "\n" << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("octet: ")) << outcome.err;
  EXPECT_EQ(outcome.out, "") << join(one.words, " ");
}

TEST(Usage, SlipsAreNamedWithWhatWasMeant) {
  const Refused cases[]{
      {{}, "A subcommand is required"},
      {{"chek"}, "unknown verb 'chek' (did you mean 'check'?)"},
      {{"frobnicate"}, "unknown verb 'frobnicate'"},
      {{"db"}, "A subcommand is required"},
      {{"db", "chek", "x.csv"}, "unknown verb 'chek' (did you mean 'check'?)"},
      {explain({"--devise", "h200"}), "--devise (did you mean '--device'?)"},
      {explain({"--jason"}), "--jason (did you mean '--json'?)"},
      {{"shapes"}, "--model is required"},
      {{"shapes", "--model", model("Qwen3-32B-FP8"), "--tp", "eight"}, "--tp"},
      {{"bench", "gemm_blockscale", "--cold", "--warm"}, "--cold excludes --warm\n"},
      {{"tune", "--budget", "soon", "--shapes", "check"}, "--budget 'soon': must be a time"},
      {{"tune", "--shapes", "check", "--format", "e4m3"}, "unknown format 'e4m3'"},
      {{"tune", "--shapes", "check", "--format", "e4m3fn", "--packed"}, "excludes"},
      {{"tune", "--shapes", "check", "--timeout", "0"}, "--timeout 0: must be 1 to 86400 seconds"},
      {{"tune"}, "tune: give --model or --shapes, one of them"},
      {{"tune", "--shapes", "check", "--shard", "5/4"}, "shard '5/4': must be i/N"},
      {{"explain", "gem_blockscale", "m=1"}, "(did you mean 'gemm_blockscale'?)"},
      {{"explain", "gemm_blockscale", "m=1", "n=2"}, "'k=' is missing"},
      {{"explain", "gemm_blockscale", "m=1", "n=2", "k=x"}, "k=x: 'x' is not a whole number"},
      {{"explain", "gemm_blockscale", "m=1", "n=2", "k=100"}, "k = 100, must be a multiple of 128"},
      {explain({"--variant", "generic_reff"}), "(did you mean 'generic_ref'?)"},
      {{"check", "gemm_blockscale", "--shapes", "chekc"}, "no shape set 'chekc'"},
      {{"check", "gemm_blockscale", "--format", "e4m3"}, "unknown format 'e4m3'"},
      {{"compare", "a.jsonl"}, "new is required"},
      {{"db", "check"}, "files is required\nRun 'octet db check --help' for usage."},
      {{"compare", "a", "b", "--rule", "threshold", "--threshold", "x"}, "--threshold = x\n"},
      {bench("--shapes", "m=1 n=128 kk=128"), "no field 'kk' (did you mean 'k'?)"},
      {bench("--shapes", "m=1 n=128 k=100"), "k = 100, must be a multiple of 128"},
      {bench("--split-tokens", "512"), "are of attn_decode, not of gemm_blockscale"},
      {{"bench", "attn_decode", "--shapes", "check", "--split-tokens", "300"},
       "split_tokens = 300, must be 0 or a multiple of 64, 256 to 2048"},
      {{"bench", "attn_decode", "--shapes", "check", "--page", "24"}, "--page"},
  };
  for (const Refused& one : cases) expect_usage_error(one);
}

TEST(Usage, NumbersBeyondTheirLimitsAreRefused) {
  const Refused cases[]{
      {explain({"--threads", "-1"}), "octet: --threads: -1, must be 0 to 1024\n"},
      {explain({"--threads", "1025", "--device", "h200"}), "--threads: 1025, must be 0 to 1024\n"},
      {{"tune", "--shapes", "check", "--threads", "-2"}, "--threads: -2, must be 0 to 1024\n"},
      {{"check", "gemm_blockscale", "--threads", "-2"}, "--threads: -2, must be 0 to 1024\n"},
      {bench("--threads", "-2"), "--threads: -2, must be 0 to 1024\n"},
      {bench("--limit", "0"), "octet: --limit: 0, must be 1 to 2147483647\n"},
      {bench("--limit", "-5"), "octet: --limit: -5, must be 1 to 2147483647\n"},
      {bench("--limit", "two"), "--limit"},
      {bench("--split-tokens", "2112"), "octet: --split-tokens: 2112, must be 0 to 2048\n"},
      {bench("--extra-cols", "-1"), "octet: --extra-cols: -1, must be 0 to 1000000\n"},
      {bench("--budget-ms", "0"), "octet: --budget-ms: 0, must be 0.001 to 86400000\n"},
      {bench("--budget-ms", "-1"), "octet: --budget-ms: -1, must be 0.001 to 86400000\n"},
      {bench("--budget-ms", "nan"), "octet: --budget-ms: nan, must be 0.001 to 86400000\n"},
  };
  for (const Refused& one : cases) expect_usage_error(one);
}

TEST(Usage, ProblemsBeyondTheMemoryAreRefused) {
  const TemporaryFolder folder;
  const std::string shapes = folder.file("s.csv");
  ASSERT_TRUE(write_file(shapes, "m,n,k\n2147483647,2147483647,128\n").ok());
  for (const char* verb : {"check", "bench"}) {
    const Outcome outcome = octet({verb, "gemm_blockscale", "--shapes", shapes});
    EXPECT_EQ(outcome.code, 2) << verb;
    EXPECT_TRUE(outcome.err.starts_with("octet: gemm_blockscale m=2147483647 n=2147483647 k=128 "))
        << outcome.err;
    EXPECT_TRUE(outcome.err_has(" GB of operands, cpu has ")) << outcome.err;
    EXPECT_EQ(outcome.out, "") << verb;
  }
}

TEST(Usage, ModelsThatAreNoneOrDoNotDivide) {
  const TemporaryFolder folder;
  const std::string path = folder.file("config.json");
  const auto shapes = [&](const std::string& text, const char* tp) {
    EXPECT_TRUE(write_file(path, text).ok());
    return octet({"shapes", "--model", path, "--tp", tp});
  };
  const std::string full = read_file(model("Qwen3-32B-FP8")).value();
  const Outcome odd = shapes(full, "3");
  EXPECT_EQ(odd.code, 2);
  EXPECT_TRUE(odd.err_has("num_attention_heads 64 is not a multiple of tp 3")) << odd.err;
  std::string without = full;
  without.replace(without.find("\"hidden_size\""), 13, "\"hidden_sizes\"");
  const Outcome missing = shapes(without, "1");
  EXPECT_NE(missing.code, 0);
  EXPECT_TRUE(missing.err_has("hidden_size")) << missing.err;
  EXPECT_TRUE(missing.err_has(path)) << missing.err;
  const Outcome broken = shapes("{\"hidden_size\": 5120,\n oops", "1");
  EXPECT_EQ(broken.code, 4);
  EXPECT_TRUE(broken.err_has(path + ":2: not JSON")) << broken.err;
  EXPECT_EQ(octet({"shapes", "--model", folder.file("none.json")}).code, 2);
}

TEST(ExitCode, ThreeWhereTheDeviceIsNotHere) {
  const Arch highest = cpu_device().value().arch;
  if (highest == Arch::kX86Amx) GTEST_SKIP() << "no tier above this machine's";
  const Outcome outcome = octet({"info"}, {"OCTET_CPU_ARCH=x86_amx"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_TRUE(outcome.err_has("OCTET_CPU_ARCH=x86_amx: this machine has ")) << outcome.err;
}

TEST(ExitCode, OneWhereACheckFails) {
  const Outcome outcome = octet({"check", "gemm_blockscale", "--shapes", "m=2 n=20 k=128",
                                 "--format", "e4m3fn_f32", "--fault", "generic_ref"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.out_has("FAIL generic_ref on m=2 n=20 k=128 format=e4m3fn_f32"))
      << outcome.out;
  const std::string repeat =
      "repeat: octet check gemm_blockscale --shapes \"m=2 n=20 k=128\" --format e4m3fn_f32 "
      "--variant generic_ref --seed 1 --threads 0\n";
  EXPECT_TRUE(outcome.out_has(repeat)) << outcome.out;
  EXPECT_EQ(octet({"check", "gemm_blockscale", "--shapes", "m=2 n=20 k=128", "--format",
                   "e4m3fn_f32", "--variant", "generic_ref", "--seed", "1", "--threads", "0"})
                .code,
            0)
      << "the printed command, without the fault";
}

TEST(Environment, CpuArchForcesTheTier) {
  for (const Arch tier : arch_chain(cpu_device().value().arch)) {
    const std::string name(arch_name(tier));
    const Outcome outcome = octet(explain({"--json"}), {"OCTET_CPU_ARCH=" + name});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.json()["device"]["arch"], name);
  }
  for (const char* wrong : {"sm90", "x86_avx", "AVX512"}) {
    const Outcome outcome = octet(explain(), {std::string("OCTET_CPU_ARCH=") + wrong});
    EXPECT_EQ(outcome.code, 2) << wrong;
    EXPECT_TRUE(outcome.err_has(wrong)) << outcome.err;
  }
  EXPECT_EQ(octet(explain(), {"OCTET_THREADS=none"}).code, 2);
  EXPECT_EQ(octet(explain({"--json"}), {"OCTET_THREADS=3"}).json()["device"]["cu_num"], 3);
}

}  // namespace
}  // namespace octet
