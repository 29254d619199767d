// Microseconds of a whole MXFP8 layer beside its two products alone: moe_bench [cpu | cuda] [model]
// [most tokens] [seconds a line]. On a GPU each is one graph of calls. Routing is uniform and
// another one in every call; models: m3, m3_e32, dsv3, small (for tests, only where named).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "octet/gemm_grouped.h"
#include "octet/moe_align.h"
#include "octet/moe_mxfp8.h"
#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/harness/gpu/graph_timer.h"
#include "src/harness/gpu/placed_buffer.h"
#include "src/harness/target.h"

namespace {

using namespace octet;
using harness::Buffer;
using harness::PlacedBuffer;

struct Model {
  const char* name;
  int64_t hidden, inner, experts, topk;
  Activation activation;
};
constexpr Model kModels[] = {
    {"m3", 6144, 768, 128, 4, Activation::kClampedSwiglu},     // MiniMax-M3, tensor parallel 4
    {"m3_e32", 6144, 768, 32, 4, Activation::kClampedSwiglu},  // its experts of one of 4 devices
    {"dsv3", 7168, 2048, 32, 8, Activation::kSiluMul},         // DeepSeek-V3, expert parallel 8
    {"small", 256, 128, 4, 2, Activation::kSiluMul},
};
constexpr int64_t kRoutings = 16;  // used in turns

/// Random codes where the kernels read.
Result<const uint8_t*> codes(Stream& stream, int64_t bytes) {
  if (stream.is_gpu()) {
    OCTET_TRY(const harness::DeviceArena* arena, harness::DeviceArena::get(stream, bytes));
    return arena->window(0, bytes);
  }
  const Device& device = stream.device();
  OCTET_TRY(const harness::Arena* arena,
            harness::Arena::get(device.llc_bytes, device.memory_bytes, bytes));
  return arena->window(0, bytes);
}

class Layer {
 public:
  Layer(const Model& model, int64_t tokens) : m_(model), tokens_(tokens) {}

  Status make(Stream& stream) {
    const int64_t w1 = m_.experts * 2 * m_.inner * m_.hidden, choices = tokens_ * m_.topk;
    OCTET_TRY(const uint8_t* weights, codes(stream, w1 + w1 / 2));
    OCTET_TRY(ones_, filled(stream, std::max(w1, choices * m_.inner) / 32, 118));
    args_.w1 = {weights, DType::kE4m3fn, m_.experts, 2 * m_.inner, m_.hidden};
    args_.w2 = {weights + w1, DType::kE4m3fn, m_.experts, m_.hidden, m_.inner};
    args_.w1_scale = {ones_.as(), DType::kE8m0, m_.experts, 2 * m_.inner, m_.hidden / 32};
    args_.w2_scale = {ones_.as(), DType::kE8m0, m_.experts, m_.hidden, m_.inner / 32};
    OCTET_TRY(y_, PlacedBuffer::allocate(stream, tokens_ * m_.hidden * 2));
    OCTET_TRY(rows_,
              PlacedBuffer::allocate(stream, choices * std::max(m_.hidden, 2 * m_.inner) * 2));
    OCTET_CHECK_OK(make_x(stream));
    args_.y = {y_.as(), DType::kBf16, tokens_, m_.hidden};
    args_.topk = m_.topk;
    args_.activation = m_.activation;
    OCTET_CHECK_OK(make_routings(stream));
    OCTET_TRY(plan_, plan_moe_mxfp8(args_, stream));
    return align_all(stream);
  }

  Status run(Stream& stream, int64_t iteration) {
    args_.topk_ids = ids_of(iteration);
    return moe_mxfp8(args_, stream);
  }

