// What tokens are routed where in a case of gemm_grouped, and the slot lists that moe_align makes
// of it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "octet/gemm_grouped.h"
#include "src/harness/case.h"
#include "src/harness/gpu/placed_buffer.h"
#include "src/harness/random.h"
#include "src/ops/gemm_grouped/problem.h"
#include "src/select/variant.h"

namespace octet::harness {

enum class RoutingKind : uint8_t {
  kUniform,    // distinct experts at random
  kOneExpert,  // every choice one expert
  kEveryOne,   // choice after choice the next expert
  kHalfHere,   // uniform; half of the experts are another device's
  kNoneHere,   // all chosen experts are another device's
};
inline constexpr int kNumRoutingKinds = 5;

struct GroupedRouting {
  int64_t all_experts = 0;  // that tokens choose among; those of the problem are of this device
  std::vector<int32_t> topk_ids;  // (tokens, topk)
  std::vector<int32_t> mask;      // (all_experts) nonzero where the expert is of this device
  std::vector<int32_t> expert;    // (tokens, topk): number among the experts of this device, or -1
};

/// Where other devices have experts: as many as the problem has, which stay within moe_align's
/// limit; with more, everything is here.
GroupedRouting make_routing(const ops::gemm_grouped::Problem& problem, RoutingKind kind,
                            Random& random);

/// A kind by the seed, the problem and the inputs, uniform for half of them. The inputs of one
/// problem differ in kind, so that none has only rows of other devices, where nothing is compared.
RoutingKind routing_kind(const ops::gemm_grouped::Problem& problem, uint64_t seed, Inputs inputs);

/// The slot list of a routing for one block_m, made by moe_align on the stream.
struct SlotList {
  int64_t block_m = 0;
  PlacedBuffer sorted_ids, tile_experts, counts;

  static Result<SlotList> make(const ops::gemm_grouped::Problem& problem,
                               const GroupedRouting& routing, int64_t block_m, SlotLayout layout,
                               Stream& stream);
  void set(GemmGroupedArgs& args) const;
};

/// The lists of a case, made as variants ask for them.
class SlotLists {
 public:
  SlotLists(const ops::gemm_grouped::Problem& problem, GroupedRouting routing, SlotLayout layout)
      : problem_(problem), routing_(std::move(routing)), layout_(layout) {}

  /// Points `args` at the list of the problem's block_m, or else of a variant of this tile.
  Status set(const select::Tile& tile, GemmGroupedArgs& args, Stream& stream);
  const GroupedRouting& routing() const { return routing_; }

 private:
  ops::gemm_grouped::Problem problem_;
  GroupedRouting routing_;
  SlotLayout layout_;
  std::vector<SlotList> lists_;
};

}  // namespace octet::harness
