// Code objects of the build and their kernels, for contracts.
#pragma once

#include "src/device/gpu_queue.h"

/// `count` sm90 kernels from `first` on as a span, or none in a build without them.
#if defined(OCTET_HAVE_SM90)
#define OCTET_EMBEDDED_KERNELS(first, count) \
  { first, static_cast<size_t>(count) }
#else
#define OCTET_EMBEDDED_KERNELS(first, count) \
  {}
#endif

#if defined(OCTET_HAVE_SM90)
#define OCTET_SM90_IMAGE(prefix, stem) octet_code_##prefix##_##stem
#else
#define OCTET_SM90_IMAGE(prefix, stem) nullptr
#endif
#if defined(OCTET_HAVE_GFX942)
#define OCTET_GFX942_IMAGE(op, stem) octet_code_gfx942_##op##_##stem
#else
#define OCTET_GFX942_IMAGE(op, stem) nullptr
#endif
#if defined(OCTET_HAVE_GFX950)
#define OCTET_GFX950_IMAGE(op, stem) octet_code_gfx950_##op##_##stem
#else
#define OCTET_GFX950_IMAGE(op, stem) nullptr
#endif

/// Defines `name`, the CodeObject of src/ops/<op>/hip/<stem>.hip with the images that this build
/// has. At namespace scope, in no unnamed one. For a stem that begins with gfx942_:
#define OCTET_GFX942_CODE(name, op, stem)                                      \
  extern "C" const unsigned char octet_code_gfx942_##op##_##stem[];            \
  extern "C" const unsigned char octet_code_gfx950_##op##_##stem[];            \
  static constexpr ::octet::gpu::CodeObject name {                             \
#stem, nullptr, OCTET_GFX942_IMAGE(op, stem), OCTET_GFX950_IMAGE(op, stem) \
  }
/// For a stem that begins with gfx950_.
#define OCTET_GFX950_CODE(name, op, stem)                           \
  extern "C" const unsigned char octet_code_gfx950_##op##_##stem[]; \
  static constexpr ::octet::gpu::CodeObject name {                  \
#stem, nullptr, nullptr, OCTET_GFX950_IMAGE(op, stem)           \
  }
/// For a kernel of the harness that both vendors have: a .cu, and a .hip that begins with gfx942_.
#define OCTET_GPU_CODE(name, prefix, cuda_stem, hip_stem)                                  \
  extern "C" const unsigned char octet_code_##prefix##_##cuda_stem[];                      \
  extern "C" const unsigned char octet_code_gfx942_##prefix##_##hip_stem[];                \
  extern "C" const unsigned char octet_code_gfx950_##prefix##_##hip_stem[];                \
  static constexpr ::octet::gpu::CodeObject name {                                         \
#cuda_stem, OCTET_SM90_IMAGE(prefix, cuda_stem), OCTET_GFX942_IMAGE(prefix, hip_stem), \
        OCTET_GFX950_IMAGE(prefix, hip_stem)                                               \
  }
