// Runs a kernel of this build in the interpreter or, where the environment asks for it
// (source_kernels.h), its source on fibers, on memory of this process.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "src/device/gpu_queue.h"
#include "tests/amdgcn/error.h"
#include "tests/amdgcn/source_kernels.h"

namespace octet::amdgcn {

/// Memory that a kernel may touch.
struct Touched {
  const void* data;
  int64_t bytes;
  bool writable = false;
};

/// A code object ends with its table of sections.
inline std::span<const std::byte> whole(const unsigned char* image) {
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof header);
  const uint64_t bytes = header.e_shoff + uint64_t{header.e_shnum} * header.e_shentsize;
  return {reinterpret_cast<const std::byte*>(image), bytes};
}

/// As gpu::Kernel::launch on a device of `arch`. kBackend with the interpreter's words where the
/// kernel does what hardware would not forgive; kUnsupported where the build has no such kernel.
inline Status run_kernel(const gpu::Kernel& kernel, Arch arch, const gpu::LaunchShape& shape,
                         const void* parameter, int64_t parameter_bytes,
                         const std::vector<Touched>& touched, uint64_t seed) {
  const unsigned char* image = kernel.code().image(arch);
  if (image == nullptr) return Status(StatusCode::kUnsupported, "not in this build");
  Memory memory;
  for (const Touched& part : touched) {
    if (part.bytes > 0) memory.add(part.data, static_cast<size_t>(part.bytes), part.writable);
  }
  Launch launch;
  launch.entry = kernel.entry();
  launch.grid[0] = shape.grid_x, launch.grid[1] = shape.grid_y, launch.grid[2] = shape.grid_z;
  launch.block[0] = shape.block_x;
  launch.dynamic_lds_bytes = shape.shared_bytes;
  launch.kernarg = {static_cast<const std::byte*>(parameter), static_cast<size_t>(parameter_bytes)};
  launch.seed = seed;
  try {
    launch_either(*CodeObject::load(whole(image)), memory, launch);
  } catch (const Error& error) {
    return Status(StatusCode::kBackend, error.what());
  }
  return Status::Ok();
}

}  // namespace octet::amdgcn
