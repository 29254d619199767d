// Nanoseconds per TunedTables::find over real shapes: every row of the published AITER table as
// hits, the same keys on another cu_num as misses, in random order. Fails above 100 ns. A whole
// choose() that a row decides is timed beside it.
//
//   lookup_bench [folder of the repository]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

#include "src/core/csv.h"
#include "src/harness/tables/aiter_table.h"
#include "src/select/choose.h"
#include "src/select/tuned_table.h"

namespace {

using octet::select::TunedRow;
using octet::select::TunedTables;

constexpr double kLimitNs = 100;

struct Timing {
  double ns = 0;     // per lookup, best of the repeats
  double found = 0;  // share of hits
};

/// `look_up(key)` says whether it found a row.
template <class LookUp>
Timing time_lookups(const std::vector<TunedRow>& keys, LookUp look_up) {
  constexpr int kRepeats = 50;
  Timing timing{1e9, 0};
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    int64_t found = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (const TunedRow& key : keys) found += look_up(key);
    const std::chrono::duration<double, std::nano> elapsed =
        std::chrono::steady_clock::now() - begin;
    timing.ns = std::min(timing.ns, elapsed.count() / static_cast<double>(keys.size()));
    timing.found = static_cast<double>(found) / static_cast<double>(keys.size());
  }
  return timing;
}

void print(const char* name, const Timing& timing) {
  std::printf("%-6s %6.1f ns (%.0f %% found)\n", name, timing.ns, 100 * timing.found);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string root = argc > 1 ? argv[1] : OCTET_SOURCE_DIR;
  const auto csv =
      octet::read_csv(root + "/data/aiter/a8w8_blockscale_tuned_gemm_qwen3_vl_32b.csv");
  if (!csv.ok()) return std::fprintf(stderr, "%s\n", csv.status().message().c_str()), 4;
  const auto import = octet::harness::import_aiter(*csv, "bench");
  if (!import.ok()) return std::fprintf(stderr, "%s\n", import.status().message().c_str()), 4;
  TunedTables tables;
  tables.add(import->table);
  std::vector<TunedRow> keys = import->table.rows;
  std::shuffle(keys.begin(), keys.end(), std::mt19937(1));
  const auto& op = *import->table.op;
  const auto find = [&](int cu_num) {
    return [&tables, &op, cu_num](const TunedRow& key) {
      return tables.find(op, key.arch, cu_num, key.problem).variant >= 0;
    };
  };
  const Timing hit = time_lookups(keys, find(304)), miss = time_lookups(keys, find(80));
  const octet::Device device = octet::device_profile("mi300x").value();
  const Timing choice = time_lookups(keys, [&](const TunedRow& key) {
    const auto chosen = octet::select::choose(op, key.problem, device, tables,
                                              {.variant = {}, .built_only = false});
    return chosen.ok() && chosen->why.level == octet::select::Why::Level::kTuned;
  });
  std::printf("rows %lld\n", static_cast<long long>(tables.size()));
  print("hit", hit);
  print("miss", miss);
  print("choose", choice);
  const bool ok = hit.found == 1 && miss.found == 0 && hit.ns < kLimitNs && miss.ns < kLimitNs;
  if (!ok) std::fprintf(stderr, "lookup_bench: a figure is off; the limit is %.0f ns\n", kLimitNs);
  return ok ? 0 : 1;
}
