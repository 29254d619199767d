// Options of a call, and the Plan that says what a call will run and why.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"

namespace octet {

struct Options {
  std::string_view variant;  // run this one, or fail with the reason; empty: choose
  void* workspace =
      nullptr;  // the caller's scratch memory, 64-byte aligned; null: the stream's own
  int64_t workspace_bytes = 0;  // at least Plan::workspace_bytes
  /// GPU: begin while the launch before this one in the stream ends, and read b ahead of its end
  /// (programmatic dependent launch). That launch must not write b or b_scale; everything else is
  /// read and written after it. Ignored where a variant or a device cannot.
  bool overlap_previous = false;
};

struct Refusal {
  std::string variant;
  std::string reason;
};

/// The decision for one problem on one device.
struct Plan {
  std::string variant;  // empty: no variant can run it; `refused` says why
  /// "tuned:exact", "tuned:padded m=112", "tuned:exact device=h200", "heuristic:model", ...
  std::string why;
  bool built = false;  // its device code is in this build
  int64_t workspace_bytes = 0;
  double predicted_us = 0;  // 0 where no model covers the variant on this device
  /// Where another op or format is predicted to take nine tenths of the time or less for the same
  /// product: which, and how long. Where a tuned row of another device's serves: whose it is.
  std::string note;
  std::vector<Refusal> refused;
};

/// Adds the rows of a tuned table (docs/tuning.md) for calls of this process; later tables win per
/// key. Safe while other threads call. Rows that cannot serve are skipped; `skipped`, if given,
/// gets one line for each.
Status add_tuned_table(const std::string& path, std::vector<std::string>* skipped = nullptr);

}  // namespace octet
