// The page around the parts, and the parts that every page has.
#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/report/report_html.h"

namespace octet::harness {

std::string html_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        // Why: control characters are not legal in HTML, whatever way they are written.
        if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7f') {
          escaped += "\xef\xbf\xbd";
        } else {
          escaped += c;
        }
    }
  }
  return escaped;
}

std::string html_number(double value, int digits) {
  return value > 0 ? fmt::format("{:.{}f}", value, digits) : "\u2013";
}

std::string html_head(const std::string& text, const char* css_class) {
  return fmt::format("<th scope=\"col\" class=\"{}\">{}</th>", css_class, html_escape(text));
}

std::string html_cell(const std::string& html, const char* css_class) {
  return fmt::format("<td class=\"{}\">{}</td>", css_class, html);
}

std::string environment_list(const Results& file) {
  std::string html = fmt::format("<h3>{}</h3>\n<dl class=\"environment\">", html_escape(file.path));
  for (const auto& [key, value] : file.environment.items()) {
    std::string text = value.is_string() ? value.get<std::string>() : results_line(value);
    html +=
        fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", html_escape(key), html_escape(trim(text)));
  }
  return html + "</dl>\n";
}

std::string html_page(const std::string& title, const std::string& subtitle,
                      const std::string& main, const std::string& footer, const char* more_css) {
  const std::string heading = html_escape(title);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<title>{}</title>\n<style>{}{}</style>\n</head>\n<body>\n"
      "<header><h1>{}</h1><p class=\"sub\">{}</p></header>\n<main>\n{}</main>\n"
      "<footer>{}</footer>\n</body>\n</html>\n",
      heading, report_css(), more_css, heading, html_escape(subtitle), main, html_escape(footer));
}

}  // namespace octet::harness
