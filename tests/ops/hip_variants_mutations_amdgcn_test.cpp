// AMD kernels as they ship, made wrong in the interpreter.
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "ops/hip_mutations.h"
#include "src/harness/case.h"
#include "src/harness/memory.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"

#ifdef OCTET_HAVE_AMDGCN

namespace octet {
namespace {

using Words = std::vector<std::string>;
using testing_hip::Mutations;
using testing_hip::Trial;

/// A problem on which loops of the kernels go round more than once.
struct Subject {
  const char* op;
  Words problem;
  uint64_t seed;
};
const Subject kSubjects[] = {
    {"gemm_blockscale", {"m=17", "n=145", "k=640"}, 3},
    {"gemm_mxfp8", {"m=17", "n=72", "k=640"}, 3},
    {"gemm_grouped", {"m=9", "n=72", "k=512", "experts=3", "topk=2", "block_m=0"}, 3},
    {"gemm_batched", {"m=17", "n=72", "k=544", "batch=2"}, 3},
    {"attn_decode", {"batch=2", "hq=8", "hkv=2", "d=64", "ctx=300", "q=2"}, 3},
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

class HipMutation : public testing_hip::HipMutationTest {
 protected:
  /// Whether the variant's result is right.
  static bool right(const select::Op& op, const select::Variant& variant,
                    const select::Problem& problem, uint64_t seed) {
    Stream stream = Stream::gpu(GetParam(), GpuApi::kHip).value();
    auto instance = harness::case_of(op).make(problem, stream, {harness::Inputs::kRandom, seed});
    if (!instance.ok()) return false;
    harness::Launch launch = [&](const void* args, select::Workspace workspace, Stream& on) {
      return variant.launch(variant.config, args, workspace, on);
    };
    launch.tile = variant.tile;
    const int64_t bytes = variant.workspace_bytes(variant.config, problem, stream.device());
    std::optional<harness::PlacedBuffer> memory;
    if (bytes > 0) {
      auto placed = harness::PlacedBuffer::allocate(stream, bytes);
      if (!placed.ok()) return false;
      memory.emplace(std::move(*placed));
    }
    const auto report =
        (*instance)->check(launch, {memory ? memory->as() : nullptr, bytes}, stream);
    return report.ok() && report->ok();
  }

  std::vector<Trial> trials_of(const char* name) {
    const Device& device = stream_->device();
    const select::Op& op = *ops::find(name).value();
    std::vector<Trial> trials;
    for (const Subject& subject : kSubjects) {
      if (op.name() != subject.op) continue;
      const select::Problem problem =
          select::parse_problem(*op.schema, subject.problem, op.default_format(device.arch))
              .value();
      for (const select::Variant* variant : of_each_family(op, problem, device)) {
        trials.push_back({variant->name + " " + fmt::format("{}", subject.problem), [=, &op] {
                            return right(op, *variant, problem, subject.seed);
                          }});
      }
    }
    return trials;
  }
};

TEST_P(HipMutation, Explore) {
  const char* only = std::getenv("MUT_OP");
  const char* kinds = std::getenv("MUT_KIND");
  const size_t every = std::getenv("MUT_EVERY") ? std::stoul(std::getenv("MUT_EVERY")) : 1;
  for (const char* op :
       {"gemm_blockscale", "gemm_mxfp8", "gemm_grouped", "gemm_batched", "attn_decode"}) {
    if (only != nullptr && std::string(only).find(op) == std::string::npos) continue;
    const auto trials = trials_of(op);
    for (const amdgcn::MutantKind kind : amdgcn::kAllMutantKinds) {
      if (kinds != nullptr && std::string(kinds).find(name_of(kind)) == std::string::npos) continue;
      Mutations result;
      mutate(trials, kind, every, result);
      std::printf("%-16s %-16s %5zu: %5zu seen %4zu unreached %4zu same %4zu unseen\n", op,
                  name_of(kind), result.all(), result.seen, result.unreached, result.same,
                  result.unseen.size());
      for (const std::string& text : result.unseen) std::printf("    %s\n", text.c_str());
      std::fflush(stdout);
    }
  }
}

OCTET_ON_AMD_DEVICES(HipMutation);

}  // namespace
}  // namespace octet

#endif
