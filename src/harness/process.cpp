#include "src/harness/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

/// A file without a name. Why no pipes: nobody has to read while the child runs.
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Result<File> nameless_file() {
  File file(std::tmpfile(), std::fclose);
  if (file == nullptr)
    return fail(StatusCode::kBackend, "temporary file: {}", std::strerror(errno));
  return file;
}

std::string content(std::FILE* file) {
  std::rewind(file);
  std::string text;
  char buffer[1 << 14];
  while (const size_t count = std::fread(buffer, 1, sizeof buffer, file))
    text.append(buffer, count);
  return text;
}

std::string last_line_of(const std::string& text) {
  std::string last;
  for (const std::string& line : split(text, '\n')) {
    if (!trim(line).empty()) last = std::string(trim(line));
  }
  return last;
}

/// 0 or the error; the child writes into the two files and reads nothing.
int spawn(pid_t& pid, std::vector<char*>& argv, std::FILE* out, std::FILE* err) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ::fileno(out), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, ::fileno(err), STDERR_FILENO);
  const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

std::string Ended::last_line() const {
  const std::string line = last_line_of(err);
  return line.empty() ? last_line_of(out) : line;
}

Result<Ended> run_process(const std::vector<std::string>& words) {
  OCTET_TRY(const File out, nameless_file());
  OCTET_TRY(const File err, nameless_file());
  std::vector<std::string> copies = words;
  std::vector<char*> argv;
  for (std::string& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = spawn(pid, argv, out.get(), err.get());
  if (error != 0) return fail(StatusCode::kBackend, "{}: {}", words[0], std::strerror(error));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) {
      return fail(StatusCode::kBackend, "{}: waitpid: {}", words[0], std::strerror(errno));
    }
  }
  const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return Ended{code, content(out.get()), content(err.get())};
}

Result<std::string> own_executable() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail(StatusCode::kBackend, "/proc/self/exe: {}", error.message());
  return path.string();
}

}  // namespace octet::harness
