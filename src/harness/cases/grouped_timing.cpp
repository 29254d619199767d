// gemm_grouped for bench and tune: uniform routing on dense operands, on the host or on a GPU.
//
// Active experts have the first numbers and lie in one window of the arena: a window holds what a
// call reads, and the next call reads another one. Experts without a token have no memory.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "src/core/try.h"
#include "src/harness/cases/gemm_grouped.h"
#include "src/harness/measure/read_floor.h"
#include "src/ops/gemm_grouped/cpu/task.h"
#include "src/ops/gemm_grouped/op.h"

namespace octet::harness {

namespace gemm = ops::gemm_grouped;
using gemm::Format;
using gemm::Problem;

namespace {

/// Windows of random codes where the stream's kernels read.
struct Codes {
  const Arena* host = nullptr;
  const DeviceArena* device = nullptr;

  static Result<Codes> get(Stream& stream, int64_t bytes) {
    Codes codes;
    if (stream.is_gpu()) {
      OCTET_TRY(codes.device, DeviceArena::get(stream, bytes));
    } else {
      const Device& device = stream.device();
      OCTET_TRY(codes.host, Arena::get(device.llc_bytes, device.memory_bytes, bytes));
    }
    return codes;
  }
  const uint8_t* window(int64_t index, int64_t bytes) const {
    return device != nullptr ? device->window(index, bytes) : host->window(index, bytes);
  }
  const uint8_t* last(int64_t bytes) const {
    const int64_t count = device != nullptr ? device->num_windows(bytes) : host->num_windows(bytes);
    return window(count - 1, bytes);
  }
};

/// Gives the experts that have a token the first numbers; how many they are.
int64_t renumber(GroupedRouting& routing) {
  std::vector<int32_t> number(static_cast<size_t>(routing.all_experts), -1);
  int32_t active = 0;
  for (int32_t& id : routing.topk_ids) {
    int32_t& to = number[static_cast<size_t>(id)];
    if (to < 0) to = active++;
    id = to;
  }
  routing.expert = routing.topk_ids;
  return active;
}

/// Copies of single rows of operands, for the judge: the host's own memory, or what was fetched.
class Rows {
 public:
  explicit Rows(const Stream& stream) : stream_(stream) {}

  Result<const void*> at(const void* data, int64_t bytes) {
    if (!stream_.is_gpu()) return data;
    copies_.emplace_back(static_cast<size_t>(bytes));
    OCTET_CHECK_OK(device_fetch(stream_, copies_.back().data(), data, bytes));
    return static_cast<const void*>(copies_.back().data());
  }

 private:
  const Stream& stream_;
  std::vector<std::vector<uint8_t>> copies_;
};

class GroupedTiming : public Instance {
 public:
  GroupedTiming(const Problem& problem, GroupedRouting routing, int64_t active, bool cold)
      : p_(problem),
        active_(active),
        cold_(cold),
        args_(grouped_args(problem, {problem.k, problem.k, problem.n}, false)),
        lists_(problem, std::move(routing), SlotLayout::kFlat) {}

