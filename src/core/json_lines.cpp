#include "src/core/json_lines.h"

#include <algorithm>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet {
namespace {

/// What the library says, without the name that it puts in front: "[json.exception...101] ".
std::string_view words_of(const nlohmann::json::exception& error) {
  const std::string_view words = error.what();
  const size_t name = words.find("] ");
  return words.substr(name == std::string_view::npos ? 0 : name + 2);
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& path) {
  try {  // the library throws; the house does not
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const auto end = text.begin() + static_cast<long>(std::min(error.byte, text.size()));
    return fail(StatusCode::kCorruptData, "{}:{}: not JSON: {}", path,
                1 + std::count(text.begin(), end, '\n'), words_of(error));
  } catch (const nlohmann::json::exception& error) {  // a number such as 1e999 is no parse_error
    return fail(StatusCode::kCorruptData, "{}: not JSON: {}", path, words_of(error));
  }
}

Result<std::vector<JsonLine>> read_json_lines(const std::string& path, bool allow_torn_end) {
  OCTET_TRY(const std::string text, read_file(path));
  std::vector<JsonLine> lines;
  int number = 0;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    ++number;
    begin = end == std::string::npos ? text.size() : end + 1;
    if (trim(line).empty()) continue;
    if (allow_torn_end && end == std::string::npos) break;
    auto object = parse_json(line, path);
    if (!object.ok() || !object->is_object()) {
      return fail(StatusCode::kCorruptData, "{}:{}: not a JSON object{}", path, number,
                  end == std::string::npos ? "; the file ends within this line" : "");
    }
    lines.push_back({number, std::move(object).value()});
  }
  return lines;
}

}  // namespace octet
