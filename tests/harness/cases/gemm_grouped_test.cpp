// The judge of gemm_grouped: right results pass, and every broken kernel is caught, on operands for
// checking and on those for timing.
#include "src/harness/cases/gemm_grouped.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "src/ops/gemm_grouped/cpu/generic_ref.h"
#include "src/ops/gemm_grouped/op.h"

namespace octet::harness {
namespace {

namespace gemm = ops::gemm_grouped;
using gemm::Format;
using gemm::Problem;

/// The reference on arguments that a mutant bends; nothing bent is right.
using Bend = std::function<void(GemmGroupedArgs&)>;

Launch reference(const Bend& bend) {
  return [bend](const void* args, select::Workspace, Stream& stream) {
    GemmGroupedArgs bent = *static_cast<const GemmGroupedArgs*>(args);
    bend(bent);
    return gemm::GenericRef::run(bent, stream);
  };
}

/// A copy of `count` values that lives as long as the test.
template <class T>
T* copied(const T* from, int64_t count) {
  static std::vector<std::vector<T>> kept;
  kept.emplace_back(from, from + count);
  return kept.back().data();
}

/// The first two tiles swap their experts.
void swap_experts(GemmGroupedArgs& args) {
  int32_t* tiles = copied(args.tile_experts, args.tile_experts_size);
  int64_t other = 1;
  while (tiles[other] == tiles[0]) ++other;
  std::swap(tiles[0], tiles[other]);
  args.tile_experts = tiles;
}

/// A slot becomes padding.
void drop_slot(GemmGroupedArgs& args) {
  int32_t* slots = copied(args.sorted_ids, args.sorted_ids_size);
  slots[0] = static_cast<int32_t>(args.tokens * args.topk);
  args.sorted_ids = slots;
}

class GroupedJudge : public testing::TestWithParam<Format> {
 protected:
  GroupedJudge() {
    problem_.format = GetParam();
    problem_.per_token = problem_.weighted = true;
  }
  CheckReport judged(const Bend& bend, Inputs inputs, RoutingKind kind = RoutingKind::kUniform,
                     uint64_t seed = 4) {
    const auto instance = make_grouped_check(problem_, stream_, {inputs, seed}, kind).value();
    return instance->check(reference(bend), {}, stream_).value();
  }
  void expect_caught(const Bend& mutant, const char* what) {
    for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact}) {
      EXPECT_NE(judged(mutant, inputs).failure, "") << what;
    }
  }

  Problem problem_{6, 150, 256, 5, 4};
  Stream stream_ = Stream::cpu(2).value();
};

TEST_P(GroupedJudge, TheReferencePassesOnAllInputsAndRoutings) {
  for (const DType d : {DType::kBf16, DType::kF16, DType::kF32}) {
    problem_.d = d;
    for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact, Inputs::kNan, Inputs::kExtreme}) {
      for (int kind = 0; kind < kNumRoutingKinds; ++kind) {
        const auto routing = static_cast<RoutingKind>(kind);
        for (const uint64_t seed : {1, 2, 3}) {
          const CheckReport report = judged([](auto&) {}, inputs, routing, seed);
          EXPECT_EQ(report.failure, "") << kind << " " << static_cast<int>(inputs);
          const int64_t all = 24 * 150, seen = report.elements;
          EXPECT_TRUE(routing == RoutingKind::kHalfHere || seen % all == 0) << seen;
        }
      }
    }
  }
}

TEST_P(GroupedJudge, BrokenKernelsAreCaught) {
  expect_caught(swap_experts, "experts of tiles");
  expect_caught(drop_slot, "a slot that is left out");
  expect_caught([](auto& args) { args.topk_weights = nullptr; }, "no weights");
  expect_caught(
      [](auto& args) {
        float* weights = copied(args.topk_weights, 24);
        std::rotate(weights, weights + 1, weights + 24);
        args.topk_weights = weights;
      },
      "weights of the next choice");
  expect_caught([](auto& args) { args.b_scale.expert_stride = args.b_scale.stride(); },
                "scales of another expert");
  expect_caught([](auto& args) { args.a_div *= 2; }, "rows of a of another token");
  expect_caught([](auto& args) { args.b.row_stride -= 16; }, "codes of other columns");
  expect_caught([](auto& args) { args.b.rows -= 1; }, "the last column left out");
}

TEST_P(GroupedJudge, ARowWithoutASlotMustNotBeWritten) {
  const Bend write = [](GemmGroupedArgs& args) {
    auto* d = static_cast<uint16_t*>(args.d.data);
    for (int64_t row = 0; row < args.d.rows; ++row) d[row * args.d.stride()] = 0;
  };
  const std::string what = judged(write, Inputs::kRandom, RoutingKind::kNoneHere).failure;
  EXPECT_EQ(what, "row 0 was written: no slot has it");
}

INSTANTIATE_TEST_SUITE_P(Formats, GroupedJudge,
                         testing::Values(Format::kMxfp8, Format::kBlockscale), [](const auto& f) {
                           return f.param == Format::kMxfp8 ? "mxfp8" : "blockscale";
                         });

/// Operands for timing are judged in place, on a CPU too.
TEST(GroupedTimed, TheReferencePassesAndABrokenKernelDoesNot) {
  Stream stream = Stream::cpu(2).value();
  for (uint32_t format = 0; format < gemm::kNumFormats; ++format) {
    select::Problem problem = gemm::to_select({9, 70, 128, 40, 3});
    problem.format = format;
    const auto instance =
        make_gemm_grouped(problem, stream, {Inputs::kRandom, 1, true, true}).value();
    const auto report = [&](const Bend& bend) {
      return instance->check(reference(bend), {}, stream).value();
    };
    EXPECT_EQ(report([](auto&) {}).failure, "") << format;
    EXPECT_GE(report([](auto&) {}).elements, 256);
    EXPECT_NE(report(swap_experts).failure, "") << format;
    const auto nothing = [](auto& args) {
      static constexpr int32_t kNone[kNumMoeCounts] = {};
      args.counts = kNone;
    };
    EXPECT_NE(report(nothing).failure, "") << format;
    EXPECT_TRUE(instance->read_floor(stream, 3).ok());
  }
}

TEST(GroupedCase, RefusesWhatTheOpRefuses) {
  Stream stream = Stream::cpu(1).value();
  const auto made = make_gemm_grouped(gemm::to_select({2, 16, 100, 4, 2}), stream, {});
  EXPECT_EQ(made.status().code(), StatusCode::kInvalidArgument);
  const auto large =
      make_gemm_grouped(gemm::to_select({1 << 20, 1 << 20, 1 << 20, 512, 2}), stream, {});
  EXPECT_NE(large.status().message().find("GB of operands"), std::string::npos)
      << large.status().message();
}

}  // namespace
}  // namespace octet::harness
