// What a module of kernels' sources (source_module.cpp) and who opens it (source_kernels.h) share.
#pragma once

#include <cstddef>
#include <span>

#include "tests/amdgcn/fibers.h"
#include "tests/amdgcn/matrix.h"

namespace octet::amdgcn {

/// A kernel takes one struct by value, of more than 16 bytes and up to these.
inline constexpr size_t kLeastParameterBytes = 17, kMostParameterBytes = 1024;

struct SourceCall {
  void* kernel;  // of the module
  FiberLaunch launch;
  std::span<const std::byte> parameter;
  LayoutFault layout_fault;
};
struct SourceEnd {
  FiberStatistics statistics;
  const char* error;  // null where there is none; until the next call of the thread
};

/// Exported by a module as octet_run_source.
using RunSource = SourceEnd (*)(const SourceCall&);

}  // namespace octet::amdgcn
