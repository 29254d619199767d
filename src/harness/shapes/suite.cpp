#include "src/harness/shapes/suite.h"

#include <array>

#include "src/core/csv.h"
#include "src/core/embedded.h"
#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

constexpr std::string_view kFolder = "data/suites/";
constexpr std::array<std::string SuiteEntry::*, 4> kValues{&SuiteEntry::op, &SuiteEntry::format,
                                                           &SuiteEntry::shapes, &SuiteEntry::m};
constexpr std::array kColumns{"op", "format", "shapes", "m"};

std::string stem_of(std::string_view path) {
  path.remove_prefix(path.find_last_of('/') + 1);  // npos + 1 is 0
  return std::string(path.substr(0, path.find('.')));
}

}  // namespace

std::vector<std::string> suite_names() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_files(kFolder)) names.push_back(stem_of(file.path));
  return names;
}

Result<Suite> parse_suite(std::string_view text, const std::string& path) {
  OCTET_TRY(const Csv csv, parse_csv(text, path));
  std::array<size_t, kColumns.size()> columns{};
  for (size_t i = 0; i < kColumns.size(); ++i) {
    const int column = csv.column(kColumns[i]);
    if (column < 0) {
      return fail(StatusCode::kCorruptData, "{}:1: no column '{}'; the header is {}", path,
                  kColumns[i], csv_line(csv.header));
    }
    columns[i] = static_cast<size_t>(column);
  }
  Suite suite{stem_of(path), {}};
  for (const CsvRow& row : csv.rows) {
    SuiteEntry entry;
    for (size_t i = 0; i < columns.size(); ++i) {
      entry.*kValues[i] = std::string(trim(row.fields[columns[i]]));
    }
    entry.where = csv.at(row);
    for (const size_t needed : {0, 2}) {
      if (!(entry.*kValues[needed]).empty()) continue;
      return fail(StatusCode::kCorruptData, "{}: column {} is empty", entry.where,
                  kColumns[needed]);
    }
    suite.entries.push_back(std::move(entry));
  }
  if (!suite.entries.empty()) return suite;
  return fail(StatusCode::kCorruptData, "{}:1: a suite without rows", path);
}

Result<Suite> load_suite(const std::string& spec) {
  const std::string file = std::string(kFolder) + spec + ".csv";
  for (const EmbeddedFile& embedded : embedded_files(file)) {
    if (embedded.path == file) return parse_suite(embedded.content, file);
  }
  if (spec.find('/') == std::string::npos && spec.find('.') == std::string::npos) {
    const std::vector<std::string> names = suite_names();
    return fail(StatusCode::kInvalidArgument, "no suite '{}'{}; suites: {}", spec,
                did_you_mean(spec, names), join(names, " "));
  }
  OCTET_TRY(const std::string text, read_file(spec));
  return parse_suite(text, spec);
}

}  // namespace octet::harness
