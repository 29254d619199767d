#include "tests/amdgcn/memory.h"

#include <algorithm>
#include <cstring>

#include "tests/amdgcn/error.h"

namespace octet::amdgcn {
namespace {

constexpr size_t kGuard = 256, kAlignment = 256;
constexpr int kPattern = 0xa5;

uint64_t address_of(const void* base) { return reinterpret_cast<uintptr_t>(base); }

}  // namespace

void Memory::add(const void* base, size_t bytes, bool writable, std::string name) {
  const Region region{address_of(base), address_of(base) + bytes, writable, std::move(name)};
  const auto place =
      std::upper_bound(regions_.begin(), regions_.end(), region,
                       [](const Region& a, const Region& b) { return a.begin < b.begin; });
  if ((place != regions_.end() && place->begin < region.end) ||
      (place != regions_.begin() && std::prev(place)->end > region.begin)) {
    fail("region {:#x} of {} bytes overlaps another", region.begin, bytes);
  }
  regions_.insert(place, region);
}

const Memory::Region* Memory::find(uint64_t address) const {
  auto place = std::upper_bound(regions_.begin(), regions_.end(), address,
                                [](uint64_t a, const Region& r) { return a < r.begin; });
  if (place == regions_.begin()) return nullptr;
  return &*std::prev(place);
}

bool Memory::remove(const void* base) {
  const Region* found = find(address_of(base));
  if (found == nullptr || found->begin != address_of(base)) return false;
  regions_.erase(regions_.begin() + (found - regions_.data()));
  last_ = 0;
  return true;
}

size_t Memory::size_of(const void* base) const {
  const Region* found = find(address_of(base));
  return found == nullptr || found->begin != address_of(base) ? 0 : found->end - found->begin;
}

void* Memory::allocate(size_t bytes) {
  auto owned = std::make_unique<std::byte[]>(bytes + 2 * kGuard + kAlignment);
  std::memset(owned.get(), kPattern, bytes + 2 * kGuard + kAlignment);
  const uint64_t first = address_of(owned.get()) + kGuard + kAlignment - 1;
  auto* base = reinterpret_cast<void*>(first & ~uint64_t{kAlignment - 1});
  add(base, bytes, true);
  owned_.push_back(std::move(owned));
  return base;
}

bool Memory::release(void* base) {
  const auto owner = std::find_if(owned_.begin(), owned_.end(), [&](const auto& owned) {
    const uint64_t offset = address_of(base) - address_of(owned.get());
    return offset >= kGuard && offset < kGuard + kAlignment;
  });
  if (owner == owned_.end() || !remove(base)) return false;
  owned_.erase(owner);
  return true;
}

std::byte* Memory::at(uint64_t address, size_t bytes, bool write) {
  if (last_ < regions_.size()) {
    const Region& last = regions_[last_];
    if (address >= last.begin && address + bytes <= last.end && (last.writable || !write)) {
      return reinterpret_cast<std::byte*>(address);
    }
  }
  const Region* found = find(address);
  if (found == nullptr || address + bytes > found->end || (write && !found->writable)) {
    refuse(address, bytes, write);
  }
  last_ = static_cast<size_t>(found - regions_.data());
  return reinterpret_cast<std::byte*>(address);
}

void Memory::refuse(uint64_t address, size_t bytes, bool write) const {
  const Region* near = find(address);
  std::string where = "no region is before it";
  if (near != nullptr) {
    where = fmt::format("the region before it is {} [{:#x}, {:#x}){}", near->name, near->begin,
                        near->end, near->writable ? "" : ", read only");
  }
  fail("{} of {} bytes at {:#x}: {}", write ? "store" : "load", bytes, address, where);
}

ScopedRegion::ScopedRegion(Memory& memory, const void* base, size_t bytes, bool writable,
                           std::string name)
    : memory_(memory), base_(base) {
  memory.add(base, bytes, writable, std::move(name));
}
ScopedRegion::~ScopedRegion() { memory_.remove(base_); }

}  // namespace octet::amdgcn
