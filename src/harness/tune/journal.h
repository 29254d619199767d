// Journal of a tuning run: one JSON line a problem, on disk before the next problem begins. A run
// that was killed at any moment resumes from it: nothing that was finished is lost, nothing is
// there twice.
#pragma once

#include <map>
#include <string>

#include "octet/device.h"
#include "src/harness/tune/tune_problem.h"

namespace octet::harness {

class Journal {
 public:
  Journal() = default;
  Journal(const Journal&) = delete;
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  /// Opens for appending and locks it: a second run on the same journal is refused
  /// (kInvalidArgument). With `resume`, finished problems are read back, provided that device and
  /// build are the same; a journal of another build or device is set aside as `path`.old. Without
  /// `resume` a journal that exists is an error.
  static Result<Journal> open(const std::string& path, const Device& device, bool resume);

  Status append(const TuneRecord& record);

  /// By select::to_string(problem) after the op's name.
  const std::map<std::string, TuneRecord>& finished() const { return finished_; }
  const Json& environment() const { return environment_; }
  /// Why finished problems of an existing journal were not taken over; "" if they were or there
  /// were none.
  const std::string& set_aside() const { return set_aside_; }

  static std::string key(const select::Problem& problem);

 private:
  Status read_back(const std::string& path, const Device& device);

  int file_ = -1;
  std::string path_, set_aside_;
  Json environment_;
  std::map<std::string, TuneRecord> finished_;
};

/// Reads the records of a journal without locking it (for merging shards).
Result<std::map<std::string, TuneRecord>> read_journal(const std::string& path);

}  // namespace octet::harness
