#include "src/select/fitted_cost.h"

#include <cmath>
#include <set>

#include "src/core/embedded.h"
#include "src/core/try.h"
#include "src/select/tuned_table.h"

namespace octet::select {
namespace {

CostModel built_in(std::string_view op) {
  std::vector<CostRow> rows;
  for (const EmbeddedFile& file : embedded_files(fmt::format("data/cost/{}/", op))) {
    const auto csv = parse_csv(file.content, std::string(file.path));
    if (!csv.ok()) continue;
    std::vector<std::string> bad;  // table_problems() says which
    const auto parsed = parse_cost_model(*csv, &bad);
    if (parsed.ok()) rows.insert(rows.end(), parsed->rows().begin(), parsed->rows().end());
  }
  return CostModel(std::move(rows));
}

}  // namespace

// Why here: a row is found by comparing names, too slow for a call.
FittedCost::FittedCost(const Op& op) : op_(op), model_(built_in(op.name())) {
  for (size_t arch = 0; arch < rows_.size(); ++arch) {
    for (const Variant& variant : op.variants()) {
      rows_[arch].push_back(model_.find(static_cast<Arch>(arch), variant.name));
    }
  }
}

double FittedCost::predict_us(int variant, const Problem& problem, const Device& device) const {
  const auto index = static_cast<size_t>(variant);
  const CostRow* cost = rows_[static_cast<size_t>(device.arch)][index];
  if (cost == nullptr || is_cpu(device.arch) != is_cpu(cost->arch)) return 0;
  const Tile& tile = op_.variants()[index].tile;
  return select::predict_us(*cost, op_.cost_terms(problem, tile, device));
}

HeuristicChoice FittedCost::least(const Problem& problem, const Device& device,
                                  Usable usable) const {
  HeuristicChoice best;
  double best_us = INFINITY;
  for (size_t i = 0; i + 1 < usable.size(); ++i) {  // the last is the reference: no model takes it
    if (!usable[i]) continue;
    const double us = predict_us(static_cast<int>(i), problem, device);
    if (us > 0 && us < best_us) {
      best_us = us;
      best = {static_cast<int>(i), "model"};
    }
  }
  return best;
}

std::vector<std::string> cost_problems(const Op& op, const Csv& csv) {
  std::vector<std::string> lines;
  const auto model = parse_cost_model(csv, &lines);
  if (!model.ok()) return {model.status().message()};
  std::set<std::pair<Arch, std::string_view>> seen;
  for (const CostRow& row : model->rows()) {
    const auto bad = [&](std::string reason) { lines.push_back(row.where + ": " + reason); };
    if (!seen.emplace(row.arch, row.variant).second) {
      bad(fmt::format("{} {} occurs before", arch_name(row.arch), row.variant));
      continue;
    }
    const int index = op.find(row.variant);
    if (index < 0) {
      bad(unknown_variant(op, row.variant));
      continue;
    }
    const Arch needs = op.variants()[static_cast<size_t>(index)].arch;
    if (!arch_runs(row.arch, needs)) {
      bad(fmt::format("variant: '{}' needs {}, the row is of {}", row.variant, arch_name(needs),
                      arch_name(row.arch)));
    }
  }
  return lines;
}

}  // namespace octet::select