  Status make(Stream& stream, const CaseOptions& options) {
    OCTET_TRY(codes_, Codes::get(stream, std::max(b_bytes(), args_.a.rows * p_.k)));
    args_.a.data = codes_.last(args_.a.rows * p_.k);
    Random random(options.seed);
    const int64_t width = size_of(args_.a_scale.dtype);
    OCTET_TRY(a_scale_, scales(stream, random, args_.a.rows * p_.num_k_blocks() * width));
    OCTET_TRY(b_scale_, scales(stream, random, active_ * (p_.expert_bytes() - p_.n * p_.k)));
    args_.a_scale.data = a_scale_.as();
    args_.b_scale.data = b_scale_.as();
    if (p_.weighted) {
      OCTET_TRY(const Buffer ones, Buffer::allocate(p_.rows() * 4));
      std::fill_n(ones.as<float>(), p_.rows(), 1.0f);
      OCTET_TRY(weights_, PlacedBuffer::allocate(stream, p_.rows() * 4));
      OCTET_CHECK_OK(weights_.upload(ones.data(), weights_.bytes()));
      args_.topk_weights = weights_.as<float>();
    }
    OCTET_TRY(d_,
              PlacedBuffer::allocate(stream, p_.rows() * p_.n * size_of(p_.d) + 2 * kCanaryBytes));
    args_.d.data = d_.as() + kCanaryBytes;
    return make_lists(stream);
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream,
             int64_t iteration) override {
    OCTET_CHECK_OK(lists_.set(launch.tile, args_, stream));
    args_.b.data = window(iteration);
    return launch(&args_, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override;

  Status read_floor(Stream& stream, int64_t iteration) override {
    if (stream.is_gpu()) return device_read_all(stream, window(iteration), b_bytes());
    read_all(stream, std::array{Region{window(iteration), b_bytes()},
                                Region{args_.a.data, args_.a.rows * p_.k},
                                Region{args_.d.data, p_.rows() * p_.n * size_of(p_.d)}});
    return Status::Ok();
  }

 private:
  int64_t b_bytes() const { return active_ * p_.n * p_.k; }
  const uint8_t* window(int64_t iteration) const {
    return codes_.window(cold_ ? iteration : 0, b_bytes());
  }

  Result<PlacedBuffer> scales(const Stream& stream, Random& random, int64_t bytes) const {
    OCTET_TRY(const Buffer from, Buffer::allocate(bytes));
    fill_grouped_scales(random, p_.format, Inputs::kRandom, from);
    OCTET_TRY(PlacedBuffer to, PlacedBuffer::allocate(stream, bytes));
    OCTET_CHECK_OK(to.upload(from.data(), bytes));
    return to;
  }

  /// Of every variant's block_m. Why now: nothing may be allocated while a graph is captured.
  Status make_lists(Stream& stream) {
    for (const select::Variant& variant : gemm::variants()) {
      if (!arch_runs(stream.device().arch, variant.arch)) continue;
      OCTET_CHECK_OK(lists_.set(variant.tile, args_, stream));
    }
    return Status::Ok();
  }

  Result<cpu::ExactElement> exact(Element at, Rows& rows) const;
  Result<float> got(Element at) const;

  Problem p_;
  int64_t active_;
  bool cold_;
  GemmGroupedArgs args_;
  SlotLists lists_;
  Codes codes_;
  PlacedBuffer a_scale_, b_scale_, weights_, d_;
};

/// The element from single rows of the operands, wherever they lie.
Result<cpu::ExactElement> GroupedTiming::exact(Element at, Rows& rows) const {
  const int64_t expert = lists_.routing().expert[static_cast<size_t>(at.m)];
  const int64_t row = at.m / args_.a_div, blocks = p_.num_k_blocks();
  const cpu::Task all = gemm::expert_task(args_, expert);
  cpu::Task one = all;
  const auto fetch = [&](auto*& to, auto* from, int64_t count) -> Status {
    OCTET_TRY(const void* data, rows.at(from, count * static_cast<int64_t>(sizeof *from)));
    to = static_cast<decltype(from)>(data);
    return Status::Ok();
  };
  OCTET_CHECK_OK(fetch(one.a, all.a + row * all.a_stride, p_.k));
  OCTET_CHECK_OK(fetch(one.b, all.b + at.n * all.b_stride, p_.k));
  if (p_.format == Format::kMxfp8) {
    OCTET_CHECK_OK(fetch(one.a_exponent, all.a_exponent + row * all.a_exponent_stride, blocks));
    OCTET_CHECK_OK(fetch(one.b_exponent, all.b_exponent + at.n * all.b_exponent_stride, blocks));
  } else {
    OCTET_CHECK_OK(fetch(one.a_scale, all.a_scale + row * all.a_scale_stride_m, blocks));
    OCTET_CHECK_OK(fetch(one.b_scale, all.b_scale + at.n / 128 * all.b_scale_stride, blocks));
  }
  return gemm::exact_element(p_.format, one, 0, 0);
}

Result<float> GroupedTiming::got(Element at) const {
  const int64_t width = size_of(p_.d);
  std::array<uint8_t, 4> bytes{};
  OCTET_CHECK_OK(d_.download(bytes.data(), width, kCanaryBytes + (at.m * p_.n + at.n) * width));
  return decode_element(bytes.data(), p_.d);
}

/// Some hundred elements, for what a variant computes wrongly at this size alone: its cases were
/// checked on operands made for that.
Result<CheckReport> GroupedTiming::check(const Launch& launch, select::Workspace workspace,
                                         Stream& stream) {
  constexpr size_t kMostElements = 256;
  OCTET_TRY(const Buffer poisoned, Buffer::allocate(d_.bytes()));
  poison(poisoned);
  OCTET_CHECK_OK(d_.upload(poisoned.data(), d_.bytes()));
  OCTET_CHECK_OK(run(launch, workspace, stream, 0));
  OCTET_CHECK_OK(stream.synchronize());
  const GemmSize size = gemm_size(p_);
  const std::vector<Element> elements = sample_elements(size, 1);
  const size_t step = std::max<size_t>(1, elements.size() / kMostElements);
  const BlockSums sums = block_sums_of(stream.device().arch);
  CheckReport report;
  Rows rows(stream);
  for (size_t i = 0; i < elements.size(); i += step) {
    OCTET_TRY(const cpu::ExactElement element, exact(elements[i], rows));
    OCTET_TRY(const float value, got(elements[i]));
    judge_element(size, elements[i], element, value, false, sums, report);
  }
  for (const int64_t at : {int64_t{0}, d_.bytes() - kCanaryBytes}) {
    std::array<uint8_t, kCanaryBytes> canary;
    OCTET_CHECK_OK(d_.download(canary.data(), kCanaryBytes, at));
    const bool whole =
        std::all_of(canary.begin(), canary.end(), [](uint8_t byte) { return byte == kPoison; });
    if (!whole && report.failure.empty()) report.failure = "memory around d was written";
  }
  return report;
}

}  // namespace

Result<std::unique_ptr<Instance>> make_grouped_timing(const Problem& problem, Stream& stream,
                                                      const CaseOptions& options) {
  Random random(options.seed);
  GroupedRouting routing = make_routing(problem, RoutingKind::kUniform, random);
  const int64_t active = renumber(routing);
  auto instance =
      std::make_unique<GroupedTiming>(problem, std::move(routing), active, options.cold);
  OCTET_CHECK_OK(instance->make(stream, options));
  return std::unique_ptr<Instance>(std::move(instance));
}

}  // namespace octet::harness
