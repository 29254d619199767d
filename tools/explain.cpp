// octet explain: which variant would run, why, and why not the others; on any device, from any
// machine.
#include <fmt/format.h>

#include <map>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"
#include "tools/cli.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

struct Options {
  std::string op, device, variant;
  std::vector<std::string> words, tables;
  int threads = 0;
  bool json = false;
};

struct Explained {
  select::Problem problem;
  Device device;
  Plan plan;
  double bound_us = 0;  // roofline of the device
};

Status add_tables(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    std::vector<std::string> skipped;
    OCTET_CHECK_OK(add_tuned_table(path, &skipped));
    for (const std::string& line : skipped) fmt::print(stderr, "octet: skipped {}\n", line);
  }
  return Status::Ok();
}

Result<Explained> explain(const Options& options) {
  OCTET_TRY(const select::Op* op, ops::find(options.op));
  OCTET_TRY(Device device, device_of(options.device, options.threads));
  OCTET_TRY(select::Problem problem,
            select::parse_problem(*op->schema, options.words, op->default_format(device.arch)));
  OCTET_CHECK_OK(add_tables(options.tables));
  // Why: this machine's plan is what a call would do; another device's plan is that of a full
  // build.
  const bool built_only = options.device.empty();
  OCTET_TRY(Plan plan, select::explain(*op, problem, device, ops::tuned_tables(),
                                       {options.variant, built_only}));
  const double bound_us = select::roofline_us(*op, problem, device);
  return Explained{problem, std::move(device), std::move(plan), bound_us};
}

Json to_json(const Explained& e) {
  Json fields = Json::object();
  for (size_t i = 0; i < e.problem.schema->fields.size(); ++i) {
    fields[std::string(e.problem.schema->fields[i])] = e.problem.field[i];
  }
  fields["format"] = e.problem.schema->format_name(e.problem.format);
  Json refused = Json::array();
  for (const Refusal& refusal : e.plan.refused) {
    refused.push_back({{"variant", refusal.variant}, {"reason", refusal.reason}});
  }
  return {{"op", std::string(e.problem.schema->name)},
          {"device",
           {{"name", e.device.name},
            {"arch", std::string(arch_name(e.device.arch))},
            {"cu_num", e.device.cu_num}}},
          {"problem", fields},
          {"variant", e.plan.variant.empty() ? Json(nullptr) : Json(e.plan.variant)},
          {"why", e.plan.why},
          {"built", e.plan.built},
          {"predicted_us", e.plan.predicted_us},
          {"note", e.plan.note},
          {"bound_us", e.bound_us},
          {"workspace_bytes", e.plan.workspace_bytes},
          {"refused", refused}};
}

/// Variants of other arches in one line an arch; the rest one by one.
void print_refused(const std::vector<Refusal>& refused) {
  if (!refused.empty()) print("refused\n");
  std::map<std::string, int> elsewhere;
  for (const Refusal& refusal : refused) {
    if (refusal.reason.starts_with("is for ")) {
      ++elsewhere[refusal.reason];
    } else {
      print(fmt::format("  {}: {}\n", refusal.variant, refusal.reason));
    }
  }
  for (const auto& [reason, count] : elsewhere) {
    print(fmt::format("  {} variants: {}\n", count, reason));
  }
}

void print_text(const Explained& e) {
  print(fmt::format("{} {}\n", e.problem.schema->name, select::to_string(e.problem)));
  print(fmt::format("device     {} ({}, {} compute units)\n", e.device.name,
                    arch_name(e.device.arch), e.device.cu_num));
  if (e.plan.variant.empty()) {
    print(fmt::format("variant    none: this version has no kernel that runs it on {}\n",
                      arch_name(e.device.arch)));
    print(fmt::format("bound      {:.1f} us (roofline of the profile)\n", e.bound_us));
  } else {
    print(fmt::format("variant    {}{}\n", e.plan.variant,
                      e.plan.built ? "" : "  (not in this build)"));
    print(fmt::format("why        {}\n", e.plan.why));
    if (e.plan.predicted_us > 0) {
      print(fmt::format("predicted  {:.1f} us\n", e.plan.predicted_us));
    } else if (e.bound_us > 0) {
      print(fmt::format("bound      {:.1f} us (roofline of the profile)\n", e.bound_us));
    }
    print(fmt::format("workspace  {} bytes\n", e.plan.workspace_bytes));
    if (!e.plan.note.empty()) print(fmt::format("note       {}\n", e.plan.note));
  }
  print_refused(e.plan.refused);
}

int run(const Options& options) {
  const auto explained = explain(options);
  if (!explained.ok()) return complain(explained.status());
  if (options.json) {
    print_json(to_json(*explained));
  } else {
    print_text(*explained);
  }
  return kExitOk;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("explain", "The plan for one problem on any device, and why");
  verb->add_option("op", options->op, "The op, for instance gemm_blockscale")->required();
  verb->add_option("problem", options->words, "m=... n=... k=... [format=...]")->required();
  verb->add_option("--device", options->device,
                   "A profile (octet info lists them) or x86_amx:<cores>; default: this machine");
  verb->add_option("--tables", options->tables, "Tuned tables to add to the built-in ones");
  verb->add_option("--variant", options->variant, "Force this variant");
  add_threads(*verb, options->threads);
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer("Example:\n  octet explain gemm_blockscale m=64 n=7168 k=2048 --device mi300x");
  set_run(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace octet::tools
