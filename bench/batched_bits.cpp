// What the kernels of gemm_batched give on GPU 0 against the reference on the CPU, bit for bit:
// operands of small integers and scales of powers of two, in every format, at every edge of a tile,
// off their alignment where a kernel takes that, and with exponents at both ends. Then random
// operands twice, which must give the same bits: batched_bits [most tokens]. Exit code 3 where
// there is no GPU.
#include <array>
#include <cstdio>
#include <cstdlib>

#include "bench/device_copies.h"
#include "bench/tally.h"
#include "ops/gemm_batched/small_batched.h"
#include "src/harness/random.h"

namespace {

using namespace octet;
using bench::Copies;
using bench::Tally;
using testing_batched::Format;
using testing_batched::Problem;
using testing_batched::SmallBatched;

namespace gemm = ops::gemm_batched;

int64_t most_tokens = 1000;

constexpr std::array kFormats{Format::kBf16,         Format::kA8w8,    Format::kA8w8Int8,
                              Format::kA8w8Prequant, Format::kA16wfp4, Format::kA16wfp4Wide,
                              Format::kAfp4wfp4};

struct Size {
  int64_t m, n, k, batch;
};
/// One and several tiles along each of m, n, k and the batch, whole ones and parts.
constexpr Size kSizes[] = {{1, 1, 32, 1},      {3, 70, 96, 2},     {16, 128, 256, 3},
                           {17, 129, 544, 2},  {65, 200, 1056, 1}, {130, 260, 320, 2},
                           {20, 200, 1024, 2}, {33, 70, 2624, 2}};

enum class Values { kIntegers, kEnds, kAny };

void fill_operand(harness::Random& random, Values values, DType dtype, int64_t row,
                  std::vector<uint8_t>& operand) {
  const auto count = static_cast<int64_t>(operand.size()) * 8 / gemm::bits_of(dtype);
  constexpr std::array kFew{-2.0f, -1.0f, 0.0f, 1.0f, 2.0f, 3.0f};
  for (int64_t i = 0; i < count; ++i) {
    const float few = kFew[static_cast<size_t>(random.below(kFew.size()))];
    const float any = few * (1.0f + 0.25f * static_cast<float>(random.below(4)));
    SmallBatched::set(operand, dtype, i, values == Values::kAny ? any : few);
    // The largest of a group of prequant is 448: its scale is 1, and the rest stays what it is.
    if (row > 0 && i % row % gemm::kGroup == 0) SmallBatched::set(operand, dtype, i, 448);
  }
}

void fill(SmallBatched& small, Values values, uint64_t seed) {
  harness::Random random(seed);
  const bool grouped = small.p.format == Format::kA8w8Prequant && values != Values::kAny;
  fill_operand(random, values, small.p.a_dtype(), grouped ? small.p.k : 0, small.a);
  fill_operand(random, values, small.p.b_dtype(), 0, small.b);
  for (float& x : small.a_scale) x = std::ldexp(1.0f, static_cast<int>(random.below(5)) - 2);
  for (float& x : small.b_scale) x = std::ldexp(1.0f, static_cast<int>(random.below(5)) - 2);
  for (float& x : small.bias) x = static_cast<float>(random.below(9)) - 4;
  for (uint8_t& x : small.a_exponent) x = static_cast<uint8_t>(126 + random.below(3));
  for (uint8_t& x : small.b_exponent) x = static_cast<uint8_t>(126 + random.below(3));
  small.give_bias();
  if (values != Values::kEnds || !small.p.is_fp4()) return;
  // Rows of weights with one block: the largest, NaN, the smallest, the first that does not fit.
  const auto blocks = static_cast<size_t>(small.p.k / gemm::kMxBlock);
  constexpr std::array<uint8_t, 5> kEnds{254, 255, 0, 134, 133};
  for (size_t i = 0; i < kEnds.size() && i * blocks < small.b_exponent.size(); ++i) {
    small.b_exponent[i * blocks] = kEnds[i];
  }
}

/// One call on the GPU; `offset` bytes of a and b past an aligned address.
Status run_on_gpu(Stream& gpu, SmallBatched& small, const std::string& variant, int64_t offset) {
  Copies copies(gpu);
  GemmBatchedArgs args = small.args;
  OCTET_CHECK_OK(copies.place(args.a.data, small.a, offset));
  OCTET_CHECK_OK(copies.place(args.b.data, small.b, variant == "sm90_simple" ? offset : 0));
  const bool floats = small.p.is_a8w8();
  if (floats) OCTET_CHECK_OK(copies.place(args.a_scale.data, small.a_scale));
  if (floats || small.p.format == Format::kA8w8Prequant) {
    OCTET_CHECK_OK(copies.place(args.b_scale.data, small.b_scale));
  }
  // Rows of 16 exponents, aligned, come by tensor map, all others by a warp.
  const int64_t apart = small.p.k % 512 == 0 ? 0 : 1;
  if (small.p.is_fp4()) OCTET_CHECK_OK(copies.place(args.b_scale.data, small.b_exponent, apart));
  if (small.p.format == Format::kAfp4wfp4) {
    OCTET_CHECK_OK(copies.place(args.a_scale.data, small.a_exponent, 1));
  }
  OCTET_CHECK_OK(copies.place(args.bias.data, small.bias));
  OCTET_CHECK_OK(copies.place(args.d.data, small.d));
  Options options;
  options.variant = variant;
  OCTET_CHECK_OK(gemm_batched(args, gpu, options));
  OCTET_CHECK_OK(gpu.synchronize());
  return copies.fetch_last(small.d);
}

/// NaN of any bits are one.
bool same(const SmallBatched& x, const SmallBatched& y) {
  const auto* a = reinterpret_cast<const float*>(x.d.data());
  const auto* b = reinterpret_cast<const float*>(y.d.data());
  for (size_t i = 0; i < x.d.size() / sizeof(float); ++i) {
    if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))) return false;
  }
  return true;
}

