// Tables of text as the verbs print them, and the cells that several of them share.
#pragma once

#include <string>
#include <vector>

#include "src/harness/measure/roofline.h"

namespace octet::tools {

/// Aligned columns: numbers to the right, and their column's name over them.
class Table {
 public:
  /// A name may have several lines.
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void add(std::vector<std::string> cells) { rows_.push_back({std::move(cells), ""}); }
  /// A line of its own, over the rows that follow.
  void add_heading(std::string heading) { rows_.push_back({{}, std::move(heading)}); }
  std::string text() const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::string heading;  // where there are no cells
  };
  std::vector<std::string> header_;
  std::vector<Row> rows_;
};

/// Microseconds: "12.3", "1234", "~12.3" where they were unstable.
std::string us_text(const harness::Measurement& row);
/// GB/s: "12.3", "1234".
std::string gbps_text(const harness::Measurement& row);

/// How near a row is to what decides its time. Two columns: % of the read floor where memory
/// decides, % of the best rate where compute does; "-" where it is the other one, or not known.
extern const std::vector<std::string> kLimitColumns;
std::vector<std::string> limit_cells(const harness::Roofline& roofline,
                                     const harness::Measurement& row);
/// What the two columns and the mark of us_text mean.
extern const char* const kLimitLegend;

}  // namespace octet::tools
