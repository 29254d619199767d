// octet info: what is here and what was built.
#include <fmt/format.h>

#include <vector>

#include "src/core/env.h"
#include "src/core/text.h"
#include "src/device/code_object.h"
#include "src/device/gpu_devices.h"
#include "src/harness/measure/environment.h"
#include "src/harness/measure/peer.h"
#include "src/ops/registry.h"
#include "tools/cli.h"
#include "tools/info_matrix.h"
#include "tools/verbs.h"

namespace octet::tools {
namespace {

struct Options {
  std::string op;
  bool matrix = false, json = false;
};

Json device_json(const std::string& id, const Device& device) {
  return {{"device", id},
          {"name", device.name},
          {"arch", std::string(arch_name(device.arch))},
          {"cu_num", device.cu_num},
          {"llc_bytes", device.llc_bytes},
          {"memory_bytes", device.memory_bytes},
          {"avx512_bf16", device.has_avx512_bf16}};
}

using Resources = std::pair<Arch, gpu::KernelResources>;

/// What a variant's code objects say that its kernels take, for each arch that this build has them
/// for; none on a CPU.
std::vector<Resources> resources_of(const select::Variant& variant) {
  std::vector<Resources> found;
  if (variant.device_code == nullptr) return found;
  std::span<const Arch> archs = variant.built_for;
  if (archs.empty()) archs = {&variant.arch, 1};
  for (const Arch arch : archs) {
    const auto taken = gpu::kernel_resources(variant.device_code(variant.config), arch);
    if (taken.ok()) found.emplace_back(arch, *taken);
  }
  return found;
}

/// "250 registers, 72 of accumulation, 35 scalar, 32768 bytes of LDS".
std::string resources_text(const gpu::KernelResources& taken) {
  std::string text = fmt::format("{} registers", taken.registers);
  if (taken.accumulators > 0) text += fmt::format(", {} of accumulation", taken.accumulators);
  if (taken.scalars > 0) text += fmt::format(", {} scalar", taken.scalars);
  if (taken.scalars > 0) text += fmt::format(", {} bytes of LDS", taken.shared_bytes);
  if (taken.spills > 0) text += fmt::format(", {} spilled", taken.spills);
  if (taken.stack_bytes > 0) text += fmt::format(", {} bytes of stack", taken.stack_bytes);
  return text;
}

Json resources_json(const gpu::KernelResources& taken) {
  Json row{{"registers", taken.registers}, {"stack_bytes", taken.stack_bytes}};
  if (taken.scalars == 0) return row;
  row.update({{"accumulators", taken.accumulators},
              {"scalars", taken.scalars},
              {"lds_bytes", taken.shared_bytes},
              {"spills", taken.spills}});
  return row;
}

/// A variant as info's rows have it.
Json variant_json(const select::Variant& variant) {
  Json row{{"variant", variant.name},
           {"arch", std::string(arch_name(variant.arch))},
           {"built", variant.built}};
  for (const auto& [arch, taken] : resources_of(variant)) {
    row["resources"][std::string(arch_name(arch))] = resources_json(taken);
  }
  return row;
}
std::string variant_text(const select::Variant& variant) {
  std::string state = variant.built ? "built" : "known, not in this build";
  for (const auto& [arch, taken] : resources_of(variant)) {
    state += arch == variant.arch ? ", " : fmt::format("; {}: ", arch_name(arch));
    state += resources_text(taken);
  }
  return fmt::format("  {:<34} {:<11} {}\n", variant.name, arch_name(variant.arch), state);
}

Json variants_json(const select::Op& op) {
  Json rows = Json::array();
  for (const select::Variant& variant : op.variants()) rows.push_back(variant_json(variant));
  return rows;
}

Json info_json(const Device& device) {
  Json info = harness::environment_json(device);
  info["devices"] = Json::array({device_json("cpu", device)});
  const gpu::DeviceList gpus = gpu::list_devices();
  for (const gpu::ListedDevice& gpu : gpus.devices) {
    if (gpu.device.ok()) {
      info["devices"].push_back(device_json(to_string(gpu), *gpu.device));
    } else {
      info["refused_gpus"][to_string(gpu)] = gpu.device.status().message();
    }
  }
  if (!gpus.any_usable()) info["no_gpu"] = gpus.why_none();
  info["profiles"] = device_profile_names();
  info["peers"] = harness::peer_names();
  info["tuned_rows"] = ops::tuned_tables().size();
  for (const ops::TableLayer& layer : ops::table_layers()) {
    info["table_layers"].push_back(
        {{"name", layer.name}, {"rows", layer.rows}, {"replaced", layer.replaced}});
  }
  info["table_problems"] =
      std::vector<std::string>(ops::table_problems().begin(), ops::table_problems().end());
  for (const select::Op* op : ops::all()) {
    info["ops"][std::string(op->name())] = variants_json(*op);
  }
  for (const env::Variable& variable : env::variables()) {
    info["environment"][std::string(variable.name)] = env::get(variable.name);
  }
  return info;
}

void print_gpus() {
  const gpu::DeviceList gpus = gpu::list_devices();
  if (!gpus.any_usable()) return print(fmt::format("gpu        none: {}\n", gpus.why_none()));
  for (const gpu::ListedDevice& listed : gpus.devices) {
    if (!listed.device.ok()) {
      print(fmt::format("gpu        {}: not usable: {}\n", to_string(listed),
                        listed.device.status().message()));
      continue;
    }
    const Device& gpu = *listed.device;
    print(fmt::format("gpu        {}: {}, {}, {} {}, {:.0f} GiB, L2 {:.0f} MiB\n",
                      to_string(listed), gpu.name, arch_name(gpu.arch), gpu.cu_num,
                      listed.api == GpuApi::kCuda ? "multiprocessors" : "compute units",
                      static_cast<double>(gpu.memory_bytes) / (1 << 30),
                      static_cast<double>(gpu.l2_bytes) / (1 << 20)));
  }
}

void print_variants(const select::Op& op) {
  for (const select::Variant& variant : op.variants()) print(variant_text(variant));
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
  for (const ops::TableLayer& layer : ops::table_layers()) {
    print(fmt::format("           {}: {} rows, {} of them in the place of earlier ones\n",
                      layer.name, layer.rows, layer.replaced));
  }
  for (const std::string& problem : ops::table_problems()) print("           " + problem + "\n");
  for (const select::Op* op : ops::all()) {
    print(fmt::format("\n{}\n", op->name()));
    print_variants(*op);
  }
  print("\nenvironment variables\n");
  for (const env::Variable& variable : env::variables()) {
    const std::string value = env::get(variable.name);
    print(fmt::format("  {:<16} {}{}\n", variable.name, variable.meaning,
                      value.empty() ? "" : fmt::format(" [{}]", value)));
  }
  print(fmt::format("\nprofiles   {}\n", join(device_profile_names(), " ")));
}

/// One op's variants and nothing else.
int run_op(const Options& options) {
  const auto op = ops::find(options.op);
  if (!op.ok()) return complain(op.status());
  if (options.json) {
    print_json(variants_json(**op));
  } else {
    print_variants(**op);
  }
  return kExitOk;
}

int run(const Options& options) {
  if (options.matrix) {
    options.json ? print_json(matrix_json()) : print(matrix_text());
    return kExitOk;
  }
  if (!options.op.empty()) return run_op(options);
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
  verb->add_option("op", options->op, "One op: its variants and what their kernels take, no more");
  verb->add_flag("--matrix", options->matrix,
                 "Variants per arch and op, and how they were verified: a Markdown table, or JSON");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->footer("Examples:\n  octet info --matrix\n  octet info gemm_blockscale");
  set_run(*verb, exit_code, [options] { return run(*options); });
}

}  // namespace octet::tools
