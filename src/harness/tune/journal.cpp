#include "src/harness/tune/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/environment.h"

namespace octet::harness {

std::string Journal::key(const select::Problem& problem) {
  return fmt::format("{} {}", problem.schema->name, select::to_string(problem));
}

Journal::Journal(Journal&& other) noexcept { *this = std::move(other); }

Journal& Journal::operator=(Journal&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  std::swap(set_aside_, other.set_aside_);
  std::swap(environment_, other.environment_);
  std::swap(finished_, other.finished_);
  return *this;
}

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
}

namespace {

Status io_error(const std::string& path) {
  return fail(StatusCode::kIo, "{}: {}", path, std::strerror(errno));
}

/// Takes the lock, or waits a little. Why: the child of a run that was killed between its fork and
/// its exec holds the lock for a few milliseconds more; a run that lives holds it for good.
bool lock(int file) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

Result<int> open_locked(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) return io_error(path);
  if (lock(file)) return file;
  const bool taken = errno == EWOULDBLOCK;
  const Status status = io_error(path);
  ::close(file);
  if (!taken) return status;
  return fail(StatusCode::kInvalidArgument, "{}: another tuning run writes this journal", path);
}

/// A last line without its end is what a killed run was writing: it is cut off.
Status cut_torn_end(int file, const std::string& path) {
  OCTET_TRY(const std::string text, read_file(path));
  const size_t end = text.rfind('\n');
  const size_t whole = end == std::string::npos ? 0 : end + 1;
  if (whole != text.size() && ::ftruncate(file, static_cast<off_t>(whole)) != 0)
    return io_error(path);
  return Status::Ok();
}

Status append_line(int file, const std::string& path, const Json& object) {
  const std::string line = object.dump() + "\n";
  struct stat before {};
  if (::fstat(file, &before) != 0) return io_error(path);
  std::string_view rest = line;
  while (!rest.empty()) {  // what follows a part that fitted tells why the rest does not
    const ssize_t count = ::write(file, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    rest.remove_prefix(static_cast<size_t>(count));
  }
  if (rest.empty() && ::fsync(file) == 0) return Status::Ok();
  const Status status = io_error(path);
  [[maybe_unused]] const int cut = ::ftruncate(file, before.st_size);
  return status;
}

std::string difference(const Json& journal, const Json& now) {
  for (const char* key : {"device", "arch", "cu_num", "cpu", "build"}) {
    const std::string then = journal.contains(key) ? journal[key].dump() : "nothing";
    if (then != now[key].dump()) {
      return fmt::format("its {} is {}, now it is {}", key, then, now[key].dump());
    }
  }
  return "";
}

Result<std::map<std::string, TuneRecord>> records_of(const std::string& path,
                                                     const std::vector<JsonLine>& lines) {
  std::map<std::string, TuneRecord> records;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::string where = fmt::format("{}:{}", path, lines[i].line);
    OCTET_TRY(TuneRecord record, tune_record_from_json(lines[i].object, where));
    const std::string key = Journal::key(record.problem);
    records.insert_or_assign(key, std::move(record));
  }
  return records;
}

}  // namespace

Result<std::map<std::string, TuneRecord>> read_journal(const std::string& path) {
  OCTET_TRY(const std::vector<JsonLine> lines, read_json_lines(path, true));
  return records_of(path, lines);
}

Status Journal::read_back(const std::string& path, const Device& device) {
  OCTET_TRY(const std::vector<JsonLine> lines, read_json_lines(path, true));
  environment_ = environment_json(device);
  if (lines.empty()) return Status::Ok();
  set_aside_ = difference(lines[0].object, environment_);
  if (!set_aside_.empty()) return Status::Ok();
  environment_ = lines[0].object;
  OCTET_TRY(finished_, records_of(path, lines));
  return Status::Ok();
}

Result<Journal> Journal::open(const std::string& path, const Device& device, bool resume) {
  Journal journal;
  journal.path_ = path;
  OCTET_TRY(journal.file_, open_locked(path));
  struct stat status {};
  if (::fstat(journal.file_, &status) != 0) return io_error(path);
  OCTET_REQUIRE(S_ISREG(status.st_mode), "{}: a journal must be a regular file", path);
  if (status.st_size > 0 && !resume) {
    return fail(StatusCode::kInvalidArgument,
                "{}: exists; --resume goes on with it, or name another journal", path);
  }
  OCTET_CHECK_OK(cut_torn_end(journal.file_, path));
  OCTET_CHECK_OK(journal.read_back(path, device));
  if (!journal.set_aside_.empty()) {
    OCTET_TRY(const std::string old, read_file(path));
    OCTET_CHECK_OK(write_file(path + ".old", old));
    if (::ftruncate(journal.file_, 0) != 0) return io_error(path);
  }
  if (::fstat(journal.file_, &status) != 0) return io_error(path);
  if (status.st_size > 0) return journal;
  const Status begun = append_line(journal.file_, path, journal.environment_);
  if (begun.ok()) return journal;
  [[maybe_unused]] const int removed = ::unlink(path.c_str());  // no empty journal stays behind
  return begun;
}

Status Journal::append(const TuneRecord& record) {
  OCTET_CHECK_OK(append_line(file_, path_, to_json(record)));
  finished_.insert_or_assign(key(record.problem), record);
  return Status::Ok();
}

}  // namespace octet::harness
