// Hand-made results and the parts of a report's page, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "src/harness/report/report.h"
#include "src/harness/report/report_html.h"

namespace octet::harness::testing_report {

inline Measurement shape(int64_t m, int64_t n, double us, double floor_us, double bytes,
                         double flops) {
  Measurement row;
  row.op = "gemm_blockscale", row.format = "e4m3fn", row.device = "H200", row.arch = "sm90";
  row.cu_num = 132, row.problem = {{"m", m}, {"n", n}, {"k", 256}};
  row.variant = "v_fast", row.why = "tuned:exact", row.policy = "cold", row.commit = "9797fba";
  row.us = row.us_min = row.us_max = row.us_q1 = row.us_q3 = us;
  row.samples = 21, row.stable = true, row.bytes = bytes, row.flops = flops;
  row.floor_us = floor_us, row.error = 0.25;
  return row;
}

/// Decode at 50 % of its floor, mid at 80 %, prefill at the best rate of the file: 100 TFLOP/s.
inline Results three_phases() {
  std::vector<Measurement> rows = {shape(1, 512, 10, 5, 10e6, 1e6),
                                   shape(128, 512, 12.5, 10, 40e6, 100e6),
                                   shape(4096, 512, 20, 5, 20e6, 2000e6)};
  return {"r.jsonl", Json{{"schema", 1}, {"compiler", "g++ 12.2"}}, std::move(rows), {}};
}

inline std::string page(const std::vector<Results>& files) {
  auto html = report_html(files);
  EXPECT_TRUE(html.ok()) << html.status().message();
  return html.ok() ? *html : "";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// The inline SVG of that class.
inline std::string drawing(const std::string& html, const std::string& name) {
  const size_t begin = html.find("<svg class=\"" + name + "\"");
  EXPECT_NE(begin, std::string::npos) << name;
  return begin == std::string::npos ? "" : html.substr(begin, html.find("</svg>", begin) - begin);
}

}  // namespace octet::harness::testing_report