  /// Both products of the same routing; the second begins as the first ends.
  Status run_products(Stream& stream, int64_t iteration) const {
    const int64_t choices = tokens_ * m_.topk;
    GemmGroupedArgs gemm = lists_[static_cast<size_t>(iteration % kRoutings)];
    gemm.a = {args_.w1.data, DType::kE4m3fn, tokens_, m_.hidden};  // any codes
    gemm.a_scale = {ones_.as(), DType::kE8m0, tokens_, m_.hidden / 32};
    gemm.b = args_.w1;
    gemm.b_scale = args_.w1_scale;
    gemm.a_div = m_.topk;
    gemm.d = {rows_.as(), DType::kBf16, choices, 2 * m_.inner};
    OCTET_CHECK_OK(gemm_grouped(gemm, stream, {plan_.gemm1.variant}));
    gemm.a = {args_.w1.data, DType::kE4m3fn, choices, m_.inner};
    gemm.a_scale = {ones_.as(), DType::kE8m0, choices, m_.inner / 32};
    gemm.b = args_.w2;
    gemm.b_scale = args_.w2_scale;
    gemm.a_div = 1;
    gemm.topk_weights = args_.topk_weights;
    gemm.d = {rows_.as(), DType::kBf16, choices, m_.hidden};
    Options second{plan_.gemm2.variant};
    second.overlap_previous = true;
    return gemm_grouped(gemm, stream, second);
  }

  const MoeMxfp8Plan& plan() const { return plan_; }
  /// Weights and scales of experts that a call's tokens chose, in the mean.
  double active_bytes() const {
    const double expert = 3.0 * static_cast<double>(m_.inner * m_.hidden) * 33 / 32;
    return active_ / kRoutings * expert;
  }

 private:
  static Result<PlacedBuffer> filled(const Stream& stream, int64_t bytes, uint8_t byte) {
    OCTET_TRY(const Buffer host, Buffer::allocate(bytes));
    std::fill_n(host.data(), bytes, byte);
    OCTET_TRY(PlacedBuffer placed, PlacedBuffer::allocate(stream, bytes));
    OCTET_CHECK_OK(placed.upload(host.data(), bytes));
    return placed;
  }

  Status make_x(const Stream& stream) {
    std::vector<uint16_t> x(static_cast<size_t>(tokens_ * m_.hidden));
    std::minstd_rand random(1);
    for (uint16_t& one : x) {
      one = encode_bf16(static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 500);
    }
    const auto bytes = static_cast<int64_t>(x.size() * 2);
    OCTET_TRY(x_, PlacedBuffer::allocate(stream, bytes));
    args_.x = {x_.as(), DType::kBf16, tokens_, m_.hidden};
    return x_.upload(x.data(), bytes);
  }

  /// Each token has topk different experts.
  Status make_routings(const Stream& stream) {
    std::minstd_rand random(7);
    std::vector<int32_t> ids, all(static_cast<size_t>(m_.experts));
    std::iota(all.begin(), all.end(), 0);
    for (int64_t routing = 0; routing < kRoutings; ++routing) {
      std::vector<char> chosen(all.size());
      for (int64_t token = 0; token < tokens_; ++token) {
        std::shuffle(all.begin(), all.end(), random);
        ids.insert(ids.end(), all.begin(), all.begin() + m_.topk);
        for (int64_t j = 0; j < m_.topk; ++j) {
          chosen[static_cast<size_t>(all[static_cast<size_t>(j)])] = 1;
        }
      }
      active_ += static_cast<double>(std::count(chosen.begin(), chosen.end(), 1));
    }
    const auto bytes = static_cast<int64_t>(ids.size() * 4);
    OCTET_TRY(ids_, PlacedBuffer::allocate(stream, bytes));
    OCTET_CHECK_OK(ids_.upload(ids.data(), bytes));
    const std::vector<float> weights(static_cast<size_t>(tokens_ * m_.topk), 0.25f);
    OCTET_TRY(weights_, PlacedBuffer::allocate(stream, tokens_ * m_.topk * 4));
    args_.topk_weights = weights_.as<float>();
    args_.topk_ids = ids_of(0);
    return weights_.upload(weights.data(), weights_.bytes());
  }
  const int32_t* ids_of(int64_t iteration) const {
    return ids_.as<const int32_t>() + iteration % kRoutings * tokens_ * m_.topk;
  }

