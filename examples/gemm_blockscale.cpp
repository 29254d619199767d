// One linear layer in FP8: quantize float weights once and activations per call, multiply, and
// compare with the same product in float.
//
//   x (m, k) activations, w (n, k) weights, y = x w^T (m, n)
#include "octet/gemm_blockscale.h"

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "octet/quantize.h"

namespace {

constexpr int64_t kM = 4, kN = 1280, kK = 5120;
constexpr int64_t kBlock = 128;

std::vector<float> random_values(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

/// A float matrix as FP8 codes and block scales.
struct Quantized {
  octet::ConstMatrix codes() const {
    return {data.data(), octet::DType::kE4m3fn, rows, cols, /*row_stride=*/0};
  }
  octet::ScaleMatrix scales() const { return {scale.data(), scale_rows, cols / kBlock, 0, 0}; }

  int64_t rows, cols, scale_rows;
  std::vector<uint8_t> data;  // (rows, cols)
  std::vector<float> scale;   // (scale_rows, cols / 128)
};

octet::Status quantize(const std::vector<float>& values, octet::ScaleBlock block,
                       octet::Stream& stream, Quantized& q) {
  octet::QuantizeArgs args;
  args.x = {values.data(), octet::DType::kF32, q.rows, q.cols, 0};
  args.block = block;
  q.scale_rows = block == octet::ScaleBlock::k1x128 ? q.rows : (q.rows + kBlock - 1) / kBlock;
  q.data.resize(static_cast<size_t>(q.rows * q.cols));
  q.scale.resize(static_cast<size_t>(q.scale_rows * q.cols / kBlock));
  args.q = {q.data.data(), octet::DType::kE4m3fn, q.rows, q.cols, 0};
  args.scale = q.scale.data();
  return octet::quantize(args, stream);
}

/// |y - x w^T| / |x w^T| over all elements.
double relative_error(const std::vector<float>& x, const std::vector<float>& w,
                      const std::vector<float>& y) {
  double error = 0, norm = 0;
  for (int64_t i = 0; i < kM; ++i) {
    for (int64_t j = 0; j < kN; ++j) {
      float sum = 0;
      for (int64_t p = 0; p < kK; ++p) {
        sum += x[static_cast<size_t>(i * kK + p)] * w[static_cast<size_t>(j * kK + p)];
      }
      const double difference = y[static_cast<size_t>(i * kN + j)] - sum;
      error += difference * difference;
      norm += static_cast<double>(sum) * sum;
    }
  }
  return std::sqrt(error / norm);
}

int fail(const octet::Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  return 1;
}

}  // namespace

int main() {
  octet::Result<octet::Stream> stream = octet::Stream::cpu();
  if (!stream.ok()) return fail(stream.status());

  const std::vector<float> x = random_values(kM * kK, 1), w = random_values(kN * kK, 2);
  Quantized xq{kM, kK, 0, {}, {}}, wq{kN, kK, 0, {}, {}};
  octet::Status status = quantize(w, octet::ScaleBlock::k128x128, *stream, wq);   // once, at load
  if (status.ok()) status = quantize(x, octet::ScaleBlock::k1x128, *stream, xq);  // every call
  if (!status.ok()) return fail(status);

  std::vector<float> y(static_cast<size_t>(kM * kN));
  octet::GemmBlockscaleArgs args;
  args.a = xq.codes();
  args.b = wq.codes();
  args.a_scale = xq.scales();
  args.b_scale = wq.scales();
  args.d = {y.data(), octet::DType::kF32, kM, kN, 0};
  const octet::Result<octet::Plan> plan = octet::plan_gemm_blockscale(args, *stream);
  if (!plan.ok()) return fail(plan.status());
  status = octet::gemm_blockscale(args, *stream);
  if (!status.ok()) return fail(status);

  const double error = relative_error(x, w, y);
  std::printf("y (%d, %d) = x w^T over k = %d\n", int{kM}, int{kN}, int{kK});
  std::printf("kernel: %s (%s) on %s\n", plan->variant.c_str(), plan->why.c_str(),
              stream->device().name.c_str());
  std::printf("error against float: %.2f %%\n", 100 * error);
  return error < 0.05 ? 0 : 1;  // two e4m3 operands of normal data: about 3.7 %
}
