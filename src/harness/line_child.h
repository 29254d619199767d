// A child process that is spoken to in lines over pipes, and the same at its end.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

#include "octet/status.h"
#include "src/core/json_lines.h"

namespace octet::harness {

enum class Heard { kLine, kSilence, kEnd };

class LineChild {
 public:
  /// Runs the file words[0] with the rest as arguments. It dies with this program. `quiet`: what it
  /// prints on stderr is dropped. kBackend where no process or pipe is to be had.
  static Result<LineChild> start(const std::vector<std::string>& words, bool quiet);
  LineChild(LineChild&&) noexcept;
  LineChild& operator=(LineChild&&) noexcept;
  ~LineChild();  // ends the process

  /// False where it does not listen any more.
  bool write(const Json& message);
  /// Its next line, waiting `timeout_s` at most for each piece of it.
  Heard read(std::string& line, double timeout_s);
  void kill();
  /// Waits for its end: "killed by signal 6 (Aborted)".
  std::string how_it_ended();

 private:
  LineChild() = default;

  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
  std::string received_;  // bytes after the last whole line
};

/// The child's end: one line, at once.
void send_line(std::FILE* out, const Json& message);
/// One line without its end; false at the end of the file.
bool read_line(std::FILE* in, std::string& line);

}  // namespace octet::harness
