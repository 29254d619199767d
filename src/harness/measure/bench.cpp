#include "src/harness/measure/bench.h"

#include <fmt/format.h>

#include <algorithm>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/gpu/gpu_state.h"
#include "src/harness/gpu/graph_timer.h"
#include "src/harness/measure/environment.h"
#include "src/harness/measure/peer.h"
#include "src/ops/registry.h"
#include "src/select/choose.h"

namespace octet::harness {

Measurement describe(const select::Op& op, const select::Problem& problem, const Device& device,
                     int variant, std::string why) {
  Measurement row;
  row.op = op.name();
  row.format = op.schema->format_name(problem.format);
  row.device = device.name;
  row.arch = arch_name(device.arch);
  row.cu_num = device.cu_num;
  for (size_t i = 0; i < op.schema->fields.size(); ++i) {
    row.problem.emplace_back(op.schema->fields[i], problem.field[i]);
  }
  if (variant >= 0) row.variant = op.variants()[static_cast<size_t>(variant)].name;
  row.why = std::move(why);
  row.bytes = static_cast<double>(op.bytes(problem));
  row.flops = op.flops(problem);
  row.commit = build_commit();
  row.time = utc_now();
  row.env = environment_json(device)["env"];
  return row;
}

Result<CheckReport> check_variant(const select::Op& op, int variant, const select::Problem& problem,
                                  Inputs inputs, uint64_t seed, Stream& stream) {
  OCTET_TRY(const auto instance, case_of(op).make(problem, stream, {inputs, seed, false, false}));
  OCTET_TRY(const select::Workspace workspace, workspace_of(op, variant, problem, stream));
  return instance->check(launch_of(op, variant), workspace, stream);
}

Result<CheckReport> check_timed(Instance& instance, const select::Op& op, int variant,
                                const select::Problem& problem, Stream& stream) {
  OCTET_TRY(const select::Workspace workspace, workspace_of(op, variant, problem, stream));
  auto in_place = instance.check(launch_of(op, variant), workspace, stream);
  if (in_place.ok() || in_place.status().code() != StatusCode::kUnsupported) return in_place;
  CheckReport worst;
  for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact}) {
    OCTET_TRY(const CheckReport report, check_variant(op, variant, problem, inputs, 1, stream));
    worst.error = std::max(worst.error, report.error);
    worst.elements += report.elements;
    worst.failure = report.failure;
    if (!report.ok()) break;
  }
  return worst;
}

std::string bench_policy(const BenchOptions& options) {
  std::string policy = options.cold ? "cold" : "warm";
  const AttnLoad &load = options.attn, usual;
  if (options.chained) policy += "_chained";
  if (!load.contexts.empty()) policy += "_ragged";
  if (load.split_tokens != usual.split_tokens) policy += fmt::format("_split{}", load.split_tokens);
  if (load.page != usual.page) policy += fmt::format("_page{}", load.page);
  if (load.extra_cols != usual.extra_cols) policy += fmt::format("_cols{}", load.extra_cols);
  return policy;
}

Result<std::unique_ptr<Instance>> timed_operands(const select::Op& op,
                                                 const select::Problem& problem, Stream& stream,
                                                 bool cold, const AttnLoad& attn) {
  return case_of(op).make(problem, stream, {Inputs::kRandom, 1, true, cold, attn});
}

std::vector<int> runnable(const select::Op& op, const select::Problem& problem,
                          const Device& device) {
  std::vector<int> found;
  for (int i = 0; i < static_cast<int>(op.variants().size()); ++i) {
    if (select::can_run(op, i, problem, device, true).ok) found.push_back(i);
  }
  return found;
}

