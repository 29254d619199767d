// Peer: oneDNN's bf16 matmul, weights reordered once into the layout that oneDNN prefers. The
// nearest that Debian's oneDNN 2.6 has: it reads 2 bytes a weight and applies no block scales.
#include <omp.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <oneapi/dnnl/dnnl.hpp>
#include <random>
#include <unordered_map>
#include <vector>

#include "peers/peer_module.h"

namespace {

using dnnl::memory;

struct Instance {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::matmul matmul;
  memory a, d;
  std::vector<memory> weights;
  int threads = 1;
};

void fill_random(memory& target, uint32_t seed) {  // bf16 in [1, 2) with both signs
  auto* codes = static_cast<uint16_t*>(target.get_data_handle());
  const size_t count = target.get_desc().get_size() / 2;
  std::minstd_rand random(seed);
  for (size_t i = 0; i < count; ++i) {
    const auto bits = static_cast<uint32_t>(random());
    codes[i] = static_cast<uint16_t>(0x3f80 | (bits & 0x7f) | (bits >> 8 & 1) << 15);
  }
}

Instance* open_instance(int64_t m, int64_t n, int64_t k, int threads, int64_t rotate_bytes) {
  auto instance = std::make_unique<Instance>();
  instance->threads = threads;
  omp_set_num_threads(threads);
  const auto bf16 = memory::data_type::bf16;
  const memory::desc a({m, k}, bf16, memory::format_tag::ab),
      d({m, n}, bf16, memory::format_tag::ab);
  const memory::desc any({k, n}, bf16, memory::format_tag::any);
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::matmul::primitive_desc primitive(instance->engine, a, any, d);
#else
  const dnnl::matmul::primitive_desc primitive({a, any, d}, instance->engine);
#endif
  instance->matmul = dnnl::matmul(primitive);
  instance->a = memory(a, instance->engine);
  instance->d = memory(d, instance->engine);
  fill_random(instance->a, 1);
  // Random bf16 codes are legal weights in any layout, so the windows need no reorder.
  const auto bytes = static_cast<int64_t>(primitive.weights_desc().get_size());
  const int64_t windows = std::max<int64_t>(1, rotate_bytes / bytes);
  for (int64_t i = 0; i < windows; ++i) {
    memory& window = instance->weights.emplace_back(primitive.weights_desc(), instance->engine);
    if (i == 0) {
      fill_random(window, 2);
    } else {
      std::memcpy(window.get_data_handle(), instance->weights[0].get_data_handle(), bytes);
    }
  }
  return instance.release();
}

}  // namespace

extern "C" {

void* octet_peer_open(int64_t m, int64_t n, int64_t k, int threads, int64_t rotate_bytes,
                      char* error) {
  try {
    return open_instance(m, n, k, threads, rotate_bytes);
  } catch (const std::exception& exception) {
    std::snprintf(error, 256, "%s", exception.what());
    return nullptr;
  }
}

int octet_peer_run(void* opaque, int64_t iteration) {
  auto* instance = static_cast<Instance*>(opaque);
  try {
    omp_set_num_threads(instance->threads);
    memory& weights = instance->weights[static_cast<size_t>(iteration) % instance->weights.size()];
    instance->matmul.execute(
        instance->stream,
        {{DNNL_ARG_SRC, instance->a}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, instance->d}});
    instance->stream.wait();
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}

void octet_peer_close(void* opaque) { delete static_cast<Instance*>(opaque); }
}
