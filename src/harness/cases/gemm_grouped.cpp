// gemm_grouped for check, bench and tune: operands of a check, on the host or on a GPU.
#include "src/harness/cases/gemm_grouped.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/read_floor.h"
#include "src/ops/gemm_grouped/cpu/task.h"
#include "src/ops/gemm_grouped/op.h"

namespace octet::harness {

namespace gemm = ops::gemm_grouped;
using gemm::Format;
using gemm::Problem;

namespace {

int64_t experts_span(const ConstExperts& b) {
  return b.experts == 0
             ? 0
             : (b.experts - 1) * b.matrix_stride() + span_bytes(b.rows, b.cols, b.stride());
}

int64_t bytes_of(const ConstMatrix& m) {
  return span_bytes(m.rows, m.cols, m.stride()) * size_of(m.dtype);
}

/// Exact: powers of two. Random: both signs.
float random_weight(Random& random, Inputs inputs) {
  constexpr float kPowers[] = {0.5f, 1.0f, -2.0f, 0.25f};
  if (inputs == Inputs::kExact) return kPowers[random.below(4)];
  return static_cast<float>(1.5 * random.unit() - 0.5);
}

void fill_scales(Random& random, Format format, Inputs inputs, const Buffer& scales) {
  format == Format::kMxfp8 ? fill_mx_scales(random, inputs, scales)
                           : fill_block_scales(random, inputs, scales);
}

/// NaN codes and scales (mxfp8) in single rows of a and of a routed expert's weights; or its
/// smallest scale against the largest of a, and the reverse in the next rows.
void plant(Random& random, Inputs inputs, GroupedOperands& o) {
  constexpr uint8_t kNanScale = 255, kSmallestScale = 0, kLargestScale = 254;
  const Problem& p = o.problem;
  const auto& args = o.args;
  const int64_t row = random.below(args.a.rows), next_row = (row + 1) % args.a.rows;
  const int64_t col = random.below(p.n), next_col = (col + 1) % p.n;
  const int64_t expert = std::max(0, o.routing.expert[static_cast<size_t>(row * args.a_div)]);
  uint8_t* b = o.b.data() + expert * args.b.matrix_stride();
  const auto a_scale = [&](int64_t at) -> uint8_t& {
    return o.a_scale.data()[at * args.a_scale.stride() + random.below(p.num_k_blocks())];
  };
  const int64_t block = random.below(p.num_k_blocks());
  const auto b_scale = [&](int64_t at) -> uint8_t& {
    return o.b_scale
        .data()[expert * args.b_scale.matrix_stride() + at * args.b_scale.stride() + block];
  };
  const bool mx = p.format == Format::kMxfp8;
  if (inputs == Inputs::kNan) {
    const auto nan = static_cast<uint8_t>(kE4m3fnFormat.nan_code());
    o.a.data()[row * args.a.stride() + random.below(p.k)] = nan;
    b[col * args.b.stride() + random.below(p.k)] = nan | 0x80;
    if (mx) a_scale(next_row) = kNanScale, b_scale(next_col) = kNanScale;
  } else if (inputs == Inputs::kExtreme && mx) {
    a_scale(row) = kSmallestScale, b_scale(col) = kLargestScale;
    a_scale(next_row) = kLargestScale, b_scale(next_col) = kSmallestScale;
  }
}

/// Where the sum leaves the range of float32, so may the result, whatever its weight.
cpu::ExactElement weighted(const cpu::ExactElement& sum, float weight) {
  const double w = static_cast<double>(weight);
  const double least = sum.magnitude >= 0x1p127 ? 0x1p127 : 0;
  return {sum.value * w, std::max(sum.magnitude * std::fabs(w), least), sum.largest * std::fabs(w)};
}

/// A divisor of topk above 1, mostly topk itself.
int64_t shared_rows(int64_t topk, uint64_t seed) {
  const int64_t half = topk % 2 == 0 ? topk / 2 : topk;
  return seed % 4 == 3 && half > 1 ? half : topk;
}

Status allocate(GroupedOperands& o) {
  const Problem& p = o.problem;
  const GemmGroupedArgs& args = o.args;
  OCTET_TRY(o.a, Buffer::allocate_guarded(bytes_of(args.a)));
  OCTET_TRY(o.a_scale, Buffer::allocate_guarded(bytes_of(args.a_scale)));
  OCTET_TRY(o.b, Buffer::allocate_guarded(experts_span(args.b)));
  OCTET_TRY(o.b_scale,
            Buffer::allocate_guarded(experts_span(args.b_scale) * size_of(args.b_scale.dtype)));
  OCTET_TRY(o.weights, Buffer::allocate_guarded(p.weighted ? p.rows() * 4 : 0));
  OCTET_TRY(o.d, Buffer::allocate(p.rows() * args.d.stride() * size_of(p.d) + 2 * kCanaryBytes));
  return Status::Ok();
}

void set_pointers(GroupedOperands& o) {
  o.args.a.data = o.a.data();
  o.args.b.data = o.b.data();
  o.args.a_scale.data = o.a_scale.data();
  o.args.b_scale.data = o.b_scale.data();
  if (o.problem.weighted) o.args.topk_weights = o.weights.as<float>();
  o.args.d.data = o.d.data() + kCanaryBytes;
}

void fill(GroupedOperands& o, Random& random, Inputs inputs) {
  const Problem& p = o.problem;
  const CodeChoice choice = code_choice(kE4m3fnFormat, inputs);
  fill_codes(random, choice, o.a.data(), o.args.a.rows, p.k, o.args.a.stride());
  for (int64_t expert = 0; expert < p.experts; ++expert) {
    fill_codes(random, choice, o.b.data() + expert * o.args.b.matrix_stride(), p.n, p.k,
               o.args.b.stride(), expert);
  }
  fill_scales(random, p.format, inputs, o.a_scale);
  fill_scales(random, p.format, inputs, o.b_scale);
  for (int64_t i = 0; p.weighted && i < p.rows(); ++i) {
    o.weights.as<float>()[i] = random_weight(random, inputs);
  }
  if (o.args.a.rows > 0 && p.n > 0) plant(random, inputs, o);
}

/// Checks on operands of its own, copied to a GPU and back where the stream is of one.
class GroupedCheck : public Instance {
 public:
  GroupedCheck(GroupedOperands operands, Inputs inputs)
      : host_(std::move(operands)),
        inputs_(inputs),
        args_(host_.args),
        lists_(host_.problem, host_.routing, host_.args.layout) {}

