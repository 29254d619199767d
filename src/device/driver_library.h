// A driver's library, opened at run time and kept until the process ends.
#pragma once

#include <span>
#include <string>

#include "octet/status.h"

namespace octet::gpu {

class DriverLibrary {
 public:
  /// The first of `files` that opens. `vendor` ("CUDA") and `oldest` ("12.0"), the version that has
  /// every function, are for messages. kNoDevice has the loader's reason.
  static Result<DriverLibrary> open(const char* vendor, const char* oldest,
                                    std::span<const std::string> files);

  /// Null where the library has no such function.
  void* find(const char* name) const;

  /// kNoDevice names a function that is missing.
  template <class Function>
  Status bind(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(find(name));
    return function != nullptr ? Status::Ok() : missing(name);
  }

 private:
  Status missing(const char* name) const;

  void* library_ = nullptr;
  const char* vendor_ = nullptr;
  const char* oldest_ = nullptr;
};

}  // namespace octet::gpu
