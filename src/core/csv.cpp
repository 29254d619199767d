#include "src/core/csv.h"

#include <algorithm>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet {

int Csv::column(std::string_view name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  return found == header.end() ? -1 : static_cast<int>(found - header.begin());
}

std::string Csv::at(const CsvRow& row) const { return fmt::format("{}:{}", path, row.line); }

namespace {

class Reader {
 public:
  Reader(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  bool done() const { return at_ >= text_.size(); }

  /// The next record; blank lines give a record with one empty field.
  Result<CsvRow> next() {
    CsvRow row{line_, {}};
    for (;;) {
      OCTET_TRY(std::string field, next_field(row.line));
      row.fields.push_back(std::move(field));
      if (done()) return row;
      const char separator = text_[at_++];
      if (separator == '\n') {
        ++line_;
        return row;
      }
    }
  }

 private:
  Result<std::string> next_field(int line) {
    if (!done() && text_[at_] == '"') return quoted_field(line);
    const size_t end = std::min(text_.find_first_of(",\n", at_), text_.size());
    std::string_view field = text_.substr(at_, end - at_);
    at_ = end;
    if (field.ends_with('\r') && (done() || text_[at_] == '\n')) field.remove_suffix(1);
    return std::string(field);
  }

  Result<std::string> quoted_field(int line) {
    std::string field;
    for (++at_; !done(); ++at_) {
      if (text_[at_] == '"') {
        if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
          ++at_;
        } else {
          return close_quote(line, std::move(field));
        }
      }
      if (text_[at_] == '\n') ++line_;
      field += text_[at_];
    }
    return fail(StatusCode::kCorruptData, "{}:{}: a quote is opened and never closed", path_, line);
  }

  Result<std::string> close_quote(int line, std::string field) {
    ++at_;
    if (!done() && text_[at_] == '\r') ++at_;
    if (done() || text_[at_] == ',' || text_[at_] == '\n') return field;
    return fail(StatusCode::kCorruptData, "{}:{}: text follows a closing quote", path_, line);
  }

  std::string_view text_;
  const std::string& path_;
  size_t at_ = 0;
  int line_ = 1;
};

bool is_conflict_marker(std::string_view field) {
  return field.starts_with("<<<<<<<") || field.starts_with("=======") ||
         field.starts_with(">>>>>>>");
}

Status check_header(const Csv& csv) {
  for (size_t i = 0; i < csv.header.size(); ++i) {
    if (csv.header[i].empty()) {
      return fail(StatusCode::kCorruptData, "{}:1: column {} has no name", csv.path, i + 1);
    }
    if (csv.column(csv.header[i]) != static_cast<int>(i)) {
      return fail(StatusCode::kCorruptData, "{}:1: column '{}' occurs twice", csv.path,
                  csv.header[i]);
    }
  }
  return Status::Ok();
}

Status check_row(const Csv& csv, const CsvRow& row) {
  if (is_conflict_marker(row.fields[0])) {
    return fail(StatusCode::kCorruptData, "{}: a conflict marker of a merge was left in",
                csv.at(row));
  }
  if (row.fields.size() != csv.header.size()) {
    return fail(StatusCode::kCorruptData, "{}: {} fields, the header has {}", csv.at(row),
                row.fields.size(), csv.header.size());
  }
  return Status::Ok();
}

}  // namespace

Result<Csv> parse_csv(std::string_view text, std::string path) {
  if (static_cast<int64_t>(text.size()) > kMaxCsvBytes) {
    return fail(StatusCode::kCorruptData, "{}: {} bytes, the limit is {}", path, text.size(),
                kMaxCsvBytes);
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const size_t nul = text.find('\0');
  if (nul != std::string_view::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(nul), '\n');
    return fail(StatusCode::kCorruptData, "{}:{}: a NUL byte: not a text file", path, line);
  }
  Csv csv{std::move(path), {}, {}};
  if (trim(text).empty()) {
    return fail(StatusCode::kCorruptData, "{}:1: empty: no header line", csv.path);
  }
  Reader reader(text, csv.path);
  OCTET_TRY(CsvRow header, reader.next());
  if (is_conflict_marker(header.fields[0])) OCTET_CHECK_OK(check_row(csv, header));
  csv.header = std::move(header.fields);
  OCTET_CHECK_OK(check_header(csv));
  while (!reader.done()) {
    OCTET_TRY(CsvRow row, reader.next());
    if (row.fields.size() == 1 && trim(row.fields[0]).empty()) continue;
    OCTET_CHECK_OK(check_row(csv, row));
    csv.rows.push_back(std::move(row));
  }
  return csv;
}

Result<Csv> read_csv(const std::string& path) {
  OCTET_TRY(const std::string text, read_file(path));
  return parse_csv(text, path);
}

std::string csv_line(std::span<const std::string> fields) {
  std::string line;
  for (const std::string& field : fields) {
    if (!line.empty() || &field != fields.data()) line += ',';
    if (field.find_first_of(",\"\n\r") == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (const char c : field) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  return line;
}

}  // namespace octet