namespace {

/// Everything that is timed round-robin: the read floor, the variants, the peers.
struct Lineup {
  std::vector<std::unique_ptr<PeerInstance>> peers;
  std::vector<Timed> timed;
  size_t first_variant = 0;
};

Result<Lineup> make_lineup(Instance& instance, const select::Op& op, const select::Problem& problem,
                           const std::vector<int>& variants, Stream& stream,
                           const BenchOptions& options) {
  Lineup lineup;
  if (options.floor) {
    lineup.timed.push_back([&](int64_t i) { return instance.read_floor(stream, i); });
  }
  lineup.first_variant = lineup.timed.size();
  for (const int variant : variants) {
    OCTET_CHECK_OK(workspace_of(op, variant, problem, stream));  // the largest is kept
    lineup.timed.push_back([&, variant](int64_t i) -> Status {
      if (options.begin) options.begin(op.variants()[static_cast<size_t>(variant)].name);
      OCTET_TRY(select::Workspace workspace, workspace_of(op, variant, problem, stream));
      workspace.overlap_previous = options.chained;
      return instance.run(launch_of(op, variant), workspace, stream, i);
    });
  }
  for (const std::string& name : options.peers) {
    OCTET_TRY(auto peer, make_peer(name, problem, stream.device().cu_num));
    lineup.peers.push_back(std::move(peer));
    PeerInstance* raw = lineup.peers.back().get();
    lineup.timed.push_back([raw](int64_t i) { return raw->run(i); });
  }
  return lineup;
}

void set_times(Measurement& row, const Timing& timing) {
  row.us = timing.us;
  row.us_min = timing.us_min;
  row.us_max = timing.us_max;
  row.us_q1 = timing.us_q1;
  row.us_q3 = timing.us_q3;
  row.samples = timing.samples;
  row.stable = timing.stable;
}

Result<double> checked_error(Instance& instance, const select::Op& op, int variant,
                             const select::Problem& problem, Stream& stream) {
  OCTET_TRY(const CheckReport report, check_timed(instance, op, variant, problem, stream));
  if (report.ok()) return report.error;
  return fail(StatusCode::kInternal, "{} is wrong on {}: {}",
              op.variants()[static_cast<size_t>(variant)].name, to_string(problem), report.failure);
}

}  // namespace

Result<std::vector<Measurement>> bench_on(Instance& instance, const select::Op& op,
                                          const select::Problem& problem,
                                          const std::vector<int>& variants, Stream& stream,
                                          const BenchOptions& options) {
  std::vector<Measurement> rows;
  const auto choice = select::choose(op, problem, stream.device(), ops::tuned_tables());
  for (const int variant : variants) {
    const bool chosen = choice.ok() && choice->variant == variant;
    rows.push_back(describe(op, problem, stream.device(), variant,
                            chosen ? select::to_string(choice->why) : std::string(kNotChosen)));
    rows.back().policy = bench_policy(options);
    rows.back().bytes *= instance.share();
    rows.back().flops *= instance.share();
    if (options.check) {
      OCTET_TRY(rows.back().error, checked_error(instance, op, variant, problem, stream));
    }
  }
  OCTET_TRY(const Lineup lineup, make_lineup(instance, op, problem, variants, stream, options));
  OCTET_TRY(const std::vector<Timing> timings,
            stream.is_gpu() ? time_graphs(lineup.timed, options.timing, stream)
                            : time_interleaved(lineup.timed, options.timing));
  const GpuState state = gpu_state(stream);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].clock_mhz = state.clock_mhz;
    rows[i].power_w = state.power_w;
    set_times(rows[i], timings[lineup.first_variant + i]);
    if (options.floor) rows[i].floor_us = timings[0].us;
    for (size_t j = 0; j < options.peers.size(); ++j) {
      rows[i].peers[options.peers[j]] = timings[lineup.first_variant + rows.size() + j].us;
    }
  }
  return rows;
}

Result<std::vector<Measurement>> bench(const select::Op& op, const select::Problem& problem,
                                       const std::vector<int>& variants, Stream& stream,
                                       const BenchOptions& options) {
  OCTET_TRY(const auto instance, timed_operands(op, problem, stream, options.cold, options.attn));
  return bench_on(*instance, op, problem, variants, stream, options);
}

}  // namespace octet::harness
