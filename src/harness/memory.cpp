#include "src/harness/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "src/core/formats.h"
#include "src/core/try.h"
#include "src/harness/random.h"

namespace octet::harness {

namespace {
constexpr int64_t kHugePage = int64_t{2} << 20;
constexpr int64_t round_up(int64_t bytes, int64_t step) { return (bytes + step - 1) / step * step; }
}  // namespace

Result<Buffer> Buffer::allocate(int64_t bytes) {
  const int64_t size = round_up(std::max<int64_t>(bytes, 1), bytes >= kHugePage ? kHugePage : 4096);
  void* data = ::mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return fail(StatusCode::kBackend, "the system refused {} bytes for operands", size);
  }
  if (size >= kHugePage) ::madvise(data, static_cast<size_t>(size), MADV_HUGEPAGE);
  Buffer buffer;
  buffer.pages_ = buffer.data_ = static_cast<uint8_t*>(data);
  buffer.mapped_ = buffer.bytes_ = size;
  return buffer;
}

Result<Buffer> Buffer::allocate_guarded(int64_t bytes) {
  constexpr int64_t kPage = 4096;
  const int64_t usable = round_up(std::max<int64_t>(bytes, 1), kPage);
  void* pages = ::mmap(nullptr, static_cast<size_t>(usable + kPage), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Buffer buffer;  // gives the pages back where they cannot be guarded
  if (pages != MAP_FAILED) {
    buffer.pages_ = static_cast<uint8_t*>(pages);
    buffer.mapped_ = usable + kPage;
  }
  if (pages == MAP_FAILED || ::mprotect(buffer.pages_ + usable, kPage, PROT_NONE) != 0) {
    return fail(StatusCode::kBackend, "the system refused {} guarded bytes", usable);
  }
  buffer.bytes_ = bytes;
  buffer.data_ = buffer.pages_ + (usable - bytes);
  return buffer;
}

Buffer::Buffer(Buffer&& other) noexcept { *this = std::move(other); }

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(pages_, other.pages_);
  std::swap(mapped_, other.mapped_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Buffer::~Buffer() {
  if (pages_ != nullptr) ::munmap(pages_, static_cast<size_t>(mapped_));
}

namespace {

/// Codes of normally distributed values whose largest is the largest of e4m3: what a quantised
/// weight matrix looks like. No NaN; about one in ten thousand is subnormal.
void fill_codes(uint8_t* data, int64_t bytes) {
  constexpr int kLevels = 1 << 16;
  std::vector<uint8_t> codes(kLevels);
  Random random(20260101);
  for (uint8_t& code : codes) {
    double sum = 0;  // of 12 uniforms: normal with variance 1, within 6
    for (int i = 0; i < 12; ++i) sum += random.unit() - 0.5;
    code = static_cast<uint8_t>(encode(kE4m3fnFormat, static_cast<float>(sum * (448.0 / 4.5))));
  }
  const int64_t distinct = std::min(bytes, int64_t{64} << 20);
  for (int64_t i = 0; i < distinct; i += 4) {
    const uint64_t bits = random.next();
    for (int j = 0; j < 4; ++j) data[i + j] = codes[bits >> (16 * j) & (kLevels - 1)];
  }
  for (int64_t i = distinct; i < bytes;
       i += distinct) {  // elsewhere in memory is cold, though equal
    std::memcpy(data + i, data, static_cast<size_t>(std::min(distinct, bytes - i)));
  }
}

}  // namespace

Result<const Arena*> Arena::get(int64_t llc_bytes, int64_t memory_bytes, int64_t window_bytes) {
  static Arena arena;
  // Why 1 GiB at least: a virtual machine may report its share of a last-level cache of 480 MB.
  const int64_t usual = std::clamp<int64_t>(3 * llc_bytes, int64_t{1} << 30, int64_t{3} << 29);
  const int64_t wanted = std::max(std::min(usual, memory_bytes / 4), window_bytes);
  if (arena.buffer_.bytes() < wanted) {
    OCTET_TRY(arena.buffer_, Buffer::allocate(wanted));
    fill_codes(arena.buffer_.data(), arena.buffer_.bytes());
  }
  return &arena;
}

int64_t Arena::num_windows(int64_t bytes) const {
  return std::max<int64_t>(1, buffer_.bytes() / round_up(bytes, 64));
}

const uint8_t* Arena::window(int64_t index, int64_t bytes) const {
  return buffer_.data() + index % num_windows(bytes) * round_up(bytes, 64);
}

}  // namespace octet::harness
