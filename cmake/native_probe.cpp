// Prints the arch of each GPU that the installed drivers show, a line each: "sm90", "gfx942". Where
// there is none: why, on stderr, and exit code 3. Compiled and run by native.cmake alone.
//
// Requires   no GPU library to build: drivers are opened at run time, of the files that the library
//            tries
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "src/device/driver_files.h"

namespace {

/// Of a variable of the environment: "" where it is unset.
std::string value_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr ? value : "";
}

void* open_first(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (void* library = dlopen(file.c_str(), RTLD_NOW)) return library;
  }
  return nullptr;
}

template <class F>
bool load(void* library, const char* name, F*& function) {
  function = reinterpret_cast<F*>(dlsym(library, name));
  return function != nullptr;
}

int refuse(const char* driver, const char* why) {
  std::fprintf(stderr, "%s: %s; ", driver, why);
  return 0;
}

int cuda() {
  constexpr int kMajor = 75, kMinor = 76;  // attributes of compute capability
  void* library = open_first(octet::gpu::cuda_files(value_of("OCTET_CUDA_DRIVER")));
  if (library == nullptr) return refuse("CUDA", "no libcuda.so.1");
  int (*init)(unsigned), (*count)(int*), (*get)(int*, int), (*attribute)(int*, int, int);
  if (!load(library, "cuInit", init) || !load(library, "cuDeviceGetCount", count) ||
      !load(library, "cuDeviceGet", get) || !load(library, "cuDeviceGetAttribute", attribute)) {
    return refuse("CUDA", "the library is no driver");
  }
  int devices = 0;
  if (init(0) != 0 || count(&devices) != 0 || devices == 0) return refuse("CUDA", "no device");
  for (int i = 0; i < devices; ++i) {
    int device = 0, major = 0, minor = 0;
    if (get(&device, i) == 0 && attribute(&major, kMajor, device) == 0 &&
        attribute(&minor, kMinor, device) == 0) {
      std::printf("sm%d%d\n", major, minor);
    }
  }
  return devices;
}

int hip() {
  void* library = open_first(octet::gpu::hip_files(value_of("OCTET_HIP_DRIVER")));
  if (library == nullptr) return refuse("HIP", "no libamdhip64.so");
  int (*init)(unsigned), (*count)(int*), (*properties)(void*, int);
  size_t name_at = 1160;  // gcnArchName in hipDeviceProp_t, since ROCm 6; before it at 396
  if (!load(library, "hipInit", init) || !load(library, "hipGetDeviceCount", count)) {
    return refuse("HIP", "the library is no driver");
  }
  if (!load(library, "hipGetDevicePropertiesR0600", properties)) {
    name_at = 396;
    if (!load(library, "hipGetDeviceProperties", properties)) {
      return refuse("HIP", "the library has no hipGetDeviceProperties");
    }
  }
  int devices = 0;
  if (init(0) != 0 || count(&devices) != 0 || devices == 0) return refuse("HIP", "no device");
  for (int i = 0; i < devices; ++i) {
    static char space[8192];
    std::memset(space, 0, sizeof space);
    if (properties(space, i) != 0) continue;
    const char* name = space + name_at;
    std::printf("%.*s\n", static_cast<int>(std::strcspn(name, ":")), name);  // "gfx942:sramecc+"
  }
  return devices;
}

}  // namespace

int main() {
  const int devices = cuda() + hip();
  return devices > 0 ? 0 : 3;
}
