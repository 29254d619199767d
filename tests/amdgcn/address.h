// Where the lanes of a vector memory instruction read and write.
#pragma once

#include <cstdint>

#include "tests/amdgcn/error.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/rows.h"

namespace octet::amdgcn {

/// global_*: a 64-bit address in vector registers, or an offset from a scalar one; flat_*: the
/// first.
class GlobalAddress {
 public:
  GlobalAddress(const Wave& w, const Instruction& i, int address_operand, int base_operand);
  uint64_t of(int lane) const;
  /// Memory of an access; global memory has no bounds but those of the regions.
  std::byte* at(Memory& memory, int lane, uint32_t skip, uint32_t bytes, bool write) const {
    return memory.at(of(lane) + skip, bytes, write);
  }

 private:
  const Wave& w_;
  const Operand& address_;
  uint64_t base_ = 0;
  bool offset_only_ = false;
};

/// buffer_*: a resource in four scalar registers and offsets.
class BufferAddress {
 public:
  BufferAddress(const Wave& w, const Instruction& i, int first_operand);
  /// Null past the end of the buffer: loads give zero and stores are dropped, word by word.
  std::byte* at(Memory& memory, int lane, uint32_t skip, uint32_t bytes, bool write) const;
  uint64_t of(int lane) const { return base_ + offset(lane); }
  /// An error where it depends on whether the scalar offset counts: LLVM's intrinsics leave it out
  /// of the check, the hardware's description takes it in.
  bool inside(int lane, uint32_t skip, uint32_t bytes) const {
    const uint64_t end = offset(lane) + skip + bytes;
    if ((end <= records_) != (end - scalar_ <= records_)) {
      fail("the scalar offset decides whether it is past the end of its buffer");
    }
    return end <= records_;
  }

 private:
  uint64_t offset(int lane) const {
    return (vector_ != nullptr ? vector_[lane] : 0) + fixed_;  // 64 bits: no sum wraps
  }
  uint64_t base_, records_, scalar_;
  uint64_t fixed_;  // of all lanes: the scalar one and the instruction's own
  const uint32_t* vector_ = nullptr;
};

}  // namespace octet::amdgcn
