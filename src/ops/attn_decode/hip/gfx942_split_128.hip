// gfx942_split for heads of dim 128.
//
// Emits      v_mfma_f32_16x16x16_f16@gfx942 v_mfma_f32_16x16x32_f16@gfx950 buffer_load_dwordx4
//            buffer_load_dwordx2 global_load_dwordx4 ds_read_b128 ds_bpermute_b32 global_atomic_add
//            v_perm_b32 v_pk_ashrrev_i16@gfx942 v_pk_mul_f16@gfx942
//            v_cvt_scalef32_pk_f16_fp8@gfx950
#include "src/ops/attn_decode/hip/split.h"
#include "src/ops/attn_decode/hip/split_kernels.h"

namespace octet::ops::attn_decode::hip {

OCTET_HIP_ATTN_128(OCTET_HIP_ATTN_KERNEL)

}  // namespace octet::ops::attn_decode::hip
