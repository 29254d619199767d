// OCTET_TRY, OCTET_REQUIRE, fail(): the three words of error handling inside Octet.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "octet/status.h"

namespace octet {

/// A Status with a formatted message.
template <class... Args>
Status fail(StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Status(code, fmt::format(format, std::forward<Args>(args)...));
}

namespace internal {
inline const Status& status_of(const Status& status) { return status; }
template <class T>
const Status& status_of(const Result<T>& result) {
  return result.status();
}
}  // namespace internal

}  // namespace octet

#define OCTET_CONCAT_INNER(a, b) a##b
#define OCTET_CONCAT(a, b) OCTET_CONCAT_INNER(a, b)

/// `OCTET_CHECK_OK(expr);` returns the Status of `expr` unless it is ok.
#define OCTET_CHECK_OK(expr)                                \
  do {                                                      \
    if (auto&& octet_status = (expr); !octet_status.ok()) { \
      return ::octet::internal::status_of(octet_status);    \
    }                                                       \
  } while (0)

/// `OCTET_TRY(auto x, expr);` binds the value of a Result or returns its Status.
#define OCTET_TRY(declaration, expr) \
  OCTET_TRY_INNER(OCTET_CONCAT(octet_result_, __LINE__), declaration, expr)
#define OCTET_TRY_INNER(result, declaration, expr) \
  auto result = (expr);                            \
  if (!result.ok()) return result.status();        \
  declaration = std::move(result).value()

/// Returns kInvalidArgument with the formatted message unless `condition` holds.
#define OCTET_REQUIRE(condition, ...)                                                           \
  do {                                                                                          \
    if (!(condition)) return ::octet::fail(::octet::StatusCode::kInvalidArgument, __VA_ARGS__); \
  } while (0)
