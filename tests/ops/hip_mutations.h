// Kernels on the stand-in's AMD devices with one instruction altered: whether any of some trials
// sees it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "amdgcn/mutants.h"
#include "device/stand_in_state.h"
#include "ops/hip_stream.h"

namespace octet::testing_hip {

/// A call whose result can be judged.
struct Trial {
  std::string name;
  std::function<bool()> right;  // runs it: whether it succeeds and all that it gives is right
};

/// What became of mutants.
struct Mutations {
  size_t seen = 0;
  size_t unreached = 0;  // no trial comes to the instruction
  size_t same = 0;       // where trials come to it, the other one does the same
  std::vector<std::string> unseen;
  size_t all() const { return seen + unreached + same + unseen.size(); }
};

class HipMutationTest : public HipTest {
 protected:
  /// Mutants of every kernel that trials launch; of each kernel every `every`th.
  void mutate(const std::vector<Trial>& trials, amdgcn::MutantKind kind, size_t every,
              Mutations& result) {
    for (const auto& [entry, launching] : kernels_of(trials)) {
      const auto mutants = amdgcn::mutants_of(*launching.code->find(entry), kind);
      for (size_t n = 0; n < mutants.size(); n += every) {
        judge(launching.trials, entry, mutants[n], result);
      }
    }
  }

  struct Launching {
    std::shared_ptr<const amdgcn::CodeObject> code;
    std::vector<Trial> trials;
  };
  /// By entry: the code that ran and who launched it.
  std::map<std::string, Launching> kernels_of(const std::vector<Trial>& trials) {
    std::map<std::string, Launching> kernels;
    for (const Trial& trial : trials) {
      EXPECT_TRUE(runs_right(trial, "")) << trial.name;
      std::set<std::string> entries;
      for (const stand_in::Launch& launch : control().launches()) {
        Launching& of = kernels[launch.entry];
        const auto* function = static_cast<const stand_in::Function*>(launch.function);
        const std::string& image = function->module->names;
        of.code = amdgcn::CodeObject::load(std::as_bytes(std::span(image.data(), image.size())));
        if (entries.insert(launch.entry).second) of.trials.push_back(trial);
      }
    }
    return kernels;
  }

 private:
  static bool runs_right(const Trial& trial, const std::string& fault) {
    control().reset();
    control().set_fault(fault);
    return trial.right();
  }
  static void judge(const std::vector<Trial>& trials, const std::string& entry,
                    const amdgcn::Mutant& mutant, Mutations& result) {
    const std::string at = ":" + entry + ":" + std::to_string(mutant.address);
    const std::string text = ":" + mutant.text;
    const auto all_right = [&](const std::string& fault) {
      return std::all_of(trials.begin(), trials.end(),
                         [&](const Trial& trial) { return runs_right(trial, fault); });
    };
    if (!all_right("alter" + at + text)) {
      ++result.seen;
    } else if (all_right("trap" + at)) {
      ++result.unreached;
    } else if (all_right("differ" + at + text)) {
      ++result.same;
    } else {
      result.unseen.push_back(entry + " " + std::to_string(mutant.address) + " '" +
                              mutant.original + "': '" + mutant.text + "'");
    }
  }
};

}  // namespace octet::testing_hip
