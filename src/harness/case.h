// Case: one op as check, bench and tune see it: how to make operands, run a variant, and judge the
// result. One file of src/harness/cases/ per op.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "octet/status.h"
#include "octet/stream.h"
#include "src/select/op.h"

namespace octet::harness {

enum class Inputs : uint8_t {
  kRandom,   // signed codes that cancel, a distinct magnitude in every scale block
  kExact,    // small integers and power-of-two scales: every sum is exact, results compare bit for
             // bit
  kNan,      // random, with NaN codes (and scales, where they can be) in single rows of a and b
  kExtreme,  // random, with the smallest and the largest scales in single rows of a and b
};

struct CheckReport {
  double error =
      0;  // worst |result - reference| / bound over the elements looked at; right if <= 1
  int64_t elements = 0;  // looked at
  std::string failure;   // empty: right; else what is wrong and where
  bool ok() const { return failure.empty(); }
};

/// How a variant, or a test's broken imitation of one, is run. `args` is the op's argument struct.
struct Launch : std::function<Status(const void* args, select::Workspace, Stream&)> {
  using function::function;
  select::Tile tile;  // of the variant: what slots are aligned to
};

/// The operands of one problem.
class Instance {
 public:
  virtual ~Instance() = default;

  /// Runs on the operands with the weights of window `iteration` (cold) or always the first (warm).
  virtual Status run(const Launch& launch, select::Workspace, Stream&, int64_t iteration) = 0;

  /// Runs once on a poisoned result and compares it with the double-precision reference.
  /// kUnsupported for operands for timing, except on a GPU, which judges e4m3fn in place.
  virtual Result<CheckReport> check(const Launch& launch, select::Workspace, Stream&) = 0;

  /// Reads every byte that the op must move, with the threads of the stream, and nothing else.
  virtual Status read_floor(Stream&, int64_t iteration) = 0;

  /// Of the bytes and FLOPs that the problem means, the share that these operands have.
  virtual double share() const { return 1; }
};

/// What the format of an attn_decode problem leaves open where it is timed.
struct AttnLoad {
  std::vector<int64_t> contexts;  // of the sequences; empty: all as the problem says
  int64_t split_tokens = 0;       // as AttnDecodeArgs has it
  int64_t page = 64;              // where the format is paged
  int64_t extra_cols = 0;         // of the page table, beyond need

  friend bool operator==(const AttnLoad&, const AttnLoad&) = default;
};

struct CaseOptions {
  Inputs inputs = Inputs::kRandom;
  uint64_t seed = 1;
  bool for_timing =
      false;         // dense strides, weights in rotating windows; else padded strides and canaries
  bool cold = true;  // for_timing: rotate past the last-level cache
  AttnLoad attn{};   // for_timing
};

struct Case {
  const select::Op* op;
  /// Operands where the stream's kernels can read them; the stream must outlive them.
  Result<std::unique_ptr<Instance>> (*make)(const select::Problem&, Stream&, const CaseOptions&);
  std::vector<Inputs> inputs;  // those that differ for this op
};

/// The case of an op, by its name; of an op that has none, one that makes nothing.
const Case& case_of(const select::Op& op);

/// The launch of variant `index`, and the workspace that it needs, taken from the stream.
Launch launch_of(const select::Op& op, int index);
Result<select::Workspace> workspace_of(const select::Op& op, int index, const select::Problem&,
                                       Stream&);

}  // namespace octet::harness
