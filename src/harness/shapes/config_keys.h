// ConfigKeys: typed access to the keys of a JSON object, with errors that name the file and the
// key.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"
#include "src/core/json_lines.h"

namespace octet::harness {

/// The spellings of one key, most common first.
using Spellings = std::initializer_list<const char*>;

/// A view of `object`, which must outlive it. A key that is null counts as absent.
class ConfigKeys {
 public:
  /// `scope` goes before keys in messages: "text_config." or "".
  ConfigKeys(const Json& object, std::string path, std::string scope)
      : object_(object), path_(std::move(path)), scope_(std::move(scope)) {}

  bool has(Spellings names) const { return find(names) != nullptr; }
  const Json* find(Spellings names) const;

  /// A size from 1 to 2^30; absent is an error.
  Result<int64_t> size(Spellings names) const;
  /// A size from 0 to 2^30; absent is `fallback`.
  Result<int64_t> size_or(Spellings names, int64_t fallback) const;
  Result<bool> flag_or(Spellings names, bool fallback) const;
  Result<std::string> text_or(Spellings names, std::string fallback) const;
  /// Lists; absent is empty.
  Result<std::vector<int64_t>> sizes(Spellings names) const;
  Result<std::vector<std::string>> texts(Spellings names) const;

  /// "path: key 'text_config.name'"
  std::string where(std::string_view name) const;
  const std::string& path() const { return path_; }

 private:
  Status missing(Spellings names) const;
  Status wrong(std::string_view name, std::string_view wanted, const Json& value) const;
  Result<int64_t> number(std::string_view name, const Json& value, int64_t smallest) const;
  std::string_view present(Spellings names) const;

  const Json& object_;
  std::string path_, scope_;
};

}  // namespace octet::harness
