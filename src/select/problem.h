// Problem: what is to be computed, as every op's selection, tables and tools see it. An op
// describes its fields and formats once (OpSchema); keys, CSV columns, JSON and the command line
// follow from that.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "octet/status.h"

namespace octet::select {

constexpr int kMaxFields = 6;

struct Problem;

/// One op: its name, its integer fields (the first is the one that is padded to a grid) and its
/// formats.
struct OpSchema {
  std::string_view name;                     // "gemm_blockscale"
  std::span<const std::string_view> fields;  // {"m", "n", "k"}
  std::string (*format_name)(uint32_t format);
  Result<uint32_t> (*parse_format)(std::string_view name);
  uint32_t (*table_format)(uint32_t format);  // the format whose tuned rows serve this one
  /// Problems that it makes equal share tuned rows; null: the fields are the key.
  void (*bucket)(Problem& key) = nullptr;
  uint32_t num_optional = 0;  // of the last fields: 0 where a word or column does not give them
};

/// A problem of one op. `field[i]` belongs to `schema->fields[i]`.
struct Problem {
  const OpSchema* schema = nullptr;
  uint32_t format = 0;
  std::array<int64_t, kMaxFields> field{};

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// With the fields of its bucket: what a tuned row of the problem is found by.
Problem bucketed(const Problem& problem);
/// What a call of the problem looks up: its bucket, in the format whose rows serve it.
Problem table_key(const Problem& problem);

/// "m=64 n=5120 k=5120 format=e4m3fn": the words that `octet explain` takes.
std::string to_string(const Problem& problem);

/// From words `m=64 n=5120 ...`; every field once, format and the last `num_optional` optional.
/// Errors name the word.
Result<Problem> parse_problem(const OpSchema& schema, std::span<const std::string> words,
                              uint32_t default_format);

}  // namespace octet::select
