// Status and Result: how every Octet function reports failure. No exceptions, no prints, no aborts.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace octet {

enum class StatusCode {
  kOk = 0,
  kInvalidArgument,  // the caller's shapes, types or values are not legal for the op
  kUnsupported,      // legal, but no kernel of this build can do it here; the message says why
  kNoDevice,         // the device asked for is not on this machine
  kCorruptData,      // a file cannot be read as what it should be
  kIo,               // a file cannot be opened, read or written
  kBackend,          // the driver or the operating system refused
  kInternal,         // a bug in Octet
};

/// The outcome of a call: a code and, unless ok, a message that names op, argument, value and
/// limit.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}
  static Status Ok() { return Status(); }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

/// A value or the Status that explains its absence. `value()` requires `ok()`.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(const T& from) : value_(from) {}                // NOLINT: implicit by design
  Result(T&& from) : value_(std::move(from)) {}          // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: implicit by design

  bool ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  // Why by value: `f().status()` of a temporary must not leave a dangling reference.
  Status status() && { return std::move(status_); }
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace octet