  Status place(const Stream& stream) {
    OCTET_TRY(a_, PlacedBuffer::mirror(stream, host_.a));
    OCTET_TRY(b_, PlacedBuffer::mirror(stream, host_.b));
    OCTET_TRY(a_scale_, PlacedBuffer::mirror(stream, host_.a_scale));
    OCTET_TRY(b_scale_, PlacedBuffer::mirror(stream, host_.b_scale));
    OCTET_TRY(weights_, PlacedBuffer::mirror(stream, host_.weights));
    OCTET_TRY(d_, PlacedBuffer::mirror(stream, host_.d));
    args_.a.data = a_.as();
    args_.b.data = b_.as();
    args_.a_scale.data = a_scale_.as();
    args_.b_scale.data = b_scale_.as();
    if (host_.problem.weighted) args_.topk_weights = weights_.as<float>();
    args_.d.data = d_.as() + kCanaryBytes;
    return Status::Ok();
  }

  Status run(const Launch& launch, select::Workspace workspace, Stream& stream, int64_t) override {
    OCTET_CHECK_OK(lists_.set(launch.tile, args_, stream));
    return launch(&args_, workspace, stream);
  }

  Result<CheckReport> check(const Launch& launch, select::Workspace workspace,
                            Stream& stream) override {
    poison(host_.d);
    OCTET_CHECK_OK(d_.upload(host_.d.data(), host_.d.bytes()));
    if (host_.problem.rows() > 0 && host_.problem.n > 0) {
      OCTET_CHECK_OK(run(launch, workspace, stream, 0));
      OCTET_CHECK_OK(stream.synchronize());
    }
    OCTET_CHECK_OK(d_.download(host_.d.data(), host_.d.bytes()));
    if (!stream.is_gpu()) return judge(host_, inputs_, stream);
    OCTET_TRY(Stream * host, host_stream());
    return judge(host_, inputs_, *host, BlockSums::kTensorCore);
  }

  Status read_floor(Stream& stream, int64_t) override {
    if (stream.is_gpu()) return device_read_all(stream, b_.as(), b_.bytes());
    read_all(stream, std::array{Region{b_.as(), b_.bytes()}});
    return Status::Ok();
  }

