// JSON lines: one JSON object a line. The first line of a results file is its environment object.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"

namespace octet {

/// Keys keep the order in which they were added.
using Json = nlohmann::ordered_json;

/// A whole JSON text; errors name `path` and the line.
Result<Json> parse_json(std::string_view text, const std::string& path);

struct JsonLine {
  int line = 0;
  Json object;
};

/// Every non-empty line as an object; a line that is none is an error path:line. With
/// `allow_torn_end` a last line without its newline is dropped (a journal after kill -9).
Result<std::vector<JsonLine>> read_json_lines(const std::string& path, bool allow_torn_end = false);

}  // namespace octet
