#include "src/harness/tables/evaluate.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "src/core/try.h"
#include "src/select/choose.h"

namespace octet::harness {
namespace {

using Fields = std::array<int64_t, select::kMaxFields>;

double rate(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// The fields that stay when m varies.
Fields without_m(const select::Problem& problem) {
  Fields fields = problem.field;
  fields[0] = 0;
  return fields;
}

std::string group_name(const select::OpSchema& schema, const Fields& fields) {
  std::string name;
  for (size_t i = 1; i < schema.fields.size(); ++i) {
    name += fmt::format("{}{}={}", i == 1 ? "" : " ", schema.fields[i], fields[i]);
  }
  return name;
}

/// What choose() takes without a tuned table in a build with every kernel, so that any machine
/// judges the results of any other; -1 where nothing can run.
int untuned_choice(const select::Op& op, const select::Problem& problem, const Device& device) {
  static const select::TunedTables no_tables;
  const auto choice =
      select::choose(op, problem, device, no_tables, {.variant = {}, .built_only = false});
  return choice.ok() ? choice->variant : -1;
}

int most_frequent(const std::vector<const select::TunedRow*>& rows, size_t num_variants) {
  std::vector<int64_t> count(num_variants);
  for (const auto* row : rows) ++count[static_cast<size_t>(row->variant)];
  return static_cast<int>(std::max_element(count.begin(), count.end()) - count.begin());
}

/// Variants by two ways to choose one.
struct Guess {
  int heuristic = -1, constant = -1;
};

void add(MatchScore& score, const Guess& guess, int variant) {
  ++score.rows;
  score.heuristic += guess.heuristic == variant;
  score.constant += guess.constant == variant;
}

}  // namespace

double MatchScore::heuristic_rate() const { return rate(heuristic, rows); }
double MatchScore::constant_rate() const { return rate(constant, rows); }

Result<TableScore> score_heuristic(const select::TunedTable& table,
                                   std::span<const UnmappedRow> unmapped, const Device& device) {
  const select::Op& op = *table.op;
  const auto here = [&](const auto& row) {
    return row.arch == device.arch && row.cu_num == device.cu_num;
  };
  TableScore score;
  std::vector<const select::TunedRow*> rows;
  for (const auto& row : table.rows) {
    if (here(row)) rows.push_back(&row);
  }
  const int constant = most_frequent(rows, op.variants().size());
  std::map<Fields, MatchScore> groups;
  for (const auto* row : rows) {
    const Guess guess{untuned_choice(op, row->problem, device), constant};
    add(groups[without_m(row->problem)], guess, row->variant);
    add(score.total, guess, row->variant);
  }
  for (const auto& row : unmapped) {
    if (!here(row)) continue;
    ++groups[without_m(row.problem)].rows;
    ++score.total.rows;
  }
  const auto all = static_cast<int64_t>(table.rows.size() + unmapped.size());
  score.other_device = all - score.total.rows;
  OCTET_REQUIRE(score.total.rows > 0, "none of {} rows is of {} (arch {}, cu_num {})", all,
                device.name, arch_name(device.arch), device.cu_num);
  if (!rows.empty()) score.constant = op.variants()[static_cast<size_t>(constant)].name;
  for (auto& [fields, group] : groups) {
    group.group = group_name(*op.schema, fields);
    score.groups.push_back(std::move(group));
  }
  return score;
}

namespace {

/// Keeps sums of logarithms in the means until finish().
void add(RegretSummary& summary, const ProblemRegret& row) {
  if (summary.problems++ == 0) summary.geomean = 0;
  summary.geomean += std::log(row.regret());
  if (row.default_us > 0) {
    if (summary.with_default++ == 0) summary.over_default = 0;
    summary.over_default += std::log(row.default_us / row.chosen_us);
  }
  if (summary.worst_problem.empty() || row.regret() > summary.worst) {
    summary.worst = row.regret();
    summary.worst_problem = to_string(row.problem);
  }
}

void finish(RegretSummary& summary) {
  const auto mean = [](double sum, int64_t count) {
    return count == 0 ? 1 : std::exp(sum / static_cast<double>(count));
  };
  summary.geomean = mean(summary.geomean, summary.problems);
  summary.over_default = mean(summary.over_default, summary.with_default);
}

void summarise(Regret& regret) {
  for (const ProblemRegret& row : regret.rows) {
    add(regret.total, row);
    add(regret.phase[static_cast<size_t>(phase_of(row.problem.field[0]))], row);
  }
  finish(regret.total);
  for (RegretSummary& phase : regret.phase) finish(phase);
}

/// Notes the choice for a problem, or why it cannot be judged.
/// `fixed` is the op's default, or -1.
void judge(const select::Op& op, const MeasuredProblem& problem, int chosen, int fixed,
           Regret& regret) {
  if (problem.num_measured() < 2) {
    ++regret.single;
  } else if (chosen < 0) {
    regret.missed.push_back(to_string(problem.problem) + ": no variant is chosen");
  } else if (problem.us[static_cast<size_t>(chosen)] <= 0) {
    regret.missed.push_back(fmt::format("{}: {} was not measured", to_string(problem.problem),
                                        op.variants()[static_cast<size_t>(chosen)].name));
  } else {
    const auto us = [&](int variant) {
      return variant < 0 ? 0 : problem.us[static_cast<size_t>(variant)];
    };
    const int best = problem.best();
    regret.rows.push_back({problem.problem, chosen, best, us(chosen), us(best), us(fixed)});
  }
}

int fixed_variant(const Measured& measured) {
  return measured.op->find(measured.op->fixed_default(measured.device.arch));
}

/// The measured variant with the least predicted time; -1 where the model covers none.
int predicted_best(const Measured& measured, const MeasuredProblem& problem,
                   const select::CostModel& model, CostTermsOf terms_of) {
  int best = -1;
  double best_us = INFINITY;
  for (size_t i = 0; i < problem.us.size(); ++i) {
    const select::Variant& variant = measured.op->variants()[i];
    const select::CostRow* row = model.find(measured.device.arch, variant.name);
    if (problem.us[i] <= 0 || row == nullptr) continue;
    const double us =
        select::predict_us(*row, terms_of(problem.problem, variant.tile, measured.device));
    if (us < best_us) {
      best_us = us;
      best = static_cast<int>(i);
    }
  }
  return best;
}

/// The problems of fold `fold`, or all but them.
Measured select_fold(const Measured& measured, const std::map<Fields, int>& fold_of, int fold,
                     bool held_out) {
  Measured part;
  part.op = measured.op;
  part.device = measured.device;
  for (const MeasuredProblem& problem : measured.problems) {
    const bool inside = fold_of.at(without_m(problem.problem)) == fold;
    if (inside == held_out) part.problems.push_back(problem);
  }
  return part;
}

Status check_judged(const Regret& regret) {
  OCTET_REQUIRE(!regret.rows.empty(),
                "no problem can be judged: {} have fewer than two variants measured, in {} the "
                "chosen one was not",
                regret.single, regret.missed.size());
  return Status::Ok();
}

}  // namespace

Result<Regret> heuristic_regret(const Measured& measured) {
  Regret regret;
  const int fixed = fixed_variant(measured);
  for (const MeasuredProblem& problem : measured.problems) {
    judge(*measured.op, problem, untuned_choice(*measured.op, problem.problem, measured.device),
          fixed, regret);
  }
  OCTET_CHECK_OK(check_judged(regret));
  summarise(regret);
  return regret;
}

Result<Holdout> holdout(const Measured& measured, CostTermsOf terms_of) {
  std::map<Fields, int> fold_of;
  for (const auto& problem : measured.problems) fold_of[without_m(problem.problem)] = 0;
  Holdout result;
  result.pairs = static_cast<int>(fold_of.size());
  OCTET_REQUIRE(result.pairs >= 2, "holdout: {} pairs of (n, k), at least 2 are needed",
                result.pairs);
  result.folds = result.pairs <= kMaxSinglePairs ? result.pairs : kHoldoutFolds;
  const int fixed = fixed_variant(measured);
  int index = 0;
  for (auto& [fields, fold] : fold_of) fold = index++ % result.folds;
  for (int fold = 0; fold < result.folds; ++fold) {
    const Measured seen = select_fold(measured, fold_of, fold, false);
    OCTET_TRY(const CostFit fit, fit_cost_model(cost_samples(seen, terms_of)));
    for (const auto& problem : select_fold(measured, fold_of, fold, true).problems) {
      judge(*measured.op, problem, predicted_best(measured, problem, fit.model, terms_of), fixed,
            result.regret);
    }
  }
  OCTET_CHECK_OK(check_judged(result.regret));
  summarise(result.regret);
  return result;
}

}  // namespace octet::harness
