#include "tests/amdgcn/lds.h"

#include <algorithm>
#include <cstring>

#include "tests/amdgcn/error.h"

namespace octet::amdgcn {

void Lds::reset(uint32_t bytes) {
  constexpr uint8_t kPoison = 0xcd;
  bytes_.assign(bytes, kPoison);
  shadow_.assign((bytes + 3) / 4, Shadow{});
  epoch_ = 1;
}

Lds::Shadow& Lds::check_range(uint32_t address, uint32_t bytes) {
  if (uint64_t{address} + bytes > bytes_.size()) {
    fail("LDS address {} of {} bytes: the workgroup has {}", address, bytes, bytes_.size());
  }
  if (address % bytes != 0) fail("LDS address {} is not a multiple of {}", address, bytes);
  return shadow_[address / 4];
}

void Lds::note_byte(Shadow& shadow, uint32_t byte, int wave, uint32_t address) {
  const auto self = static_cast<uint8_t>(wave);
  if (shadow.write_epoch == epoch_ && shadow.writer[byte] != self &&
      shadow.writer[byte] != kNobody) {
    fail("race: LDS byte {} is read by wave {} and was written by wave {} since the last barrier",
         address, wave, shadow.writer[byte]);
  }
  uint8_t& reader = shadow.reader[byte];
  if (reader == kNobody) {
    reader = self;
  } else if (reader != self) {
    reader = kSeveral;
  }
}

void Lds::note_read(uint32_t address, uint32_t bytes, int wave) {
  Shadow& shadow = check_range(address, bytes);
  if (shadow.read_epoch != epoch_) {
    shadow.read_epoch = epoch_;
    std::memset(shadow.reader, kNobody, sizeof shadow.reader);
  }
  for (uint32_t b = 0; b < bytes; ++b) note_byte(shadow, address % 4 + b, wave, address + b);
}

uint32_t Lds::read(uint32_t address, uint32_t bytes, int wave, bool& undefined) {
  note_read(address, bytes, wave);
  const Shadow& shadow = shadow_[address / 4];
  for (uint32_t b = 0; b < bytes; ++b) {
    if ((shadow.undefined >> (address % 4 + b) & 1) != 0) undefined = true;
  }
  uint32_t value = 0;
  std::memcpy(&value, &bytes_[address], bytes);
  return value;
}

void Lds::write(uint32_t address, uint32_t bytes, uint32_t value, int wave, bool undefined) {
  Shadow& shadow = check_range(address, bytes);
  const auto self = static_cast<uint8_t>(wave);
  if (shadow.write_epoch != epoch_) {
    shadow.write_epoch = epoch_;
    std::memset(shadow.writer, kNobody, sizeof shadow.writer);
  }
  shadow.atomic = false;
  const bool same = std::memcmp(&bytes_[address], &value, bytes) == 0;
  for (uint32_t b = 0; b < bytes; ++b) {
    const uint32_t byte = address % 4 + b;
    const bool read = shadow.read_epoch == epoch_ && shadow.reader[byte] != kNobody &&
                      shadow.reader[byte] != self;
    const bool written = shadow.writer[byte] != kNobody && shadow.writer[byte] != self;
    if ((read || written) && !same) {
      fail("race: LDS byte {} is written by wave {} and was {} by another since the last barrier",
           address + b, wave, read ? "read" : "written");
    }
    shadow.writer[byte] = self;
    const auto bit = static_cast<uint8_t>(1u << byte);
    shadow.undefined =
        static_cast<uint8_t>(undefined ? shadow.undefined | bit : shadow.undefined & ~bit);
  }
  std::memcpy(&bytes_[address], &value, bytes);
}

uint32_t Lds::begin_atomic(uint32_t address, int wave, bool& undefined) {
  Shadow& shadow = check_range(address, 4);
  const auto self = static_cast<uint8_t>(wave);
  const bool fresh = shadow.write_epoch != epoch_;
  if (fresh) {
    std::memset(shadow.writer, kNobody, sizeof shadow.writer);
    shadow.write_epoch = epoch_, shadow.atomic = true;
  }
  const auto other = [&](uint8_t who) { return who != kNobody && who != self; };
  for (uint32_t b = 0; b < 4; ++b) {
    const bool written = !shadow.atomic && other(shadow.writer[b]);
    if (written || (shadow.read_epoch == epoch_ && other(shadow.reader[b]))) {
      fail(
          "race: LDS word {} is changed by an atomic of wave {} and was touched by another since "
          "the last barrier",
          address, wave);
    }
    shadow.writer[b] = other(shadow.writer[b]) ? kAtomic : self;
  }
  undefined = undefined || shadow.undefined != 0;
  uint32_t value = 0;
  std::memcpy(&value, &bytes_[address], 4);
  return value;
}

void Lds::end_atomic(uint32_t address, uint32_t value) { std::memcpy(&bytes_[address], &value, 4); }

}  // namespace octet::amdgcn
