#include "src/harness/shapes/config_keys.h"

#include "src/core/try.h"

namespace octet::harness {
namespace {

// Why: products of two sizes and a small factor stay within 64 bits.
constexpr int64_t kMaxSize = int64_t{1} << 30;
constexpr size_t kMaxQuoted = 60;

}  // namespace

std::string_view ConfigKeys::present(Spellings names) const {
  for (const char* name : names) {
    const auto found = object_.find(name);
    if (found != object_.end() && !found->is_null()) return name;
  }
  return {};
}

const Json* ConfigKeys::find(Spellings names) const {
  const std::string_view name = present(names);
  return name.empty() ? nullptr : &*object_.find(std::string(name));
}

std::string ConfigKeys::where(std::string_view name) const {
  return fmt::format("{}: key '{}{}'", path_, scope_, name);
}

Status ConfigKeys::missing(Spellings names) const {
  std::string others;
  for (auto name = names.begin() + 1; name != names.end(); ++name) {
    others += fmt::format("{}'{}'", others.empty() ? "" : ", ", *name);
  }
  if (!others.empty()) others = fmt::format(" (or {})", others);
  return fail(StatusCode::kCorruptData, "{}{} is missing", where(*names.begin()), others);
}

Status ConfigKeys::wrong(std::string_view name, std::string_view wanted, const Json& value) const {
  std::string quoted = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (quoted.size() > kMaxQuoted) quoted = quoted.substr(0, kMaxQuoted) + "...";
  return fail(StatusCode::kCorruptData, "{} must be {}, not {}", where(name), wanted, quoted);
}

Result<int64_t> ConfigKeys::number(std::string_view name, const Json& value,
                                   int64_t smallest) const {
  const std::string wanted = fmt::format("a whole number from {} to {}", smallest, kMaxSize);
  if (!value.is_number_integer()) return wrong(name, wanted, value);
  const bool fits = !value.is_number_unsigned() || value.get<uint64_t>() <= kMaxSize;
  if (!fits || value.get<int64_t>() < smallest || value.get<int64_t>() > kMaxSize) {
    return wrong(name, wanted, value);
  }
  return value.get<int64_t>();
}

Result<int64_t> ConfigKeys::size(Spellings names) const {
  const Json* value = find(names);
  if (value == nullptr) return missing(names);
  return number(present(names), *value, 1);
}

Result<int64_t> ConfigKeys::size_or(Spellings names, int64_t fallback) const {
  const Json* value = find(names);
  if (value == nullptr) return fallback;
  return number(present(names), *value, 0);
}

Result<bool> ConfigKeys::flag_or(Spellings names, bool fallback) const {
  const Json* value = find(names);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) return wrong(present(names), "true or false", *value);
  return value->get<bool>();
}

Result<std::string> ConfigKeys::text_or(Spellings names, std::string fallback) const {
  const Json* value = find(names);
  if (value == nullptr) return fallback;
  if (!value->is_string()) return wrong(present(names), "a text", *value);
  return value->get<std::string>();
}

Result<std::vector<int64_t>> ConfigKeys::sizes(Spellings names) const {
  std::vector<int64_t> list;
  const Json* value = find(names);
  if (value == nullptr) return list;
  if (!value->is_array()) return wrong(present(names), "a list of whole numbers", *value);
  for (const Json& entry : *value) {
    OCTET_TRY(const int64_t one, number(present(names), entry, 0));
    list.push_back(one);
  }
  return list;
}

Result<std::vector<std::string>> ConfigKeys::texts(Spellings names) const {
  std::vector<std::string> list;
  const Json* value = find(names);
  if (value == nullptr) return list;
  if (!value->is_array()) return wrong(present(names), "a list of texts", *value);
  for (const Json& entry : *value) {
    if (!entry.is_string()) return wrong(present(names), "a list of texts", entry);
    list.push_back(entry.get<std::string>());
  }
  return list;
}

}  // namespace octet::harness
