// kv_append beside the speed of memory: kv_append_bench [cpu | cuda] [most tokens] [seconds a
// case]. 8 KV heads of 128, bf16 rows to pages of 64 tokens; the floor is a copy that moves the
// same bytes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "bench/host_copy.h"
#include "octet/kv_append.h"
#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/graph_timer.h"
#include "src/harness/gpu/placed_buffer.h"
#include "src/harness/target.h"

namespace {

using namespace octet;
using harness::PlacedBuffer;
using harness::Timed;

constexpr int64_t kHeads = 8, kDim = 128, kPage = 64, kFresh = 1;
constexpr int64_t kRow = kHeads * kDim;  // values of a token

struct Form {
  const char* name;
  DType kv;
  KvLayout layout;
  KvScaleBlock block;
  bool shift, packed;
  int64_t scale_bytes;      // of a row
  bool by_lengths = false;  // pages of one token of as many sequences, found in cu_seqlens
};
constexpr Form kForms[] = {
    {"e4m3 tensor NHD", DType::kE4m3fn, KvLayout::kNhd, KvScaleBlock::kTensor, false, false, 0},
    {"e4m3 head HND", DType::kE4m3fn, KvLayout::kHnd, KvScaleBlock::kHead, false, false, 0},
    {"e4m3 token NHD", DType::kE4m3fn, KvLayout::kNhd, KvScaleBlock::kTokenHead, false, false, 4},
    {"e4m3 token HND", DType::kE4m3fn, KvLayout::kHnd, KvScaleBlock::kTokenHead, false, false, 4},
    {"e4m3 shift NHD", DType::kE4m3fn, KvLayout::kNhd, KvScaleBlock::kTokenHead, true, false, 8},
    {"e4m3 packed NHD", DType::kE4m3fn, KvLayout::kNhd, KvScaleBlock::kTokenHead, false, true, 4},
    {"e5m2 tensor NHD", DType::kE5m2, KvLayout::kNhd, KvScaleBlock::kTensor, false, false, 0},
    {"e4m3 token ragged", DType::kE4m3fn, KvLayout::kNhd, KvScaleBlock::kTokenHead, false, false, 4,
     true},
};

/// Windows of operands, used in turns, past the caches: all new rows lie behind one another, and so
/// do the pages. A window is keys and values of its tokens.
struct Operands {
  int64_t tokens = 0, windows = 0;
  PlacedBuffer x, codes, scales, slots, heads, ids;

  int64_t bytes(const Form& f) const { return tokens * kHeads * 2 * (kDim * 3 + f.scale_bytes); }
  int64_t pages() const { return (tokens + kPage - 1) / kPage; }

