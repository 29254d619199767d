// Copies of a test's operands on a GPU, for the programs that check kernels there.
#pragma once

#include <algorithm>
#include <cstdio>
#include <type_traits>
#include <vector>

#include "src/core/try.h"
#include "src/harness/gpu/placed_buffer.h"

namespace octet {

/// Copies of host memory on the GPU, which live as long as this.
class DeviceCopies {
 public:
  explicit DeviceCopies(const Stream& stream) : stream_(stream) {}

  /// Points `data` at a copy of `from`.
  template <class Pointer, class T>
  Status place(Pointer& data, const std::vector<T>& from) {
    const auto bytes = static_cast<int64_t>(from.size() * sizeof(T));
    OCTET_TRY(harness::PlacedBuffer placed,
              harness::PlacedBuffer::allocate(stream_, std::max<int64_t>(bytes, 16)));
    OCTET_CHECK_OK(placed.upload(from.data(), bytes));
    data = placed.as<std::remove_const_t<std::remove_pointer_t<Pointer>>>();
    placed_.push_back(std::move(placed));
    return Status::Ok();
  }
  /// Other content for the copy that was placed last.
  template <class T>
  Status refill_last(const std::vector<T>& from) {
    return placed_.back().upload(from.data(), static_cast<int64_t>(from.size() * sizeof(T)));
  }
  /// The copy that was placed last, back.
  Status fetch_last(std::vector<uint8_t>& to) const {
    return placed_.back().download(to.data(), static_cast<int64_t>(to.size()));
  }

 private:
  const Stream& stream_;
  std::vector<harness::PlacedBuffer> placed_;
};

/// The end of such a program: what it says, and its exit code.
inline int report_bits(const char* name, int checked, int wrong, const Status& status) {
  std::printf("%s: %d checks, %d wrong\n", name, checked, wrong);
  if (!status.ok()) std::fprintf(stderr, "%s: %s\n", name, status.message().c_str());
  if (status.code() == StatusCode::kNoDevice) return 3;
  return status.ok() && wrong == 0 ? 0 : 1;
}

}  // namespace octet
