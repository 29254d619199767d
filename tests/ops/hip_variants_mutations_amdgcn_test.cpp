// AMD kernels as they ship, made wrong in the interpreter: s_waitcnt and s_barrier left out in
// turn, and matrix instructions of another layout. The judge of octet check, or the interpreter's
// own rules, must see it.
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "ops/hip_operands.h"
#include "ops/hip_stream.h"
#include "src/harness/case.h"
#include "src/harness/memory.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"

#ifdef OCTET_HAVE_AMDGCN

namespace octet {
namespace {

using Words = std::vector<std::string>;

/// A problem on which loops of the kernels go round more than once.
struct Subject {
  const char* op;
  Words problem;
  size_t every = 1;  // of the waits and barriers every so manieth
  /// Of 100 that the problem comes to, how many may be left out unseen: waits for loads that it
  /// does not make, such as those of a bias, and barriers behind the last of something.
  size_t unseen = 0;
};
const Subject kSubjects[] = {
    {"gemm_blockscale", {"m=17", "n=145", "k=640"}},
    {"gemm_mxfp8", {"m=17", "n=72", "k=640"}},
    {"gemm_grouped", {"m=9", "n=72", "k=512", "experts=3", "topk=2", "block_m=0"}, 1, 4},
    {"gemm_batched", {"m=17", "n=72", "k=544", "batch=2"}, 3, 45},
    {"attn_decode", {"batch=2", "hq=8", "hkv=2", "d=64", "ctx=300", "q=2"}, 3, 20},
};

struct Count {
  size_t caught = 0, unreached = 0;
  std::vector<std::string> unseen;
};

class HipMutation : public testing_hip::HipTest {
 protected:
  /// Whether the variant's result is wrong, or its run an error, with a fault of the stand-in.
  bool wrong(const select::Variant& variant, const select::Problem& problem,
             const std::string& fault) {
    control().reset();
    control().set_fault(fault);
    Stream stream = Stream::gpu(GetParam(), GpuApi::kHip).value();
    auto instance = harness::case_of(*op_).make(problem, stream, {harness::Inputs::kRandom, 3});
    if (!instance.ok()) return true;
    harness::Launch launch = [&](const void* args, select::Workspace workspace, Stream& on) {
      return variant.launch(variant.config, args, workspace, on);
    };
    launch.tile = variant.tile;
    const int64_t bytes = variant.workspace_bytes(variant.config, problem, stream.device());
    std::optional<harness::PlacedBuffer> memory;
    if (bytes > 0) {
      auto placed = harness::PlacedBuffer::allocate(stream, bytes);
      if (!placed.ok()) return true;
      memory.emplace(std::move(*placed));
    }
    const auto report =
        (*instance)->check(launch, {memory ? memory->as() : nullptr, bytes}, stream);
    return !report.ok() || !report->ok();
  }

  /// Of the kernels that the variant launches.
  void leave_out(const select::Variant& variant, const select::Problem& problem, size_t every,
                 Count& count) {
    ASSERT_FALSE(wrong(variant, problem, "")) << variant.name;
    std::set<std::string> entries;
    for (const stand_in::Launch& launch : control().launches()) entries.insert(launch.entry);
    size_t turn = 0;
    for (const gpu::Kernel& kernel : variant.device_code(variant.config)) {
      if (!entries.contains(kernel.entry())) continue;
      const auto code = testing_hip::code_object(kernel, stream_->device().arch);
      for (const amdgcn::Instruction& i : code->find(kernel.entry())->instructions) {
        if (!i.text.starts_with("s_waitcnt") && !i.text.starts_with("s_barrier")) continue;
        if (turn++ % every != 0) continue;
        const std::string at = std::string(kernel.entry()) + ":" + std::to_string(i.address);
        if (wrong(variant, problem, "skip:" + at)) {
          ++count.caught;
        } else if (!wrong(variant, problem, "trap:" + at)) {
          ++count.unreached;
        } else {
          count.unseen.push_back(at + " " + i.text);
        }
      }
    }
  }
  /// Makes its op the test's.
  select::Problem problem_of(const Subject& subject) {
    op_ = ops::find(subject.op).value();
    return select::parse_problem(*op_->schema, subject.problem,
                                 op_->default_format(stream_->device().arch))
        .value();
  }
  const select::Op* op_ = nullptr;
};

/// The first variant of each family that serves the problem.
std::vector<const select::Variant*> of_each_family(const select::Op& op,
                                                   const select::Problem& problem,
                                                   const Device& device) {
  std::set<std::string> families;
  std::vector<const select::Variant*> firsts;
  for (const select::Variant& variant : op.variants()) {
    if (!arch_runs(device.arch, variant.arch) || variant.device_code == nullptr) continue;
    if (!variant.supports(variant.config, problem, device).ok) continue;
    const size_t digits = variant.name.find_first_of("0123456789", sizeof "gfx942");
    if (families.insert(variant.name.substr(0, digits)).second) firsts.push_back(&variant);
  }
  return firsts;
}

TEST_P(HipMutation, WaitsAndBarriers) {
  const Device& device = stream_->device();
  for (const Subject& subject : kSubjects) {
    const select::Problem problem = problem_of(subject);
    Count count;
    for (const select::Variant* variant : of_each_family(*op_, problem, device)) {
      leave_out(*variant, problem, subject.every, count);
    }
    const size_t reached = count.caught + count.unseen.size();
    std::printf("%s: %zu left out, %zu seen, %zu not reached\n", subject.op,
                reached + count.unreached, count.caught, count.unreached);
    EXPECT_GE(count.caught, 20u) << subject.op;
    EXPECT_LE(count.unseen.size() * 100, reached * subject.unseen)
        << subject.op << ": " << fmt::format("{}", fmt::join(count.unseen, "\n"));
  }
}

/// Rows of results in another order: of each op one family at least must show it.
TEST_P(HipMutation, LayoutsOfMatrices) {
  const Device& device = stream_->device();
  for (const Subject& subject : kSubjects) {
    const select::Problem problem = problem_of(subject);
    const auto variants = of_each_family(*op_, problem, device);
    const auto seen = std::count_if(variants.begin(), variants.end(), [&](const auto* variant) {
      return wrong(*variant, problem, "layout:rows");
    });
    EXPECT_GE(seen, 1) << subject.op;
  }
}

OCTET_ON_AMD_DEVICES(HipMutation);

}  // namespace
}  // namespace octet

#endif
