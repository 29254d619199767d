#include "src/select/choose.h"

#include <algorithm>
#include <array>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/select/padding.h"

namespace octet::select {

int Op::find(std::string_view variant) const {
  const auto all = variants();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Variant& v) { return v.name == variant; });
  return found == all.end() ? -1 : static_cast<int>(found - all.begin());
}

double roofline_us(const Op& op, const Problem& problem, const Device& device) {
  return std::max(static_cast<double>(op.bytes(problem)) / device.bandwidth_gbps * 1e-3,
                  op.flops(problem) / device.fp8_tflops * 1e-6);
}

std::string to_string(const Why& why) {
  switch (why.level) {
    case Why::Level::kNone:
      return "none";
    case Why::Level::kForced:
      return "forced";
    case Why::Level::kFirstSupported:
      return "first-supported";
    case Why::Level::kReference:
      return "reference";
    case Why::Level::kHeuristic:
      return fmt::format("heuristic:{}", why.arm);
    case Why::Level::kTuned:
      break;
  }
  std::string text = why.bucket ? "tuned:bucket" : "tuned:exact";
  if (why.padded_m != 0) text = fmt::format("tuned:padded m={}", why.padded_m);
  if (why.cu_num != 0) text += fmt::format(" cu_num={}", why.cu_num);
  if (!why.device.empty()) text += fmt::format(" device={}", why.device);
  return text;
}

namespace {

constexpr int kMaxVariants = 192;

/// What can run, filled in lazily: supports() of a variant is asked once.
class Candidates {
 public:
  Candidates(const Op& op, const Problem& problem, const Device& device, bool built_only)
      : op_(op), problem_(problem), device_(device), built_only_(built_only) {}

  bool usable(int index) {
    auto& state = state_[static_cast<size_t>(index)];
    if (state == 0) state = fits(op_.variants()[static_cast<size_t>(index)]) ? 1 : -1;
    return state > 0;
  }

  Usable all() {
    const size_t count = op_.variants().size();
    for (size_t i = 0; i < count; ++i) usable_[i] = usable(static_cast<int>(i));
    return Usable(usable_.data(), count);
  }

 private:
  /// can_run() without its words: most variants are of another arch, and texts take memory.
  bool fits(const Variant& variant) const {
    return arch_runs(device_.arch, variant.arch) &&
           (variant.built_on(device_.arch) || !built_only_) &&
           variant.supports(variant.config, problem_, device_).ok;
  }

  const Op& op_;
  const Problem& problem_;
  const Device& device_;
  const bool built_only_;
  std::array<signed char, kMaxVariants> state_{};
  std::array<bool, kMaxVariants> usable_{};
};

/// The tuned row of the device's own cu_num or of `cu_num`: exact m, then the fine grid, then the
/// coarse one.
Choice tuned_row(const Op& op, const Problem& problem, const Device& device, int cu_num,
                 const TunedTables& tables, Candidates& candidates) {
  Problem key = table_key(problem);
  const int64_t key_m = key.field[0];
  const std::array<int64_t, 3> grid{key_m, padded_m_fine(key_m),
                                    padded_m_coarse(key_m, problem.field[1])};
  for (const int64_t padded : grid) {
    key.field[0] = padded;
    const auto hit = tables.find(op, device.arch, cu_num, key);
    if (hit.variant < 0 || !candidates.usable(hit.variant)) continue;
    const int hint = cu_num == device.cu_num ? 0 : cu_num;
    const int64_t padded_m = padded == key_m ? 0 : padded;
    const bool bucket = op.schema->bucket != nullptr;
    return {hit.variant,
            {Why::Level::kTuned, padded_m, hint, {}, bucket, other_device(hit.device, device)}};
  }
  return {};
}

Choice tuned(const Op& op, const Problem& problem, const Device& device, const TunedTables& tables,
             Candidates& candidates) {
  const Choice own = tuned_row(op, problem, device, device.cu_num, tables, candidates);
  if (own.variant >= 0) return own;
  const int nearest = tables.nearest_cu_num(op, device.arch, device.cu_num);
  return nearest == 0 ? Choice{} : tuned_row(op, problem, device, nearest, tables, candidates);
}

Choice untuned(const Op& op, const Problem& problem, const Device& device, Candidates& candidates) {
  const Usable usable = candidates.all();
  const HeuristicChoice heuristic = op.heuristic(problem, device, usable);
  if (heuristic.variant >= 0 && candidates.usable(heuristic.variant)) {
    return {heuristic.variant, {Why::Level::kHeuristic, 0, 0, heuristic.arm}};
  }
  const int count = static_cast<int>(usable.size());
  for (int i = 0; i < count; ++i) {
    if (!candidates.usable(i)) continue;
    const bool last = i == count - 1;
    return {i, {last ? Why::Level::kReference : Why::Level::kFirstSupported, 0, 0, {}}};
  }
  return {};
}

Result<Choice> forced(const Op& op, const Problem& problem, const Device& device,
                      const ChooseOptions& options) {
  const int index = op.find(options.variant);
  if (index < 0) {
    std::vector<std::string> names;
    for (const Variant& variant : op.variants()) names.push_back(variant.name);
    return fail(StatusCode::kInvalidArgument, "{}: unknown variant '{}'{}", op.name(),
                options.variant, did_you_mean(options.variant, names));
  }
  const Support support = can_run(op, index, problem, device, options.built_only);
  if (!support.ok) {
    return fail(StatusCode::kUnsupported, "{}: variant '{}' cannot run {} on {}: {}", op.name(),
                options.variant, to_string(problem), device.name, support.reason);
  }
  return Choice{index, {Why::Level::kForced, 0, 0, {}}};
}

void note_refusals(const Op& op, const Problem& problem, const Device& device, bool built_only,
                   std::vector<Refusal>& refused) {
  for (int i = 0; i < static_cast<int>(op.variants().size()); ++i) {
    const Support support = can_run(op, i, problem, device, built_only);
    if (support.ok) continue;
    refused.push_back({op.variants()[static_cast<size_t>(i)].name, support.reason});
  }
}

}  // namespace

