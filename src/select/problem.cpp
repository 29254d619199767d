#include "src/select/problem.h"

#include <algorithm>

#include "src/core/text.h"
#include "src/core/try.h"

namespace octet::select {

Problem bucketed(const Problem& problem) {
  Problem key = problem;
  if (problem.schema->bucket != nullptr) problem.schema->bucket(key);
  return key;
}

Problem table_key(const Problem& problem) {
  Problem key = bucketed(problem);
  key.format = problem.schema->table_format(problem.format);
  return key;
}

std::string to_string(const Problem& problem) {
  std::string text;
  for (size_t i = 0; i < problem.schema->fields.size(); ++i) {
    text += fmt::format("{}={} ", problem.schema->fields[i], problem.field[i]);
  }
  return text + "format=" + problem.schema->format_name(problem.format);
}

namespace {

Status set_word(const OpSchema& schema, const std::string& word, Problem& problem,
                std::vector<bool>& given) {
  const size_t equals = word.find('=');
  OCTET_REQUIRE(equals != std::string::npos, "{}: '{}' is not name=value", schema.name, word);
  const std::string name = word.substr(0, equals);
  const std::string value = word.substr(equals + 1);
  if (name == "format") {
    OCTET_REQUIRE(!given.back(), "{}: 'format' is given twice", schema.name);
    given.back() = true;
    OCTET_TRY(problem.format, schema.parse_format(value));
    return Status::Ok();
  }
  const auto found = std::find(schema.fields.begin(), schema.fields.end(), name);
  if (found == schema.fields.end()) {
    std::vector<std::string> names(schema.fields.begin(), schema.fields.end());
    names.emplace_back("format");
    return fail(StatusCode::kInvalidArgument, "{}: no field '{}'{}; fields: {}", schema.name, name,
                did_you_mean(name, names), join(names, " "));
  }
  const auto index = static_cast<size_t>(found - schema.fields.begin());
  const auto number = parse_int(value);
  OCTET_REQUIRE(number.ok(), "{}: {}: {}", schema.name, word, number.status().message());
  OCTET_REQUIRE(!given[index], "{}: '{}' is given twice", schema.name, name);
  given[index] = true;
  problem.field[index] = *number;
  return Status::Ok();
}

}  // namespace

Result<Problem> parse_problem(const OpSchema& schema, std::span<const std::string> words,
                              uint32_t default_format) {
  Problem problem{&schema, default_format, {}};
  std::vector<bool> given(schema.fields.size() + 1);  // the last one is format
  for (const std::string& word : words) OCTET_CHECK_OK(set_word(schema, word, problem, given));
  for (size_t i = 0; i < schema.fields.size() - schema.num_optional; ++i) {
    OCTET_REQUIRE(given[i], "{}: '{}=' is missing", schema.name, schema.fields[i]);
  }
  return problem;
}

}  // namespace octet::select
