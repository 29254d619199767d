#include "tools/bench_work.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <set>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/repetitions.h"
#include "src/harness/shapes/suite.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"
#include "tools/cli.h"

namespace octet::tools {

int BenchArguments::least_repetitions() const {
  if (repetitions > 0) return repetitions;
  return suite.empty() && against.empty() ? 1 : harness::kUsualRepetitions;
}

std::string BenchArguments::policy() const { return harness::bench_policy(bench_options(*this)); }

Result<std::vector<int>> variants_of(const select::Op& op, const select::Problem& problem,
                                     const Device& device, const std::string& spec) {
  if (spec == "all") {
    std::vector<int> all = harness::runnable(op, problem, device);
    const int reference = static_cast<int>(op.variants().size()) - 1;
    if (all.size() > 1 && all.back() == reference) all.pop_back();  // too slow to time
    return all;
  }
  std::vector<int> named;  // those that can run it, each once; all of them known
  const auto add = [&named](int variant) {
    if (std::find(named.begin(), named.end(), variant) == named.end()) named.push_back(variant);
  };
  for (const std::string& name : split(spec, ',')) {
    if (name.find('*') != std::string::npos) {
      for (const int variant : harness::runnable(op, problem, device)) {
        const std::string& candidate = op.variants()[static_cast<size_t>(variant)].name;
        if (::fnmatch(name.c_str(), candidate.c_str(), 0) == 0) add(variant);
      }
      continue;
    }
    const std::string_view forced = name == "chosen" ? std::string_view() : name;
    const auto choice = select::choose(op, problem, device, ops::tuned_tables(), {forced});
    if (choice.ok()) {
      add(choice->variant);
    } else if (forced.empty() || choice.status().code() != StatusCode::kUnsupported) {
      return choice.status();
    }
  }
  return named;
}

namespace {

/// Of one op, as the command line or a row of a suite names them.
Result<std::vector<BenchItem>> items_of(const std::string& op_name, const std::string& format_name,
                                        const std::string& shapes, const std::string& m,
                                        const Device& device) {
  OCTET_TRY(const select::Op* op, ops::find(op_name));
  uint32_t format = op->default_format(device.arch);
  if (!format_name.empty()) {
    OCTET_TRY(format, op->schema->parse_format(format_name));
  }
  OCTET_TRY(std::vector<harness::FieldShape> list, load_shapes(*op, shapes, m, format));
  std::vector<BenchItem> items;
  for (harness::FieldShape& shape : list) {
    items.push_back({op, shape.problem, std::move(shape.contexts)});
  }
  return items;
}

/// Why a row of a suite is left out on this device; "" if it is not.
std::string cannot_run(const BenchItem& item, const Device& device) {
  const double gb = 1e-9 * static_cast<double>(item.op->bytes(item.problem));
  const double most = 1e-9 * room_bytes(device);
  if (gb > most) return fmt::format("{:.1f} GB of operands, there is room for {:.1f} GB", gb, most);
  return harness::runnable(*item.op, item.problem, device).empty() ? "no variant runs it here" : "";
}

Result<std::vector<BenchItem>> suite_items(const std::string& spec, const Device& device) {
  OCTET_TRY(const harness::Suite suite, harness::load_suite(spec));
  std::vector<BenchItem> items;
  std::set<std::pair<std::string, std::vector<int64_t>>> seen;
  for (const harness::SuiteEntry& entry : suite.entries) {
    const std::string m = entry.m.empty() ? "decode" : entry.m;
    const auto named = items_of(entry.op, entry.format, entry.shapes, m, device);
    if (!named.ok()) {
      return Status(named.status().code(), entry.where + ": " + named.status().message());
    }
    std::map<std::string, std::vector<std::string>> skipped;  // by the reason
    for (const BenchItem& item : *named) {
      const std::string text = std::string(item.op->name()) + " " + to_string(item.problem);
      if (!seen.insert({text, item.contexts}).second) continue;
      const std::string why = cannot_run(item, device);
      if (why.empty()) items.push_back(item);
      if (!why.empty()) skipped[why].push_back(text);
    }
    for (const auto& [why, texts] : skipped) {
      const std::string more =
          texts.size() == 1 ? "" : fmt::format(" and {} more", texts.size() - 1);
      fmt::print(stderr, "octet: {}: skipped {}{}: {}\n", entry.where, texts[0], more, why);
    }
  }
  OCTET_REQUIRE(!items.empty(), "suite {}: {} can run none of its {} problems", suite.name,
                device.name, seen.size());
  return items;
}

}  // namespace

double room_bytes(const Device& device) {
  return (is_cpu(device.arch) ? 0.5 : 0.9) * static_cast<double>(device.memory_bytes);
}

Result<std::vector<BenchItem>> bench_items(const BenchArguments& arguments, const Device& device) {
  OCTET_TRY(std::vector<BenchItem> items,
            arguments.suite.empty()
                ? items_of(arguments.op, arguments.format, arguments.shapes, arguments.m, device)
                : suite_items(arguments.suite, device));
  for (const BenchItem& item : items) {
    OCTET_REQUIRE(item.op->name() == "attn_decode" || arguments.attn == harness::AttnLoad(),
                  "bench: --split-tokens, --page and --extra-cols are of attn_decode, not of {}",
                  item.op->name());
  }
  if (arguments.limit > 0 && items.size() > static_cast<size_t>(arguments.limit)) {
    items.resize(static_cast<size_t>(arguments.limit), items.front());
  }
  return items;
}

harness::BenchOptions bench_options(const BenchArguments& arguments) {
  harness::BenchOptions bench;
  bench.cold = !arguments.warm;
  bench.chained = arguments.chained;
  bench.check = !arguments.no_check;
  bench.attn = arguments.attn;
  const double usual_ms = arguments.least_repetitions() > 1 ? 100 : 300;
  bench.timing.budget_us = (arguments.budget_ms > 0 ? arguments.budget_ms : usual_ms) * 1e3;
  bench.timing.rest = arguments.rest;
  if (arguments.device != "cpu") bench.timing.min_samples = 5;  // a sample is a graph of many calls
  if (!arguments.peers.empty()) {
    bench.peers = split(arguments.peers, ',');
    bench.timing.settle_us = 3000;  // an OpenMP worker spins for about a millisecond
  }
  return bench;
}

}  // namespace octet::tools
