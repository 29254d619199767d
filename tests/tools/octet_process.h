// The built command as a child process, for tests: arguments, environment, exit code, what it
// printed.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "build_paths.h"
#include "harness/temporary_folder.h"
#include "src/core/json_lines.h"
#include "src/core/text.h"

namespace octet::testing_process {

using Words = std::vector<std::string>;

struct Outcome {
  int code = -1;  // exit code, or 128 + signal
  std::string out, err;

  Json json() const {
    const auto parsed = parse_json(out, "stdout");
    EXPECT_TRUE(parsed.ok()) << out << err;
    return parsed.ok() ? *parsed : Json();
  }
  bool err_has(const std::string& text) const { return err.find(text) != std::string::npos; }
  bool out_has(const std::string& text) const { return out.find(text) != std::string::npos; }
};

/// Streams of the child; a file that is "" is caught and returned.
struct Streams {
  std::string out, err;
};

/// One running child; killed when this ends.
class Process {
 public:
  Process(const Words& words, const Words& environment = {}, const Streams& streams = {})
      : out_(streams.out.empty() ? folder_.file("out") : streams.out),
        err_(streams.err.empty() ? folder_.file("err") : streams.err) {
    Words all{build_paths::kOctet};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& word : all) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    for (const char* name : {"OCTET_CPU_ARCH", "OCTET_TABLES", "OCTET_THREADS", "SLURM_PROCID",
                             "SLURM_ARRAY_TASK_ID", "OMPI_COMM_WORLD_RANK", "PMI_RANK"}) {
      ::unsetenv(name);
    }
    for (const std::string& variable : environment) {
      const size_t equals = variable.find('=');
      ::setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
    }
    redirect(out_, STDOUT_FILENO);
    redirect(err_, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(126);
  }
  ~Process() { kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  Outcome wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return {code, text(out_), text(err_)};
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  /// Waits until `done` or the end of the child, a minute at most; whether it was `done`.
  bool wait_until(const std::function<bool()>& done) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < end) {
      if (done()) return true;
      siginfo_t info{};
      ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
      if (info.si_pid == pid_) return done();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

 private:
  static void redirect(const std::string& path, int to) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0666);
    if (file < 0) ::_exit(125);
    ::dup2(file, to);
  }
  static std::string text(const std::string& path) {
    return std::filesystem::is_regular_file(path) ? read_file(path).value() : "";
  }

  testing_files::TemporaryFolder folder_;
  std::string out_, err_;
  pid_t pid_ = -1;
};

inline Outcome octet(const Words& words, const Words& environment = {},
                     const Streams& streams = {}) {
  return Process(words, environment, streams).wait();
}

inline std::string model(const std::string& name) {
  return std::string(OCTET_SOURCE_DIR) + "/data/models/" + name + ".json";
}

}  // namespace octet::testing_process