  /// Slot lists for the products alone.
  Status align_all(Stream& stream) {
    MoeAlignArgs align;
    align.tokens = tokens_;
    align.topk = m_.topk;
    align.experts = m_.experts;
    align.block_m = plan_.block_m;
    OCTET_TRY(align.sorted_ids_size,
              moe_align_max_slots(tokens_, m_.topk, m_.experts, plan_.block_m));
    align.tile_experts_size = align.sorted_ids_size / plan_.block_m;
    const int64_t words = align.sorted_ids_size + align.tile_experts_size + kNumMoeCounts;
    OCTET_TRY(slots_, PlacedBuffer::allocate(stream, kRoutings * words * 4));
    for (int64_t routing = 0; routing < kRoutings; ++routing) {
      align.topk_ids = ids_of(routing);
      align.sorted_ids = slots_.as<int32_t>() + routing * words;
      align.tile_experts = align.sorted_ids + align.sorted_ids_size;
      align.counts = align.tile_experts + align.tile_experts_size;
      OCTET_CHECK_OK(moe_align(align, stream));
      GemmGroupedArgs gemm;
      gemm.tokens = tokens_;
      gemm.topk = m_.topk;
      gemm.sorted_ids = align.sorted_ids;
      gemm.tile_experts = align.tile_experts;
      gemm.counts = align.counts;
      gemm.sorted_ids_size = align.sorted_ids_size;
      gemm.tile_experts_size = align.tile_experts_size;
      gemm.block_m = plan_.block_m;
      lists_.push_back(gemm);
    }
    return stream.synchronize();
  }

  Model m_;
  int64_t tokens_;
  MoeMxfp8Args args_;
  MoeMxfp8Plan plan_;
  double active_ = 0;
  std::vector<GemmGroupedArgs> lists_;
  PlacedBuffer ones_, x_, y_, ids_, weights_, rows_, slots_;
};

Status bench(Stream& stream, const Model& model, int64_t tokens, double seconds) {
  Layer layer(model, tokens);
  OCTET_CHECK_OK(layer.make(stream));
  const harness::Timed candidates[] = {[&](int64_t i) { return layer.run(stream, i); },
                                       [&](int64_t i) { return layer.run_products(stream, i); }};
  const harness::TimingPolicy policy{.budget_us = seconds * 1e6};
  const auto times = stream.is_gpu() ? harness::time_graphs(candidates, policy, stream)
                                     : harness::time_interleaved(candidates, policy);
  OCTET_CHECK_OK(times.status());
  const double whole = times->at(0).us, products = times->at(1).us;
  std::printf(
      "%-7s %4d tokens: layer %9.2f us, products %9.2f us (%5.0f GB/s), ratio %.3f  %s %s\n",
      model.name, static_cast<int>(tokens), whole, products, layer.active_bytes() / products * 1e-3,
      whole / products, layer.plan().gemm1.variant.c_str(), layer.plan().gemm2.variant.c_str());
  return Status::Ok();
}

Status bench_all(const std::string& device, const std::string& name, int64_t most, double seconds) {
  OCTET_TRY(Stream stream, harness::open_stream({device, 0}));
  for (const Model& model : kModels) {
    const bool named = name == model.name, hidden = std::string(model.name) == "small";
    if (!named && (!name.empty() || hidden)) continue;
    for (int64_t tokens = 1; tokens <= most; tokens *= 2) {
      OCTET_CHECK_OK(bench(stream, model, tokens, seconds));
    }
  }
  return Status::Ok();
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a line as soon as it is known
  const Status status =
      bench_all(argc > 1 ? argv[1] : "cpu", argc > 2 ? argv[2] : "",
                argc > 3 ? std::atoll(argv[3]) : 256, argc > 4 ? std::atof(argv[4]) : 0.2);
  if (!status.ok()) std::fprintf(stderr, "moe_bench: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
