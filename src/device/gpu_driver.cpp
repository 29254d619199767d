#include "src/device/gpu_driver.h"

#include "src/core/try.h"

namespace octet::gpu {

Result<const Driver*> driver_of(GpuApi api) {
  return api == GpuApi::kHip ? hip_driver() : cuda_driver();
}

std::string to_string(const LaunchShape& shape) {
  return fmt::format("grid {}x{}x{}, block {}, {} bytes of shared memory, clusters of {}{}",
                     shape.grid_x, shape.grid_y, shape.grid_z, shape.block_x, shape.shared_bytes,
                     shape.cluster, shape.dependent ? ", dependent" : "");
}

ContextScope::ContextScope(const Driver& driver, void* context) : driver_(driver) {
  auto current = driver.current_context();
  if (!current.ok()) {
    status_ = current.status();
    return;
  }
  previous_ = *current;
  if (previous_ == context) return;
  status_ = driver.set_current_context(context);
  changed_ = status_.ok();
}

ContextScope::~ContextScope() {
  if (changed_) (void)driver_.set_current_context(previous_);
}

}  // namespace octet::gpu
