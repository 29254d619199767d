#include "src/harness/shapes/m_list.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <string>
#include <unordered_set>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::harness {
namespace {

using Sizes = std::vector<int64_t>;

constexpr int64_t kMaxSize = std::numeric_limits<int32_t>::max();
constexpr size_t kMaxSizes = 100'000;
constexpr std::array<int64_t, 7> kDecode = {1, 2, 4, 8, 16, 32, 64};
// data/shapes/m_serving.csv
constexpr std::array<int64_t, 22> kServing = {1,    2,    4,    8,    16,    24,   32,  48,
                                              64,   96,   128,  192,  256,   384,  512, 768,
                                              1024, 2048, 4096, 8192, 16384, 32768};

/// The serving sizes in (above, last].
Sizes serving(int64_t above, int64_t last) {
  Sizes sizes;
  std::copy_if(kServing.begin(), kServing.end(), std::back_inserter(sizes),
               [&](int64_t m) { return m > above && m <= last; });
  return sizes;
}

/// The sizes that tuned tables pad m to (data/shapes/m_grid.csv).
Sizes grid() {
  Sizes sizes;
  for (int64_t m = 16; m <= 80'000; m += m < 256 ? 16 : m < 1024 ? 32 : m < 4096 ? 64 : 128) {
    sizes.push_back(m);
  }
  return sizes;
}

Result<Sizes> named(std::string_view word) {
  if (word == "decode") return Sizes(kDecode.begin(), kDecode.end());
  if (word == "mid") return serving(64, 1024);
  if (word == "prefill") return serving(1024, kMaxSize);
  if (word == "serving") return serving(0, kMaxSize);
  if (word == "grid") return grid();
  const std::array<std::string, 5> names = {"decode", "mid", "prefill", "serving", "grid"};
  return fail(
      StatusCode::kInvalidArgument,
      "m list: '{}' is none of decode, mid, prefill, serving, grid, a size such as 16, or a "
      "range such as 1:64:x2{}",
      word, did_you_mean(word, names));
}

Result<int64_t> size(std::string_view number, std::string_view word) {
  const auto value = parse_int(number);
  OCTET_REQUIRE(value.ok(), "m list: '{}': '{}' is not a whole number below 2^31", word, number);
  OCTET_REQUIRE(*value >= 1 && *value <= kMaxSize, "m list: '{}': {} is not in 1 to {}", word,
                *value, kMaxSize);
  return *value;
}

/// first:last:xFACTOR or first:last:STEP, `last` included if met.
Result<Sizes> range(std::string_view word) {
  const auto parts = split(word, ':');
  OCTET_REQUIRE(parts.size() == 3, "m list: '{}' is not first:last:xFACTOR or first:last:STEP",
                word);
  OCTET_TRY(const int64_t first, size(parts[0], word));
  OCTET_TRY(const int64_t last, size(parts[1], word));
  const bool multiplies = parts[2].starts_with('x');
  OCTET_TRY(const int64_t step, size(std::string_view(parts[2]).substr(multiplies), word));
  OCTET_REQUIRE(first <= last, "m list: '{}': the first size {} is above the last {}", word, first,
                last);
  OCTET_REQUIRE(!multiplies || step > 1, "m list: '{}': a factor of 1 never reaches the end", word);
  OCTET_REQUIRE(multiplies || (last - first) / step < static_cast<int64_t>(kMaxSizes),
                "m list: '{}' has more than {} sizes", word, kMaxSizes);
  Sizes sizes;
  for (int64_t m = first; m <= last; m = multiplies ? m * step : m + step) sizes.push_back(m);
  return sizes;
}

Result<Sizes> word_sizes(std::string_view word) {
  OCTET_REQUIRE(!word.empty(), "m list: an empty word; write sizes as 1,2,4");
  if (word.find(':') != std::string_view::npos) return range(word);
  const bool is_number = word.find_first_not_of("+-.0123456789") == std::string_view::npos;
  if (!is_number) return named(word);
  OCTET_TRY(const int64_t m, size(word, word));
  return Sizes{m};
}

}  // namespace

Result<std::vector<int64_t>> m_list(std::string_view text) {
  Sizes sizes;
  std::unordered_set<int64_t> seen;
  for (const std::string& word : split(text, ',')) {
    OCTET_TRY(const Sizes more, word_sizes(trim(word)));
    std::copy_if(more.begin(), more.end(), std::back_inserter(sizes),
                 [&](int64_t m) { return seen.insert(m).second; });
    OCTET_REQUIRE(sizes.size() <= kMaxSizes, "m list: '{}' has more than {} sizes", text,
                  kMaxSizes);
  }
  return sizes;
}

}  // namespace octet::harness
