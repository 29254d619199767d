// The list of ops, and what all of them share in a call.
#pragma once

#include <span>

#include "octet/options.h"
#include "octet/stream.h"
#include "src/select/choose.h"
#include "src/select/op.h"
#include "src/select/tuned_table.h"

namespace octet::ops {

std::span<const select::Op* const> all();

/// By name; the error lists the ops.
Result<const select::Op*> find(std::string_view name);

/// The op whose table a CSV header and first row belong to.
Result<const select::Op*> op_of_table(const Csv& csv);

/// The tables of this process: built in, then OCTET_TABLES, then add_tuned_table.
select::TunedTables& tuned_tables();

/// What could not be loaded of the built-in tables and of OCTET_TABLES, a line each.
std::span<const std::string> table_problems();

/// The variant for a call: forced by the options, or chosen over the tables of this process.
Result<select::Choice> choose(const select::Op& op, const select::Problem& problem,
                              const Stream& stream, const Options& options);

/// The caller's workspace if it is given (kInvalidArgument where it is too small), else the
/// stream's.
Result<select::Workspace> workspace(Stream& stream, const Options& options, int64_t bytes);

/// Choose and launch: what every op does with a legal problem that has work. `args` is the op's own
/// argument struct.
Status launch(const select::Op& op, const select::Problem& problem, const void* args,
              Stream& stream, const Options& options);

}  // namespace octet::ops