/// Whether operands of the variant may lie anywhere: a is prepared, or all is read by plain loads.
bool takes_any_a(const Problem& p, const std::string& variant) {
  return variant == "sm90_simple" || p.is_fp4() || p.format == Format::kA8w8Prequant;
}

Status check(Stream& gpu, Stream& cpu, const Problem& p, Values values, Tally& tally) {
  SmallBatched expected(p);
  const auto seed = static_cast<uint64_t>(p.m + p.n + p.k);
  fill(expected, values, seed);
  Options reference;
  reference.variant = "generic_ref";
  OCTET_CHECK_OK(gemm_batched(expected.args, cpu, reference));
  for (const std::string& variant : testing_batched::variant_names(p, gpu)) {
    SmallBatched call(p), again(p);
    fill(call, values, seed);
    fill(again, values, seed);
    const int64_t offset = takes_any_a(p, variant) ? size_of(p.a_dtype()) : 0;
    OCTET_CHECK_OK(run_on_gpu(gpu, call, variant, offset));
    OCTET_CHECK_OK(run_on_gpu(gpu, again, variant, offset));
    const std::string what = variant + " " + gemm::schema().format_name(gemm::to_select(p).format) +
                             " m " + std::to_string(p.m) + " n " + std::to_string(p.n) + " k " +
                             std::to_string(p.k) + " batch " + std::to_string(p.batch);
    tally.add(values == Values::kAny || same(call, expected), what + ", against the reference");
    tally.add(same(call, again), what + ", against itself");
  }
  return Status::Ok();
}

Status check_all(Tally& tally) {
  OCTET_TRY(Stream gpu, Stream::gpu(0));
  OCTET_TRY(Stream cpu, Stream::cpu());
  for (const Format format : kFormats) {
    for (const auto& [m, n, k, batch] : kSizes) {
      if (m > most_tokens) continue;
      for (const Values values : {Values::kIntegers, Values::kEnds, Values::kAny}) {
        OCTET_CHECK_OK(check(gpu, cpu, {m, n, k, batch, format, DType::kF32}, values, tally));
      }
    }
    tally.say(gemm::schema().format_name(gemm::to_select({1, 1, 32, 1, format}).format));
  }
  return Status::Ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) most_tokens = std::atoll(argv[1]);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line as soon as it is known
  Tally tally;
  const Status status = check_all(tally);
  return bench::report("batched_bits", tally.checked, tally.wrong, status);
}
