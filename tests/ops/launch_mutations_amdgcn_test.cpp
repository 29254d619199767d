// AMD kernels of ops without variants as they ship, with one instruction altered: their results are
// no longer the bits that they must be, or the interpreter refuses.
#include "ops/hip_mutations.h"
#include "ops/moe_align/hip_align.h"
#include "ops/moe_reduce/hip_reduce.h"
#include "ops/quantize/append_forms.h"
#include "ops/quantize/hip_append.h"
#include "ops/quantize/hip_quantize.h"

#ifdef OCTET_HAVE_AMDGCN

namespace octet {
namespace {

using amdgcn::MutantKind;
using testing_hip::Trial;

class HipLaunchMutation : public testing_hip::HipMutationTest {
 protected:
  Stream& on() { return *stream_; }

  std::vector<Trial> quantize_trials() {
    std::vector<Trial> trials;
    for (const testing_quantize::Kind& kind : testing_quantize::all_kinds()) {
      if (kind.rounding == MxRounding::kFloor) continue;
      const bool tall = kind.block == ScaleBlock::k128x128, whole = kind.block == ScaleBlock::kRow;
      const int64_t rows = tall ? 131 : 7, cols = whole ? 389 : 384;
      for (const int64_t padding : {0, 7}) {
        for (const int specials : {0, 4}) {
          add_quantize(trials, kind, {rows, cols, padding}, specials);
        }
      }
      if (whole) add_quantize(trials, kind, {2, 17000, 0}, 1);
    }
    return trials;
  }
  struct Size {
    int64_t rows, cols, padding;
  };
  void add_quantize(std::vector<Trial>& trials, const testing_quantize::Kind& kind, Size size,
                    int specials) {
    using testing_quantize::SmallQuantize;
    auto right = std::make_shared<SmallQuantize>(kind, size.rows, size.cols, size.padding);
    right->fill(3, specials);
    ASSERT_TRUE(quantize(right->args, cpu_).ok());
    trials.push_back({"quantize " + to_string(kind), [=, this] {
                        SmallQuantize call(kind, size.rows, size.cols, size.padding);
                        call.fill(3, specials);
                        const Status status = with_operands_on(
                            on(), call, [&](const auto& args) { return quantize(args, on()); });
                        return status.ok() && call.q == right->q && call.scale == right->scale;
                      }});
  }

  /// Kinds: all experts; a mask; invalid ids, no weights.
  bool aligns(const testing_align::Size& size, SlotLayout layout, int kind) {
    testing_align::SmallAlign call(size.tokens, size.topk, size.experts, size.block_m, layout);
    call.route(9, size.experts);
    std::vector<int32_t> mask(static_cast<size_t>(size.experts));
    for (size_t e = 0; e < mask.size(); ++e) mask[e] = e % 3 == 1 ? -5 : 0;
    if (kind == 1) call.set_mask(std::move(mask));
    for (size_t i = 0; kind == 2 && i < call.ids.size(); i += 7) call.ids[i] = -1;
    if (kind == 2) call.args.topk_weights = nullptr, call.args.sorted_weights = nullptr;
    const Status status =
        with_operands_on(on(), call, [&](const auto& args) { return moe_align(args, on()); });
    return status.ok() && call.written() == call.expected();
  }
  std::vector<Trial> align_trials() {
    std::vector<Trial> trials;
    const testing_align::Size sizes[] = {{1, 1, 1, 8},       {2, 1, 300, 8},    {0, 8, 256, 64},
                                         {1, 32, 1024, 128}, {33, 4, 1024, 32}, {600, 4, 1000, 32},
                                         {3, 2, 9, 8},       {8, 8, 130, 16},   {7, 5, 129, 8},
                                         {64, 8, 257, 64},   {500, 3, 40, 64},  {1100, 4, 70, 24}};
    for (const testing_align::Size& size : sizes) {
      for (const SlotLayout layout : {SlotLayout::kFlat, SlotLayout::kPacked}) {
        for (const int kind : {0, 1, 2}) {
          trials.push_back(
              {"moe_align " + to_string(size), [=, this] { return aligns(size, layout, kind); }});
        }
      }
    }
    return trials;
  }

  std::vector<Trial> reduce_trials() {
    using testing_reduce::SmallReduce;
    std::vector<Trial> trials;
    for (const DType x : testing_reduce::kTypes) {
      for (const DType y : testing_reduce::kTypes) {
        for (const testing_reduce::Sizes& sizes : {testing_reduce::Sizes{3, 32, 1029, x, y, 3},
                                                   {5, 9, 8, x, y, 1},
                                                   {2, 5, 2200, x, y}}) {
          for (const bool masked : {true, false}) {
            trials.push_back({"moe_reduce", [=, this] {
                                SmallReduce call(sizes, masked);
                                const Status status = with_operands_on(
                                    on(), call,
                                    [&](const auto& args) { return moe_reduce(args, on()); });
                                return status.ok() && call.y == call.expected();
                              }});
          }
        }
      }
    }
    return trials;
  }

  std::vector<Trial> append_trials() {
    using namespace testing_append;
    std::vector<Trial> trials;
    for (const DType x : {DType::kF32, DType::kBf16, DType::kF16}) {
      for (const DType kv : {DType::kE4m3fn, DType::kE5m2}) {
        for (size_t form = 0; form < std::size(kForms); ++form) {
          for (Shape shape : shapes()) {
            shape.x = x, shape.kv = kv;
            shape.k_form = kForms[form], shape.v_form = kForms[(form + 4) % std::size(kForms)];
            trials.push_back({"kv_append " + to_string(shape), [=, this] {
                                SmallAppend call(shape);
                                const TestCache k = call.expected(0), v = call.expected(1);
                                std::vector<int32_t> fault(4);
                                const Status status = with_operands_on(
                                    on(), call, fault,
                                    [&](const auto& args) { return kv_append(args, on()); });
                                return status.ok() && call.k == k && call.v == v &&
                                       fault == std::vector<int32_t>(4);
                              }});
          }
        }
      }
    }
    return trials;
  }
};

TEST_P(HipLaunchMutation, MoeAlign) { expect_seen("moe_align", align_trials(), 6); }
TEST_P(HipLaunchMutation, MoeReduce) { expect_seen("moe_reduce", reduce_trials(), 12); }

OCTET_ON_AMD_DEVICES(HipLaunchMutation);

class HipLaunchMutationSweep : public HipLaunchMutation {};

/// Why not all kinds of quantize and kv_append: what they do with bits of numbers is not told from
/// addresses.
constexpr MutantKind kNoRows[] = {MutantKind::kWaits, MutantKind::kScaleBytes,
                                  MutantKind::kReadSwizzles, MutantKind::kLdsOffsets};

TEST_P(HipLaunchMutationSweep, Quantize) { expect_seen("quantize", quantize_trials(), 2, kNoRows); }
TEST_P(HipLaunchMutationSweep, MoeAlign) { expect_seen("moe_align", align_trials(), 1); }
TEST_P(HipLaunchMutationSweep, MoeReduce) { expect_seen("moe_reduce", reduce_trials(), 1); }
TEST_P(HipLaunchMutationSweep, KvAppend) { expect_seen("kv_append", append_trials(), 2, kNoRows); }

OCTET_ON_AMD_DEVICES(HipLaunchMutationSweep);

}  // namespace
}  // namespace octet

#endif
