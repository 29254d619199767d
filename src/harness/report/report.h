// Report: one self-contained HTML page from results files. No network, no script; light and dark.
//
// Per (op, format, device, policy): geometric means for decode, mid and prefill, a roofline, a heat
// map of m by the other dimensions, and a table of all rows. Everything that comes from a file is
// escaped.
#pragma once

#include <span>
#include <string>

#include "octet/status.h"
#include "src/harness/measure/results.h"

namespace octet::harness {

struct ReportOptions {
  std::string title = "Octet results";
  std::string created;  // a date for the page's foot; "": none, so that the page is reproducible
};

/// The page. kInvalidArgument without a file or when no file has a measurement.
Result<std::string> report_html(std::span<const Results> files, const ReportOptions& options = {});

/// The page as a file; written whole or not at all.
Status write_report(const std::string& path, std::span<const Results> files,
                    const ReportOptions& options = {});

}  // namespace octet::harness
