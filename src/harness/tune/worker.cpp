#include "src/harness/tune/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/registry.h"

namespace octet::harness {
namespace {

void send(std::FILE* out, const Json& message) {
  const std::string line = message.dump() + "\n";
  std::fwrite(line.data(), 1, line.size(), out);
  std::fflush(out);
}

Json request_json(const TuneRequest& request) {
  return {{"op", std::string(request.problem.schema->name)},
          {"problem", select::to_string(request.problem)},
          {"exclude", request.exclude},
          {"incumbent", request.incumbent},
          {"budget_us", request.budget_us}};
}

Result<TuneRequest> request_from_json(const Json& object, const select::Op*& op) {
  TuneRequest request;
  OCTET_TRY(op, ops::find(object.value("op", "")));
  OCTET_TRY(request.problem,
            select::parse_problem(*op->schema, split(object.value("problem", ""), ' '), 0));
  request.exclude = object.value("exclude", std::vector<std::string>());
  request.incumbent = object.value("incumbent", "");
  request.budget_us = object.value("budget_us", request.budget_us);
  return request;
}

void act_out(const Fault& fault, const std::string& variant) {
  if (fault.variant.empty() || fault.variant != variant) return;
  if (fault.kind == "crash") std::abort();
  for (;;) ::pause();
}

/// A fault on a GPU breaks its context for good: nothing after it would be true. The parent blames
/// the candidate that began last and starts another child.
void leave_if_broken(Stream& stream) {
  constexpr int kBrokenContext = 70;
  if (!stream.synchronize().ok()) std::_Exit(kBrokenContext);
}

Result<TuneRecord> answer(const std::string& line, Stream& stream, std::FILE* out,
                          const Fault& fault) {
  OCTET_TRY(const Json object, parse_json(line, "request"));
  const select::Op* op = nullptr;
  OCTET_TRY(const TuneRequest request, request_from_json(object, op));
  auto record = tune_problem(*op, request, stream, [&](const std::string& variant) {
    leave_if_broken(stream);
    send(out, {{"begin", variant}});
    act_out(fault, variant);
  });
  leave_if_broken(stream);
  return record;
}

/// One line without its end; false at the end of the file.
bool read_line(std::FILE* in, std::string& line) {
  line.clear();
  for (int c = std::fgetc(in); c != EOF; c = std::fgetc(in)) {
    if (c == '\n') return true;
    line += static_cast<char>(c);
  }
  return false;
}

}  // namespace

Status serve(std::FILE* in, std::FILE* out, const Target& target, const Fault& fault) {
  OCTET_TRY(Stream stream, open_stream(target));
  std::string line;
  while (read_line(in, line)) {
    const auto record = answer(line, stream, out, fault);
    if (record.ok()) {
      send(out, {{"record", to_json(*record)}});
    } else {
      send(out, {{"error", record.status().message()}});
    }
  }
  return Status::Ok();
}

struct Worker::Child {
  pid_t pid = -1;
  int to = -1, from = -1;
  std::string received;  // bytes after the last whole line

  ~Child() {
    if (to >= 0) ::close(to);
    if (from >= 0) ::close(from);
  }
};

Worker::Worker(WorkerOptions options) : options_(std::move(options)) {}

Worker::~Worker() { stop(); }

namespace {

std::vector<std::string> command_line(const WorkerOptions& options) {
  std::vector<std::string> words{options.executable, "worker",
                                 "--device",         options.target.device,
                                 "--threads",        std::to_string(options.target.threads)};
  if (!options.fault.variant.empty()) {
    words.insert(words.end(), {"--fault", options.fault.variant + ":" + options.fault.kind});
  }
  return words;
}

/// In the child after fork: only calls that are safe there.
[[noreturn]] void become(char* const* words, int in, int out, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);       // no orphan measures on after kill -9 of its parent
  if (::getppid() != parent) ::_exit(127);  // which came before that call
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::execv(words[0], words);
  ::_exit(127);
}

}  // namespace

