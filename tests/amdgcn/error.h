// What the interpreter throws where a kernel does what hardware would not forgive, or what the
// interpreter does not know. Test code: the library itself throws nothing.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace octet::amdgcn {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace octet::amdgcn
