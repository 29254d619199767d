#include "tests/amdgcn/fibers.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <numeric>
#include <vector>

#include "src/gpu/hip/host.h"
#include "tests/amdgcn/context.h"
#include "tests/amdgcn/error.h"
#include "tests/amdgcn/matrix.h"

namespace octet::amdgcn {
namespace {

namespace host = gpu::hip::host;

enum class Stop : uint8_t { kExchange, kFirstLane, kBallot, kMatrix, kBarrier, kEnd };
constexpr const char* kStopNames[] = {"a shuffle", "uniform()", "ballot()", "a matrix instruction",
                                      "barrier()", "the end"};

struct Fiber {
  Context context;
  std::byte* stack = nullptr;
  Stop stop = Stop::kEnd;
  uint32_t value = 0, from = 0;  // of an exchange; in and out
  uint64_t mask = 0;             // of a ballot
  const host::MatrixCall* matrix = nullptr;
  std::exception_ptr failure;
};

class Workgroup {
 public:
  Workgroup(const FiberLaunch& launch, const std::function<void()>& kernel);
  void run(const uint32_t (&id)[3]);

  /// Called on a fiber: back to the scheduler until the collective is done.
  Fiber& stop_at(Stop stop) {
    Fiber& fiber = fibers_[current_];
    fiber.stop = stop;
    switch_context(fiber.context, scheduler_);
    return fiber;
  }
  Fiber& fiber() { return fibers_[current_]; }
  uint32_t index() const { return static_cast<uint32_t>(current_); }
  uint32_t block(int axis) const { return id_[axis]; }
  uint32_t grid(int axis) const { return launch_.grid[axis]; }
  const FiberStatistics& statistics() const { return statistics_; }

 private:
  static void enter();
  void start(Fiber& fiber);
  void resume(size_t index);
  /// Runs a wave to its next barrier or end.
  Stop run_wave(size_t wave);
  Stop common_stop(size_t wave) const;
  void collect(size_t wave, Stop stop);
  void multiply_wave(Fiber* lanes) const;
  void shuffle(std::vector<size_t>& order);

