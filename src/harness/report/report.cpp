#include "src/harness/report/report.h"

#include <algorithm>
#include <set>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/report/report_html.h"

namespace octet::harness {

namespace {

std::string group_title(const Group& group) {
  return html_escape(fmt::format("{} {}", group.op, group.format));
}

std::string device_words(const Group& group) {
  return html_escape(fmt::format("{} ({}, cu_num {})", group.device, group.arch, group.cu_num));
}

/// "commit 9797fba, 62985c6": where the measurements of a group come from.
std::string commit_words(const Group& group) {
  std::set<std::string> commits;
  for (const Cell& cell : group.cells) commits.insert(cell.best->commit);
  return html_escape(fmt::format("commit {}", fmt::join(commits, ", ")));
}

std::string share_cell(const PhaseSummary& phase) {
  return fmt::format("<td class=\"num\">{}</td>", html_number(100 * phase.share, 0));
}

/// Of several groups: a line each, with a link to its section.
std::string overview(const std::vector<Group>& groups) {
  if (groups.size() < 2) return "";
  std::string html =
      "<section><h2>Overview</h2><p class=\"sub\">Geometric mean, % of the roofline</p>"
      "<div class=\"scroll\"><table class=\"data\"><thead><tr><th scope=\"col\">op</th>"
      "<th scope=\"col\">device</th><th scope=\"col\">policy</th>"
      "<th scope=\"col\" class=\"num\">shapes</th><th scope=\"col\" class=\"num\">decode</th>"
      "<th scope=\"col\" class=\"num\">mid</th><th scope=\"col\" class=\"num\">prefill</th>"
      "<th scope=\"col\" class=\"num\">all</th></tr></thead><tbody>\n";
  for (size_t i = 0; i < groups.size(); ++i) {
    const Group& group = groups[i];
    html += fmt::format(
        "<tr><th scope=\"row\"><a href=\"#group{}\">{}</a></th><td>{}</td><td>{}</td>"
        "<td class=\"num\">{}</td>",
        i, group_title(group), device_words(group), html_escape(group.policy), group.all.shapes);
    for (const PhaseSummary& phase : group.phase) html += share_cell(phase);
    html += share_cell(group.all) + "</tr>\n";
  }
  return html + "</tbody></table></div></section>\n";
}

std::string group_section(const Group& group, size_t index) {
  return fmt::format(
             "<section id=\"group{}\"><h2>{}</h2>\n<p class=\"sub\">{} \u00b7 {} \u00b7 {} shapes "
             "\u00b7 {}</p>\n",
             index, group_title(group), device_words(group), html_escape(group.policy),
             group.cells.size(), commit_words(group)) +
         phase_table(group) + roofline_figure(group) + heat_map(group) + row_table(group) +
         other_variants(group) + "</section>\n";
}

std::string environment_section(std::span<const Results> files) {
  std::string html = "<section><h2>Environment</h2>\n<p class=\"sub\">As written by each run</p>";
  for (const Results& file : files) html += environment_list(file);
  return html + "</section>\n";
}

/// "3 files, 61 shapes, 120 measurements"
std::string size_words(std::span<const Results> files, const std::vector<Group>& groups) {
  size_t rows = 0, shapes = 0;
  for (const Results& file : files) rows += file.rows.size();
  for (const Group& group : groups) shapes += group.cells.size();
  const auto many = [](size_t count, const char* word) {
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
  };
  return fmt::format("{}, {}, {}", many(files.size(), "file"), many(shapes, "shape"),
                     many(rows, "measurement"));
}

}  // namespace

Result<std::string> report_html(std::span<const Results> files, const ReportOptions& options) {
  OCTET_REQUIRE(!files.empty(), "report: no results file was given");
  const std::vector<Group> groups = group_results(files);
  std::vector<std::string> paths;
  for (const Results& file : files) paths.push_back(file.path);
  OCTET_REQUIRE(!groups.empty(), "report: {} has no measurements", join(paths, ", "));
  std::string html = overview(groups);
  for (size_t i = 0; i < groups.size(); ++i) html += group_section(groups[i], i);
  html += environment_section(files);
  const std::string created = options.created.empty() ? "" : " " + options.created;
  return html_page(options.title, size_words(files, groups), html,
                   "Written by octet report." + created);
}

Status write_report(const std::string& path, std::span<const Results> files,
                    const ReportOptions& options) {
  OCTET_TRY(const std::string html, report_html(files, options));
  return write_file(path, html);
}

}  // namespace octet::harness
