// The worker: a crash or a hang costs one candidate; a worker that is none ends with a reason.
#include "src/harness/tune/worker.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "build_paths.h"
#include "harness/temporary_folder.h"
#include "harness/tune/tune_testing.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

using testing_files::TemporaryFolder;
using testing_tune::problem;
using testing_tune::unknown_op;

const std::string kOctet = build_paths::kOctet;

class WorkerTest : public testing::Test {
 protected:
  std::string script(const std::string& body) {
    const std::string path = folder_.file("worker.sh");
    EXPECT_TRUE(write_file(path, "#!/bin/sh\n" + body).ok());
    EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
    return path;
  }
  Result<TuneRecord> tune(WorkerOptions options, TuneRequest request = {problem(2), {}, 3'000}) {
    Worker worker(std::move(options));
    return worker.tune(ops::gemm_blockscale::op(), request);
  }
  TemporaryFolder folder_;
};

/// Whether one that was not told to hang was silent for too long: the machine is busy.
bool too_slow(const Result<TuneRecord>& tuned, const std::string& hang) {
  const auto silent = [](const std::string& reason) {
    return reason.find("no answer for") != std::string::npos;
  };
  if (!tuned.ok()) return silent(tuned.status().message());
  return std::any_of(tuned->failed.begin(), tuned->failed.end(), [&](const FailedCandidate& one) {
    return one.variant != hang && silent(one.reason);
  });
}

TEST_F(WorkerTest, ACrashAndAHangInOneProblemCostTheseTwoCandidates) {
  const TuneRequest request{problem(2), {}, 3'000};
  const select::Op& op = ops::gemm_blockscale::op();
  const std::vector<int> candidates = tune_candidates(op, request, cpu_device(2).value());
  if (candidates.size() < 2) GTEST_SKIP() << "this machine has one candidate only";
  const std::string crash = op.variants()[static_cast<size_t>(candidates[0])].name;
  const std::string hang = op.variants()[static_cast<size_t>(candidates[1])].name;
  const std::string count = folder_.file("count");
  // The first child crashes, the second hangs, the third works.
  WorkerOptions options;
  options.executable =
      script("echo >> " + count + "\n" + "case $(wc -l < " + count + ") in\n" + "1) exec " +
             kOctet + " \"$@\" --fault " + crash + ":crash;;\n" + "2) exec " + kOctet +
             " \"$@\" --fault " + hang + ":hang;;\n" + "*) exec " + kOctet + " \"$@\";;\nesac\n");
  options.target.threads = 2;
  // Seconds of silence. Why several: a busy machine can keep a good candidate silent that long, and
  // what is asked here is who is blamed for a hang, not how fast the others are.
  for (const int limit : {8, 32, 120}) {
    ASSERT_TRUE(write_file(count, "").ok());
    options.timeout_s = limit;
    Worker worker(options);
    const auto tuned = worker.tune(op, request);
    const auto next = worker.tune(op, {problem(3), {}, 3'000});
    if (limit < 120 && (too_slow(tuned, hang) || too_slow(next, ""))) continue;
    ASSERT_TRUE(tuned.ok()) << tuned.status().message();
    ASSERT_EQ(tuned->failed.size(), 2u);
    EXPECT_EQ(tuned->failed[0].variant, crash);
    EXPECT_EQ(tuned->failed[0].reason, "killed by signal 6 (Aborted)");
    EXPECT_EQ(tuned->failed[1].variant, hang);
    EXPECT_EQ(tuned->failed[1].reason, fmt::format("no answer for {} s", limit));
    EXPECT_EQ(tuned->row(crash), nullptr);
    EXPECT_EQ(tuned->row(hang), nullptr);
    EXPECT_NE(tuned->row(tuned->winner), nullptr) << "there is a winner all the same";
    ASSERT_TRUE(next.ok()) << next.status().message();
    EXPECT_EQ(next->problem, problem(3)) << "the third child goes on with the next problem";
    EXPECT_TRUE(next->failed.empty());
    EXPECT_EQ(split(read_file(count).value(), '\n').size(), 4u) << "three children";
    return;
  }
}

TEST_F(WorkerTest, AnExecutableThatIsNotThere) {
  const auto tuned = tune({folder_.file("nothing"), {"cpu", 1}, 5, {}});
  EXPECT_EQ(tuned.status().code(), StatusCode::kBackend);
  EXPECT_EQ(tuned.status().message(),
            "tuning m=2 n=256 k=128 format=e4m3fn: its process ended with code 127");
}

TEST_F(WorkerTest, ProgramsThatAreNoWorker) {
  EXPECT_EQ(tune({script("exit 3\n"), {"cpu", 1}, 5, {}}).status().message(),
            "tuning m=2 n=256 k=128 format=e4m3fn: its process ended with code 3");
  const auto chatty = tune({script("read line; echo hello; sleep 9\n"), {"cpu", 1}, 5, {}});
  EXPECT_EQ(chatty.status().code(), StatusCode::kCorruptData);
  EXPECT_TRUE(chatty.status().message().starts_with("worker:1: not JSON"))
      << chatty.status().message();
  EXPECT_EQ(tune({script("read line; echo '{}'; sleep 9\n"), {"cpu", 1}, 5, {}}).status().message(),
            "the worker's reply has no record");
  EXPECT_EQ(
      tune({script("read line; echo '{\"error\":\"no luck\"}'; sleep 9\n"), {"cpu", 1}, 5, {}})
          .status()
          .message(),
      "no luck");
  EXPECT_EQ(tune({script("sleep 9\n"), {"cpu", 1}, 0.2, {}}).status().message(),
            "tuning m=2 n=256 k=128 format=e4m3fn: no answer for 0.2 s");
}

TEST_F(WorkerTest, EachBeginningIsPassedOn) {
  int heard = 0;
  WorkerOptions options{script("read line; echo '{\"begin\":\"a\"}'; echo '{\"begin\":\"b\"}'; "
                               "echo '{\"error\":\"no luck\"}'; sleep 9\n"),
                        {"cpu", 1},
                        5,
                        {}};
  options.alive = [&] { ++heard; };
  EXPECT_EQ(tune(options).status().message(), "no luck");
  EXPECT_EQ(heard, 2);
}

TEST_F(WorkerTest, ACandidateThatCrashesThoughExcludedEndsTheProblem) {
  const auto tuned =
      tune({script("read line; echo '{\"begin\":\"generic_ref\"}'; exit 1\n"), {"cpu", 1}, 5, {}});
  EXPECT_EQ(tuned.status().message(),
            "tuning m=2 n=256 k=128 format=e4m3fn: its process ended with code 1");
}

TEST(Serve, AnswersEveryLineAndEndsWithItsInput) {
  std::FILE* in = std::tmpfile();
  std::FILE* out = std::tmpfile();
  ASSERT_NE(in, nullptr);
  ASSERT_NE(out, nullptr);
  std::fputs(
      "garbage\n"
      "{\"op\":\"nothing\",\"problem\":\"\"}\n"
      "{\"op\":\"gemm_blockscale\",\"problem\":\"m=1 n=2\"}\n",
      in);
  std::rewind(in);
  EXPECT_TRUE(serve(in, out, {"cpu", 1}, {}).ok());
  std::rewind(out);
  std::string replies(1000, '\0');
  replies.resize(std::fread(replies.data(), 1, replies.size(), out));
  const std::vector<std::string> lines = split(replies, '\n');
  ASSERT_EQ(lines.size(), 4u) << replies;
  EXPECT_TRUE(lines[0].starts_with("{\"error\":\"request:1: not JSON")) << lines[0];
  EXPECT_EQ(lines[1], R"({"error":")" + unknown_op("nothing") + R"("})");
  EXPECT_EQ(lines[2], R"({"error":"gemm_blockscale: 'k=' is missing"})");
  std::fclose(in);
  std::fclose(out);
}

}  // namespace
}  // namespace octet::harness
