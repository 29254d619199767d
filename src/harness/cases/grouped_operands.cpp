// Operands of gemm_grouped: strides, codes, scales, weights, and what inputs ask for besides.
#include "src/harness/cases/grouped_operands.h"

#include <algorithm>

#include "src/core/try.h"

namespace octet::harness {

using ops::gemm_grouped::Format;
using ops::gemm_grouped::Problem;

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
  const int64_t block = random.below(p.num_k_blocks());
  const auto a_scale = [&](int64_t at) -> uint8_t& {
    return o.a_scale.data()[at * args.a_scale.stride() + block];
  };
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
  fill_grouped_scales(random, p.format, inputs, o.a_scale);
  fill_grouped_scales(random, p.format, inputs, o.b_scale);
  for (int64_t i = 0; p.weighted && i < p.rows(); ++i) {
    o.weights.as<float>()[i] = random_weight(random, inputs);
  }
  if (o.args.a.rows > 0 && p.n > 0) plant(random, inputs, o);
}

}  // namespace

void fill_grouped_scales(Random& random, Format format, Inputs inputs, const Buffer& scales) {
  format == Format::kMxfp8 ? fill_mx_scales(random, inputs, scales)
                           : fill_block_scales(random, inputs, scales);
}

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

}  // namespace octet::harness
