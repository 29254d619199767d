#include "tools/bench_turns.h"

#include "src/core/try.h"
#include "src/harness/against/turn_child.h"
#include "src/harness/target.h"
#include "tools/bench_passes.h"

namespace octet::tools {

Status bench_turns(const BenchArguments& arguments) {
  OCTET_TRY(Stream stream, harness::open_stream({arguments.device, arguments.threads}));
  OCTET_TRY(const std::vector<BenchItem> items, bench_items(arguments, stream.device()));
  OCTET_REQUIRE(items.size() == 1, "bench: --turns takes one problem, not {}", items.size());
  const BenchItem& item = items.front();
  OCTET_TRY(const std::vector<int> variants,
            variants_of(*item.op, item.problem, stream.device(), arguments.variants));
  OCTET_REQUIRE(!variants.empty(), "bench: none of the variants '{}' runs {} here",
                arguments.variants, to_string(item.problem));
  harness::BenchOptions options = bench_options(arguments);
  options.attn.contexts = item.contexts;
  OCTET_TRY(const auto operands,
            harness::timed_operands(*item.op, item.problem, stream, options.cold, options.attn));
  const auto measure = [&](const harness::Turn& turn) {
    options.check = turn.check && !arguments.no_check;
    options.floor = turn.floor;
    options.timing.budget_us = turn.budget_us;
    options.timing.min_samples = turn.min_samples;
    return harness::bench_on(*operands, *item.op, item.problem, variants, stream, options);
  };
  return harness::serve_turns(stdin, stdout, bench_environment(arguments, stream), measure);
}

}  // namespace octet::tools
