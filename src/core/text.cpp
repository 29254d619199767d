#include "src/core/text.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <numeric>

#include "src/core/try.h"

namespace octet {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (;;) {
    const size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string join(std::span<const std::string> words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

namespace {

template <class T>
Result<T> parse_number(std::string_view text, const char* kind) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range && rest == end) {
    return fail(StatusCode::kInvalidArgument, "'{}' does not fit {} of 64 bits", text, kind);
  }
  if (error != std::errc() || rest != end || text.empty()) {
    return fail(StatusCode::kInvalidArgument, "'{}' is not {}", text, kind);
  }
  return value;
}

}  // namespace

Result<int64_t> parse_int(std::string_view text) {
  return parse_number<int64_t>(text, "a whole number");
}

Result<double> parse_double(std::string_view text) {
  return parse_number<double>(text, "a number");
}

namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitute = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_word(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const std::string nearest = nearest_word(word, candidates);
  return nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest);
}

namespace {
constexpr size_t kMaxFileBytes = size_t{1} << 30;  // Why: /dev/zero has no end
}

Result<std::string> read_file(const std::string& path) {
  FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return fail(StatusCode::kIo, "{}: {}", path, std::strerror(errno));
  std::string content;
  char buffer[1 << 16];
  size_t count = 0;
  while (content.size() <= kMaxFileBytes &&
         (count = std::fread(buffer, 1, sizeof buffer, file)) > 0) {
    content.append(buffer, count);
  }
  const bool failed = std::ferror(file) != 0;
  const int error = errno;
  std::fclose(file);
  if (failed) return fail(StatusCode::kIo, "{}: {}", path, std::strerror(error));
  if (content.size() > kMaxFileBytes) {
    return fail(StatusCode::kIo, "{}: more than {} bytes", path, kMaxFileBytes);
  }
  return content;
}

uint64_t hash_bytes(std::string_view bytes) {
  uint64_t hash = bytes.size();
  for (const char c : bytes) hash = mix(hash, static_cast<unsigned char>(c));
  return hash;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char buffer[32];
  std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return buffer;
}

}  // namespace octet
