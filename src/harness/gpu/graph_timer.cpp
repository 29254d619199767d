#include "src/harness/gpu/graph_timer.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "src/core/try.h"
#include "src/device/gpu_queue.h"
#include "src/harness/gpu/device_buffer.h"

namespace octet::harness {
namespace {

/// A graph lasts about this long, for events that count half microseconds.
constexpr double kGraphUs = 1500;
constexpr int64_t kMostCalls = 256;

/// The stream is busy this long before the first event: the graph is in the queue by then, and the
/// time of its launch, about 10 us, is not the candidate's.
constexpr double kPauseUs = 30;

class Graph {
 public:
  Graph(const gpu::Driver& driver, void* executable, int64_t calls)
      : driver_(driver), executable_(executable), calls_(calls) {}
  Graph(Graph&& other) noexcept
      : driver_(other.driver_), executable_(other.executable_), calls_(other.calls_) {
    other.executable_ = nullptr;
  }
  ~Graph() {
    if (executable_ != nullptr) (void)driver_.destroy_graph(executable_);
  }
  void* get() const { return executable_; }
  int64_t calls() const { return calls_; }

 private:
  const gpu::Driver& driver_;
  void* executable_;
  int64_t calls_;
};

struct Events {
  explicit Events(const gpu::Driver& d) : driver(d) {}
  ~Events() {
    for (void* event : {begin, end}) {
      if (event != nullptr) (void)driver.destroy_event(event);
    }
  }
  const gpu::Driver& driver;
  void* begin = nullptr;
  void* end = nullptr;
};

/// Calls that fill a graph, by the time of one. The call before it loads code, and a fault is this
/// candidate's.
Result<int64_t> calls_of(const Timed& candidate, const Events& events, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  OCTET_CHECK_OK(candidate(0));
  OCTET_CHECK_OK(stream.synchronize());
  OCTET_CHECK_OK(queue.driver->record(events.begin, queue.stream));
  OCTET_CHECK_OK(candidate(1));
  OCTET_CHECK_OK(queue.driver->record(events.end, queue.stream));
  OCTET_CHECK_OK(stream.synchronize());
  OCTET_TRY(const double us, queue.driver->elapsed_us(events.begin, events.end));
  const auto calls = static_cast<int64_t>(kGraphUs / std::max(us, 1.0));
  return std::clamp<int64_t>(calls, 1, kMostCalls);
}

Result<Graph> capture(const Timed& candidate, int64_t calls, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  OCTET_CHECK_OK(queue.driver->begin_capture(queue.stream));
  Status status;
  for (int64_t i = 0; i < calls && status.ok(); ++i) status = candidate(i);
  auto executable = queue.driver->end_capture(queue.stream);
  if (!executable.ok()) return status.ok() ? executable.status() : status;
  Graph graph(*queue.driver, *executable,
              calls);  // owned before the candidate's status is looked at
  OCTET_CHECK_OK(status);
  return graph;
}

Result<double> replay(const Graph& graph, const Events& events, Stream& stream) {
  const gpu::Queue& queue = *gpu::queue_of(stream);
  OCTET_CHECK_OK(device_pause(stream, kPauseUs));
  OCTET_CHECK_OK(queue.driver->record(events.begin, queue.stream));
  OCTET_CHECK_OK(queue.driver->launch_graph(graph.get(), queue.stream));
  OCTET_CHECK_OK(queue.driver->record(events.end, queue.stream));
  OCTET_CHECK_OK(queue.driver->synchronize(queue.stream));
  return queue.driver->elapsed_us(events.begin, events.end);
}

}  // namespace

Result<std::vector<Timing>> time_graphs(std::span<const Timed> candidates,
                                        const TimingPolicy& policy, Stream& stream) {
  using Clock = std::chrono::steady_clock;
  const gpu::Queue& queue = *gpu::queue_of(stream);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(scope.status());
  Events events(*queue.driver);
  OCTET_TRY(events.begin, queue.driver->create_event());
  OCTET_TRY(events.end, queue.driver->create_event());
  std::vector<Graph> graphs;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const auto build = [&]() -> Result<Graph> {
      OCTET_TRY(const int64_t calls, calls_of(candidates[i], events, stream));
      return capture(candidates[i], calls, stream);
    };
    auto graph = build();
    if (!graph.ok()) {
      return fail(graph.status().code(), "candidate {}: {}", i, graph.status().message());
    }
    graphs.push_back(std::move(graph).value());
  }
  std::vector<std::vector<double>> samples(candidates.size());
  const Clock::time_point begin = Clock::now();
  for (int round = 0; round <= policy.max_samples; ++round) {
    const auto spent = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
    if (round > policy.min_samples && spent > policy.budget_us) break;
    for (size_t i = 0; i < graphs.size(); ++i) {
      OCTET_TRY(const double us, replay(graphs[i], events, stream));
      if (round > 0) samples[i].push_back(us / static_cast<double>(graphs[i].calls()));
      std::this_thread::sleep_for(std::chrono::duration<double, std::micro>(policy.rest * us));
    }
  }
  std::vector<Timing> timings;
  for (const auto& taken : samples) timings.push_back(summarize(taken));
  return timings;
}

}  // namespace octet::harness
