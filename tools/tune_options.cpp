// The options of octet tune as the harness takes them.
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>

#include "src/core/text.h"
#include "src/core/try.h"
#include "src/harness/measure/environment.h"
#include "src/harness/target.h"
#include "tools/tune.h"

namespace octet::tools {
namespace {

Result<double> parse_budget(const std::string& text) {
  const std::map<std::string, double> units{{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"", 1}};
  const size_t digits = text.find_first_not_of("0123456789.");
  const auto unit = units.find(digits == std::string::npos ? "" : text.substr(digits));
  const auto number = parse_double(text.substr(0, digits));
  if (unit == units.end() || !number.ok() || *number <= 0) {
    return fail(StatusCode::kInvalidArgument, "--budget '{}': must be a time such as 90s, 5m or 1h",
                text);
  }
  return *number * unit->second;
}

}  // namespace

Result<Device> tuning_device(const TuneOptions& options) {
  OCTET_TRY(const Stream stream, harness::open_stream({options.device, options.threads}));
  return stream.device();
}

Result<harness::TuneRunOptions> run_options(const TuneOptions& options, const Device& device,
                                            double default_s) {
  harness::TuneRunOptions run;
  run.budget_s = default_s;
  if (!options.budget.empty()) {
    OCTET_TRY(run.budget_s, parse_budget(options.budget));
  }
  OCTET_REQUIRE(options.timeout_s >= 1 && options.timeout_s <= 86400,
                "--timeout {}: must be 1 to 86400 seconds", options.timeout_s);
  OCTET_TRY(run.shard, harness::parse_shard(options.shard));
  run.worker.target = {options.device, is_cpu(device.arch) ? device.cu_num : 0};
  run.worker.timeout_s = options.timeout_s;
  const size_t colon = options.fault.rfind(':');
  if (colon != std::string::npos) {
    run.worker.fault = {options.fault.substr(0, colon), options.fault.substr(colon + 1)};
  }
  return run;
}

Status check_outputs(std::span<const std::string> paths) {
  for (const std::string& path : paths) {
    std::error_code error;
    const bool exists = std::filesystem::exists(path, error);
    if (std::filesystem::is_directory(path, error)) {
      return fail(StatusCode::kIo, "{}: {}", path, std::strerror(EISDIR));
    }
    // Why: a device or a pipe is not opened twice, and nothing that was there is removed.
    if (path.empty() || (exists && !std::filesystem::is_regular_file(path, error))) continue;
    OCTET_TRY(const std::string target, follow_links(path));  // a link to nothing stays
    std::FILE* file = std::fopen(target.c_str(), "ab");
    if (file == nullptr) return fail(StatusCode::kIo, "{}: {}", path, std::strerror(errno));
    std::fclose(file);
    if (!exists) std::remove(target.c_str());
  }
  return Status::Ok();
}

std::string row_source() {
  return fmt::format("octet {} {}", harness::build_commit(), utc_now().substr(0, 10));
}

}  // namespace octet::tools
