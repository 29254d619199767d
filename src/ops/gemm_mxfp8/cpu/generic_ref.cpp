// The reference of gemm_mxfp8: one result at a time, in double.
#include "src/ops/gemm_mxfp8/cpu/generic_ref.h"

#include "src/cpu/reference.h"

namespace octet::ops::gemm_mxfp8 {

cpu::Kernel GenericRef::kernel(int) { return cpu::reference_kernel<cpu::mx_element>(); }

}  // namespace octet::ops::gemm_mxfp8
