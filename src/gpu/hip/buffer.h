// Bounded memory: a base and a number of bytes. Loads past the end give zeros and stores past it
// are dropped, so that edges of matrices need no branches.
//
// Offsets have 32 bits: a kernel rebases the buffer on its tile with 64-bit arithmetic. An offset
// is taken as unsigned; `vector_offset` differs between lanes, `scalar_offset` is uniform. A
// negative sum is past the end. What may be past the end must be so by vector_offset alone: LLVM's
// intrinsics leave the scalar one out of the check, the ISA's description takes it in.
#pragma once

#include "src/gpu/hip/kernel.h"

namespace octet::gpu::hip {

#if defined(__AMDGCN__)

class Buffer {
 public:
  /// `bytes` counts up to 4 GiB - 1; more is cut to that. `base` and `bytes` are uniform.
  OCTET_DEVICE Buffer(const void* base, int64_t bytes)
      : resource_(__builtin_amdgcn_make_buffer_rsrc(const_cast<void*>(base), 0,
                                                    bytes < 0             ? 0
                                                    : bytes > 0xffffffffl ? 0xffffffffl
                                                                          : bytes,
                                                    0x00027000)) {}

  OCTET_DEVICE Word4 load128(uint32_t vector_offset, uint32_t scalar_offset = 0) const {
    return __builtin_bit_cast(
        Word4, __builtin_amdgcn_raw_buffer_load_b128(resource_, static_cast<int>(vector_offset),
                                                     static_cast<int>(scalar_offset), 0));
  }
  OCTET_DEVICE Word2 load64(uint32_t vector_offset, uint32_t scalar_offset = 0) const {
    return __builtin_bit_cast(
        Word2, __builtin_amdgcn_raw_buffer_load_b64(resource_, static_cast<int>(vector_offset),
                                                    static_cast<int>(scalar_offset), 0));
  }
  OCTET_DEVICE uint32_t load32(uint32_t vector_offset, uint32_t scalar_offset = 0) const {
    return __builtin_amdgcn_raw_buffer_load_b32(resource_, static_cast<int>(vector_offset),
                                                static_cast<int>(scalar_offset), 0);
  }
  OCTET_DEVICE uint16_t load16(uint32_t vector_offset, uint32_t scalar_offset = 0) const {
    return __builtin_amdgcn_raw_buffer_load_b16(resource_, static_cast<int>(vector_offset),
                                                static_cast<int>(scalar_offset), 0);
  }
  OCTET_DEVICE uint8_t load8(uint32_t vector_offset, uint32_t scalar_offset = 0) const {
    return __builtin_amdgcn_raw_buffer_load_b8(resource_, static_cast<int>(vector_offset),
                                               static_cast<int>(scalar_offset), 0);
  }
  OCTET_DEVICE float load_float(uint32_t vector_offset, uint32_t scalar_offset = 0) const {
    return __builtin_bit_cast(float, load32(vector_offset, scalar_offset));
  }

  OCTET_DEVICE void store128(Word4 value, uint32_t vector_offset) const {
    __builtin_amdgcn_raw_buffer_store_b128(value, resource_, static_cast<int>(vector_offset), 0, 0);
  }
  OCTET_DEVICE void store64(Word2 value, uint32_t vector_offset) const {
    __builtin_amdgcn_raw_buffer_store_b64(value, resource_, static_cast<int>(vector_offset), 0, 0);
  }
  OCTET_DEVICE void store32(uint32_t value, uint32_t vector_offset) const {
    __builtin_amdgcn_raw_buffer_store_b32(value, resource_, static_cast<int>(vector_offset), 0, 0);
  }
  OCTET_DEVICE void store16(uint16_t value, uint32_t vector_offset) const {
    __builtin_amdgcn_raw_buffer_store_b16(value, resource_, static_cast<int>(vector_offset), 0, 0);
  }
  OCTET_DEVICE void store8(uint8_t value, uint32_t vector_offset) const {
    __builtin_amdgcn_raw_buffer_store_b8(value, resource_, static_cast<int>(vector_offset), 0, 0);
  }

 private:
  __amdgpu_buffer_rsrc_t resource_;
};

#else

class Buffer {
 public:
  Buffer(const void* base, int64_t bytes)
      : base_(static_cast<unsigned char*>(const_cast<void*>(base))),
        bytes_(bytes < 0             ? 0
               : bytes > 0xffffffffl ? 0xffffffffl
                                     : static_cast<uint64_t>(bytes)) {}

  Word4 load128(uint32_t vector, uint32_t scalar = 0) const { return load<Word4>(vector, scalar); }
  Word2 load64(uint32_t vector, uint32_t scalar = 0) const { return load<Word2>(vector, scalar); }
  uint32_t load32(uint32_t vector, uint32_t scalar = 0) const {
    return load<uint32_t>(vector, scalar);
  }
  uint16_t load16(uint32_t vector, uint32_t scalar = 0) const {
    return load<uint16_t>(vector, scalar);
  }
  uint8_t load8(uint32_t vector, uint32_t scalar = 0) const {
    return load<uint8_t>(vector, scalar);
  }
  float load_float(uint32_t vector, uint32_t scalar = 0) const {
    return load<float>(vector, scalar);
  }
  void store128(Word4 value, uint32_t vector) const { store(value, vector); }
  void store64(Word2 value, uint32_t vector) const { store(value, vector); }
  void store32(uint32_t value, uint32_t vector) const { store(value, vector); }
  void store16(uint16_t value, uint32_t vector) const { store(value, vector); }
  void store8(uint8_t value, uint32_t vector) const { store(value, vector); }

 private:
  // Why by words: the hardware checks each 32-bit part of an access against the end.
  template <class T>
  T load(uint32_t vector, uint32_t scalar) const {
    T value{};
    constexpr uint64_t kPart = sizeof(T) < 4 ? sizeof(T) : 4;
    for (uint64_t part = 0; part < sizeof(T); part += kPart) {
      const uint64_t at = uint64_t{vector} + scalar + part;
      if (at + kPart <= bytes_) {
        __builtin_memcpy(reinterpret_cast<char*>(&value) + part, base_ + at, kPart);
      }
    }
    return value;
  }
  template <class T>
  void store(T value, uint32_t vector) const {
    constexpr uint64_t kPart = sizeof(T) < 4 ? sizeof(T) : 4;
    for (uint64_t part = 0; part < sizeof(T); part += kPart) {
      const uint64_t at = uint64_t{vector} + part;
      if (at + kPart <= bytes_) {
        __builtin_memcpy(base_ + at, reinterpret_cast<const char*>(&value) + part, kPart);
      }
    }
  }

  unsigned char* base_;
  uint64_t bytes_;
};

#endif

}  // namespace octet::gpu::hip
