#include "src/harness/gpu/device_judge.h"

#include "src/core/try.h"
#include "src/harness/gpu/device_buffer.h"
#include "src/harness/gpu/exact_elements.h"

namespace octet::harness {

using ops::gemm_blockscale::OutputType;
using ops::gemm_blockscale::Problem;

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_harness_exact_elements[];

namespace {

constexpr gpu::CodeObject kCode{"exact_elements", octet_code_harness_exact_elements};
const gpu::Kernel exact_elements(kCode, "octet_exact_elements", 0);

ExactParams params_of(const GemmBlockscaleArgs& args) {
  const ScaleMatrix a_scale = args.a_scale.normalized(), b_scale = args.b_scale.normalized();
  ExactParams p{};
  p.a = static_cast<const uint8_t*>(args.a.data);
  p.b = static_cast<const uint8_t*>(args.b.data);
  p.a_scale = a_scale.data;
  p.b_scale = b_scale.data;
  p.d = args.d.data;
  p.k = args.a.cols;
  p.a_row = args.a.stride();
  p.b_row = args.b.stride();
  p.d_row = args.d.stride();
  p.a_scale_row = a_scale.row_stride;
  p.a_scale_block = a_scale.col_stride;
  p.b_scale_row = b_scale.row_stride;
  p.output = args.d.dtype == DType::kF32   ? OutputType::kF32
             : args.d.dtype == DType::kF16 ? OutputType::kF16
                                           : OutputType::kBf16;
  return p;
}

}  // namespace

Result<CheckReport> judge_on_device(const GemmBlockscaleArgs& args,
                                    std::span<const Element> elements, BlockSums sums,
                                    Stream& stream) {
  CheckReport report;
  if (elements.empty()) return report;
  const auto count = static_cast<int64_t>(elements.size());
  std::vector<ExactResult> results(elements.size());
  const int64_t bytes = count * static_cast<int64_t>(sizeof(ExactResult));
  OCTET_TRY(DeviceBuffer from,
            DeviceBuffer::allocate(stream, static_cast<int64_t>(elements.size_bytes())));
  OCTET_TRY(DeviceBuffer to, DeviceBuffer::allocate(stream, bytes));
  OCTET_CHECK_OK(from.upload(elements.data(), from.bytes()));
  ExactParams params = params_of(args);
  params.elements = from.as<const int64_t>();
  params.results = to.as<ExactResult>();
  params.count = count;
  gpu::LaunchShape shape;
  shape.grid_x = static_cast<uint32_t>((count + kExactThreads - 1) / kExactThreads);
  shape.block_x = kExactThreads;
  {
    const gpu::Queue& queue = *gpu::queue_of(stream);
    const gpu::ContextScope scope(*queue.driver, queue.context);
    OCTET_CHECK_OK(scope.status());
    OCTET_CHECK_OK(exact_elements.launch(queue, shape, &params));
  }
  OCTET_CHECK_OK(to.download(results.data(), bytes));
  const Problem problem{args.a.rows, args.b.rows, args.a.cols, args.a.dtype, args.d.dtype};
  for (size_t i = 0; i < elements.size(); ++i) {
    const ExactResult& r = results[i];
    judge_element(problem, elements[i], {r.value, r.magnitude, r.largest},
                  static_cast<float>(r.got), false, sums, report);
  }
  return report;
}

#else

Result<CheckReport> judge_on_device(const GemmBlockscaleArgs&, std::span<const Element>, BlockSums,
                                    Stream&) {
  return fail(StatusCode::kUnsupported, "this build has no sm90 kernels");
}

#endif

}  // namespace octet::harness
