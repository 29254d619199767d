// moe_reduce and moe_mxfp8 on GPU 0, in half a minute: sums bit for bit, layers against double
// precision, and each layer's bits over calls back to back and replays of a graph: moe_bits [runs]
// [most tokens]. Exit code 3 where there is no GPU.
#include <cstdio>
#include <cstdlib>

#include "bench/device_copies.h"
#include "ops/moe_mxfp8/layer_reference.h"
#include "ops/moe_reduce/small_reduce.h"
#include "src/device/gpu_queue.h"

namespace {

using namespace octet;
using bench::Copies;
using testing_moe::SmallMoe;
using testing_reduce::SmallReduce;

int runs = 30;
int64_t most_tokens = 300;
int checked = 0, wrong = 0;
void tally(bool right, const std::string& what) {
  ++checked;
  if (right) return;
  ++wrong;
  std::printf("WRONG: %s\n", what.c_str());
}

Status check_sum(Stream& gpu, SmallReduce& call) {
  Copies copies(gpu);
  OCTET_CHECK_OK(copies.place(call.args.x.data, call.x));
  if (call.args.topk_ids != nullptr) OCTET_CHECK_OK(copies.place(call.args.topk_ids, call.ids));
  if (call.args.expert_mask != nullptr) {
    OCTET_CHECK_OK(copies.place(call.args.expert_mask, call.mask));
  }
  OCTET_CHECK_OK(copies.place(call.args.y.data, call.y));
  OCTET_CHECK_OK(moe_reduce(call.args, gpu));
  OCTET_CHECK_OK(gpu.synchronize());
  return copies.fetch_last(call.y);
}

Status place(SmallMoe& layer, Copies& copies) {
  MoeMxfp8Args& args = layer.args;
  if (layer.input.empty()) {
    OCTET_CHECK_OK(copies.place(args.x.data, layer.x.codes));
    OCTET_CHECK_OK(copies.place(args.x_scale.data, layer.x.scale));
  } else {
    OCTET_CHECK_OK(copies.place(args.x.data, layer.input));
  }
  OCTET_CHECK_OK(copies.place(args.topk_ids, layer.ids));
  OCTET_CHECK_OK(copies.place(args.topk_weights, layer.weights));
  if (args.expert_mask != nullptr) OCTET_CHECK_OK(copies.place(args.expert_mask, layer.mask));
  OCTET_CHECK_OK(copies.place(args.w1.data, layer.w1.codes));
  OCTET_CHECK_OK(copies.place(args.w1_scale.data, layer.w1.scale));
  OCTET_CHECK_OK(copies.place(args.w2.data, layer.w2.codes));
  OCTET_CHECK_OK(copies.place(args.w2_scale.data, layer.w2.scale));
  return copies.place(args.y.data, layer.y);
}

/// Calls one after the other without waiting, then as a graph.
Status run_often(const MoeMxfp8Args& args, Stream& gpu) {
  Options options;
  options.overlap_previous = true;
  for (int i = 0; i < runs; ++i) OCTET_CHECK_OK(moe_mxfp8(args, gpu, options));
  const gpu::Queue& queue = *gpu::queue_of(gpu);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  OCTET_CHECK_OK(queue.driver->begin_capture(queue.stream));
  Status status;
  for (int i = 0; i < 3 && status.ok(); ++i) status = moe_mxfp8(args, gpu, options);
  OCTET_TRY(void* graph, queue.driver->end_capture(queue.stream));
  for (int i = 0; i < runs && status.ok(); ++i) {
    status = queue.driver->launch_graph(graph, queue.stream);
  }
  OCTET_CHECK_OK(status);
  OCTET_CHECK_OK(gpu.synchronize());
  return queue.driver->destroy_graph(graph);
}

Status check_layer(Stream& gpu, SmallMoe& layer, const std::string& name) {
  Copies copies(gpu);
  OCTET_CHECK_OK(place(layer, copies));
  OCTET_TRY(const MoeMxfp8Plan plan, plan_moe_mxfp8(layer.args, gpu));
  OCTET_CHECK_OK(moe_mxfp8(layer.args, gpu));
  OCTET_CHECK_OK(gpu.synchronize());
  OCTET_CHECK_OK(copies.fetch_last(layer.y));
  const testing_moe::Judged judged = judge(layer);
  tally(judged.wrong == 0 && judged.rms < testing_moe::kMostRms, name + ": " + judged.first);
  std::vector<uint8_t> again(layer.y.size());
  OCTET_CHECK_OK(run_often(layer.args, gpu));
  OCTET_CHECK_OK(copies.fetch_last(again));
  tally(again == layer.y, name + ": other bits after many calls");
  std::printf("%s: error %.4f; %s, %s, tiles of %d\n", name.c_str(), judged.rms,
              plan.gemm1.variant.c_str(), plan.gemm2.variant.c_str(),
              static_cast<int>(plan.block_m));
  return Status::Ok();
}

Status check_layers(Stream& gpu) {
  for (const Activation activation : {Activation::kSiluMul, Activation::kClampedSwiglu}) {
    for (const DType x : {DType::kBf16, DType::kE4m3fn}) {
      for (const DType y : {DType::kBf16, DType::kF32}) {
        for (const int64_t tokens : {1, 5, 64, 300}) {
          if (tokens > most_tokens) continue;
          SmallMoe layer({tokens, 4, 9, 512, 256, x, y, activation});
          const std::string name = std::to_string(tokens) + " tokens, " + dtype_name(x) + " to " +
                                   dtype_name(y) + ", activation " +
                                   std::to_string(static_cast<int>(activation));
          OCTET_CHECK_OK(check_layer(gpu, layer, name));
          layer.clear();
        }
      }
    }
  }
  SmallMoe masked({std::min<int64_t>(200, most_tokens), 8, 6, 256, 128});
  masked.set_mask({0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0}, 3);
  masked.ids[3] = -1;
  masked.ids[9] = 12;
  OCTET_CHECK_OK(check_layer(gpu, masked, "half of the experts elsewhere"));
  SmallMoe odd({std::min<int64_t>(33, most_tokens), 2, 5, 96, 160});
  return check_layer(gpu, odd, "k of 96 and 160");
}

Status check_all() {
  OCTET_TRY(Stream gpu, Stream::gpu(0));
  Status status;
  testing_reduce::expect_every_size([&](SmallReduce& call) {
    if (status.ok()) status = check_sum(gpu, call);
    tally(call.y == call.expected(), "moe_reduce");
  });
  OCTET_CHECK_OK(status);
  return check_layers(gpu);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) runs = std::atoi(argv[1]);
  if (argc > 2) most_tokens = std::atoll(argv[2]);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line as soon as it is known
  return bench::report("moe_bits", checked, wrong, check_all());
}
