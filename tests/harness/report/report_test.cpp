// The report: numbers worked out by hand, and a page that is well-formed, complete and safe.
#include "src/harness/report/report.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/report/report_testing.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

using namespace testing_report;  // NOLINT: the vocabulary of this file

/// "" if every tag that is opened is closed in order and attributes are quoted, else what is wrong.
std::string first_fault(const std::string& html) {
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at)) {
    size_t end = at + 1;
    bool quoted = false;
    for (; end < html.size() && (quoted || html[end] != '>'); ++end) {
      if (html[end] == '"') quoted = !quoted;
      if (html[end] == '<') return "a bare < in a tag: " + html.substr(at, 80);
    }
    if (end == html.size()) return "a tag without its end: " + html.substr(at, 80);
    const std::string tag = html.substr(at + 1, end - at - 1);
    at = end;
    if (tag[0] == '!' || tag.back() == '/') continue;
    const std::string word = tag.substr(tag[0] == '/', tag.find_first_of(" \n") - (tag[0] == '/'));
    if (tag[0] != '/') {
      open.push_back(word);
    } else if (open.empty() || open.back() != word) {
      return "</" + word + "> closes <" + (open.empty() ? "" : open.back()) + ">";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

TEST(ReportTest, TheCheckerOfThisTestSeesFaults) {
  EXPECT_EQ(first_fault("<p>a<b x=\"1>0\">c</b><br/></p>"), "");
  EXPECT_NE(first_fault("<p><b></p></b>"), "");
  EXPECT_NE(first_fault("<p>"), "");
  EXPECT_NE(first_fault("</p>"), "");
  EXPECT_NE(first_fault("<p title=\"<\"></p>"), "");
}

TEST(ReportModel, BoundsComeFromTheFloorAndTheBestRate) {
  const std::vector<Results> files = {three_phases()};
  const std::vector<Group> groups = group_results(files);
  ASSERT_EQ(groups.size(), 1u);
  const Group& group = groups[0];
  EXPECT_EQ(group.lead, "m");
  EXPECT_EQ(group.other_names, (std::vector<std::string>{"n", "k"}));
  EXPECT_DOUBLE_EQ(group.roofline.floor_gbps, 4000);  // 40 MB / 10 us
  EXPECT_DOUBLE_EQ(group.roofline.best_tflops, 100);  // 2 GFLOP / 20 us
  ASSERT_EQ(group.cells.size(), 3u);
  EXPECT_EQ(group.cells[0].phase, Phase::kDecode);
  EXPECT_DOUBLE_EQ(group.cells[0].share(), 0.5);
  EXPECT_FALSE(group.cells[0].bound.compute);
  EXPECT_EQ(group.cells[1].phase, Phase::kMid);
  EXPECT_DOUBLE_EQ(group.cells[1].share(), 0.8);
  EXPECT_EQ(group.cells[2].phase, Phase::kPrefill);
  EXPECT_TRUE(group.cells[2].bound.compute);
  EXPECT_DOUBLE_EQ(group.cells[2].share(), 1.0);
  EXPECT_DOUBLE_EQ(group.cells[2].floor_share(), 0.25);
}

TEST(ReportModel, GeometricMeans) {
  Results file = three_phases();
  file.rows.push_back(shape(64, 1024, 40, 5, 10e6, 1e6));  // decode at 12.5 %
  file.rows[0].peers["deepgemm"] = 20;                     // 2 times ours
  file.rows[3].peers["deepgemm"] = 20;                     // half of ours
  const std::vector<Results> files = {file};
  const Group group = group_results(files)[0];
  const PhaseSummary& decode = group.phase[0];
  EXPECT_EQ(decode.shapes, 2);
  EXPECT_NEAR(decode.share, 0.25, 1e-12);  // sqrt(0.5 * 0.125)
  EXPECT_DOUBLE_EQ(decode.worst_share, 0.125);
  EXPECT_NEAR(decode.gbps, 500, 1e-9);  // sqrt(1000 * 250)
  EXPECT_NEAR(decode.peers.at("deepgemm"), 1.0, 1e-12);
  EXPECT_EQ(group.all.shapes, 4);
}

TEST(ReportModel, PhaseLimits) {
  EXPECT_EQ(phase_of(shape(64, 1, 1, 1, 1, 1)), Phase::kDecode);
  EXPECT_EQ(phase_of(shape(65, 1, 1, 1, 1, 1)), Phase::kMid);
  EXPECT_EQ(phase_of(shape(1024, 1, 1, 1, 1, 1)), Phase::kMid);
  EXPECT_EQ(phase_of(shape(1025, 1, 1, 1, 1, 1)), Phase::kPrefill);
}

TEST(ReportModel, AWrongVariantIsNeverTheFastest) {
  Results file = three_phases();
  Measurement wrong = file.rows[0], slow = file.rows[0];
  wrong.variant = "v_wrong", wrong.us = 1, wrong.error = 9;
  slow.variant = "v_slow", slow.us = 11;
  file.rows.insert(file.rows.begin(), {wrong, slow});
  const std::vector<Results> files = {file};
  const Cell cell = group_results(files)[0].cells[0];
  EXPECT_EQ(cell.best->variant, "v_fast");
  ASSERT_EQ(cell.others.size(), 2u);
  EXPECT_EQ(cell.others[0]->variant, "v_slow");
  EXPECT_EQ(cell.others[1]->variant, "v_wrong");
}

TEST(ReportModel, TheCellIsTheVariantThatThePlanTakes) {
  Results file = three_phases();
  Measurement faster = file.rows[0], slow = file.rows[0], wrong = file.rows[0];
  faster.variant = "v_faster", faster.us = 9.8, faster.why = "bench";
  slow.variant = "v_slow", slow.us = 11, slow.why = "bench";
  wrong.variant = "v_wrong", wrong.us = 1, wrong.error = 9;  // chosen, but wrong
  file.rows.insert(file.rows.begin(), {slow, wrong, faster});
  const std::vector<Results> files = {file};
  const Cell cell = group_results(files)[0].cells[0];
  EXPECT_EQ(cell.best->variant, "v_fast") << "tuned:exact";
  ASSERT_EQ(cell.others.size(), 3u);
  EXPECT_EQ(cell.others[0]->variant, "v_faster");
  EXPECT_EQ(cell.others[1]->variant, "v_slow");
  EXPECT_EQ(cell.faster(), cell.others[0]);
  EXPECT_DOUBLE_EQ(cell.share(), 0.5) << "of the chosen one";
  const std::string html = page(files);
  EXPECT_TRUE(contains(html, "chosen; faster in this run: v_faster, 9.80 us"));
  EXPECT_TRUE(contains(html, "<td class=\"num\">0.98\u00d7</td>"));
}

TEST(ReportModel, TheFastestWhereNoneIsThePlans) {
  Results file = three_phases();
  file.rows[0].why = "bench";
  Measurement slow = file.rows[0];
  slow.variant = "v_slow", slow.us = 11;
  file.rows.insert(file.rows.begin(), slow);
  const std::vector<Results> files = {file};
  const Cell cell = group_results(files)[0].cells[0];
  EXPECT_EQ(cell.best->variant, "v_fast");
  EXPECT_EQ(cell.faster(), nullptr);
}

TEST(ReportTest, IsWellFormedAndSelfContained) {
  const std::string html = page({three_phases()});
  EXPECT_EQ(first_fault(html), "");
  EXPECT_TRUE(html.starts_with("<!doctype html>"));
  EXPECT_FALSE(contains(html, "http"));
  EXPECT_FALSE(contains(html, "<script"));
  EXPECT_FALSE(contains(html, "url("));
  EXPECT_TRUE(contains(html, "prefers-color-scheme: dark"));
}

TEST(ReportTest, ShowsEveryShapeInEveryPart) {
  const std::string html = page({three_phases()});
  const std::string roofline = drawing(html, "roofline"), heat = drawing(html, "heat");
  for (const char* words : {"m=1 n=512 k=256", "m=128 n=512 k=256", "m=4096 n=512 k=256"}) {
    EXPECT_EQ(count(roofline, std::string("<title>") + words), 1) << words;
    EXPECT_EQ(count(heat, std::string("<title>") + words), 1) << words;
  }
  EXPECT_EQ(count(html, "<td class=\"code\">v_fast</td>"), 3);  // table
  EXPECT_TRUE(contains(html, "best read floor 4.00 TB/s"));
  EXPECT_TRUE(contains(html, "best measured rate 100.0 TFLOP/s"));
  EXPECT_TRUE(contains(html, "<dt>compiler</dt><dd>g++ 12.2</dd>"));
  EXPECT_TRUE(contains(html, "H200 (sm90, cu_num 132)"));
}

TEST(ReportTest, OtherVariantsAreListedOnce) {
  EXPECT_FALSE(contains(page({three_phases()}), "<details>"));
  Results file = three_phases();
  file.rows.push_back(file.rows[0]);
  file.rows.back().variant = "v_slow", file.rows.back().us = 15;
  const std::string html = page({file});
  EXPECT_TRUE(contains(html, "Other variants of the same shapes (1)"));
  EXPECT_EQ(count(html, "v_slow"), 1);
  EXPECT_TRUE(contains(html, "<td class=\"num\">1.50\u00d7</td>"));
  EXPECT_EQ(first_fault(html), "");
}

TEST(ReportTest, EscapesWhatComesFromTheFile) {
  Results file = three_phases();
  const std::string evil = "<script>alert('1')</script>\" onload=\"x&y\x01";
  file.path = evil;
  file.environment[evil] = evil;
  for (Measurement& row : file.rows) {
    row.op = row.format = row.device = row.arch = row.variant = row.why = row.policy = evil;
    row.commit = row.time = row.env = evil;
    row.peers[evil] = 3;
    row.problem = {{"m", row.field("m")}, {evil, 7}};
  }
  Measurement slow = file.rows[0];
  slow.variant = evil + "2", slow.us = 50;
  file.rows.push_back(slow);
  const auto html = report_html(std::vector<Results>{file}, {evil, evil});
  ASSERT_TRUE(html.ok());
  EXPECT_FALSE(contains(*html, "<script"));
  EXPECT_FALSE(contains(*html, "\" onload"));
  EXPECT_FALSE(contains(*html, "\x01"));
  EXPECT_TRUE(contains(*html, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload"));
  EXPECT_TRUE(contains(*html, "x&amp;y\xef\xbf\xbd"));
  EXPECT_EQ(first_fault(*html), "");
}

TEST(ReportTest, UnstableWrongAndPeersAreShown) {
  Results file = three_phases();
  file.rows[0].stable = false;
  file.rows[1].error = 3.5;
  file.rows[2].peers["deepgemm"] = 10;
  const std::string html = page({file});
  EXPECT_TRUE(contains(html, "unstable: the median still moved"));
  EXPECT_TRUE(contains(html, "<strong>wrong</strong> 3.5"));
  EXPECT_TRUE(contains(html, "vs deepgemm"));
  EXPECT_TRUE(contains(html, "<td class=\"num loss\">0.50\u00d7</td>"));
}

TEST(ReportTest, WithoutFloorOrFlopsNothingIsInvented) {
  Results file = three_phases();
  for (Measurement& row : file.rows) row.floor_us = 0, row.flops = 0;
  const std::string html = page({file});
  EXPECT_TRUE(contains(html, "No roofline"));
  EXPECT_FALSE(contains(html, "nan"));
  EXPECT_FALSE(contains(html, "inf<"));
  EXPECT_EQ(first_fault(html), "");
}

TEST(ReportTest, OpsWithoutMUseTheirFirstField) {
  Results file = three_phases();
  file.rows.resize(2);
  file.rows[0].problem = {{"batch", 8}};
  file.rows[1].problem = {{"batch", 16}};
  const std::string html = page({file});
  EXPECT_TRUE(contains(html, "batch \u2193"));
  EXPECT_EQ(first_fault(html), "");
}

TEST(ReportTest, SeveralFilesGetAnOverview) {
  Results other = three_phases();
  for (Measurement& row : other.rows) row.device = "H100";
  const std::string html = page({three_phases(), other});
  EXPECT_TRUE(contains(html, "<h2>Overview</h2>"));
  EXPECT_TRUE(contains(html, "href=\"#group1\""));
  EXPECT_TRUE(contains(html, "id=\"group1\""));
  EXPECT_TRUE(contains(html, "2 files, 6 shapes, 6 measurements"));
  EXPECT_FALSE(contains(page({three_phases()}), "<h2>Overview</h2>"));
}

TEST(ReportTest, NothingToShowIsAnError) {
  const auto none = report_html({});
  EXPECT_EQ(none.status().code(), StatusCode::kInvalidArgument);
  const auto empty = report_html(std::vector<Results>{{"a.jsonl", Json::object(), {}, {}}});
  EXPECT_EQ(empty.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(empty.status().message(), "report: a.jsonl has no measurements");
}

TEST(ReportTest, WritesTheFileWholeOrNotAtAll) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "octet_report_test";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "r.html").string();
  ASSERT_TRUE(write_report(path, std::vector<Results>{three_phases()}).ok());
  EXPECT_TRUE(read_file(path).value().ends_with("</html>\n"));
  EXPECT_FALSE(write_report((folder / "no" / "r.html").string(), {}).ok());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace octet::harness
