// octet info: what is here and what was built.
#include <fmt/format.h>

#include <map>
#include <optional>

#include "src/core/env.h"
#include "src/core/text.h"
#include "src/device/code_object.h"
#include "src/harness/measure/environment.h"
#include "src/harness/measure/peer.h"
#include "src/ops/registry.h"
#include "tools/cli.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

struct Options {
  bool matrix = false, json = false;
};

Json device_json(const Device& device) {
  return {{"name", device.name},
          {"arch", std::string(arch_name(device.arch))},
          {"cu_num", device.cu_num},
          {"llc_bytes", device.llc_bytes},
          {"memory_bytes", device.memory_bytes},
          {"avx512_bf16", device.has_avx512_bf16}};
}

/// What a variant's code objects say that its kernels take; null on a CPU and where they are not
/// built.
std::optional<gpu::KernelResources> resources_of(const select::Variant& variant) {
  if (variant.device_code == nullptr) return std::nullopt;
  const auto found = gpu::kernel_resources(variant.device_code(variant.config));
  return found.ok() ? std::optional(*found) : std::nullopt;
}

/// A variant as info's rows have it.
Json variant_json(const select::Variant& variant) {
  Json row{{"variant", variant.name},
           {"arch", std::string(arch_name(variant.arch))},
           {"built", variant.built}};
  if (const auto taken = resources_of(variant)) {
    row["registers"] = taken->registers;
    row["stack_bytes"] = taken->stack_bytes;
  }
  return row;
}
std::string variant_text(const select::Variant& variant) {
  std::string state = variant.built ? "built" : "known, not in this build";
  if (const auto taken = resources_of(variant)) {
    state += fmt::format(", {} registers", taken->registers);
    if (taken->stack_bytes > 0) state += fmt::format(", {} bytes of stack", taken->stack_bytes);
  }
  return fmt::format("  {:<34} {:<11} {}\n", variant.name, arch_name(variant.arch), state);
}

/// Built and known variants per (op, arch).
std::map<std::string, std::pair<int, int>> count_by_arch(const select::Op& op) {
  std::map<std::string, std::pair<int, int>> counts;
  for (const select::Variant& variant : op.variants()) {
    auto& [built, known] = counts[std::string(arch_name(variant.arch))];
    built += variant.built;
    ++known;
  }
  return counts;
}

Json info_json(const Device& device) {
  Json info = harness::environment_json(device);
  info["devices"] = Json::array({device_json(device)});
  if (const auto found = gpu::devices(); found.ok()) {
    for (const Device& gpu : *found) info["devices"].push_back(device_json(gpu));
  } else {
    info["no_gpu"] = found.status().message();
  }
  info["profiles"] = device_profile_names();
  info["peers"] = harness::peer_names();
  info["tuned_rows"] = ops::tuned_tables().size();
  info["table_problems"] =
      std::vector<std::string>(ops::table_problems().begin(), ops::table_problems().end());
  for (const select::Op* op : ops::all()) {
    Json& entry = info["ops"][std::string(op->name())];
    for (const select::Variant& variant : op->variants()) {
      entry.push_back(variant_json(variant));
    }
  }
  for (const env::Variable& variable : env::variables()) {
    info["environment"][std::string(variable.name)] = env::get(variable.name);
  }
  return info;
}

/// {op: {arch: {"built": 2, "known": 7}}}; archs without variants are absent.
Json matrix_json() {
  Json matrix = Json::object();
  for (const select::Op* op : ops::all()) {
    Json& row = matrix[std::string(op->name())] = Json::object();
    for (const auto& [arch, count] : count_by_arch(*op)) {
      row[arch] = {{"built", count.first}, {"known", count.second}};
    }
  }
  return matrix;
}

/// Markdown: op by arch, "built/known" variants.
void print_matrix() {
  const std::vector<Arch> arches{Arch::kGeneric, Arch::kX86Avx2, Arch::kX86Avx512, Arch::kX86Amx,
                                 Arch::kSm90,    Arch::kGfx942,  Arch::kGfx950};
  std::string header = "| op |", rule = "|---|";
  for (const Arch arch : arches) {
    header += fmt::format(" {} |", arch_name(arch));
    rule += "---|";
  }
  print(header + "\n" + rule + "\n");
  for (const select::Op* op : ops::all()) {
    std::string line = fmt::format("| `{}` |", op->name());
    auto counts = count_by_arch(*op);
    for (const Arch arch : arches) {
      const auto [built, known] = counts[std::string(arch_name(arch))];
      line += known == 0       ? " - |"
              : built == known ? fmt::format(" {} |", built)
                               : fmt::format(" {} of {} built |", built, known);
    }
    print(line + "\n");
  }
}

void print_gpus() {
  const auto found = gpu::devices();
  if (!found.ok()) return print(fmt::format("gpu        none: {}\n", found.status().message()));
  for (const Device& gpu : *found) {
    print(fmt::format("gpu        cuda: {}, {}, {} multiprocessors, {:.0f} GiB, L2 {:.0f} MiB\n",
                      gpu.name, arch_name(gpu.arch), gpu.cu_num,
                      static_cast<double>(gpu.memory_bytes) / (1 << 30),
                      static_cast<double>(gpu.l2_bytes) / (1 << 20)));
  }
}

void print_text(const Device& device) {
  const Json facts = harness::environment_json(device);
  print(fmt::format("device     cpu: {}, tier {}, {} threads{}\n", facts["cpu"].get<std::string>(),
                    arch_name(device.arch), device.cu_num,
                    device.has_avx512_bf16 ? ", avx512_bf16" : ""));
  print_gpus();
  print(fmt::format("memory     {:.1f} GiB, last-level cache {:.0f} MiB\n",
                    static_cast<double>(device.memory_bytes) / (1 << 30),
                    static_cast<double>(device.llc_bytes) / (1 << 20)));
  print(fmt::format("build      {} {}, {}, targets {}\n", harness::build_commit(),
                    facts["build_type"].get<std::string>(), harness::build_compiler(),
                    harness::build_targets()));
  const auto peers = harness::peer_names();
  print(fmt::format("peers      {}\n", peers.empty() ? "none" : join(peers, " ")));
  print(fmt::format("tables     {} tuned rows\n", ops::tuned_tables().size()));
  for (const std::string& problem : ops::table_problems()) print("           " + problem + "\n");
  for (const select::Op* op : ops::all()) {
    print(fmt::format("\n{}\n", op->name()));
    for (const select::Variant& variant : op->variants()) {
      print(variant_text(variant));
    }
  }
  print("\nenvironment variables\n");
  for (const env::Variable& variable : env::variables()) {
    const std::string value = env::get(variable.name);
    print(fmt::format("  {:<16} {}{}\n", variable.name, variable.meaning,
                      value.empty() ? "" : fmt::format(" [{}]", value)));
  }
  print(fmt::format("\nprofiles   {}\n", join(device_profile_names(), " ")));
}

int run(const Options& options) {
  if (options.matrix) {
    options.json ? print_json(matrix_json()) : print_matrix();
    return kExitOk;
  }
  const auto device = cpu_device();
  if (!device.ok()) return complain(device.status());
  if (options.json) {
    print_json(info_json(*device));
  } else {
    print_text(*device);
  }
  return kExitOk;
}

}  // namespace

void add_info(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app.add_subcommand("info", "Devices, targets, variants and environment variables");
  verb->add_flag("--matrix", options->matrix,
                 "Variants per op and arch: a Markdown table, or JSON");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer("Example:\n  octet info --matrix");
  set_run(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace octet::tools
