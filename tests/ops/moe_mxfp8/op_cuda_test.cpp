// moe_mxfp8 on a GPU, on the stand-in: launches and what each waits for, results, captures, memory.
#include <cstring>
#include <memory>

#include "device/stand_in.h"
#include "ops/moe_mxfp8/layer_reference.h"
#include "src/ops/gemm_grouped/cuda/params.h"
#include "src/ops/quantize/cuda/params.h"

namespace octet {
namespace {

using stand_in::control;
using testing_moe::expect_right;
using testing_moe::SmallMoe;

/// Host memory is device memory to the stand-in; that of a layer is aligned as kernels need it.
class MoeMxfp8OpCudaTest : public stand_in::StandInTest {
 protected:
  void SetUp() override {
    StandInTest::SetUp();
    stream_ = std::make_unique<Stream>(Stream::gpu(0).value());
    SmallMoe layer({1, 1, 1, 32, 32});
    if (moe_mxfp8(layer.args, *stream_).code() == StatusCode::kUnsupported) {
      GTEST_SKIP() << "this build has no sm90 kernels";
    }
    control().reset();
  }
  void run(const SmallMoe& layer, const Options& options = {}) {
    const Status status = moe_mxfp8(layer.args, *stream_, options);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  /// Entries in their order, those that may begin early marked with a plus.
  static std::vector<std::string> entries() {
    std::vector<std::string> names;
    for (const stand_in::Launch& launch : control().launches()) {
      const std::string& entry = launch.entry;
      const bool product = entry.starts_with("octet_sm90_moe_");
      names.push_back((launch.dependent ? "+" : "") + (product ? "product" : entry));
    }
    return names;
  }
  std::unique_ptr<Stream> stream_;
};

TEST_F(MoeMxfp8OpCudaTest, SixLaunchesOfWhichEachBeginsAsTheLastOneEnds) {
  SmallMoe layer({5, 3, 4, 128, 128});
  run(layer);
  const std::vector<std::string> six{"octet_quantize_groups_bf16_e4m3fn_1x32",
                                     "+octet_moe_align_few",
                                     "+product",
                                     "+octet_quantize_silu_bf16_e4m3fn_1x32",
                                     "+product",
                                     "+octet_moe_reduce_bf16_bf16"};
  EXPECT_EQ(entries(), six);
  expect_right(layer);
}

TEST_F(MoeMxfp8OpCudaTest, TheSecondProductFindsTheSlotsWhileTheFirstOneEnds) {
  SmallMoe layer({5, 3, 4, 128, 128});
  run(layer);
  const auto launches = control().launches();
  ASSERT_EQ(launches.size(), 6u);
  const auto passes = [&](size_t i) {
    ops::quantize::Sm90Params params;
    std::memcpy(&params, launches[i].parameter.data(), sizeof params);
    return params.passes_at_once;
  };
  const auto early = [&](size_t i) {
    ops::gemm_grouped::Sm90Params params;
    std::memcpy(&params, launches[i].parameter.data(), sizeof params);
    return params.early_list;
  };
  EXPECT_FALSE(passes(0)) << "behind it the ids are read at once";
  EXPECT_FALSE(early(2)) << "the list is the work of the launch before";
  EXPECT_TRUE(passes(3));
  EXPECT_TRUE(early(4));
}

TEST_F(MoeMxfp8OpCudaTest, FiveWhereXIsQuantised) {
  SmallMoe layer({5, 3, 4, 128, 128, DType::kE4m3fn, DType::kF32, Activation::kClampedSwiglu});
  Options options;
  options.overlap_previous = true;
  run(layer, options);
  const std::vector<std::string> five{"octet_moe_align_few", "+product",
                                      "+octet_quantize_swiglu_bf16_e4m3fn_1x32", "+product",
                                      "+octet_moe_reduce_f32_f32"};
  EXPECT_EQ(entries(), five) << "the ids may be the work of the launch before";
  expect_right(layer);
}

TEST_F(MoeMxfp8OpCudaTest, TheFirstLaunchOverlapsWhereTheCallerSaysSo) {
  SmallMoe layer({5, 3, 4, 128, 128});
  Options options;
  options.overlap_previous = true;
  run(layer, options);
  EXPECT_EQ(entries()[0], "+octet_quantize_groups_bf16_e4m3fn_1x32");
}

TEST_F(MoeMxfp8OpCudaTest, RoutingOfEveryKind) {
  for (const int64_t tokens : {1, 40, 300}) {
    SmallMoe layer({tokens, 4, 6, 128, 128});
    layer.set_mask({1, 1, 0, 1, 1, 0, 1, 1, 0}, 3);
    layer.ids[0] = -1;  // dropped on a GPU
    layer.ids[1] = 9;
    run(layer);
    expect_right(layer);
    std::fill(layer.ids.begin(), layer.ids.end(), 2);
    run(layer);
    EXPECT_EQ(judge(layer).rms, 0) << "no expert here";
    expect_right(layer);
  }
}

TEST_F(MoeMxfp8OpCudaTest, OtherSizesRunToo) {
  SmallMoe layer({3, 2, 4, 96, 160});
  run(layer);
  expect_right(layer);
}

TEST_F(MoeMxfp8OpCudaTest, TheSecondCallAllocatesNothingAndNeitherWaits) {
  SmallMoe layer({5, 3, 4, 128, 128});
  run(layer);
  control().reset();
  run(layer);
  for (const char* no : {"cuMemAlloc_v2", "cuMemFree_v2", "cuStreamSynchronize",
                         "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuMemsetD8Async"}) {
    EXPECT_EQ(control().count(no), 0) << no;
  }
}

TEST_F(MoeMxfp8OpCudaTest, ACaptureReplaysAllOfIt) {
  SmallMoe layer({5, 3, 4, 128, 128});
  run(layer);
  const std::vector<uint8_t> first = layer.y;
  const gpu::Queue& queue = *gpu::queue_of(*stream_);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  control().reset();
  ASSERT_TRUE(queue.driver->begin_capture(queue.stream).ok());
  run(layer);
  void* graph = queue.driver->end_capture(queue.stream).value();
  layer.clear();
  EXPECT_TRUE(queue.driver->launch_graph(graph, queue.stream).ok());
  EXPECT_EQ(layer.y, first);
  EXPECT_TRUE(queue.driver->destroy_graph(graph).ok());
}

TEST_F(MoeMxfp8OpCudaTest, TheCallersWorkspaceIsEnoughAtThePlannedSize) {
  SmallMoe layer({37, 4, 6, 128, 128});
  const int64_t bytes = plan_moe_mxfp8(layer.args, *stream_).value().workspace_bytes;
  const gpu::Queue& queue = *gpu::queue_of(*stream_);
  const gpu::ContextScope scope(*queue.driver, queue.context);
  const gpu::Address memory = queue.driver->allocate(bytes).value();  // its end is watched
  control().reset();
  run(layer, {"", reinterpret_cast<void*>(memory), bytes});
  EXPECT_EQ(control().count("cuMemAlloc_v2"), 0);
  expect_right(layer);
  EXPECT_TRUE(stream_->synchronize().ok());
  EXPECT_TRUE(queue.driver->release(memory).ok());
}

TEST_F(MoeMxfp8OpCudaTest, RefusalsComeBeforeAnyLaunch) {
  SmallMoe layer({5, 3, 4, 128, 128});
  const int64_t bytes = plan_moe_mxfp8(layer.args, *stream_).value().workspace_bytes;
  const gpu::Queue& queue = *gpu::queue_of(*stream_);
  EXPECT_FALSE(moe_mxfp8(layer.args, *stream_, {"", queue.stream, bytes - 1}).ok());
  EXPECT_FALSE(moe_mxfp8(layer.args, *stream_, {"sm90_block_tile_w4_s4"}).ok());
  layer.args.w2_scale.rows = 127;
  EXPECT_FALSE(moe_mxfp8(layer.args, *stream_).ok());
  EXPECT_TRUE(control().launches().empty());
}

}  // namespace
}  // namespace octet
