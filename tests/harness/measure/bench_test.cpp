// bench: rows in the order asked, beside the floor, with everything that a result must say.
#include "src/harness/measure/bench.h"

#include <gtest/gtest.h>

#include <array>

#include "harness/tune/tune_testing.h"
#include "src/harness/measure/environment.h"
#include "src/harness/measure/read_floor.h"
#include "src/harness/memory.h"

namespace octet::harness {
namespace {

using testing_tune::problem;

const select::Op& op() { return ops::gemm_blockscale::op(); }

TEST(Describe, SaysProblemDeviceAndPlan) {
  const Device device = device_profile("x86_avx2:3").value();
  const Measurement row =
      describe(op(), problem(3, 256, 512), device, op().find("generic_ref"), "w");
  EXPECT_EQ(row.op, "gemm_blockscale");
  EXPECT_EQ(row.format, "e4m3fn");
  EXPECT_EQ(row.device, "x86_avx2");
  EXPECT_EQ(row.arch, "x86_avx2");
  EXPECT_EQ(row.cu_num, 3);
  EXPECT_EQ(row.shape(), "m=3 n=256 k=512");
  EXPECT_EQ(row.variant, "generic_ref");
  EXPECT_EQ(row.why, "w");
  EXPECT_EQ(row.flops, 786432);  // 2 * 3 * 256 * 512
  // a 1536, b 131072, a_scale 12 floats, b_scale 8 floats, d 768 of 2 bytes
  EXPECT_EQ(row.bytes, 134224);
  EXPECT_EQ(row.commit, build_commit());
  EXPECT_EQ(row.env, environment_json(device).at("env").get<std::string>())
      << "the first line of a file has this id";
  EXPECT_EQ(describe(op(), problem(3), device, -1, "").variant, "");
}

TEST(Runnable, IsWhatSupportsSaysHere) {
  const Device generic = device_profile("generic").value();
  const auto names = [](const std::vector<int>& indices) {
    std::vector<std::string> found;
    for (const int i : indices) found.push_back(op().variants()[static_cast<size_t>(i)].name);
    return found;
  };
  EXPECT_EQ(names(runnable(op(), problem(4), generic)),
            (std::vector<std::string>{"generic_fast_r16", "generic_ref"}));
  EXPECT_TRUE(runnable(op(), problem(4), device_profile("mi300x").value()).empty())
      << "known, not built";
}

TEST(Bench, RowsInTheOrderAskedBesideTheFloor) {
  Stream stream = Stream::cpu(2).value();
  const std::vector<int> variants{op().find("generic_ref"), op().find("generic_fast_r16")};
  std::vector<std::string> begun;
  BenchOptions options;
  options.timing = {3, 3, 0};
  options.cold = false;
  options.begin = [&](const std::string& variant) { begun.push_back(variant); };
  const auto rows = bench(op(), problem(2, 192, 256), variants, stream, options);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->at(0).variant, "generic_ref");
  EXPECT_EQ(rows->at(1).variant, "generic_fast_r16");
  for (const Measurement& row : *rows) {
    EXPECT_EQ(row.policy, "warm");
    EXPECT_EQ(row.samples, 3);
    EXPECT_GT(row.us_min, 0);
    EXPECT_LE(row.us_min, row.us);
    EXPECT_LE(row.us, row.us_max);
    EXPECT_GT(row.floor_us, 0);
    EXPECT_EQ(row.floor_us, rows->at(0).floor_us) << "one floor for all of a run";
    EXPECT_LE(row.error, 1);
    EXPECT_TRUE(row.peers.empty());
  }
  const std::vector<std::string> expected{"generic_ref", "generic_fast_r16"};
  ASSERT_EQ(begun.size(), 8u) << "a warm-up and three rounds";
  for (size_t i = 0; i < begun.size(); ++i) EXPECT_EQ(begun[i], expected[i % 2]);

  options.peers = {"nothing"};
  const auto peer = bench(op(), problem(2, 192, 256), variants, stream, options);
  EXPECT_EQ(peer.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(peer.status().message().starts_with("no peer 'nothing'")) << peer.status().message();
}

TEST(ReadFloor, ReadsNoByteBehindItsEnd) {
  Stream stream = Stream::cpu(3).value();
  for (const int64_t bytes : {0, 1, 63, 64, 100, 4096, 10'000}) {
    const Buffer buffer = Buffer::allocate_guarded(bytes).value();
    read_all(stream, std::array{Region{buffer.data(), bytes}});  // a page without access follows
  }
  SUCCEED();
}

}  // namespace
}  // namespace octet::harness
