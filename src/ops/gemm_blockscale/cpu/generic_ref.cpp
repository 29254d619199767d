// The reference of gemm_blockscale: one result at a time, in double.
#include "src/ops/gemm_blockscale/cpu/generic_ref.h"

#include "src/cpu/reference.h"

namespace octet::ops::gemm_blockscale {

cpu::Kernel GenericRef::kernel(int) { return cpu::reference_kernel<cpu::block_element>(); }

}  // namespace octet::ops::gemm_blockscale
