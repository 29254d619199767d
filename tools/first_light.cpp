#include "tools/first_light.h"

#include <fmt/format.h>

#include "src/core/try.h"
#include "src/harness/gpu/first_light.h"
#include "src/harness/target.h"
#include "tools/cli.h"

namespace octet::tools {
namespace {

Json to_json(const harness::FirstLight& light, const Device& device) {
  Json layouts = Json::array(), numerics = Json::object();
  for (const harness::ProbeOutcome& outcome : light.layouts) {
    layouts.push_back({{"instruction", outcome.name},
                       {"entries", outcome.entries},
                       {"mismatches", outcome.mismatches},
                       {"first", outcome.first}});
  }
  for (const harness::ProbedNumber& number : light.numerics) numerics[number.what] = number.found;
  return {{"device", device.name},   {"arch", std::string(arch_name(device.arch))},
          {"cu_num", device.cu_num}, {"layouts", layouts},
          {"numerics", numerics},    {"mismatches", light.mismatches()}};
}

void print_text(const harness::FirstLight& light, const Device& device) {
  print(fmt::format("{}, {}, {} compute units\n\n{:<44} {:>8} {:>11}\n", device.name,
                    arch_name(device.arch), device.cu_num, "instruction", "entries", "mismatches"));
  for (const harness::ProbeOutcome& outcome : light.layouts) {
    print(fmt::format("{:<44} {:>8} {:>11}\n", outcome.name, outcome.entries, outcome.mismatches));
    if (!outcome.first.empty()) print(fmt::format("    first: {}\n", outcome.first));
  }
  print("\nnumerics (reported; no kernel depends on them)\n");
  for (const harness::ProbedNumber& number : light.numerics) {
    print(fmt::format("  {:<68} {}\n", number.what, number.found));
  }
  print(fmt::format("\n{} mismatches\n", light.mismatches()));
}

Result<int> probe(const std::string& name, bool json) {
  OCTET_TRY(Stream stream, harness::open_stream({name, 0}));
  OCTET_TRY(const harness::FirstLight light, harness::first_light(stream));
  if (json) {
    print_json(to_json(light, stream.device()));
  } else {
    print_text(light, stream.device());
  }
  return light.mismatches() == 0 ? kExitOk : kExitFailed;
}

}  // namespace

int run_first_light(const std::string& device, bool json) {
  const auto code = probe(device, json);
  return code.ok() ? *code : complain(code.status());
}

}  // namespace octet::tools
