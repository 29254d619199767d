// For an op whose archs have one kernel each: the first of its list that runs is the choice.
#pragma once

#include "src/select/op.h"

namespace octet::select {

inline HeuristicChoice no_heuristic(const Problem&, const Device&, Usable) { return {}; }
inline double no_prediction(int, const Problem&, const Device&) { return 0; }

}  // namespace octet::select
