// The heat map: colours, words and places worked out by hand.
#include <gtest/gtest.h>

#include "harness/report/report_testing.h"

namespace octet::harness {
namespace {

using namespace testing_report;  // NOLINT: the vocabulary of this file

/// Of the cell of the heat map whose tooltip begins with `problem`: everything.
std::string heat_cell(const std::string& html, const std::string& problem) {
  const std::string heat = drawing(html, "heat");
  const size_t title = heat.find("<title>" + problem);
  EXPECT_NE(title, std::string::npos) << problem;
  if (title == std::string::npos) return "";
  const size_t begin = heat.rfind("<g ", title);
  return heat.substr(begin, heat.find("</g>", begin) - begin);
}

TEST(ReportHeat, PrintsPercentAndMarksTheComputeBound) {
  const std::string html = page({three_phases()});
  const std::string decode = heat_cell(html, "m=1 "), mid = heat_cell(html, "m=128 "),
                    prefill = heat_cell(html, "m=4096 ");
  EXPECT_TRUE(decode.starts_with("<g class=\"cell h2\">"));   // 40 to 55
  EXPECT_TRUE(mid.starts_with("<g class=\"cell h5\">"));      // 80 to 90
  EXPECT_TRUE(prefill.starts_with("<g class=\"cell h6\">"));  // 90 and up
  EXPECT_TRUE(decode.ends_with(">50</text>")) << decode;
  EXPECT_TRUE(prefill.ends_with(">100</text>")) << prefill;
  EXPECT_TRUE(contains(decode, "50 % of the read floor (5.00 us)"));
  EXPECT_TRUE(contains(prefill, "compute-bound: 100 % of the best measured rate"));
  EXPECT_FALSE(contains(mid, "class=\"corner\""));
  EXPECT_TRUE(contains(prefill, "class=\"corner\""));
}

TEST(ReportHeat, IsAPlaceForEachShapeUnderItsFields) {
  Results file = three_phases();
  file.rows.push_back(shape(4096, 1024, 50, 5, 20e6, 2000e6));
  const std::string heat = drawing(page({file}), "heat");
  for (const char* label : {">512<", ">1024<", ">n \u2192<", ">1<", ">128<", ">4096<"}) {
    EXPECT_EQ(count(heat, label), 1) << label;  // a line's head stands once
  }
  EXPECT_EQ(count(heat, ">256<"), 2) << "the k of both columns";
  for (const char* phase : {"decode", "mid", "prefill"}) {
    EXPECT_EQ(count(heat, std::string("<rect class=\"") + phase + "\""), 1) << phase;
  }
  EXPECT_EQ(count(heat, "<g class=\"cell "), 4) << "no cell where nothing was measured";
  const auto place = [&](const std::string& problem, const std::string& axis) {
    const std::string cell = heat_cell(page({file}), problem);
    const size_t at = cell.find(" " + axis + "=\"", cell.find("<rect")) + axis.size() + 3;
    return cell.substr(at, cell.find('"', at) - at);
  };
  EXPECT_EQ(place("m=4096 n=512 ", "y"), place("m=4096 n=1024 ", "y"));
  EXPECT_NE(place("m=4096 n=512 ", "x"), place("m=4096 n=1024 ", "x"));
  EXPECT_EQ(place("m=1 n=512 ", "x"), place("m=4096 n=512 ", "x"));
  EXPECT_NE(place("m=1 n=512 ", "y"), place("m=4096 n=512 ", "y"));
}

TEST(ReportHeat, AWrongResultAndOneWithoutABoundHaveNoShare) {
  Results file = three_phases();
  file.rows[1].error = 3.5;
  const std::string wrong = heat_cell(page({file}), "m=128 ");
  EXPECT_TRUE(wrong.starts_with("<g class=\"cell wrong\">")) << wrong;
  EXPECT_TRUE(wrong.ends_with(">\u2717</text>")) << wrong;
  for (Measurement& row : file.rows) row.floor_us = 0, row.flops = 0;
  const std::string none = heat_cell(page({file}), "m=1 ");
  EXPECT_TRUE(none.starts_with("<g class=\"cell none\">")) << none;
  EXPECT_TRUE(none.ends_with(">\u2013</text>")) << none;
}

}  // namespace
}  // namespace octet::harness
