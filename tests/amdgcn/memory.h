// Device memory of the interpreter: addresses are those of this process, and only registered
// regions may be touched. Freed and never allocated memory is an error, as is one byte past a
// region.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace octet::amdgcn {

class Memory {
 public:
  /// Makes [base, base + bytes) accessible. Regions do not overlap.
  void add(const void* base, size_t bytes, bool writable, std::string name = {});
  /// Ends the region that begins at `base`; false where there is none.
  bool remove(const void* base);
  /// Bytes of the region that begins at `base`; 0 where there is none.
  size_t size_of(const void* base) const;

  /// New memory, filled with a pattern, with 256 bytes on both sides that belong to no region.
  void* allocate(size_t bytes);
  /// False where `base` is not from allocate().
  bool release(void* base);

  /// The bytes of an access; throws Error where they are not in one region, or not writable.
  std::byte* at(uint64_t address, size_t bytes, bool write);

 private:
  struct Region {
    uint64_t begin, end;
    bool writable;
    std::string name;
  };
  const Region* find(uint64_t address) const;
  [[noreturn]] void refuse(uint64_t address, size_t bytes, bool write) const;

  std::vector<Region> regions_;  // by address
  std::vector<std::unique_ptr<std::byte[]>> owned_;
  size_t last_ = 0;  // index of the region that the last access was in
};

/// A region for as long as this lives.
class ScopedRegion {
 public:
  ScopedRegion(Memory& memory, const void* base, size_t bytes, bool writable, std::string name);
  ~ScopedRegion();
  ScopedRegion(const ScopedRegion&) = delete;

 private:
  Memory& memory_;
  const void* base_;
};

}  // namespace octet::amdgcn
