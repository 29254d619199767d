// In every module of kernels' sources, beside them: runs one. What it throws stays in the module.
#include <cstring>
#include <string>

#include "src/gpu/hip/kernel.h"
#include "tests/amdgcn/error.h"
#include "tests/amdgcn/source_call.h"

namespace octet::amdgcn {
namespace {

/// Why: a struct of more than 16 bytes that is passed by value lies in memory, its beginning where
/// the called function looks for it, so that one type serves for those of all kernels.
struct Parameter {
  alignas(16) std::byte bytes[kMostParameterBytes];
};
using Kernel = void (*)(Parameter);

SourceEnd run(const SourceCall& call) {
  thread_local std::string error;
  try {
    if (call.parameter.size() < kLeastParameterBytes ||
        call.parameter.size() > kMostParameterBytes) {
      fail("a parameter of {} bytes: takes {} to {}", call.parameter.size(), kLeastParameterBytes,
           kMostParameterBytes);
    }
    Parameter parameter;
    std::memcpy(parameter.bytes, call.parameter.data(), call.parameter.size());
    layout_fault = call.layout_fault;
    FiberLaunch launch = call.launch;
    launch.gfx950 = gpu::hip::kGfx950;
    const auto kernel = reinterpret_cast<Kernel>(call.kernel);
    return {run_on_fibers(launch, [&] { kernel(parameter); }), nullptr};
  } catch (const Error& thrown) {
    error = thrown.what();
    return {{}, error.c_str()};
  }
}

}  // namespace
}  // namespace octet::amdgcn

extern "C" __attribute__((visibility("default"))) octet::amdgcn::SourceEnd octet_run_source(
    const octet::amdgcn::SourceCall& call) {
  return octet::amdgcn::run(call);
}
