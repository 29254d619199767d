#include "src/harness/gpu/first_light.h"

#include "src/core/try.h"

namespace octet::harness {

int64_t FirstLight::mismatches() const {
  int64_t sum = 0;
  for (const ProbeOutcome& outcome : layouts) sum += outcome.mismatches;
  return sum;
}

Result<FirstLight> first_light(Stream& stream) {
  const Arch arch = stream.device().arch;
  if (arch != Arch::kGfx942 && arch != Arch::kGfx950) {
    return fail(StatusCode::kUnsupported, "--first-light probes gfx942 and gfx950; {} is {}",
                stream.device().name, arch_name(arch));
  }
  FirstLight light;
  OCTET_TRY(light.layouts, probe_lanes(stream));
  for (const MatrixProbe* probe : matrix_probes(arch)) {
    OCTET_TRY(ProbeOutcome outcome, run_matrix_probe(*probe, stream));
    light.layouts.push_back(std::move(outcome));
  }
  OCTET_TRY(light.numerics, probe_numerics(stream));
  return light;
}

}  // namespace octet::harness
