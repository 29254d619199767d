// The sources of AMD kernels as C++, run on fibers in place of their machine code: what tests of
// code objects check, they check of the sources too where the environment asks for it.
//
//   OCTET_AMDGCN_SOURCES   the folder of libhip_sources_<arch>.so; unset: machine code
//   OCTET_FIBERS_FAULT     lost_lane or no_barrier (fibers.h): what is done wrong, in every kernel
//   or
//                          in those that follow, as in lost_lane:gfx950/octet_a:gfx950/octet_b
//   OCTET_FIBERS_LOG       a file that gets a line "<arch> <entry> <what waves came to> <end>" for
//                          each kernel and each of its ends: ok, or what was wrong
#pragma once

#include "tests/amdgcn/launch.h"

namespace octet::amdgcn {

/// Whether OCTET_AMDGCN_SOURCES is set.
bool runs_sources();

/// As `launch`: of the kernel's source where runs_sources(). Throws Error.
Statistics launch_either(const CodeObject& code, Memory& memory, const Launch& launch);

}  // namespace octet::amdgcn
