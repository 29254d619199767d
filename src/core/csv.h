// CSV (RFC 4180) with line numbers, so that every complaint can say file:line.
//
// Reads LF and CRLF, a UTF-8 byte-order mark, quoted fields. Refuses: an empty file, a row with
// another number of fields than the header, an unnamed or repeated column, NUL bytes, conflict
// markers, an unterminated quote, a file over kMaxCsvBytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"

namespace octet {

constexpr int64_t kMaxCsvBytes = int64_t{256} << 20;

struct CsvRow {
  int line = 0;  // in the file, from 1
  std::vector<std::string> fields;
};

struct Csv {
  std::string path;  // for messages
  std::vector<std::string> header;
  std::vector<CsvRow> rows;

  /// Index of a column, or -1.
  int column(std::string_view name) const;
  /// "path:line"
  std::string at(const CsvRow& row) const;
};

Result<Csv> parse_csv(std::string_view text, std::string path);
Result<Csv> read_csv(const std::string& path);

/// One line without its end, fields quoted where they must be.
std::string csv_line(std::span<const std::string> fields);

}  // namespace octet
