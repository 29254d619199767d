// One-hot probes of the matrix instructions of an AMD GPU: which register holds which element, and
// which lane's scale applies to it.
//
// Method     each element of a is 1 alone, against a b of distinct values, and the reverse: the
//            result is one row (column) whose values tell k. Scales differ in every lane. What
//            cannot be seen is an order of k that a and b share, which changes no product.
// Layout     as src/gpu/hip/matrix.h says; the probe is what tests it
#pragma once

#include <span>
#include <string>
#include <vector>

#include "octet/stream.h"
#include "src/device/gpu_queue.h"

namespace octet::harness {

enum class ProbeElement : uint8_t { kFp8, kE2m1, kBf16, kF16, kI8 };

struct MatrixProbe {
  const char* name;
  int size, depth;  // rows, and columns; k
  ProbeElement a, b;
  bool wide = false;            // 8 words a lane: f8f6f4
  int a_byte = -1, b_byte = 0;  // of the words of scales; below 0: without scales
  gpu::Kernel kernel;

  int elements() const { return size * depth / 64; }  // of a lane
  int results() const { return size * size / 64; }    // registers of a lane
  int words(ProbeElement element) const;              // of a lane
  int k_of(ProbeElement element, int lane, int index) const;
  int row_of_result(int lane, int index) const;
  bool scaled() const { return a_byte >= 0; }
};
int bits_of(ProbeElement element);
/// Code of a value; FP8 is that of the arch.
uint32_t code_of(ProbeElement element, float value, Arch arch);

/// Those of an arch: gfx950 has gfx942's and its own.
std::vector<const MatrixProbe*> matrix_probes(Arch arch);

/// What a probe found. `first` describes the first mismatch.
struct ProbeOutcome {
  std::string name;
  int64_t entries = 0, mismatches = 0;
  std::string first;
};

Result<ProbeOutcome> run_matrix_probe(const MatrixProbe& probe, Stream& stream);

/// What a word of the result holds that no kernel writes.
inline constexpr uint32_t kUntouched = 0xdeadbeef;

/// Runs one wave a workgroup on registers given as they lie in memory; `a_scale` and `b_scale` may
/// be empty. The registers of the result.
struct ProbeRegisters {
  int64_t waves = 1;
  std::span<const uint32_t> a, b, c, a_scale, b_scale;
  int64_t d_words = 0;  // of all lanes
  int64_t bytes = 0;    // as ProbeParams
};
Result<std::vector<uint32_t>> run_probe(const gpu::Kernel& kernel, const ProbeRegisters& registers,
                                        Stream& stream);

}  // namespace octet::harness
