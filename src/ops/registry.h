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

/// What could not be loaded of the built-in tables, cost models included, and of OCTET_TABLES, and
/// rows that another row of their layer answers: a line each.
std::span<const std::string> table_problems();

/// A layer that this process began with: "built in", or a path of OCTET_TABLES.
struct TableLayer {
  std::string name;
  int64_t rows = 0;
  int64_t replaced = 0;  // rows of earlier layers whose place they took
};
std::span<const TableLayer> table_layers();

/// select::cost_problems of a file data/cost/<op>/<name>.csv; its folder names the op.
std::vector<std::string> cost_table_problems(const Result<Csv>& csv);

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
