// Operands of tests on a GPU, for programs that compare it with the CPU.
#pragma once

#include <algorithm>
#include <cstdio>
#include <type_traits>
#include <vector>

#include "src/core/try.h"
#include "src/harness/gpu/placed_buffer.h"

namespace octet::bench {

/// Copies of host memory on the GPU, which live as long as this.
class Copies {
 public:
  explicit Copies(const Stream& stream) : stream_(stream) {}

  /// Points `data` at a copy of `from`, `offset` bytes past an aligned address.
  template <class Pointer, class T>
  Status place(Pointer& data, const std::vector<T>& from, int64_t offset = 0) {
    const auto bytes = static_cast<int64_t>(from.size() * sizeof(T));
    std::vector<uint8_t> moved(static_cast<size_t>(bytes + offset));
    std::copy_n(reinterpret_cast<const uint8_t*>(from.data()), bytes, moved.data() + offset);
    OCTET_TRY(harness::PlacedBuffer placed,
              harness::PlacedBuffer::allocate(stream_, std::max<int64_t>(bytes + offset, 16)));
    OCTET_CHECK_OK(placed.upload(moved.data(), bytes + offset));
    using Element = std::remove_const_t<std::remove_pointer_t<Pointer>>;
    data = reinterpret_cast<Element*>(placed.template as<uint8_t>() + offset);
    placed_.push_back(std::move(placed));
    offsets_.push_back(offset);
    return Status::Ok();
  }
  /// Other content for the copy that was placed last, as long.
  template <class T>
  Status refill_last(const std::vector<T>& from) {
    return placed_.back().upload(from.data(), static_cast<int64_t>(from.size() * sizeof(T)));
  }
  /// Copy `index` of those placed, back.
  template <class T>
  Status fetch(size_t index, std::vector<T>& to) const {
    return placed_[index].download(to.data(), static_cast<int64_t>(to.size() * sizeof(T)),
                                   offsets_[index]);
  }
  /// The copy that was placed last, back.
  template <class T>
  Status fetch_last(std::vector<T>& to) const {
    return fetch(placed_.size() - 1, to);
  }

 private:
  const Stream& stream_;
  std::vector<harness::PlacedBuffer> placed_;
  std::vector<int64_t> offsets_;
};

/// The end of such a program: what it says, and its exit code.
inline int report(const char* name, int checked, int wrong, const Status& status) {
  std::printf("%s: %d checks, %d wrong\n", name, checked, wrong);
  if (!status.ok()) std::fprintf(stderr, "%s: %s\n", name, status.message().c_str());
  if (status.code() == StatusCode::kNoDevice) return 3;
  return status.ok() && wrong == 0 ? 0 : 1;
}

}  // namespace octet::bench
