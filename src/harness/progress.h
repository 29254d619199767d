// Progress: how far a verb is: on a terminal a bar on stderr that rewrites itself; elsewhere
// nothing, or a line now and then of a verb that runs for long.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace octet::harness {

class Progress {
 public:
  using Clock = std::function<double()>;  // seconds

  /// Without a clock: the machine's. `log_every_s`: of lines where there is no terminal; 0: none.
  explicit Progress(std::FILE* out = stderr, Clock clock = {}, double log_every_s = 0);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` of `total` problems, now at `what`. As often as one likes.
  void show(int64_t done, int64_t total, const std::string& what);
  /// Removes the bar.
  void clear();

 private:
  std::FILE* out_;
  Clock clock_;
  bool terminal_;
  double log_every_s_, begin_, logged_;
};

}  // namespace octet::harness
