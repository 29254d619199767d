// Memory of a workgroup, with a shadow of each byte: whether it was written, and by which wave
// since the last barrier. Two waves that touch a byte between barriers, one of them writing another
// value, are a race, whatever the order in which they happen to run.
#pragma once

#include <cstdint>
#include <vector>

namespace octet::amdgcn {

class Lds {
 public:
  void reset(uint32_t bytes);
  void barrier() { ++epoch_; }
  uint32_t size() const { return static_cast<uint32_t>(bytes_.size()); }

  /// 1, 2 or 4 bytes inside one word; `undefined` is set where a byte was never written.
  uint32_t read(uint32_t address, uint32_t bytes, int wave, bool& undefined);
  /// Checks and notes such a read.
  void note_read(uint32_t address, uint32_t bytes, int wave);
  void write(uint32_t address, uint32_t bytes, uint32_t value, int wave, bool undefined);
  /// Reads and notes an atomic access to the word: atomics do not race among themselves.
  uint32_t begin_atomic(uint32_t address, int wave, bool& undefined);
  void end_atomic(uint32_t address, uint32_t value);

 private:
  static constexpr uint8_t kNobody = 255, kSeveral = 254, kAtomic = 253;
  struct Shadow {  // of a word; valid in its epochs
    uint32_t write_epoch = 0, read_epoch = 0;
    uint8_t writer[4] = {kNobody, kNobody, kNobody, kNobody};
    uint8_t reader[4] = {kNobody, kNobody, kNobody, kNobody};
    uint8_t undefined = 15;
    bool atomic = false;  // all writes of the epoch were
  };
  Shadow& check_range(uint32_t address, uint32_t bytes);
  void note_byte(Shadow& shadow, uint32_t byte, int wave, uint32_t address);

  std::vector<uint8_t> bytes_;
  std::vector<Shadow> shadow_;
  uint32_t epoch_ = 1;
};

}  // namespace octet::amdgcn
