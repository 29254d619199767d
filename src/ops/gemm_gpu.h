// What the launches of dense GEMMs on a GPU share: tensor maps of operands, common parameters,
// errors that name the problem.
#pragma once

#include <string_view>

#include "octet/tensor.h"
#include "src/device/gpu_queue.h"
#include "src/gpu/gemm_params.h"

namespace octet::ops {

/// kInvalidArgument where address or stride is not a multiple of 16 bytes, which copies of rows
/// need. `any` names the variant that takes others, if there is one.
Status check_gemm_copies(std::string_view op, std::string_view name, const ConstMatrix& matrix,
                         std::string_view any = "sm90_simple");

/// The map of a or b by rows of codes: boxes of box_rows x 128 bytes. kInvalidArgument where
/// address or stride is not a multiple of 16 bytes.
Result<gpu::TensorMap> gemm_operand_map(const gpu::Driver& driver, std::string_view op,
                                        std::string_view name, const ConstMatrix& matrix,
                                        int box_rows);

/// Of d, which is one of the three.
gpu::OutputType gemm_output_type(DType dtype);

/// Sizes, and where d goes.
void set_gemm_params(gpu::GemmParams& params, const Matrix& d, int64_t k);

/// `status`, with op, problem and kernel in front of an error.
Status named_launch_error(std::string_view op, int64_t m, int64_t n, int64_t k,
                          const gpu::Kernel& kernel, const Status& status);

}  // namespace octet::ops