  const FiberLaunch& launch_;
  const std::function<void()>& kernel_;
  std::vector<Fiber> fibers_;
  std::vector<size_t> wave_order_, lane_order_;
  Context scheduler_;
  size_t current_ = 0;
  uint32_t id_[3] = {};
  uint64_t random_;
  FiberStatistics statistics_;
};

thread_local Workgroup* active = nullptr;

constexpr size_t kStackBytes = 64 << 10;

/// Why kept, and not cleared: most launches are short, their stacks fresh memory of 16 MiB.
std::byte* stack_of(size_t index) {
  thread_local std::vector<std::unique_ptr<std::byte[]>> stacks;
  while (stacks.size() <= index) {
    stacks.push_back(std::make_unique_for_overwrite<std::byte[]>(kStackBytes));
  }
  return stacks[index].get();
}

Workgroup::Workgroup(const FiberLaunch& launch, const std::function<void()>& kernel)
    : launch_(launch),
      kernel_(kernel),
      fibers_(launch.threads),
      wave_order_(launch.threads / kLanes),
      lane_order_(kLanes),
      random_(launch.seed) {
  std::iota(wave_order_.begin(), wave_order_.end(), size_t{0});
  std::iota(lane_order_.begin(), lane_order_.end(), size_t{0});
  for (size_t i = 0; i < fibers_.size(); ++i) fibers_[i].stack = stack_of(i);
}

void Workgroup::enter() {
  Fiber& fiber = active->fiber();
  const bool lost = active->launch_.fault == FiberFault::kLostLane && active->index() == 1;
  try {
    if (!lost) active->kernel_();
  } catch (...) {
    fiber.failure = std::current_exception();
  }
  active->stop_at(Stop::kEnd);
}

void Workgroup::start(Fiber& fiber) {
  fiber.failure = nullptr;
  make_context(fiber.context, fiber.stack, kStackBytes, &Workgroup::enter);
}

void Workgroup::resume(size_t index) {
  current_ = index;
  switch_context(scheduler_, fibers_[index].context);
  if (fibers_[index].failure) std::rethrow_exception(fibers_[index].failure);
}

/// Leaves it as it is, 0, 1, ..., for seed 0.
void Workgroup::shuffle(std::vector<size_t>& order) {
  for (size_t n = order.size(); launch_.seed != 0 && n > 1; --n) {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    std::swap(order[n - 1], order[(random_ >> 32) * n >> 32]);
  }
}

Stop Workgroup::common_stop(size_t wave) const {
  const Fiber* lanes = &fibers_[wave * kLanes];
  for (int l = 1; l < kLanes; ++l) {
    if (lanes[l].stop == lanes[0].stop) continue;
    fail("workgroup ({}, {}, {}), wave {}: lane 0 is at {} and lane {} at {}", id_[0], id_[1],
         id_[2], wave, kStopNames[static_cast<int>(lanes[0].stop)], l,
         kStopNames[static_cast<int>(lanes[l].stop)]);
  }
  return lanes[0].stop;
}

Stop Workgroup::run_wave(size_t wave) {
  for (;;) {
    shuffle(lane_order_);
    for (const size_t lane : lane_order_) resume(wave * kLanes + lane);
    const Stop stop = common_stop(wave);
    if (stop == Stop::kEnd) return stop;
    if (stop != Stop::kBarrier) {
      ++statistics_.collectives;
      collect(wave, stop);
    } else {
      ++statistics_.barriers;
      if (launch_.fault != FiberFault::kNoBarrier) return stop;
    }
  }
}

void Workgroup::collect(size_t wave, Stop stop) {
  Fiber* lanes = &fibers_[wave * kLanes];
  uint32_t values[kLanes];
  uint64_t ballot = 0;
  for (int l = 0; l < kLanes; ++l) {
    values[l] = lanes[l].value;
    ballot |= uint64_t{lanes[l].value & 1} << l;
  }
  if (stop == Stop::kMatrix) return multiply_wave(lanes);
  for (int l = 0; l < kLanes; ++l) {
    if (stop == Stop::kBallot) lanes[l].mask = ballot;
    if (stop == Stop::kFirstLane) lanes[l].value = values[0];
    if (stop == Stop::kExchange) lanes[l].value = values[lanes[l].from % kLanes];
  }
}

void Workgroup::run(const uint32_t (&id)[3]) {
  std::copy(std::begin(id), std::end(id), id_);
  for (Fiber& fiber : fibers_) start(fiber);
  const size_t waves = wave_order_.size();
  for (;;) {
    size_t ended = 0;
    shuffle(wave_order_);
    for (const size_t wave : wave_order_) ended += run_wave(wave) == Stop::kEnd;
    if (ended == waves) return;
    if (ended != 0) {
      fail("workgroup ({}, {}, {}): {} of {} waves ended and the others are at barrier()", id_[0],
           id_[1], id_[2], ended, waves);
    }
  }
}

struct Described {
  MatrixShape shape;
  ElementFormat format;
};
Described describe(host::Matrix matrix) {
  using enum host::Matrix;
  using F = ElementFormat;
  switch (matrix) {
    case k16x16x32Fp8:
      return {{16, 32}, F::kE4m3};
    case k32x32x16Fp8:
      return {{32, 16}, F::kE4m3};
    case k16x16x16Bf16:
      return {{16, 16}, F::kBf16};
    case k32x32x8Bf16:
      return {{32, 8}, F::kBf16};
    case k16x16x16F16:
      return {{16, 16}, F::kF16};
    case k32x32x8F16:
      return {{32, 8}, F::kF16};
    case k16x16x32Bf16:
      return {{16, 32}, F::kBf16};
    case k32x32x16Bf16:
      return {{32, 16}, F::kBf16};
    case k16x16x32F16:
      return {{16, 32}, F::kF16};
    case k32x32x16F16:
      return {{32, 16}, F::kF16};
    case k16x16x32I8:
      return {{16, 32}, F::kInt8};
    case k32x32x16I8:
      return {{32, 16}, F::kInt8};
    case k16x16x64I8:
      return {{16, 64}, F::kInt8};
    case k32x32x32I8:
      return {{32, 32}, F::kInt8};
    case k16x16x128F8f6f4:
      return {{16, 128, true}, F::kE4m3};
    case k32x32x64F8f6f4:
      return {{32, 64, true}, F::kE4m3};
  }
  fail("matrix instruction {}", static_cast<int>(matrix));
}
ElementFormat format_of(int code) {
  return code == 0 ? ElementFormat::kE4m3 : code == 1 ? ElementFormat::kE5m2 : ElementFormat::kE2m1;
}

void Workgroup::multiply_wave(Fiber* lanes) const {
  const host::MatrixCall& first = *lanes[0].matrix;
  const auto [shape, format] = describe(first.matrix);
  const ElementFormat a_format = shape.f8f6f4 ? format_of(first.a_format) : format;
  const ElementFormat b_format = shape.f8f6f4 ? format_of(first.b_format) : format;
  uint32_t a[8][kLanes], b[8][kLanes], c[kMaxResults][kLanes], a_scale[kLanes], b_scale[kLanes];
  const auto words = [&](ElementFormat f) { return shape.elements() * bits_of(f) / 32; };
  for (int l = 0; l < kLanes; ++l) {
    const host::MatrixCall& call = *lanes[l].matrix;
    if (call.matrix != first.matrix || call.a_format != first.a_format ||
        call.b_format != first.b_format || call.scaled != first.scaled) {
      fail("lanes 0 and {} are at different matrix instructions", l);
    }
    for (int word = 0; word < words(a_format); ++word) a[word][l] = call.a[word];
    for (int word = 0; word < words(b_format); ++word) b[word][l] = call.b[word];
    for (int r = 0; r < shape.results(); ++r) {
      std::memcpy(&c[r][l], static_cast<const char*>(call.c) + 4 * r, 4);
    }
    a_scale[l] = call.a_scale, b_scale[l] = call.b_scale;
  }
  MatrixResult result;
  multiply(shape, {a_format, a, first.scaled ? a_scale : nullptr, first.a_select},
           {b_format, b, first.scaled ? b_scale : nullptr, first.b_select}, c, launch_.gfx950,
           result);
  for (int l = 0; l < kLanes; ++l) {
    for (int r = 0; r < shape.results(); ++r) {
      std::memcpy(static_cast<char*>(lanes[l].matrix->c) + 4 * r, &result.words[r][l], 4);
    }
  }
}

struct ActiveScope {
  explicit ActiveScope(Workgroup& workgroup) { active = &workgroup; }
  ~ActiveScope() { active = nullptr; }
};

}  // namespace

FiberStatistics run_on_fibers(const FiberLaunch& launch, const std::function<void()>& kernel) {
  if (launch.threads == 0 || launch.threads % kLanes != 0) {
    fail("a workgroup of {} work items", launch.threads);
  }
  Workgroup workgroup(launch, kernel);
  const ActiveScope scope(workgroup);
  for (uint32_t z = 0; z < launch.grid[2]; ++z) {
    for (uint32_t y = 0; y < launch.grid[1]; ++y) {
      for (uint32_t x = 0; x < launch.grid[0]; ++x) workgroup.run({x, y, z});
    }
  }
  return workgroup.statistics();
}

}  // namespace octet::amdgcn

namespace octet::gpu::hip::host {

using amdgcn::active;
using amdgcn::Stop;

uint32_t thread_index() { return active->index(); }
uint32_t block_index(int axis) { return active->block(axis); }
uint32_t grid_size(int axis) { return active->grid(axis); }
void barrier() { active->stop_at(Stop::kBarrier); }

uint32_t exchange(uint32_t value, uint32_t from) {
  active->fiber().value = value, active->fiber().from = from;
  return active->stop_at(Stop::kExchange).value;
}
uint32_t first_lane(uint32_t value) {
  active->fiber().value = value;
  return active->stop_at(Stop::kFirstLane).value;
}
uint64_t ballot(bool predicate) {
  active->fiber().value = predicate ? 1 : 0;
  return active->stop_at(Stop::kBallot).mask;
}
void matrix(const MatrixCall& call) {
  active->fiber().matrix = &call;
  active->stop_at(Stop::kMatrix);
}

}  // namespace octet::gpu::hip::host
