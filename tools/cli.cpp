#include "tools/cli.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

#include "src/core/embedded.h"
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/shapes/field_shapes.h"
#include "src/harness/shapes/m_list.h"
#include "src/harness/shapes/shape_csv.h"
#include "src/harness/shapes/shape_problem.h"

namespace octet::tools {

int exit_code(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return kExitOk;
    case StatusCode::kNoDevice:
      return kExitNoDevice;
    case StatusCode::kCorruptData:
      return kExitCorrupt;
    case StatusCode::kInvalidArgument:
    case StatusCode::kUnsupported:
    case StatusCode::kIo:
      return kExitUsage;
    default:
      return kExitFailed;
  }
}

int complain(const Status& status) {
  fmt::print(stderr, "octet: {}\n", status.message());
  return exit_code(status);
}

void set_run(CLI::App& verb, int& exit_code, Run run) {
  verb.callback([&exit_code, run = std::move(run)] { exit_code = run(); });
}

CLI::Validator within(double least, double most) {
  return CLI::Validator(
      [least, most](const std::string& text) -> std::string {
        const auto number = parse_double(text);
        if (!number.ok()) return "";  // CLI11 says that it is no number
        if (*number >= least && *number <= most) return "";
        return fmt::format("{}, must be {} to {}", text, least, most);
      },
      "");
}

void add_device(CLI::App& verb, std::string& device) {
  verb.add_option("--device", device, "cpu, cuda, hip, cuda:<index> or hip:<index>")
      ->capture_default_str();
}

void add_threads(CLI::App& verb, int& threads) {
  verb.add_option("--threads", threads, "CPU threads (0: all)")->check(within(0, 1024));
}

// Why not fmt::print: it throws on a full disk; main() looks at stdout once, at the end.
void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_json(const Json& json) { print(json.dump(2) + "\n"); }

Result<Device> device_of(const std::string& profile, int threads) {
  return profile.empty() ? cpu_device(threads) : device_profile(profile);
}

namespace {

std::string set_folder(const select::Op& op) { return fmt::format("data/shapes/{}/", op.name()); }

}  // namespace

std::vector<std::string> shape_sets(const select::Op& op) {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_files(set_folder(op))) {
    const std::string name(file.path.substr(set_folder(op).size()));
    names.push_back(name.substr(0, name.size() - 4));
  }
  return names;
}

namespace {

struct ShapeText {
  std::string text, path;
};

Result<ShapeText> shape_text(const select::Op& op, const std::string& spec) {
  for (const EmbeddedFile& file : embedded_files(set_folder(op) + spec + ".csv")) {
    return ShapeText{std::string(file.content), std::string(file.path)};
  }
  if (spec.find('/') == std::string::npos && spec.find('.') == std::string::npos) {
    const std::vector<std::string> sets = shape_sets(op);
    return fail(StatusCode::kInvalidArgument, "no shape set '{}' of {}{}; sets: {}", spec,
                op.name(), did_you_mean(spec, sets), join(sets, " "));
  }
  OCTET_TRY(std::string text, read_file(spec));
  return ShapeText{std::move(text), spec};
}

/// Every row of a shape list that is of the op, legal or not.
Result<std::vector<harness::FieldShape>> all_shapes(const select::Op& op, const std::string& spec,
                                                    const std::string& m_list, uint32_t format) {
  OCTET_TRY(const ShapeText shapes, shape_text(op, spec));
  if (!harness::has_matrix_shapes(*op.schema)) {
    return harness::parse_field_shapes(*op.schema, format, shapes.text, shapes.path);
  }
  OCTET_TRY(const std::vector<int64_t> sizes, harness::m_list(m_list));
  OCTET_TRY(const auto matrices, harness::parse_shapes(shapes.text, shapes.path, sizes));
  std::vector<harness::FieldShape> all;
  for (const harness::ModelShape& shape : matrices) {
    if (!shape.op.empty() && shape.op != op.name()) continue;
    if (!harness::is_of_format(*op.schema, format, shape)) continue;
    all.push_back({harness::problem_of(*op.schema, format, shape), {}});
  }
  return all;
}

}  // namespace

Result<std::vector<harness::FieldShape>> load_shapes(const select::Op& op, const std::string& spec,
                                                     const std::string& m_list, uint32_t format) {
  std::error_code error;
  if (spec.find('=') != std::string::npos && !std::filesystem::exists(spec, error)) {
    OCTET_TRY(const select::Problem problem,
              select::parse_problem(*op.schema, split(spec, ' '), format));
    OCTET_CHECK_OK(op.validate(problem));
    return std::vector<harness::FieldShape>{{problem, {}}};
  }
  OCTET_TRY(const std::vector<harness::FieldShape> all, all_shapes(op, spec, m_list, format));
  const std::vector<std::string> sets = shape_sets(op);
  const bool is_set = std::find(sets.begin(), sets.end(), spec) != sets.end();
  std::vector<harness::FieldShape> shapes;
  std::set<std::pair<std::string, std::vector<int64_t>>> seen;
  std::set<std::string> refused;
  for (const harness::FieldShape& shape : all) {
    const Status legal = op.validate(shape.problem);
    if (!legal.ok() && !is_set) return Status(legal.code(), spec + ": " + legal.message());
    if (!legal.ok()) refused.insert(legal.message());  // a model's shape that the op cannot serve
    const bool fresh = seen.emplace(select::to_string(shape.problem), shape.contexts).second;
    if (legal.ok() && fresh) shapes.push_back(shape);
  }
  for (const std::string& why : refused) fmt::print(stderr, "octet: {}: skipped: {}\n", spec, why);
  return shapes;
}

Result<std::vector<select::Problem>> load_problems(const select::Op& op, const std::string& spec,
                                                   const std::string& m_list, uint32_t format) {
  OCTET_TRY(const std::vector<harness::FieldShape> shapes, load_shapes(op, spec, m_list, format));
  std::vector<select::Problem> problems;
  for (const harness::FieldShape& shape : shapes) {
    const auto same = std::find(problems.begin(), problems.end(), shape.problem);
    if (same == problems.end()) problems.push_back(shape.problem);
  }
  return problems;
}

std::string brief(const select::Problem& problem) {
  std::string text = select::to_string(problem);
  const size_t format = text.find(" format=");
  if (text.substr(format) == " format=e4m3fn") text.resize(format);
  return text;
}

}  // namespace octet::tools
