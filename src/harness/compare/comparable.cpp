#include "src/harness/compare/comparable.h"

#include <algorithm>
#include <map>
#include <set>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

using Words = std::set<std::string>;

std::string device_of(const Measurement& row) {
  return fmt::format("{} ({}, cu_num {})", row.device, row.arch, row.cu_num);
}

std::string policy_of(const Measurement& row) { return row.policy; }

Words words_of(const Results& results, std::string (*word)(const Measurement&)) {
  Words words;
  for (const Measurement& row : results.rows) words.insert(word(row));
  return words;
}

bool disjoint(const Words& a, const Words& b) {
  return std::none_of(a.begin(), a.end(), [&](const auto& word) { return b.count(word) > 0; });
}

/// Refuses files that have not one `what` in common.
Status check_common(const Results& base, const Results& next, const char* what, const char* option,
                    std::string (*word)(const Measurement&)) {
  const Words base_words = words_of(base, word), next_words = words_of(next, word);
  OCTET_REQUIRE(!disjoint(base_words, next_words),
                "compare: measured {}: {} has {}; {} has {} ({} compares them)", what, base.path,
                fmt::join(base_words, ", "), next.path, fmt::join(next_words, ", "), option);
  return Status::Ok();
}

std::string identity_of(const Measurement& row) {
  return fmt::format("{} {} {} {} on {}, {}", row.op, row.format, row.shape(), row.policy,
                     device_of(row), row.variant);
}

Status check_file(const Results& results, bool allow_several_devices) {
  OCTET_REQUIRE(!results.rows.empty(), "compare: {} has no measurements", results.path);
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < results.rows.size(); ++i) {
    const std::string identity = identity_of(results.rows[i]);
    const auto [first, added] = seen.emplace(identity, i);
    OCTET_REQUIRE(added, "compare: {}: measured before at {}: {}", results.at(i),
                  results.at(first->second), identity);
    OCTET_REQUIRE(allow_several_devices || device_of(results.rows[i]) == device_of(results.rows[0]),
                  "compare: {}: measured on {}, but {} on {} (--allow-other-device compares them)",
                  results.at(i), device_of(results.rows[i]), results.at(0),
                  device_of(results.rows[0]));
  }
  return Status::Ok();
}

}  // namespace

Status check_comparable(const Results& base, const Results& next, const CompareOptions& options) {
  OCTET_CHECK_OK(check_file(base, options.allow_other_device));
  OCTET_CHECK_OK(check_file(next, options.allow_other_device));
  if (!options.allow_other_device) {
    OCTET_CHECK_OK(
        check_common(base, next, "on different devices", "--allow-other-device", device_of));
  }
  if (options.allow_other_policy) return Status::Ok();
  return check_common(base, next, "with different policies", "--allow-other-policy", policy_of);
}

}  // namespace octet::harness
