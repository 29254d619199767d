// Progress: how far a verb is: on a terminal a bar on stderr that rewrites itself; elsewhere
// nothing.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace octet::harness {

class Progress {
 public:
  using Clock = std::function<double()>;  // seconds

  /// Without a clock: the machine's.
  explicit Progress(std::FILE* out = stderr, Clock clock = {});
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
  double begin_;
};

}  // namespace octet::harness
