#include "src/harness/gpu/device_judge.h"

#include "src/core/try.h"
#include "src/device/embedded_kernels.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/exact_elements.h"

namespace octet::harness {

OCTET_GPU_CODE(kExactElements, harness, exact_elements, gfx942_exact_elements);

namespace {

const gpu::Kernel exact_elements(kExactElements, "octet_exact_elements", 0);

/// What the operands of every GEMM have.
template <class Args>
ExactParams matrices_of(const Args& args) {
  ExactParams p{};
  p.a = static_cast<const uint8_t*>(args.a.data);
  p.b = static_cast<const uint8_t*>(args.b.data);
  p.d = args.d.data;
  p.k = args.a.cols;
  p.unit = args.a.dtype == DType::kE4m3fnuz ? 0.25 : 1;
  p.a_row = args.a.stride();
  p.b_row = args.b.stride();
  p.d_row = args.d.stride();
  p.output = args.d.dtype == DType::kF32   ? gpu::OutputType::kF32
             : args.d.dtype == DType::kF16 ? gpu::OutputType::kF16
                                           : gpu::OutputType::kBf16;
  return p;
}

ExactParams params_of(const GemmBlockscaleArgs& args) {
  const ScaleMatrix a_scale = args.a_scale.normalized(), b_scale = args.b_scale.normalized();
  ExactParams p = matrices_of(args);
  p.scales = ExactScales::kF32Of128;
  p.a_scale = a_scale.data;
  p.b_scale = b_scale.data;
  p.a_scale_row = a_scale.row_stride;
  p.a_scale_block = a_scale.col_stride;
  p.b_scale_row = b_scale.row_stride;
  return p;
}

ExactParams params_of(const GemmMxfp8Args& args) {
  ExactParams p = matrices_of(args);
  p.scales = ExactScales::kE8m0Of32;
  p.a_scale = args.a_scale.data;
  p.b_scale = args.b_scale.data;
  p.a_scale_row = args.a_scale.stride();
  p.a_scale_block = 1;
  p.b_scale_row = args.b_scale.stride();
  return p;
}

/// Runs the kernel on the elements.
Result<std::vector<ExactResult>> exact_results(ExactParams params,
                                               std::span<const Element> elements, Stream& stream) {
  const auto count = static_cast<int64_t>(elements.size());
  std::vector<ExactResult> results(elements.size());
  const int64_t bytes = count * static_cast<int64_t>(sizeof(ExactResult));
  OCTET_TRY(DeviceBuffer from,
            DeviceBuffer::allocate(stream, static_cast<int64_t>(elements.size_bytes())));
  OCTET_TRY(DeviceBuffer to, DeviceBuffer::allocate(stream, bytes));
  OCTET_CHECK_OK(from.upload(elements.data(), from.bytes()));
  params.elements = from.as<const int64_t>();
  params.results = to.as<ExactResult>();
  params.count = count;
  gpu::LaunchShape shape;
  const int threads = stream.device().arch == Arch::kSm90 ? kExactThreads : kExactThreadsOfAmd;
  shape.grid_x = static_cast<uint32_t>((count + threads - 1) / threads);
  shape.block_x = static_cast<uint32_t>(threads);
  {
    const gpu::Queue& queue = *gpu::queue_of(stream);
    const gpu::ContextScope scope(*queue.driver, queue.context);
    OCTET_CHECK_OK(scope.status());
    OCTET_CHECK_OK(exact_elements.launch(queue, shape, &params));
  }
  OCTET_CHECK_OK(to.download(results.data(), bytes));
  return results;
}

template <class Args>
Result<CheckReport> judge_all(const Args& args, const GemmSize& size,
                              std::span<const Element> elements, BlockSums sums, Stream& stream) {
  const Arch arch = stream.device().arch;
  if (kExactElements.image(arch) == nullptr) {
    return fail(StatusCode::kUnsupported, "this build has no {} kernels", arch_name(arch));
  }
  CheckReport report;
  if (elements.empty()) return report;
  OCTET_TRY(const std::vector<ExactResult> results,
            exact_results(params_of(args), elements, stream));
  for (size_t i = 0; i < elements.size(); ++i) {
    const ExactResult& r = results[i];
    judge_element(size, elements[i], {r.value, r.magnitude, r.largest}, static_cast<float>(r.got),
                  false, sums, report);
  }
  return report;
}

}  // namespace

Result<CheckReport> judge_on_device(const GemmBlockscaleArgs& args,
                                    std::span<const Element> elements, BlockSums sums,
                                    Stream& stream) {
  return judge_all(args, gemm_size(ops::gemm_blockscale::problem_of(args)), elements, sums, stream);
}

Result<CheckReport> judge_on_device(const GemmMxfp8Args& args, std::span<const Element> elements,
                                    BlockSums sums, Stream& stream) {
  return judge_all(args, gemm_size(ops::gemm_mxfp8::problem_of(args)), elements, sums, stream);
}

}  // namespace octet::harness