Status Worker::start() {
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) != 0) {
    return fail(StatusCode::kBackend, "pipe: {}", std::strerror(errno));
  }
  if (::pipe2(from, O_CLOEXEC) != 0) {
    ::close(to[0]);
    ::close(to[1]);
    return fail(StatusCode::kBackend, "pipe: {}", std::strerror(errno));
  }
  std::vector<std::string> words = command_line(options_);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // a dead child is noticed by the write
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid == 0) become(argv.data(), to[0], from[1], parent);
  ::close(to[0]);
  ::close(from[1]);
  child_ = std::make_unique<Child>();
  child_->pid = pid;
  child_->to = to[1];
  child_->from = from[0];
  if (pid < 0) return fail(StatusCode::kBackend, "fork: {}", std::strerror(errno));
  return Status::Ok();
}

void Worker::stop() {
  if (child_ == nullptr) return;
  if (child_->pid > 0) {
    ::kill(child_->pid, SIGKILL);
    ::waitpid(child_->pid, nullptr, 0);
  }
  child_.reset();
}

namespace {

enum class Heard { kLine, kSilence, kEnd };

/// The next whole line from `file`, waiting `timeout_s` at most for each piece of it.
Heard next_line(int file, std::string& received, std::string& line, double timeout_s) {
  for (;;) {
    const size_t end = received.find('\n');
    if (end != std::string::npos) {
      line = received.substr(0, end);
      received.erase(0, end + 1);
      return Heard::kLine;
    }
    pollfd waiting{file, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(timeout_s * 1e3));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return Heard::kSilence;
    char buffer[1 << 16];
    const ssize_t count = ::read(file, buffer, sizeof buffer);
    if (count <= 0) return Heard::kEnd;
    received.append(buffer, static_cast<size_t>(count));
  }
}

std::string how_it_ended(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return "its process vanished";
  if (WIFSIGNALED(status)) {
    return fmt::format("killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  return fmt::format("its process ended with code {}", WEXITSTATUS(status));
}

/// The record of a reply, or its error.
Result<TuneRecord> record_of(const Json& reply) {
  if (reply.contains("record")) return tune_record_from_json(reply["record"], "worker");
  return fail(StatusCode::kInternal, "{}",
              reply.value("error", "the worker's reply has no record"));
}

}  // namespace

Result<TuneRecord> Worker::tune(const select::Op&, const TuneRequest& request) {
  TuneRequest attempt = request;
  std::vector<FailedCandidate> faults;
  for (;;) {
    if (child_ == nullptr) OCTET_CHECK_OK(start());
    const std::string line = request_json(attempt).dump() + "\n";
    const bool sent =
        ::write(child_->to, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    std::string reply;
    std::optional<std::string> running;  // none: the child did not begin
    Heard heard = Heard::kEnd;
    while (sent && (heard = next_line(child_->from, child_->received, reply, options_.timeout_s)) ==
                       Heard::kLine) {
      OCTET_TRY(const Json message, parse_json(reply, "worker"));
      if (message.contains("begin")) {
        running = message["begin"].get<std::string>();
        if (options_.alive) options_.alive();
        continue;
      }
      OCTET_TRY(TuneRecord record, record_of(message));
      record.failed.insert(record.failed.end(), faults.begin(), faults.end());
      return record;
    }
    if (heard == Heard::kSilence) ::kill(child_->pid, SIGKILL);
    const std::string ended = how_it_ended(child_->pid);
    child_->pid = -1;
    stop();
    const std::string reason =
        heard == Heard::kSilence ? fmt::format("no answer for {} s", options_.timeout_s) : ended;
    const bool again =
        std::find(attempt.exclude.begin(), attempt.exclude.end(), running) != attempt.exclude.end();
    if (!running || again) {
      return fail(StatusCode::kBackend, "tuning {}: {}", select::to_string(request.problem),
                  reason);
    }
    faults.push_back({*running, reason});
    attempt.exclude.push_back(*running);
  }
}

}  // namespace octet::harness
