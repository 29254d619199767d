#include "src/device/driver_library.h"

#include <dlfcn.h>

#include "src/core/try.h"

namespace octet::gpu {

Result<DriverLibrary> DriverLibrary::open(const char* vendor, const char* oldest,
                                          std::span<const std::string> files) {
  DriverLibrary opened;
  opened.vendor_ = vendor;
  opened.oldest_ = oldest;
  std::string reason;
  for (const std::string& file : files) {
    opened.library_ = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (opened.library_ != nullptr) return opened;
    const char* error = ::dlerror();
    const std::string text = error ? error : file;
    // A library that is there, and lacks another one, says more than one that is not.
    if (reason.empty() || !text.starts_with(file)) reason = text;
  }
  return fail(StatusCode::kNoDevice, "no {} driver: {}", vendor, reason);
}

void* DriverLibrary::find(const char* name) const { return ::dlsym(library_, name); }

Status DriverLibrary::missing(const char* name) const {
  return fail(StatusCode::kNoDevice, "the {} driver has no {}: it is older than {}", vendor_, name,
              oldest_);
}

}  // namespace octet::gpu
