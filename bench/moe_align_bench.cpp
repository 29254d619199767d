// Microseconds of moe_align on the CPU or on GPU 0: moe_align_bench [cpu | cuda].
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "octet/moe_align.h"
#include "src/core/try.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/graph_timer.h"
#include "src/harness/target.h"

namespace {

using namespace octet;
using harness::DeviceBuffer;

constexpr int64_t kTopk = 8, kExperts = 256, kBlock = 64;

std::vector<int32_t> routes(int64_t tokens) {
  std::minstd_rand random(1);
  std::vector<int32_t> ids(static_cast<size_t>(tokens * kTopk));
  for (int32_t& id : ids) id = static_cast<int32_t>(random() % kExperts);
  return ids;
}

/// The arguments with every buffer in one block of memory, ids first.
Result<MoeAlignArgs> args_of(int64_t tokens, int32_t* memory) {
  MoeAlignArgs args;
  args.tokens = tokens;
  args.topk = kTopk;
  args.experts = kExperts;
  args.block_m = kBlock;
  OCTET_TRY(args.sorted_ids_size, moe_align_max_slots(tokens, kTopk, kExperts, kBlock));
  args.tile_experts_size = args.sorted_ids_size / kBlock;
  args.topk_ids = memory;
  args.sorted_ids = memory + tokens * kTopk;
  args.tile_experts = args.sorted_ids + args.sorted_ids_size;
  args.counts = args.tile_experts + args.tile_experts_size;
  return args;
}

Status bench(Stream& stream, int64_t tokens) {
  std::vector<int32_t> memory = routes(tokens);
  memory.resize(memory.size() * 3 + kExperts * kBlock * 2);
  DeviceBuffer on_gpu;
  int32_t* base = memory.data();
  if (stream.is_gpu()) {
    const auto bytes = static_cast<int64_t>(memory.size() * sizeof(int32_t));
    OCTET_TRY(on_gpu, DeviceBuffer::allocate(stream, bytes));
    OCTET_CHECK_OK(on_gpu.upload(memory.data(), bytes));
    base = on_gpu.as<int32_t>();
  }
  OCTET_TRY(const MoeAlignArgs args, args_of(tokens, base));
  const harness::Timed candidates[] = {[&](int64_t) { return moe_align(args, stream); }};
  const auto times = stream.is_gpu() ? harness::time_graphs(candidates, {}, stream)
                                     : harness::time_interleaved(candidates, {});
  OCTET_CHECK_OK(times.status());
  std::printf("%7ld tokens, topk 8 of 256, tiles of 64: %8.2f us\n", static_cast<long>(tokens),
              times->at(0).us);
  return Status::Ok();
}

Status bench_all(const std::string& device) {
  OCTET_TRY(Stream stream, harness::open_stream({device, 0}));
  for (int64_t tokens = 1; tokens <= 131072; tokens *= 8) OCTET_CHECK_OK(bench(stream, tokens));
  return bench(stream, 131072);
}

}  // namespace

int main(int argc, char** argv) {
  const Status status = bench_all(argc > 1 ? argv[1] : "cpu");
  if (!status.ok()) std::fprintf(stderr, "moe_align_bench: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
