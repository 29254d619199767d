// Tuned tables: measured winners by (op, arch, cu_num, format, fields). Layers add up, the last
// wins.
//
// Reading a row can never stop a call: a row that cannot serve is skipped, counted and reported.
// Lookup takes no lock and no memory, and may run while another thread adds a layer: a layer makes
// a new immutable snapshot, published by one atomic store; old snapshots live as long as the
// object.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "octet/status.h"
#include "src/core/csv.h"
#include "src/select/op.h"

namespace octet::select {

struct TunedRow {
  Arch arch = Arch::kGeneric;
  int cu_num = 0;
  Problem problem;
  int variant = -1;  // index in the op's variants
  double us = 0;
  std::string source;  // commit and date
};

/// A table as read: the rows that can serve, and a line `path:line: reason` for each that cannot.
struct TunedTable {
  const Op* op = nullptr;
  std::vector<TunedRow> rows;
  std::vector<std::string> bad;
};

/// Binds columns by name. kCorruptData where the file is no table of `op` (unreadable CSV, missing
/// or unknown column); rows with an unknown kernel or arch, bad numbers or a repeated key land in
/// `bad`.
Result<TunedTable> parse_tuned_table(const Op& op, const Csv& csv);

/// Sorted, one row a key; the text of a table file.
std::string format_tuned_table(const Op& op, std::vector<TunedRow> rows);

/// The header line's columns: arch,cu_num,format,<fields>,variant,us,source.
std::vector<std::string> tuned_columns(const Op& op);

uint64_t hash_key(const OpSchema& schema, Arch arch, int cu_num, const Problem& problem);

class TunedTables {
 public:
  TunedTables();
  ~TunedTables();

  struct Hit {
    int variant = -1;
    double us = 0;
  };

  void add(const TunedTable& layer);

  /// The row of exactly this key; variant -1 where there is none.
  Hit find(const Op& op, Arch arch, int cu_num, const Problem& problem) const;

  /// The cu_num values that rows of (op, arch) have, ascending.
  std::vector<int> cu_nums(const Op& op, Arch arch) const;
  /// The value of these nearest to `cu_num`, itself excluded; 0 where there is none.
  int nearest_cu_num(const Op& op, Arch arch, int cu_num) const;

  int64_t size() const;
  /// Grows with every layer.
  int64_t version() const;

 private:
  struct Snapshot;
  std::atomic<const Snapshot*> current_;
  std::vector<std::unique_ptr<const Snapshot>> all_;
  std::mutex writers_;
};

}  // namespace octet::select
