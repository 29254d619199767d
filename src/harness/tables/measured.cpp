#include "src/harness/tables/measured.h"

#include <algorithm>
#include <map>
#include <utility>

#include "src/core/try.h"

namespace octet::harness {

int MeasuredProblem::best() const {
  int best = -1;
  for (size_t i = 0; i < us.size(); ++i) {
    const bool faster = best < 0 || us[i] < us[static_cast<size_t>(best)];
    if (us[i] > 0 && faster) best = static_cast<int>(i);
  }
  return best;
}

int MeasuredProblem::num_measured() const {
  return static_cast<int>(std::count_if(us.begin(), us.end(), [](double t) { return t > 0; }));
}

namespace {

Result<select::Problem> problem_of(const select::Op& op, const Measurement& row) {
  select::Problem problem{op.schema, 0, {}};
  OCTET_TRY(problem.format, op.schema->parse_format(row.format));
  OCTET_REQUIRE(row.problem.size() == op.schema->fields.size(),
                "{} has {} problem fields, the row has {}", op.name(), op.schema->fields.size(),
                row.problem.size());
  for (size_t i = 0; i < op.schema->fields.size(); ++i) {
    const auto found = std::find_if(row.problem.begin(), row.problem.end(), [&](const auto& field) {
      return field.first == op.schema->fields[i];
    });
    OCTET_REQUIRE(found != row.problem.end(), "no problem field '{}'", op.schema->fields[i]);
    problem.field[i] = found->second;
  }
  OCTET_CHECK_OK(op.validate(problem));
  return problem;
}

/// Whether the row takes part; otherwise it is counted.
bool takes_part(const Measurement& row, std::string_view policy, Measured& measured) {
  int64_t* counter = nullptr;
  if (row.op != measured.op->name()) {
    counter = &measured.other_op;
  } else if (row.arch != arch_name(measured.device.arch) || row.cu_num != measured.device.cu_num) {
    counter = &measured.other_device;
  } else if (row.policy != policy) {
    counter = &measured.other_policy;
  } else if (!row.correct()) {
    counter = &measured.wrong;
  } else if (measured.op->find(row.variant) < 0) {
    counter = &measured.unknown;
  }
  if (counter != nullptr) ++*counter;
  return counter == nullptr;
}

}  // namespace

Result<Measured> measured_problems(const select::Op& op, std::span<const Results> files,
                                   const Device& device, std::string_view policy) {
  Measured measured;
  measured.op = &op;
  measured.device = device;
  using Key = std::pair<uint32_t, std::array<int64_t, select::kMaxFields>>;
  std::map<Key, MeasuredProblem> problems;
  for (const Results& file : files) {
    for (const Measurement& row : file.rows) {
      if (!takes_part(row, policy, measured)) continue;
      const auto problem = problem_of(op, row);
      if (!problem.ok()) {
        return fail(StatusCode::kCorruptData, "{}: {}: {}", file.path, row.shape(),
                    problem.status().message());
      }
      MeasuredProblem& entry = problems[{problem->format, problem->field}];
      entry.problem = *problem;
      entry.us.resize(op.variants().size());
      double& us = entry.us[static_cast<size_t>(op.find(row.variant))];
      us = us == 0 ? row.us : std::min(us, row.us);
    }
  }
  for (auto& [key, problem] : problems) measured.problems.push_back(std::move(problem));
  return measured;
}

}  // namespace octet::harness
