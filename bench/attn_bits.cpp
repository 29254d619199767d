// attn_decode on GPU 0, in half a minute: every feature against double precision, and the bits of
// calls repeated, in other batches, and as replays of a graph whose lengths change; and
// attn_merge_states: attn_bits [runs] [most tokens]. Exit code 3 where there is no GPU.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/attn_merge_check.h"
#include "bench/attn_on_device.h"
#include "src/device/gpu_queue.h"

namespace {

using namespace octet;
using bench::AttnOnDevice;
using bench::Bytes;
using bench::Copies;
using ops::attn_decode::ScaleForm;
using ops::attn_decode::Shape;
using ops::attn_decode::SmallAttention;

constexpr const char* kVariants[] = {"sm90_split_4", "sm90_split_2_w4", "sm90_simple"};

int runs = 100;
int64_t most_tokens = 1 << 20;
int checked = 0, wrong = 0;
void tally(bool right, const std::string& what) {
  ++checked;
  if (right) return;
  ++wrong;
  std::printf("WRONG: %s\n", what.c_str());
}

/// Every element against the plain softmax: weights are f16, so 2^-11 of what values weigh.
void judge(const SmallAttention& a, const std::string& what) {
  double error = 0, size = 0;
  int off = 0;
  size_t row = 0;
  const double unit = a.s.out == DType::kF32 ? 0 : a.s.out == DType::kBf16 ? 0x1p-8 : 0x1p-11;
  for (int64_t b = 0; b < a.batch; ++b) {
    for (int64_t i = 0; i < a.s.q_tokens * a.s.hq; ++i, ++row) {
      const SmallAttention::Row want = a.plain(b, i / a.s.hq, i % a.s.hq);
      for (size_t d = 0; d < want.out.size(); ++d) {
        const double got = a.out_element(static_cast<int64_t>(row * want.out.size() + d));
        const double by = std::fabs(got - want.out[d]);
        if (!(by <= 50 * want.tolerance + unit * std::fabs(want.out[d]))) ++off;
        error += by * by, size += want.out[d] * want.out[d];
      }
      const double lse = static_cast<double>(a.lse[row]);
      const bool near = std::fabs(lse - want.lse) <= 2e-5 * (1 + std::fabs(want.lse));
      if (lse != want.lse && !near) ++off;
    }
  }
  error = std::sqrt(error / std::max(size, 1e-300));
  tally(off == 0 && error < 3e-3, what + ": " + std::to_string(off) + " off");
  std::printf("%s: relative error %.2e\n", what.c_str(), error);
}

/// Cuts sequences to most_tokens.
Shape within_limit(Shape shape) {
  for (int64_t& length : shape.lengths) length = std::min(length, most_tokens);
  return shape;
}

Status check_shape(Stream& gpu, const Shape& whole, const std::string& what) {
  const Shape shape = within_limit(whole);
  SmallAttention attention(shape);
  for (const char* variant : kVariants) {
    AttnOnDevice device(attention, gpu, variant);
    OCTET_CHECK_OK(device.place());
    OCTET_CHECK_OK(device.run());
    judge(attention, what + ", " + variant);
  }
  return Status::Ok();
}

/// Lengths at the edges of pages and units, in every form of cache and scales.
Status check_features(Stream& gpu) {
  const std::vector<int64_t> edges{0, 1, 15, 16, 17, 63, 64, 65, 700};
  for (const int64_t page : {0, 1, 16, 32, 64, 128}) {
    for (const KvLayout layout : {KvLayout::kNhd, KvLayout::kHnd}) {
      const std::string what =
          "pages of " + std::to_string(page) + (layout == KvLayout::kNhd ? " NHD" : " HND");
      Shape shape{.lengths = edges, .q_tokens = 2, .hq = 6, .hkv = 2, .dim = 128};
      shape.layout = layout, shape.page = page, shape.extra_pages = 3;
      OCTET_CHECK_OK(check_shape(gpu, shape, what));
      shape.dim = 64, shape.kv = DType::kE5m2, shape.k_scales = ScaleForm::kPacked;
      shape.v_scales = ScaleForm::kTokenShift, shape.window = 40, shape.pad = 16;
      OCTET_CHECK_OK(check_shape(gpu, shape, what + ", 64, token scales, window"));
      shape.dim = 256, shape.q_tokens = 5, shape.cap = 3, shape.sinks = true;
      shape.k_scales = ScaleForm::kHead, shape.v_scales = ScaleForm::kToken, shape.split = 256;
      OCTET_CHECK_OK(check_shape(gpu, shape, what + ", 256, mixed scales, cap, sinks, split"));
    }
  }
  for (const int64_t heads : {1, 7, 29, 71}) {
    const Shape shape{.lengths = {300, 33}, .hq = heads, .hkv = heads % 7 == 0 ? 7 : 1, .dim = 128};
    OCTET_CHECK_OK(check_shape(gpu, shape, std::to_string(heads) + " heads"));
  }
  // Thread blocks that have whole items and the begin of another, of several splits each.
  Shape many{
      .lengths = std::vector<int64_t>(8, 1100), .hq = 32, .hkv = 32, .dim = 64, .split = 256};
  OCTET_CHECK_OK(check_shape(gpu, many, "8 sequences of 32 heads, split"));
  // Short items beside long ones.
  Shape mixed{.lengths = std::vector<int64_t>(32, 90), .hq = 8, .hkv = 2, .dim = 64};
  for (size_t b = 24; b < 32; ++b) mixed.lengths[b] = b % 3 == 0 ? 0 : 3000;
  OCTET_CHECK_OK(check_shape(gpu, mixed, "short and long sequences"));
  mixed.lengths.resize(12), mixed.lengths[7] = 9000;
  OCTET_CHECK_OK(check_shape(gpu, mixed, "one long sequence among short ones"));
  Shape large{.lengths = {131072}, .hq = 2, .dim = 128, .q_size = 3};
  OCTET_CHECK_OK(check_shape(gpu, large, "131072 tokens"));
  if (most_tokens < 1 << 20) return Status::Ok();
  const Shape million{.lengths = {1 << 20}, .hq = 1, .dim = 64};
  return check_shape(gpu, million, "1048576 tokens");
}

/// The same bits: of calls one after the other, and of replays after replays at other lengths.
Status check_repeats(Stream& gpu, const Shape& shape, const std::string& variant) {
  const std::string what = std::to_string(shape.lengths.size()) + " sequences, " + variant;
  SmallAttention attention(within_limit(shape));
  AttnOnDevice device(attention, gpu, variant);
  OCTET_CHECK_OK(device.place());
  OCTET_TRY(const Bytes first, device.run());
  int other = 0;
  for (int i = 0; i < runs; ++i) {
    OCTET_TRY(const Bytes again, device.run());
    if (again != first) ++other;
  }
  tally(other == 0, what + ": other bits in " + std::to_string(other) + " calls");
  const gpu::Queue& queue = *gpu::queue_of(gpu);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(queue.driver->begin_capture(queue.stream));
  const Status status = device.call();
  OCTET_TRY(void* graph, queue.driver->end_capture(queue.stream));
  OCTET_CHECK_OK(status);
  std::vector<int32_t> lengths = attention.seqlens;
  for (const int32_t cut : {1, 3, 2, 700, 1}) {
    for (size_t b = 0; b < lengths.size(); ++b) lengths[b] = attention.seqlens[b] / cut;
    OCTET_CHECK_OK(device.set_lengths(lengths));
    OCTET_TRY(const Bytes want, device.run());
    OCTET_CHECK_OK(queue.driver->launch_graph(graph, queue.stream));
    OCTET_TRY(const Bytes got, device.results());
    tally(got == want, what + ": a replay at other lengths");
    if (cut == 1) tally(got == first, what + ": the lengths of before");
  }
  return queue.driver->destroy_graph(graph);
}

/// Gives the first sequence of `to` the operands of that of `from`, which is as long.
void copy_sequence(const SmallAttention& from, SmallAttention& to) {
  std::memcpy(to.q_memory.data(), from.q_memory.data(), from.q_memory.size() * 2);
  const int64_t codes = from.s.lengths[0] * from.s.hkv * from.s.dim;
  std::copy_n(from.k.memory.begin(), codes, to.k.memory.begin());
  std::copy_n(from.v.memory.begin(), codes, to.v.memory.begin());
}

/// The first sequence alone, and among others, where splits are fixed.
Status check_invariance(Stream& gpu, int64_t split) {
  const int64_t length =
      std::min<int64_t>(20000, most_tokens);  // more splits than are added up at once
  const Shape alone{.lengths = {length}, .hq = 8, .hkv = 2, .dim = 128, .split = split};
  SmallAttention one(alone);
  AttnOnDevice device(one, gpu, kVariants[0]);
  OCTET_CHECK_OK(device.place());
  OCTET_TRY(const Bytes want, device.run());
  const auto row = static_cast<int64_t>(one.out.size());
  for (const std::vector<int64_t>& others :
       {std::vector<int64_t>{1}, {length, length, length}, {0, 17, 2 * length}, {512, 3}}) {
    Shape shape = alone;
    shape.lengths.insert(shape.lengths.end(), others.begin(), others.end());
    SmallAttention many(shape);
    copy_sequence(one, many);
    AttnOnDevice all(many, gpu, kVariants[0]);
    OCTET_CHECK_OK(all.place());
    OCTET_TRY(const Bytes got, all.run());
    tally(std::equal(want.begin(), want.begin() + row, got.begin()),
          "splits of " + std::to_string(split) + ": a sequence knows its neighbours");
  }
  return Status::Ok();
}

/// A length and a page id that are out of range are reported, and do no harm.
Status check_faults(Stream& gpu) {
  for (const char* variant : kVariants) {
    Shape shape{.lengths = {100, 300, 50}, .hq = 4, .hkv = 2, .dim = 128, .page = 16};
    SmallAttention attention(shape);
    const auto col = static_cast<size_t>(attention.args.page_table_cols);
    attention.table[col + 2] = 1 << 20;
    AttnOnDevice device(attention, gpu, variant);
    OCTET_CHECK_OK(device.place());
    Copies words(gpu);
    std::vector<int32_t> fault(4);
    OCTET_CHECK_OK(words.place(device.args.fault, fault));
    OCTET_CHECK_OK(device.run());
    Bytes bytes(16);
    OCTET_CHECK_OK(words.fetch_last(bytes));
    std::memcpy(fault.data(), bytes.data(), 16);
    tally(fault == std::vector<int32_t>{2, 1, 2, 1 << 20}, std::string(variant) + ": page fault");
    OCTET_CHECK_OK(words.refill_last(std::vector<int32_t>(4)));
    OCTET_CHECK_OK(device.set_lengths({100, -5, 50}));
    OCTET_CHECK_OK(device.run());
    OCTET_CHECK_OK(words.fetch_last(bytes));
    std::memcpy(fault.data(), bytes.data(), 16);
    tally(fault == std::vector<int32_t>{1, 1, 0, -5}, std::string(variant) + ": length fault");
  }
  return Status::Ok();
}

Status check_all() {
  OCTET_TRY(Stream gpu, Stream::gpu(0));
  OCTET_CHECK_OK(bench::check_merges(gpu, tally));
  OCTET_CHECK_OK(check_features(gpu));
  for (const char* variant : kVariants) {
    Shape shape{.lengths = {9000, 3, 0, 700, 40000}, .hq = 16, .hkv = 2, .dim = 128};
    OCTET_CHECK_OK(check_repeats(gpu, shape, variant));
    shape.lengths = {1000, 900, 1024, 64, 1, 800, 1023, 1024}, shape.k_scales = ScaleForm::kToken;
    OCTET_CHECK_OK(check_repeats(gpu, shape, variant));
    shape.lengths = {2000};
    OCTET_CHECK_OK(check_repeats(gpu, shape, variant));
    shape.v_scales = ScaleForm::kPacked, shape.page = 64, shape.split = 512;
    shape.lengths = {9000, 3, 0, 700, 20000, 9};
    OCTET_CHECK_OK(check_repeats(gpu, shape, variant));
  }
  for (const int64_t split : {256, 320, 2048}) OCTET_CHECK_OK(check_invariance(gpu, split));
  return check_faults(gpu);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) runs = std::atoi(argv[1]);
  if (argc > 2) most_tokens = std::atoll(argv[2]);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line as soon as it is known
  return bench::report("attn_bits", checked, wrong, check_all());
}
