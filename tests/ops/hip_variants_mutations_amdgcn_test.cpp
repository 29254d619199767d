// AMD kernels as they ship, of the first variant of each family, with one instruction altered: the
// judge of octet check, or the interpreter's own rules, must see it.
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "ops/hip_mutations.h"
#include "ops/hip_subjects.h"
#include "src/harness/memory.h"
#include "src/ops/registry.h"
#include "src/select/problem.h"

#ifdef OCTET_HAVE_AMDGCN

namespace octet {
namespace {

using amdgcn::MutantKind;
using testing_hip::Mutations;
using testing_hip::Subject;
using testing_hip::Trial;

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

select::Problem problem_of(const select::Op& op, std::string text, Arch arch) {
  const size_t star = text.find('*');
  const std::string own = op.schema->format_name(op.default_format(arch));
  if (star != text.npos) text.replace(star, 1, own);
  std::istringstream stream(text);
  const std::vector<std::string> words(std::istream_iterator<std::string>(stream), {});
  return select::parse_problem(*op.schema, words, 0).value();
}

class HipMutation : public testing_hip::HipMutationTest {
 protected:
  /// Whether the variant's result is right. The workspace holds NaN before.
  static bool right(const select::Op& op, const select::Variant& variant,
                    const select::Problem& problem, const Subject& subject) {
    Stream stream = Stream::gpu(GetParam(), GpuApi::kHip).value();
    auto instance = harness::case_of(op).make(problem, stream, {subject.inputs, subject.seed});
    if (!instance.ok()) return false;
    harness::Launch launch = [&](const void* args, select::Workspace workspace, Stream& on) {
      return variant.launch(variant.config, args, workspace, on);
    };
    launch.tile = variant.tile;
    const int64_t bytes = variant.workspace_bytes(variant.config, problem, stream.device());
    std::optional<harness::PlacedBuffer> memory;
    if (bytes > 0) {
      auto placed = harness::PlacedBuffer::allocate(stream, bytes);
      const std::vector<uint8_t> nans(static_cast<size_t>(bytes), 0xff);
      if (!placed.ok() || !placed->upload(nans.data(), bytes).ok()) return false;
      memory.emplace(std::move(*placed));
    }
    const auto report =
        (*instance)->check(launch, {memory ? memory->as() : nullptr, bytes}, stream);
    return report.ok() && report->ok();
  }

  std::vector<Trial> trials_of(const std::vector<Subject>& subjects) {
    std::vector<Trial> trials;
    for (const Subject& subject : subjects) {
      const select::Op& op = *ops::find(subject.op).value();
      const select::Problem problem = problem_of(op, subject.problem, stream_->device().arch);
      for (const select::Variant* variant : of_each_family(op, problem, stream_->device())) {
        if (subject.large && variant->name.ends_with("simple")) continue;
        trials.push_back({variant->name + ": " + subject.problem,
                          [=, &op] { return right(op, *variant, problem, subject); }});
        for (const gpu::Kernel& kernel : variant->device_code(variant->config)) {
          trials.back().entries.insert(kernel.entry());
        }
      }
    }
    return trials;
  }
};

TEST_P(HipMutation, GemmBlockscale) {
  expect_seen("gemm_blockscale", trials_of(testing_hip::blockscale_subjects()), 8);
}
TEST_P(HipMutation, GemmMxfp8) {
  expect_seen("gemm_mxfp8", trials_of(testing_hip::mxfp8_subjects()), 12);
}
TEST_P(HipMutation, GemmGrouped) {
  expect_seen("gemm_grouped", trials_of(testing_hip::grouped_subjects()), 12);
}

/// Rows of results in another order: of each op one family at least must show it.
TEST_P(HipMutation, LayoutsOfMatrices) {
  using namespace testing_hip;
  for (const Subject& subject :
       {blockscale_subjects()[0], mxfp8_subjects()[0], grouped_subjects()[0], batched_subjects()[3],
        Subject{"attn_decode", "batch=2 hq=8 hkv=2 d=64 ctx=300 q=2 format=*", 3}}) {
    const auto trials = trials_of({subject});
    const auto wrong = std::count_if(trials.begin(), trials.end(), [](const Trial& trial) {
      control().reset();
      control().set_fault("layout:rows");
      return !trial.right();
    });
    EXPECT_GE(wrong, 1) << subject.op;
  }
}

OCTET_ON_AMD_DEVICES(HipMutation);

/// Every mutant, or many: minutes.
class HipMutationSweep : public HipMutation {};

TEST_P(HipMutationSweep, GemmBlockscale) {
  expect_seen("gemm_blockscale", trials_of(testing_hip::blockscale_subjects()), 1);
}
TEST_P(HipMutationSweep, GemmMxfp8) {
  expect_seen("gemm_mxfp8", trials_of(testing_hip::mxfp8_subjects()), 1);
}
TEST_P(HipMutationSweep, GemmGrouped) {
  expect_seen("gemm_grouped", trials_of(testing_hip::grouped_subjects()), 1);
}
/// Why: addresses of loads ahead that no block of k needs, and of scales whose stride is 0.
constexpr MutantKind kNoReadRows[] = {MutantKind::kWaits,        MutantKind::kOperands,
                                      MutantKind::kScaleBytes,   MutantKind::kScaleLanes,
                                      MutantKind::kReadSwizzles, MutantKind::kWrittenRows,
                                      MutantKind::kLdsOffsets};
TEST_P(HipMutationSweep, GemmBatched) {
  expect_seen("gemm_batched", trials_of(testing_hip::batched_subjects()), 16, kNoReadRows);
}
TEST_P(HipMutationSweep, AttnDecode) {
  expect_seen("attn_decode", trials_of(testing_hip::attn_subjects()), 3);
}

OCTET_ON_AMD_DEVICES(HipMutationSweep);

}  // namespace
}  // namespace octet

#endif
