// What quantize and moe_align give on GPU 0 against the CPU, bit for bit: every format and
// alignment of the tests, which run on a stand-in, in a few seconds. Exit code 3 where there is no
// GPU.
#include <cstdio>

#include "bench/tally.h"
#include "ops/moe_align/small_align.h"
#include "ops/quantize/small_quantize.h"
#include "src/core/try.h"
#include "src/harness/gpu/device_buffer.h"

namespace {

using namespace octet;
using bench::Tally;
using harness::DeviceBuffer;
using testing_align::SmallAlign;
using testing_quantize::Kind;
using testing_quantize::SmallQuantize;

/// A copy of host memory on the GPU, `offset` bytes past an aligned address.
template <class T>
Result<DeviceBuffer> to_device(const Stream& stream, const std::vector<T>& from, int64_t offset,
                               T*& at) {
  const auto bytes = static_cast<int64_t>(from.size() * sizeof(T));
  OCTET_TRY(DeviceBuffer made, DeviceBuffer::allocate(stream, bytes + offset + 16));
  std::vector<char> moved(static_cast<size_t>(bytes + offset));
  std::memcpy(moved.data() + offset, from.data(), static_cast<size_t>(bytes));
  OCTET_CHECK_OK(made.upload(moved.data(), bytes + offset));
  at = reinterpret_cast<T*>(made.as<char>() + offset);
  return made;
}

template <class T>
Status from_device(const DeviceBuffer& from, int64_t offset, std::vector<T>& to) {
  return from.download(to.data(), static_cast<int64_t>(to.size() * sizeof(T)), offset);
}

struct Rows {
  int64_t rows, cols;
};
/// A part of a tile, of a thread block and of a row's second pass.
constexpr Rows kRows[] = {{1, 128}, {131, 128}, {131, 389}, {131, 896}, {2, 7168}, {2, 20480}};

/// Blocks of the largest and the smallest numbers: their scales are at the ends too.
void set_extremes(SmallQuantize& call) {
  for (int col = 0; col < 32; ++col) {
    call.set(0, col, std::ldexp(static_cast<float>(32 + col), 122));
    call.set(0, col + 32, std::ldexp(static_cast<float>(col), -133));
  }
}

Status check_quantize(Stream& gpu, Stream& cpu, const Kind& kind, int64_t rows, int64_t cols,
                      int64_t padding, Tally& tally) {
  SmallQuantize expected(kind, rows, cols, padding), call(kind, rows, cols, padding);
  expected.fill(static_cast<uint32_t>(rows + cols), 2);
  set_extremes(expected);
  call.x = expected.x;
  OCTET_CHECK_OK(quantize(expected.args, cpu));
  const int64_t offset = padding % 2 * 4;  // of both: rows off their alignment
  uint8_t *x, *q, *scale;
  OCTET_TRY(const DeviceBuffer on_x, to_device(gpu, call.x, offset, x));
  OCTET_TRY(const DeviceBuffer on_q, to_device(gpu, call.q, offset, q));
  OCTET_TRY(const DeviceBuffer on_scale, to_device(gpu, call.scale, 0, scale));
  call.args.x.data = x;
  call.args.q.data = q;
  call.args.scale = scale;
  OCTET_CHECK_OK(quantize(call.args, gpu));
  OCTET_CHECK_OK(from_device(on_q, offset, call.q));
  OCTET_CHECK_OK(from_device(on_scale, 0, call.scale));
  tally.add(call.q == expected.q && call.scale == expected.scale,
            to_string(kind) + " " + std::to_string(rows) + "x" + std::to_string(cols) +
                ", padding " + std::to_string(padding));
  return Status::Ok();
}

/// Expert 0 and every third are of other devices; half of the choices of expert 0 become ids out of
/// range, which have no slot either. Returns how many.
int32_t spoil(SmallAlign& on_cpu, SmallAlign& on_gpu) {
  std::vector<int32_t> mask(static_cast<size_t>(on_cpu.args.experts));
  for (size_t e = 0; e < mask.size(); ++e) mask[e] = e % 3 != 0;
  on_cpu.set_mask(mask);
  on_gpu.set_mask(mask);
  int32_t invalid = 0;
  for (size_t i = 1; i < on_gpu.ids.size(); i += 2) {
    if (on_gpu.ids[i] != 0) continue;
    on_gpu.ids[i] = i % 4 == 1 ? -1 : static_cast<int32_t>(on_gpu.args.experts);
    ++invalid;
  }
  return invalid;
}

Status check_align(Stream& gpu, Stream& cpu, const testing_align::Size& size, SlotLayout layout,
                   int64_t used, bool spoiled, Tally& tally) {
  SmallAlign expected(size.tokens, size.topk, size.experts, size.block_m, layout);
  SmallAlign call(size.tokens, size.topk, size.experts, size.block_m, layout);
  expected.route(1, used);
  call.route(1, used);
  const int32_t invalid = spoiled ? spoil(expected, call) : 0;
  OCTET_CHECK_OK(moe_align(expected.args, cpu));
  expected.counts[kInvalidIds] = invalid;
  int32_t *ids, *mask;
  float* weights;
  OCTET_TRY(const DeviceBuffer on_ids, to_device(gpu, call.ids, 0, ids));
  OCTET_TRY(const DeviceBuffer on_weights, to_device(gpu, call.weights, 0, weights));
  OCTET_TRY(const DeviceBuffer on_sorted, to_device(gpu, call.sorted, 0, call.args.sorted_ids));
  OCTET_TRY(const DeviceBuffer on_sorted_weights,
            to_device(gpu, call.sorted_weights, 0, call.args.sorted_weights));
  OCTET_TRY(const DeviceBuffer on_tiles, to_device(gpu, call.tiles, 0, call.args.tile_experts));
  OCTET_TRY(const DeviceBuffer on_counts, to_device(gpu, call.counts, 0, call.args.counts));
  OCTET_TRY(const DeviceBuffer on_mask, to_device(gpu, call.mask, 0, mask));
  call.args.topk_ids = ids;
  call.args.topk_weights = weights;
  if (spoiled) call.args.expert_mask = mask;
  for (int repeat = 0; repeat < 3; ++repeat) OCTET_CHECK_OK(moe_align(call.args, gpu));
  OCTET_CHECK_OK(from_device(on_sorted, 0, call.sorted));
  OCTET_CHECK_OK(from_device(on_sorted_weights, 0, call.sorted_weights));
  OCTET_CHECK_OK(from_device(on_tiles, 0, call.tiles));
  OCTET_CHECK_OK(from_device(on_counts, 0, call.counts));
  tally.add(call.sorted == expected.sorted && call.sorted_weights == expected.sorted_weights &&
                call.tiles == expected.tiles && call.counts == expected.counts,
            "moe_align " + to_string(size) + ", routed to " + std::to_string(used) +
                (spoiled ? ", spoiled" : ""));
  return Status::Ok();
}

Status check_all(Tally& tally) {
  OCTET_TRY(Stream gpu, Stream::gpu(0));
  OCTET_TRY(Stream cpu, Stream::cpu());
  for (const Kind& kind : testing_quantize::all_kinds()) {
    if (kind.q == DType::kE4m3fnuz) continue;
    for (const auto& [rows, cols] : kRows) {
      if (cols % 128 != 0 && kind.block != ScaleBlock::kRow) continue;
      for (const int64_t padding : {0, 16, 7}) {
        OCTET_CHECK_OK(check_quantize(gpu, cpu, kind, rows, cols, padding, tally));
      }
    }
    tally.say(to_string(kind));
  }
  for (const testing_align::Size& size : testing_align::kSizes) {
    for (const SlotLayout layout : {SlotLayout::kFlat, SlotLayout::kPacked}) {
      for (const int64_t used : {int64_t{1}, (size.experts + 2) / 3, size.experts}) {
        for (const bool spoiled : {false, true}) {
          OCTET_CHECK_OK(check_align(gpu, cpu, size, layout, used, spoiled, tally));
        }
      }
    }
    tally.say(to_string(size));
  }
  return Status::Ok();
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line as soon as it is known
  Tally tally;
  const Status status = check_all(tally);
  std::printf("gpu_bits: %d calls, %d wrong\n", tally.checked, tally.wrong);
  if (!status.ok()) std::fprintf(stderr, "gpu_bits: %s\n", status.message().c_str());
  if (status.code() == StatusCode::kNoDevice) return 3;
  return status.ok() && tally.wrong == 0 ? 0 : 1;
}
