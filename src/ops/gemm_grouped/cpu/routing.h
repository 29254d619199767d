// The slot list on the host: checked, and turned into the choices of each expert.
#pragma once

#include <vector>

#include "octet/gemm_grouped.h"
#include "octet/status.h"

namespace octet::ops::gemm_grouped {

/// Choices of one expert: a range of Routing::choices.
struct ExpertRange {
  int32_t expert = 0;
  int64_t begin = 0, end = 0;
};

struct Routing {
  std::vector<int32_t> choices;      // token * topk + j: rows of d, by expert, inside one as listed
  std::vector<ExpertRange> experts;  // that have a choice, ascending
};

/// The list of a validated call. kInvalidArgument where counts or a slot of a tile that counts are
/// out of range, or a choice has two slots.
Result<Routing> read_routing(const GemmGroupedArgs& args);

}  // namespace octet::ops::gemm_grouped
