#include "src/harness/line_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "src/core/try.h"

namespace octet::harness {
namespace {

std::string line_of(const Json& message) {
  return message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// In the child after fork: only calls that are safe there.
[[noreturn]] void become(char* const* words, int in, int out, bool quiet, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);       // no orphan measures on after kill -9 of its parent
  if (::getppid() != parent) ::_exit(127);  // which came before that call
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  if (quiet) ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
  ::execv(words[0], words);
  ::_exit(127);
}

}  // namespace

Result<LineChild> LineChild::start(const std::vector<std::string>& words, bool quiet) {
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) != 0) {
    return fail(StatusCode::kBackend, "pipe: {}", std::strerror(errno));
  }
  if (::pipe2(from, O_CLOEXEC) != 0) {
    ::close(to[0]);
    ::close(to[1]);
    return fail(StatusCode::kBackend, "pipe: {}", std::strerror(errno));
  }
  std::vector<std::string> copies = words;
  std::vector<char*> argv;
  for (std::string& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a dead child is noticed by the write
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid == 0) become(argv.data(), to[0], from[1], quiet, parent);
  ::close(to[0]);
  ::close(from[1]);
  LineChild child;
  child.pid_ = pid;
  child.to_ = to[1];
  child.from_ = from[0];
  if (pid < 0) return fail(StatusCode::kBackend, "fork: {}", std::strerror(errno));
  return child;
}

LineChild::LineChild(LineChild&& other) noexcept { *this = std::move(other); }

LineChild& LineChild::operator=(LineChild&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(to_, other.to_);
  std::swap(from_, other.from_);
  std::swap(received_, other.received_);
  return *this;
}

LineChild::~LineChild() {
  if (to_ >= 0) ::close(to_);
  if (from_ >= 0) ::close(from_);
  if (pid_ <= 0) return;
  kill();
  ::waitpid(pid_, nullptr, 0);
}

bool LineChild::write(const Json& message) {
  const std::string line = line_of(message);
  return ::write(to_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

Heard LineChild::read(std::string& line, double timeout_s) {
  for (;;) {
    const size_t end = received_.find('\n');
    if (end != std::string::npos) {
      line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return Heard::kLine;
    }
    pollfd waiting{from_, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min(timeout_s * 1e3, 1e9)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Heard::kSilence;
    char buffer[1 << 16];
    const ssize_t count = ::read(from_, buffer, sizeof buffer);
    if (count <= 0) return Heard::kEnd;
    received_.append(buffer, static_cast<size_t>(count));
  }
}

void LineChild::kill() { ::kill(pid_, SIGKILL); }

std::string LineChild::how_it_ended() {
  int status = 0;
  const bool there = ::waitpid(std::exchange(pid_, -1), &status, 0) > 0;
  if (!there) return "its process vanished";
  if (WIFSIGNALED(status)) {
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  return fmt::format("its process ended with code {}", WEXITSTATUS(status));
}

void send_line(std::FILE* out, const Json& message) {
  const std::string line = line_of(message);
  std::fwrite(line.data(), 1, line.size(), out);
  std::fflush(out);
}

bool read_line(std::FILE* in, std::string& line) {
  line.clear();
  for (int c = std::fgetc(in); c != EOF; c = std::fgetc(in)) {
    if (c == '\n') return true;
    line += static_cast<char>(c);
  }
  return false;
}

}  // namespace octet::harness
