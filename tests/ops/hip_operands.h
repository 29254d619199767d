// Operands of a kernel of src/ops/*/hip in memory of the interpreter, with edge codes and scales,
// and how its results are judged.
#pragma once

#include <elf.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "amdgcn/source_kernels.h"
#include "src/core/formats.h"
#include "src/device/gpu_queue.h"
#include "src/device/gpu_types.h"

namespace octet::testing_hip {

/// The code object of a kernel for an arch; null where this build has none.
inline std::shared_ptr<const amdgcn::CodeObject> code_object(const gpu::Kernel& kernel, Arch arch) {
  const unsigned char* image = kernel.code().image(arch);
  if (image == nullptr) return nullptr;
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof header);  // the section headers are at its end
  const size_t size = header.e_shoff + size_t{header.e_shnum} * header.e_shentsize;
  return amdgcn::CodeObject::load(std::as_bytes(std::span(image, size)));
}

/// Runs a kernel's machine code or, where the environment asks for it, its source.
template <class Params>
void run_code(const amdgcn::CodeObject& code, amdgcn::Memory& memory, const char* entry,
              const gpu::LaunchShape& shape, const Params& params, uint64_t seed) {
  amdgcn::Launch launch;
  launch.entry = entry;
  launch.grid[0] = shape.grid_x, launch.grid[1] = shape.grid_y, launch.grid[2] = shape.grid_z;
  launch.block[0] = shape.block_x;
  launch.kernarg = std::as_bytes(std::span(&params, 1));
  launch.seed = seed;
  amdgcn::launch_either(code, memory, launch);
}

/// Bytes of rows that lie `stride` apart, exactly up to the end of the last; nothing else may be
/// read. Edge codes: NaN of both signs and -0.
class Bytes {
 public:
  Bytes(amdgcn::Memory& memory, int64_t rows, int64_t row, int64_t stride)
      : size_((rows - 1) * stride + row),
        data_(static_cast<uint8_t*>(memory.allocate(static_cast<size_t>(size_)))) {}
  uint8_t* data() const { return data_; }
  int64_t size() const { return size_; }

  void fill_codes(std::mt19937& random) const {
    for (int64_t i = 0; i < size_; ++i) {
      do {
        data_[i] = static_cast<uint8_t>(random());
      } while ((data_[i] & 127) == 127);
    }
  }
  void fill(std::mt19937& random, int least, int count) const {
    for (int64_t i = 0; i < size_; ++i) {
      data_[i] =
          static_cast<uint8_t>(least + static_cast<int>(random() % static_cast<uint32_t>(count)));
    }
  }

 private:
  int64_t size_;
  uint8_t* data_;
};

/// A result and the sum of magnitudes of what it is summed from.
struct Exact {
  double value = 0, magnitudes = 0;
};

/// As docs/numerics.md bounds it: `roundings` in float32 and one to the type of d.
inline double bound(const Exact& exact, gpu::OutputType type, int roundings, int64_t k) {
  const double u = std::ldexp(1.0, -24);
  const double u_d = type == gpu::OutputType::kF32   ? u
                     : type == gpu::OutputType::kF16 ? std::ldexp(1.0, -11)
                                                     : std::ldexp(1.0, -8);
  const double step = std::ldexp(1.0, type == gpu::OutputType::kF16 ? -25 : -134);
  return u_d * std::fabs(exact.value) + roundings * u * (1 + u_d) * exact.magnitudes +
         static_cast<double>(k) * std::ldexp(1.0, -126) + step;
}

/// Results of every type, with canaries in what no row has.
class Results {
 public:
  Results(amdgcn::Memory& memory, int64_t rows, int64_t n, int64_t stride, gpu::OutputType type)
      : n_(n), stride_(stride), type_(type) {
    const auto bytes = static_cast<size_t>(rows * stride * size());
    data_ = static_cast<uint8_t*>(memory.allocate(bytes));
    std::memset(data_, kCanary, bytes);
    count_ = rows * stride;
  }
  void* data() const { return data_; }
  int64_t size() const { return type_ == gpu::OutputType::kF32 ? 4 : 2; }
  float value(int64_t row, int64_t n) const {
    const uint8_t* at = data_ + (row * stride_ + n) * size();
    uint32_t bits = 0;
    std::memcpy(&bits, at, static_cast<size_t>(size()));
    return type_ == gpu::OutputType::kF16    ? decode(kF16Format, bits)
           : type_ == gpu::OutputType::kBf16 ? std::bit_cast<float>(bits << 16)
                                             : std::bit_cast<float>(bits);
  }
  bool is_untouched(int64_t row, int64_t n) const {
    const uint8_t* at = data_ + (row * stride_ + n) * size();
    for (int64_t i = 0; i < size(); ++i) {
      if (at[i] != kCanary) return false;
    }
    return true;
  }
  /// Between rows.
  bool gaps_are_untouched() const {
    for (int64_t i = 0; i < count_; ++i) {
      if (i % stride_ >= n_ && !is_untouched(i / stride_, i % stride_)) return false;
    }
    return true;
  }
  /// Whether an element is right: NaN where it must be, otherwise within the bound.
  bool is_right(int64_t row, int64_t n, const Exact& exact, int roundings, int64_t k) const {
    const auto found = static_cast<double>(value(row, n));
    if (std::isnan(exact.value)) return std::isnan(found);
    const double most = type_ == gpu::OutputType::kF16 ? 65504 : 3e38;
    if (exact.magnitudes > most) return true;  // any sum on the way may overflow
    return std::fabs(found - exact.value) <= bound(exact, type_, roundings, k);
  }

 private:
  static constexpr uint8_t kCanary = 0xee;
  int64_t n_, stride_, count_ = 0;
  gpu::OutputType type_;
  uint8_t* data_ = nullptr;
};

}  // namespace octet::testing_hip
