// Kernels on the stand-in's AMD devices with one instruction altered: whether any of some trials
// sees it.
#pragma once

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "amdgcn/mutants.h"
#include "amdgcn/redundant.h"
#include "device/stand_in_state.h"
#include "ops/hip_stream.h"
#include "src/ops/registry.h"

namespace octet::testing_hip {

/// A call whose result can be judged.
struct Trial {
  std::string name;
  std::function<bool()> right;  // runs it: whether it succeeds and all that it gives is right
  std::set<std::string> entries = {};  // of kernels that are altered; empty: all that it launches
};

/// What became of mutants.
struct Mutations {
  size_t seen = 0;
  size_t unreached = 0;  // no trial comes to the instruction, or goes a way that needs it
  size_t same = 0;  // where trials come to it, the other one does the same in lanes that matter
  size_t redundant = 0;  // waits and barriers that no way needs
  size_t between = 0;    // waits and barriers between what workgroups tell each other
  size_t in_time = 0;    // waits for registers, of which another one comes in time
  std::vector<std::string> unseen;
  size_t all() const {
    return seen + unreached + same + redundant + between + in_time + unseen.size();
  }
};

class HipMutationTest : public HipTest {
 protected:
  void SetUp() override {
    HipTest::SetUp();
    const select::Op& op = *ops::find("gemm_batched").value();
    const auto& simple = op.variants()[static_cast<size_t>(op.find("gfx942_simple"))];
    if (!simple.built_on(stream_->device().arch)) {
      GTEST_SKIP() << "this build has no kernels of the device";
    }
  }

  /// A trial, what of the kernel it comes to, and how long it takes.
  struct Reaching {
    Trial trial;
    std::vector<uint8_t> executed;
    double seconds = 0;
  };
  struct Launching {
    std::shared_ptr<const amdgcn::CodeObject> code;
    std::vector<Reaching> trials;   // fastest first
    std::vector<uint8_t> executed;  // of all
  };
  using Kernels = std::map<std::string, Launching>;  // by entry

  /// Of each kernel that trials launch, and of each kind, every `every`th mutant; prints what
  /// became of them.
  void expect_seen(const char* what, const std::vector<Trial>& trials, size_t every,
                   std::span<const amdgcn::MutantKind> kinds = amdgcn::kAllMutantKinds) {
    const Kernels kernels = kernels_of(trials);
    size_t seen = 0;
    for (const amdgcn::MutantKind kind : kinds) {
      const Mutations r = mutate(kernels, kind, every);
      std::printf(
          "%s, %s: %zu of %zu seen, %zu not reached, %zu the same, %zu redundant, %zu "
          "between workgroups, %zu in time, %zu not seen\n",
          what, name_of(kind), r.seen, r.all(), r.unreached, r.same, r.redundant, r.between,
          r.in_time, r.unseen.size());
      seen += r.seen;
      EXPECT_TRUE(r.unseen.empty()) << fmt::format("{}", fmt::join(r.unseen, "\n"));
      EXPECT_LE(r.in_time * 50, r.all()) << "waits for registers that nobody sees are rare";
    }
    EXPECT_GE(seen, 20u) << what;
  }

 private:
  static Mutations mutate(const Kernels& kernels, amdgcn::MutantKind kind, size_t every) {
    Mutations result;
    for (const auto& [entry, launching] : kernels) {
      const auto mutants =
          amdgcn::mutants_of(*launching.code->find(entry), kind, launching.executed);
      for (size_t n = 0; n < mutants.size(); n += every) {
        judge(launching, *launching.code->find(entry), mutants[n], result);
      }
    }
    return result;
  }

  /// The code that runs in trials, and who launches it.
  Kernels kernels_of(const std::vector<Trial>& trials) {
    Kernels kernels;
    for (const Trial& trial : trials) {
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_TRUE(runs_right(trial, "")) << trial.name;
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      std::map<std::string, const stand_in::Function*> launched;
      for (const stand_in::Launch& launch : control().launches()) {
        launched[launch.entry] = static_cast<const stand_in::Function*>(launch.function);
      }
      for (const auto& [entry, function] : launched) {
        if (!trial.entries.empty() && !trial.entries.contains(entry)) continue;
        Launching& of = kernels[entry];
        const std::string& image = function->module->names;
        of.code = amdgcn::CodeObject::load(std::as_bytes(std::span(image.data(), image.size())));
        of.trials.push_back({trial, control().executed(entry), took.count()});
        of.executed.resize(of.trials.back().executed.size());
        std::transform(of.executed.begin(), of.executed.end(), of.trials.back().executed.begin(),
                       of.executed.begin(), std::bit_or<>());
      }
    }
    for (auto& [entry, of] : kernels) {
      std::sort(of.trials.begin(), of.trials.end(),
                [](const Reaching& a, const Reaching& b) { return a.seconds < b.seconds; });
    }
    return kernels;
  }

  static bool runs_right(const Trial& trial, const std::string& fault) {
    control().reset();
    control().set_fault(fault);
    return trial.right();
  }
  static bool is_redundant(const amdgcn::KernelCode& kernel, size_t index, amdgcn::Taken taken) {
    return amdgcn::is_covered_wait(kernel, index, taken) ||
           amdgcn::is_idle_barrier(kernel, index, taken);
  }
  static void judge(const Launching& launching, const amdgcn::KernelCode& kernel,
                    const amdgcn::Mutant& mutant, Mutations& result) {
    const auto& trials = launching.trials;
    const std::string what =
        ":" + kernel.name + ":" + std::to_string(mutant.address) + ":" + mutant.text;
    size_t reaching = 0;
    const auto all_right = [&](const char* fault) {
      return std::all_of(trials.begin(), trials.end(), [&](const Reaching& of) {
        if (of.executed[mutant.index] == 0) return true;
        ++reaching;
        return runs_right(of.trial, fault + what);
      });
    };
    if (!all_right("alter")) {
      ++result.seen;
    } else if (reaching == 0) {
      ++result.unreached;
    } else if (all_right("compare")) {
      ++result.same;
    } else if (is_redundant(kernel, mutant.index, nullptr)) {
      ++result.redundant;
    } else if (is_redundant(kernel, mutant.index, &launching.executed)) {
      ++result.unreached;
    } else if (amdgcn::is_between_workgroups(kernel, mutant.index)) {
      ++result.between;
    } else if (amdgcn::is_wait_for_registers(kernel, mutant.index, &launching.executed)) {
      ++result.in_time;
    } else {
      result.unseen.push_back(kernel.name + " " + std::to_string(mutant.address) + " '" +
                              mutant.original + "': '" + mutant.text + "'");
    }
  }
};

}  // namespace octet::testing_hip
