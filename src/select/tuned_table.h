// Tuned tables: measured winners by (op, arch, cu_num, format, fields). Layers add up, the last
// wins per key. Within a layer, which may be of several files, the lowest time wins.
//
// Reading a row can never stop a call: a row that cannot serve is skipped, counted and reported.
// Lookup takes no lock and no memory, and may run while another thread adds a layer: a layer makes
// a new immutable snapshot, published by one atomic store; old snapshots live as long as the
// object.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
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
  std::string source;       // commit and date
  std::string where = "";   // path:line in a file, for messages
  std::string device = "";  // that it was measured on, as Device::name; "" where that is not known
};

/// `measured_on`, a row's device, where that is known to be another one than `device`; otherwise
/// "". Why: GPUs of one arch and cu_num share rows, and differ in memory as an H100 and an H200 do.
std::string_view other_device(std::string_view measured_on, const Device& device);

/// What a look-up finds a row by: arch, cu_num, format and the fields of its bucket.
using TunedKey = std::tuple<std::string_view, int, uint32_t, std::array<int64_t, kMaxFields>>;
TunedKey tuned_key(const TunedRow& row);
/// "gfx942 304 m=64 n=5120 k=5120 format=e4m3fnuz"
std::string key_text(const TunedRow& row);

/// One layer: the rows that can serve, and a line `path:line: reason` for each that cannot, and for
/// each whose key another row of the layer answers.
struct TunedTable {
  const Op* op = nullptr;
  std::vector<TunedRow> rows;
  std::vector<std::string> bad;
  std::vector<std::string> duplicates = {};
};

/// Binds columns by name; `device` may be missing. kCorruptData where the file is no table of `op`
/// (unreadable CSV, missing or unknown column); rows with an unknown kernel or arch or bad numbers
/// land in `bad`, those of a repeated key in `duplicates`.
Result<TunedTable> parse_tuned_table(const Op& op, const Csv& csv);

/// Leaves one row a key: that with the lowest us, of equal ones the first by variant, then by
/// source. Each other becomes a line of `duplicates`. Rows stay in the order of the first of each
/// key.
void drop_duplicates(TunedTable& table);

/// Tables of one op as one layer, without duplicates.
TunedTable one_layer(const Op& op, std::span<const TunedTable> tables);

/// Sorted, one row a key; the text of a table file. Without `device` where no row has one.
std::string format_tuned_table(const Op& op, std::vector<TunedRow> rows);

/// "variant: unknown kernel 'x' (did you mean 'y'?)", of a row of a tuned table or a cost model.
std::string unknown_variant(const Op& op, const std::string& name);

/// The header line's columns: arch,cu_num,format,<fields>,variant,us,source,device.
std::vector<std::string> tuned_columns(const Op& op);

uint64_t hash_key(const OpSchema& schema, Arch arch, int cu_num, const Problem& problem,
                  uint64_t seed = 0);

class TunedTables {
 public:
  TunedTables();
  ~TunedTables();

  struct Hit {
    int variant = -1;
    double us = 0;
    std::string_view device = {};  // TunedRow::device; lives as long as the tables
  };

  /// How many rows of earlier layers it takes the place of.
  int64_t add(const TunedTable& layer);

  /// The row of exactly this key; variant -1 where there is none.
  Hit find(const Op& op, Arch arch, int cu_num, const Problem& problem) const;

  /// Where find() looks for a key, of `num_buckets()`; no two keys of the tables have the same.
  size_t bucket_of(const Op& op, Arch arch, int cu_num, const Problem& problem) const;
  size_t num_buckets() const;

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
  std::set<std::string, std::less<>> devices_;  // of rows; a set moves none of its texts
  std::mutex writers_;
};

}  // namespace octet::select
