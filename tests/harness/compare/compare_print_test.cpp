// The forms of a comparison: text, Markdown, a page, CSV.
#include "src/harness/compare/compare_print.h"

#include "harness/compare/compare_testing.h"
#include "harness/temporary_folder.h"
#include "src/core/csv.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

using testing_compare::compared;
using testing_compare::file;
using testing_compare::timed;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Rows m=1 slower, m=2 faster, m=3 same; the variant's name is hostile.
Comparison three_rows(Rule rule = Rule::kGolden) {
  CompareOptions options;
  options.rule = rule;
  Measurement odd = timed(100, 0.5, 1);
  odd.variant = "a|b,\"c\x1b[31m<i>";
  return compared(file("a", {odd, timed(100, 0.5, 2), timed(100, 0.5, 3)}),
                  file("b", {timed(125, 0.5, 1), timed(80, 0.5, 2), timed(100, 0.5, 3)}), options);
}

TEST(ComparePrint, TableShowsWhatMovedWorstFirst) {
  const std::string table = compare_table(three_rows());
  const size_t slower = table.find("SLOWER"), faster = table.find("FASTER");
  ASSERT_NE(faster, std::string::npos);
  EXPECT_LT(slower, faster);
  EXPECT_TRUE(contains(table, "100.00  125.00     1.250"));
  EXPECT_TRUE(contains(table, "m=1 n=512 k=256"));
  EXPECT_FALSE(contains(table, "m=3 n=512 k=256"));
  EXPECT_TRUE(contains(table, "not shown: 1 SAME or SKIPPED"));
  EXPECT_TRUE(contains(table, "1 SLOWER, 1 FASTER, 1 SAME; new/base geomean 1.000 over 3"));
  EXPECT_FALSE(contains(table, "\x1b"));  // not even from the variant's name
  EXPECT_TRUE(contains(compare_table(three_rows(), true), "m=3 n=512 k=256"));
  EXPECT_TRUE(contains(compare_table(three_rows(), false, true), "\x1b[31mSLOWER"));
}

TEST(ComparePrint, MarkdownEscapes) {
  const std::string markdown = compare_markdown(three_rows());
  EXPECT_TRUE(contains(markdown,
                       "| SLOWER | gemm\\_blockscale e4m3fn cold | m=1 n=512 k=256 | "
                       "100.00 | 125.00 | 1.250 | - | a\\|b"));
  EXPECT_FALSE(contains(markdown, "<i>"));
  EXPECT_TRUE(contains(markdown, "1 SAME or SKIPPED"));
}

TEST(ComparePrint, CsvHasEveryRow) {
  const auto csv = parse_csv(compare_csv(three_rows()), "out.csv");
  ASSERT_TRUE(csv.ok()) << csv.status().message();
  ASSERT_EQ(csv->rows.size(), 3u);
  const auto at = [&](size_t row, const char* column) {
    return csv->rows[row].fields[static_cast<size_t>(csv->column(column))];
  };
  EXPECT_EQ(at(0, "state"), "SLOWER");
  EXPECT_EQ(at(0, "base_variant"), "a|b,\"c\x1b[31m<i>");
  EXPECT_EQ(at(0, "ratio"), "1.25");
  EXPECT_EQ(at(1, "problem"), "m=2 n=512 k=256");
  EXPECT_EQ(at(1, "new_us"), "80");
  EXPECT_EQ(at(2, "state"), "SAME");
}

TEST(ComparePrint, SaysWhenTheResultBecameWrong) {
  Measurement wrong = timed(50);
  wrong.error = 2.5;
  const Comparison comparison = compared(file("a", {timed(100)}), file("b", {wrong}));
  EXPECT_TRUE(contains(compare_table(comparison), "new is wrong: 2.5 x its bound"));
  EXPECT_TRUE(contains(compare_table(comparison), "REGRESSION: "));
}

TEST(ComparePrint, PageIsSelfContainedAndEscaped) {
  const std::string html = compare_html(three_rows(Rule::kRobust));
  EXPECT_TRUE(html.starts_with("<!doctype html>"));
  EXPECT_TRUE(contains(html, "prefers-color-scheme: dark"));
  for (const char* never : {"<script", "http://", "https://", "@import", "<link", "<i>"}) {
    EXPECT_FALSE(contains(html, never)) << never;
  }
  EXPECT_TRUE(contains(html, "a|b,&quot;c"));
  EXPECT_TRUE(contains(html, "REGRESSION: 1 SLOWER, 1 FASTER, 1 SAME"));
  EXPECT_TRUE(contains(html, "class=\"whisker slower\""));
  EXPECT_TRUE(contains(html, "class=\"whisker faster\""));
  size_t rows = 0;
  for (size_t at = html.find("<circle"); at != std::string::npos; at = html.find("<circle", at + 1))
    ++rows;
  EXPECT_EQ(rows, 3u);
}

TEST(ComparePrint, RemarksSayWhatIsAssumed) {
  Measurement once = timed(100);
  once.repetitions.clear();
  EXPECT_TRUE(contains(compare_table(compared(file("a", {once}), file("b", {once}))),
                       "scatters by 1.00 % in the typical row, assumed: these files have no "
                       "repetitions"));
  EXPECT_FALSE(contains(compare_table(three_rows(Rule::kGolden)), "note  "));
}

TEST(ComparePrint, FormIsChosenByTheEndOfThePath) {
  const testing_files::TemporaryFolder folder;
  const Comparison comparison = three_rows();
  ASSERT_TRUE(write_comparison(folder.file("v.csv"), comparison).ok());
  ASSERT_TRUE(write_comparison(folder.file("v.md"), comparison).ok());
  ASSERT_TRUE(write_comparison(folder.file("v.html"), comparison).ok());
  EXPECT_EQ(read_file(folder.file("v.csv")).value(), compare_csv(comparison));
  EXPECT_EQ(read_file(folder.file("v.md")).value(), compare_markdown(comparison));
  EXPECT_EQ(read_file(folder.file("v.html")).value(), compare_html(comparison));
}

}  // namespace
}  // namespace octet::harness
