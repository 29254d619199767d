// Merging tuned tables of many runs and machines into one, in any order, with the same result.
#pragma once

#include <span>

#include "octet/status.h"
#include "src/select/tuned_table.h"

namespace octet::harness {

/// One row a key, by the rule of a layer (select::drop_duplicates). Sorted by key; `bad` and
/// `duplicates` hold the lines of all tables once each, sorted. Commutative, associative and
/// idempotent. kInvalidArgument for no table at all and for tables of different ops.
Result<select::TunedTable> merge_tables(std::span<const select::TunedTable> tables);

}  // namespace octet::harness
