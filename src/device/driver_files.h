// The files that a vendor's driver may be, in the order they are tried. Needs the standard library
// alone: cmake/native_probe.cpp is compiled before anything else is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace octet::gpu {

/// `named`: the value of OCTET_CUDA_DRIVER, which alone counts if it is not empty.
inline std::vector<std::string> cuda_files(std::string_view named) {
  if (!named.empty()) return {std::string(named)};
  return {"libcuda.so.1"};
}

/// The same of OCTET_HIP_DRIVER. HIP 7, 6 and 5.
inline std::vector<std::string> hip_files(std::string_view named) {
  if (!named.empty()) return {std::string(named)};
  return {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so", "/opt/rocm/lib/libamdhip64.so",
          "libamdhip64.so.5"};
}

}  // namespace octet::gpu
