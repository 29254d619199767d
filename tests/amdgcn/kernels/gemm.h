// The test kernels as functions of this CPU (gemm.cpp): they run on fibers.
#pragma once

#include "tests/amdgcn/kernels/gemm_args.h"

extern "C" void octet_test_tile(octet::amdgcn::GemmArgs args);
extern "C" void octet_test_mx(octet::amdgcn::GemmArgs args);
