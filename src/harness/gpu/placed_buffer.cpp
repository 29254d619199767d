#include "src/harness/gpu/placed_buffer.h"

#include <cstring>

#include "src/core/try.h"

namespace octet::harness {

Result<PlacedBuffer> PlacedBuffer::allocate(const Stream& stream, int64_t bytes) {
  PlacedBuffer placed;
  placed.bytes_ = bytes;
  placed.on_device_ = stream.is_gpu();
  if (placed.on_device_) {
    OCTET_TRY(placed.device_, DeviceBuffer::allocate(stream, bytes));
    placed.data_ = placed.device_.as<uint8_t>();
  } else {
    OCTET_TRY(placed.host_, Buffer::allocate(bytes));
    placed.data_ = placed.host_.data();
  }
  return placed;
}

Result<PlacedBuffer> PlacedBuffer::mirror(const Stream& stream, const Buffer& host) {
  if (stream.is_gpu()) {
    OCTET_TRY(PlacedBuffer placed, allocate(stream, host.bytes()));
    OCTET_CHECK_OK(placed.upload(host.data(), host.bytes()));
    return placed;
  }
  PlacedBuffer placed;
  placed.data_ = host.data();
  placed.bytes_ = host.bytes();
  return placed;
}

Status PlacedBuffer::upload(const void* from, int64_t bytes) {
  if (on_device_) return device_.upload(from, bytes);
  if (from != data_ && bytes > 0) std::memcpy(data_, from, static_cast<size_t>(bytes));
  return Status::Ok();
}

Status PlacedBuffer::download(void* to, int64_t bytes, int64_t offset) const {
  if (on_device_) return device_.download(to, bytes, offset);
  if (to != data_ + offset && bytes > 0) {
    std::memcpy(to, data_ + offset, static_cast<size_t>(bytes));
  }
  return Status::Ok();
}

Result<Stream*> host_stream() {
  static Result<Stream> stream = Stream::cpu();
  OCTET_CHECK_OK(stream);
  return &*stream;
}

}  // namespace octet::harness