Support can_run(const Op& op, int index, const Problem& problem, const Device& device,
                bool built_only) {
  const Variant& variant = op.variants()[static_cast<size_t>(index)];
  if (!arch_runs(device.arch, variant.arch)) {
    return Support::no(fmt::format("is for {}, the device is {}", arch_name(variant.arch),
                                   arch_name(device.arch)));
  }
  if (built_only && !variant.built_on(device.arch)) {
    return Support::no(variant.built
                           ? fmt::format("not in this build for {}", arch_name(device.arch))
                           : "not in this build");
  }
  return variant.supports(variant.config, problem, device);
}

Result<Choice> choose(const Op& op, const Problem& problem, const Device& device,
                      const TunedTables& tables, const ChooseOptions& options,
                      std::vector<Refusal>* refused) {
  OCTET_CHECK_OK(op.validate(problem));
  if (refused != nullptr) note_refusals(op, problem, device, options.built_only, *refused);
  if (!options.variant.empty()) return forced(op, problem, device, options);
  Candidates candidates(op, problem, device, options.built_only);
  Choice choice = tuned(op, problem, device, tables, candidates);
  if (choice.variant < 0) choice = untuned(op, problem, device, candidates);
  if (choice.variant >= 0) return choice;
  return fail(StatusCode::kUnsupported, "{}: no variant can run {} on {} ({})", op.name(),
              to_string(problem), device.name, arch_name(device.arch));
}

Result<Choice> cached_choose(const Op& op, const Problem& problem, const Device& device,
                             const TunedTables& tables) {
  struct Entry {
    Problem problem;
    Arch arch = Arch::kGeneric;
    int cu_num = 0;
    bool has_avx512_bf16 = false;
    double bandwidth_gbps = 0;  // an H100 and an H200 differ in nothing else of these
    const TunedTables* tables = nullptr;
    int64_t version = -1;
    Choice choice;
  };
  constexpr size_t kEntries = 64;
  thread_local std::array<Entry, kEntries> entries;
  const uint64_t hash = hash_key(*op.schema, device.arch, device.cu_num, problem);
  Entry& entry = entries[hash % kEntries];
  const int64_t version = tables.version();
  const bool same = entry.version == version && entry.tables == &tables &&
                    entry.problem == problem && entry.arch == device.arch &&
                    entry.cu_num == device.cu_num &&
                    entry.has_avx512_bf16 == device.has_avx512_bf16 &&
                    entry.bandwidth_gbps == device.bandwidth_gbps;
  if (same) return entry.choice;
  OCTET_TRY(const Choice choice, choose(op, problem, device, tables));
  entry = {problem, device.arch, device.cu_num, device.has_avx512_bf16, device.bandwidth_gbps,
           &tables, version,     choice};
  return choice;
}

Result<Plan> explain(const Op& op, const Problem& problem, const Device& device,
                     const TunedTables& tables, const ChooseOptions& options) {
  Plan plan;
  const auto choice = choose(op, problem, device, tables, options, &plan.refused);
  if (!choice.ok()) {
    const bool nothing =
        choice.status().code() == StatusCode::kUnsupported && options.variant.empty();
    if (!nothing) return choice.status();
    plan.why = to_string(Why{});
    return plan;
  }
  const Variant& variant = op.variants()[static_cast<size_t>(choice->variant)];
  plan.variant = variant.name;
  plan.why = to_string(choice->why);
  plan.built = variant.built_on(device.arch);
  plan.workspace_bytes = variant.workspace_bytes(variant.config, problem, device);
  plan.predicted_us = op.predict_us(choice->variant, problem, device);
  if (op.note != nullptr) plan.note = op.note(problem, device, plan.predicted_us);
  if (!choice->why.device.empty()) {
    plan.note += fmt::format("{}its row was measured on {}; octet tune --pretune on {} replaces it",
                             plan.note.empty() ? "" : "; ", choice->why.device, device.name);
  }
  return plan;
}

}  // namespace octet::select
