// write_file: all or nothing, through links, with the old file's mode.
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet {
namespace {

Status io_error(const std::string& path, int error) {
  return fail(StatusCode::kIo, "{}: {}", path, std::strerror(error));
}

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = ::write(file, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    content.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

Status write_special(const std::string& path, std::string_view content) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return io_error(path, errno);
  const bool ok = write_all(file, content);
  const int error = errno;
  if (::close(file) == 0 && ok) return Status::Ok();
  return io_error(path, ok ? errno : error);
}

/// "a/b/" of "a/b/c", "" of "c".
std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

/// Creates a file beside `path` and puts its name into `name`. Why random and O_EXCL: in a folder
/// that others may write to, a name that can be guessed can be a link to a file of ours.
int create_beside(const std::string& path, mode_t mode, std::string& name) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    uint64_t random = 0;
    if (::getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) return -1;
    name = fmt::format("{}.partial.{:016x}", path, random);
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file >= 0 || errno != EEXIST) return file;
  }
  return -1;
}

/// Gives `file` the mode of the file that it replaces, and its owner as far as the system lets us.
bool keep_attributes(int file, const struct stat& old) {
  struct stat now {};
  if (::fstat(file, &now) != 0) return false;
  const bool same_owner = old.st_uid == now.st_uid && old.st_gid == now.st_gid;
  [[maybe_unused]] const int owned = same_owner ? 0 : ::fchown(file, old.st_uid, old.st_gid);
  return ::fchmod(file, old.st_mode & 0777) == 0;
}

/// Makes a rename in the folder last. Some file systems cannot (EINVAL), some folders cannot be
/// read: the content is whole then, too.
bool sync_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  const int file =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return true;
  const bool ok = ::fsync(file) == 0 || errno == EINVAL;
  const int error = errno;
  ::close(file);
  errno = error;
  return ok;
}

/// Fills `file`, named `partial`, and moves it to `path`; errno tells what went wrong.
bool finish(int file, const std::string& partial, const std::string& path, std::string_view content,
            const struct stat* old) {
  bool ok = (old == nullptr || keep_attributes(file, *old)) && write_all(file, content) &&
            ::fsync(file) == 0;
  int error = errno;
  if (::close(file) != 0 && ok) {
    error = errno;
    ok = false;
  }
  errno = error;
  return ok && ::rename(partial.c_str(), path.c_str()) == 0;
}

}  // namespace

Result<std::string> follow_links(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as Linux
  std::string target = path;
  for (int links = 0; links <= kMaxLinks; ++links) {
    char buffer[PATH_MAX];
    const ssize_t length = ::readlink(target.c_str(), buffer, sizeof buffer);
    if (length < 0) return target;  // no link, or nothing there yet
    const std::string next(buffer, static_cast<size_t>(length));
    target = next.starts_with('/') ? next : folder_of(target) + next;
  }
  return io_error(path, ELOOP);
}

Status write_file(const std::string& path, std::string_view content) {
  struct stat old {};
  const bool exists = ::stat(path.c_str(), &old) == 0;
  // Why: a rename would replace /dev/stdout or a pipe by a file.
  if (exists && !S_ISREG(old.st_mode)) return write_special(path, content);
  OCTET_TRY(const std::string target, follow_links(path));
  std::string partial;
  const int file = create_beside(target, exists ? 0600 : 0666, partial);
  if (file < 0) return io_error(path, errno);
  if (!finish(file, partial, target, content, exists ? &old : nullptr)) {
    const int error = errno;
    ::unlink(partial.c_str());
    return io_error(path, error);
  }
  if (!sync_folder(target)) return io_error(path, errno);
  return Status::Ok();
}

}  // namespace octet
