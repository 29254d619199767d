// choose(): the one decision. A pure function of problem, device, tables and what the caller asks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "octet/options.h"
#include "octet/status.h"
#include "src/select/op.h"
#include "src/select/tuned_table.h"

namespace octet::select {

/// Why a variant was taken; printed by to_string.
struct Why {
  enum class Level : uint8_t { kNone, kForced, kTuned, kHeuristic, kFirstSupported, kReference };
  Level level = Level::kNone;
  int64_t padded_m = 0;  // kTuned: the grid point, 0 for the exact row
  int cu_num = 0;        // kTuned: of the row, where it is another device's
  std::string_view arm;  // kHeuristic
  bool bucket = false;   // kTuned: the row of a bucket of problems, maybe of another one in it
  std::string_view device = {};  // kTuned: that the row was measured on, where it is another one
};

/// "tuned:exact", "tuned:bucket", "tuned:padded m=112", "tuned:exact cu_num=304",
/// "tuned:exact device=h200", "heuristic:<arm>", "forced", "first-supported", "reference", "none".
std::string to_string(const Why& why);

struct Choice {
  int variant = -1;
  Why why;
};

struct ChooseOptions {
  std::string_view variant;  // forced
  bool built_only = true;    // false: plan for a full build, as `octet explain` does
};

/// Walks forced -> tuned exact -> tuned padded m (fine, coarse) -> the same of the nearest cu_num
/// -> heuristic -> first supported -> reference; each candidate must pass supports(). A tuned row
/// is found without a lock and without memory. kUnsupported where nothing can run; kInvalidArgument
/// for an unknown forced name.
Result<Choice> choose(const Op& op, const Problem& problem, const Device& device,
                      const TunedTables& tables, const ChooseOptions& options = {},
                      std::vector<Refusal>* refused = nullptr);

/// choose() without options, remembered per thread for the last few problems: what a call of an op
/// uses. A table added later is seen at once.
Result<Choice> cached_choose(const Op& op, const Problem& problem, const Device& device,
                             const TunedTables& tables);

/// Whether variant `index` can run the problem on the device, or why not.
Support can_run(const Op& op, int index, const Problem& problem, const Device& device,
                bool built_only);

/// The plan as the public API and `octet explain` show it, with every refusal. A problem that
/// nothing can run gives an empty `variant` and why "none", not an error.
Result<Plan> explain(const Op& op, const Problem& problem, const Device& device,
                     const TunedTables& tables, const ChooseOptions& options = {});

}  // namespace octet::select
