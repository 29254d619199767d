// Text and files: splitting, numbers, nearest word, whole-file reads and all-or-nothing writes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"

namespace octet {

std::vector<std::string> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string join(std::span<const std::string> words, std::string_view separator);

/// The whole of `text` as a number; anything left over is an error that quotes it.
Result<int64_t> parse_int(std::string_view text);
Result<double> parse_double(std::string_view text);

/// The candidate nearest to `word` by edit distance if it is near enough to be a slip, else "".
std::string nearest_word(std::string_view word, std::span<const std::string> candidates);

/// " (did you mean 'x'?)" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

/// kIo where the file cannot be read, or is larger than 1 GiB.
Result<std::string> read_file(const std::string& path);

/// Writes to a file beside `path`, flushes it to disk and renames it, so that `path` holds the old
/// content or the new, never half. A link stays a link, and its target is replaced; the mode of an
/// existing file stays. What is no regular file (/dev/stdout, a pipe) is written as it is. A full
/// disk or an unwritable folder is a kIo error.
Status write_file(const std::string& path, std::string_view content);

/// Where `path` leads over symbolic links, whether or not there is a file; `path` if it is none.
Result<std::string> follow_links(const std::string& path);

/// 64-bit mix in which order matters (of the splitmix64 family).
constexpr uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
  hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93ull;
  return hash ^ (hash >> 29);
}
uint64_t hash_bytes(std::string_view bytes);

/// Now, in UTC, as 2026-11-23T18:05:58Z.
std::string utc_now();

}  // namespace octet