  static Result<Operands> make(const Stream& stream, int64_t tokens);
  KvAppendArgs args(const Form& f, int64_t call) const;
};

Result<Operands> Operands::make(const Stream& stream, int64_t tokens) {
  Operands o;
  o.tokens = tokens;
  o.windows = std::clamp<int64_t>((int64_t{256} << 20) / (tokens * kRow * 6), 4, 64);
  const int64_t values = o.windows * 2 * tokens * kRow, room = o.windows * 2 * o.pages() * kPage;
  OCTET_TRY(o.x, PlacedBuffer::allocate(stream, values * 2));
  OCTET_TRY(o.codes, PlacedBuffer::allocate(stream, room * kRow));
  OCTET_TRY(o.scales, PlacedBuffer::allocate(stream, room * kHeads * 8));
  OCTET_TRY(o.slots, PlacedBuffer::allocate(stream, tokens * 8));
  OCTET_TRY(o.heads, PlacedBuffer::allocate(stream, kHeads * 4));
  std::minstd_rand random(1);
  std::vector<uint16_t> x(static_cast<size_t>(values));
  for (uint16_t& one : x) {
    one = encode_bf16(static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 64);
  }
  OCTET_CHECK_OK(o.x.upload(x.data(), values * 2));
  std::vector<int64_t> slots;
  for (int64_t i = 0; i < tokens; ++i) {  // pages in another order
    slots.push_back((o.pages() - 1 - i / kPage) * kPage + i % kPage);
  }
  OCTET_CHECK_OK(o.slots.upload(slots.data(), tokens * 8));
  std::vector<int32_t> ids(static_cast<size_t>(3 * tokens + 1), 1);  // lengths, cu_seqlens, pages
  for (int64_t i = 0; i <= tokens; ++i)
    ids[static_cast<size_t>(tokens + i)] = static_cast<int32_t>(i);
  for (int64_t i = 0; i < tokens; ++i) {
    ids[static_cast<size_t>(2 * tokens + 1 + i)] =
        static_cast<int32_t>(slots[static_cast<size_t>(i)]);
  }
  OCTET_TRY(o.ids, PlacedBuffer::allocate(stream, (3 * tokens + 1) * 4));
  OCTET_CHECK_OK(o.ids.upload(ids.data(), (3 * tokens + 1) * 4));
  const std::vector<float> scale(kHeads, 0.25f);
  OCTET_CHECK_OK(o.heads.upload(scale.data(), kHeads * 4));
  return o;
}

KvAppendArgs Operands::args(const Form& f, int64_t call) const {
  KvAppendArgs args;
  const auto side = [&](int64_t i, ConstHeads& rows, MutableKvCache& cache) {
    const int64_t window = call % windows * 2 + i, room = window * pages() * kPage;
    rows = {x.as<uint16_t>() + window * tokens * kRow, DType::kBf16, tokens, kFresh, kHeads, kDim};
    cache.data = codes.as<uint8_t>() + room * kRow;
    cache.dtype = f.kv, cache.layout = f.layout;
    cache.blocks = f.by_lengths ? pages() * kPage : pages();
    cache.block_tokens = f.by_lengths ? 1 : kPage;
    cache.heads = kHeads, cache.dim = kDim;
    cache.scales.block = f.block;
    float* own = scales.as<float>() + room * kHeads * 2;
    if (f.block != KvScaleBlock::kTokenHead) own = heads.as<float>();
    if (f.packed) cache.scales.packed = reinterpret_cast<uint32_t*>(own);
    if (!f.packed) cache.scales.scale = own;
    if (f.shift) cache.scales.shift = own + pages() * kPage * kHeads;
  };
  side(0, args.k, args.k_cache);
  side(1, args.v, args.v_cache);
  if (!f.by_lengths) {
    args.slots = slots.as<int64_t>();
    return args;
  }
  args.k.tokens = args.v.tokens = tokens;
  args.k.batch = args.v.batch = 1;
  args.sequences = tokens;
  args.seqlens = ids.as<int32_t>();
  args.cu_seqlens = args.seqlens + tokens;
  args.page_table = args.cu_seqlens + tokens + 1;
  args.page_table_cols = 1;
  return args;
}

/// A copy of half of the bytes, and the call.
Status bench(Stream& stream, const Operands& o, const Form& f, double seconds) {
  const int64_t half = o.bytes(f) / 2 / 16 * 16, window = o.tokens * kRow * 4;
  const auto x_of = [&](int64_t i) { return o.x.as<char>() + i % o.windows * window; };
  PlacedBuffer to;
  OCTET_TRY(to, PlacedBuffer::allocate(stream, o.windows * window));
  const auto copy = [&](int64_t i) -> Status {
    char* target = to.as<char>() + i % o.windows * window;
    if (stream.is_gpu()) return harness::device_copy_all(stream, target, x_of(i), half);
    return bench::copy_in_parallel(stream, target, x_of(i), half);
  };
  const Timed candidates[] = {copy, [&](int64_t i) { return kv_append(o.args(f, i), stream); }};
  OCTET_TRY(const auto times,
            stream.is_gpu() ? harness::time_graphs(candidates, {.budget_us = seconds * 1e6}, stream)
                            : harness::time_interleaved(candidates, {.budget_us = seconds * 1e6}));
  std::printf("%7ld tokens  %-17s %9.2f us %7.1f GB/s  %5.1f %% of a copy\n",
              static_cast<long>(o.tokens), f.name, times[1].us,
              static_cast<double>(o.bytes(f)) / times[1].us / 1e3, 100 * times[0].us / times[1].us);
  return Status::Ok();
}

Status bench_all(const std::string& device, int64_t most, double seconds) {
  OCTET_TRY(Stream stream, harness::open_stream({device, 0}));
  for (const int64_t tokens : {1, 8, 64, 256, 1024, 8192}) {
    if (tokens > most) break;
    OCTET_TRY(const Operands operands, Operands::make(stream, tokens));
    for (const Form& f : kForms) OCTET_CHECK_OK(bench(stream, operands, f, seconds));
  }
  return Status::Ok();
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line as soon as it is known
  const Status status = bench_all(argc > 1 ? argv[1] : "cpu", argc > 2 ? std::atoll(argv[2]) : 8192,
                                  argc > 3 ? std::atof(argv[3]) : 0.3);
  if (!status.ok()) std::fprintf(stderr, "kv_append_bench: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