 private:
  GroupedOperands host_;
  Inputs inputs_;
  PlacedBuffer a_, b_, a_scale_, b_scale_, weights_, d_;
  GemmGroupedArgs args_;
  SlotLists lists_;
};

}  // namespace

GemmGroupedArgs grouped_args(const Problem& p, const GemmStrides& strides, bool padded) {
  const bool mx = p.format == Format::kMxfp8;
  const DType scale = mx ? DType::kE8m0 : DType::kF32;
  const int64_t blocks = p.num_k_blocks(), scale_rows = mx ? p.n : (p.n + 127) / 128;
  // Padded rows of scales stay aligned to words where dense ones are.
  const int64_t scale_stride = blocks + (!padded ? 0 : blocks % 4 == 0 ? 4 : 3);
  GemmGroupedArgs args;
  args.tokens = p.tokens;
  args.topk = p.topk;
  args.a_div = p.per_token ? p.topk : 1;
  args.a = {nullptr, DType::kE4m3fn, p.rows() / args.a_div, p.k, strides.a};
  args.a_scale = {nullptr, scale, args.a.rows, blocks, scale_stride};
  args.b = {nullptr, DType::kE4m3fn, p.experts, p.n, p.k, strides.b, 0};
  args.b_scale = {nullptr, scale, p.experts, scale_rows, blocks, scale_stride, 0};
  if (padded) {
    args.b.expert_stride = p.n * strides.b + 176;
    args.b_scale.expert_stride = scale_rows * scale_stride + 8;
  }
  args.d = {nullptr, p.d, p.rows(), p.n, strides.d};
  return args;
}

Result<GroupedOperands> make_check_operands(const Problem& p, const CaseOptions& options,
                                            RoutingKind kind) {
  GroupedOperands o;
  o.problem = p;
  o.seed = options.seed;
  Random random(options.seed);
  o.args = grouped_args(p, check_strides(p.n, p.k), options.seed % 2 == 1);
  if (p.per_token) {
    o.args.a_div = shared_rows(p.topk, options.seed);
    o.args.a.rows = o.args.a_scale.rows = p.rows() / o.args.a_div;
  }
  o.args.layout =
      options.seed % 3 == 2 && p.tokens < 1 << 24 ? SlotLayout::kPacked : SlotLayout::kFlat;
  o.routing = make_routing(p, kind, random);
  OCTET_CHECK_OK(allocate(o));
  set_pointers(o);
  fill(o, random, options.inputs);
  return o;
}

GemmSize gemm_size(const Problem& p) {
  const bool mx = p.format == Format::kMxfp8;
  return {p.rows(),
          p.n,
          p.k,
          p.d,
          static_cast<double>(128 + p.num_k_blocks() + 8 + (p.weighted ? 1 : 0)),
          mx ? static_cast<double>(p.k) * 0x1p-126 : 0};
}

CheckReport judge(const GroupedOperands& o, Inputs inputs, Stream& stream, BlockSums sums) {
  const auto exact = [&](int64_t row, int64_t n) {
    const cpu::Task task = gemm::expert_task(o.args, o.routing.expert[static_cast<size_t>(row)]);
    const cpu::ExactElement element =
        gemm::exact_element(o.problem.format, task, row / o.args.a_div, n);
    return o.problem.weighted ? weighted(element, o.args.topk_weights[row]) : element;
  };
  const auto written = [&](int64_t row) { return o.routing.expert[static_cast<size_t>(row)] >= 0; };
  return judge({gemm_size(o.problem), o.args.d, &o.d, exact, o.seed, written},
               inputs == Inputs::kExact, stream, sums);
}

Result<std::unique_ptr<Instance>> make_grouped_check(const Problem& problem, Stream& stream,
                                                     const CaseOptions& options, RoutingKind kind) {
  OCTET_TRY(GroupedOperands operands, make_check_operands(problem, options, kind));
  auto instance = std::make_unique<GroupedCheck>(std::move(operands), options.inputs);
  OCTET_CHECK_OK(instance->place(stream));
  return std::unique_ptr<Instance>(std::move(instance));
}

Result<std::unique_ptr<Instance>> make_gemm_grouped(const select::Problem& problem, Stream& stream,
                                                    const CaseOptions& options) {
  OCTET_CHECK_OK(gemm::validate_problem(problem));
  OCTET_CHECK_OK(check_memory(gemm::op(), problem, stream.device()));
  const Problem p = gemm::from(problem);
  if (options.for_timing) return make_grouped_timing(p, stream, options);
  return make_grouped_check(p, stream, options, routing_kind(p, options.seed));
}

}  // namespace octet::harness
