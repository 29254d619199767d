// moe_reduce in portable C++, by the codecs of core/formats.h: the reference of the other kernels.
#include "src/core/formats.h"
#include "src/ops/moe_reduce/cpu/rows.h"

namespace octet::ops::moe_reduce::cpu {
namespace {

struct Portable {
  static constexpr int kWidth = 8;
  struct Float {
    float value[kWidth];
  };

  static Float zero() { return {}; }
  static Float add(Float a, const Float& b) {
    for (int i = 0; i < kWidth; ++i) a.value[i] += b.value[i];
    return a;
  }
  /// Columns at .. at + kWidth of a row.
  template <Type kType>
  static Float load(const char* row, int64_t at) {
    Float loaded;
    if (kType == Type::kF32) {
      memcpy(loaded.value, row + at * 4, sizeof loaded.value);
      return loaded;
    }
    uint16_t codes[kWidth];
    memcpy(codes, row + at * 2, sizeof codes);
    for (int i = 0; i < kWidth; ++i) {
      loaded.value[i] = kType == Type::kBf16 ? decode_bf16(codes[i]) : decode(kF16Format, codes[i]);
    }
    return loaded;
  }
  /// Rounded to nearest even; what is too large becomes infinite.
  template <Type kType>
  static void store(const Float& x, char* row, int64_t at) {
    if (kType == Type::kF32) {
      memcpy(row + at * 4, x.value, sizeof x.value);
      return;
    }
    uint16_t codes[kWidth];
    for (int i = 0; i < kWidth; ++i) {
      codes[i] = kType == Type::kBf16
                     ? encode_bf16(x.value[i])
                     : static_cast<uint16_t>(encode(kF16Format, x.value[i], Overflow::kSpecial));
    }
    memcpy(row + at * 2, codes, sizeof codes);
  }
};

}  // namespace

void generic_ref(const Task& task, int64_t begin, int64_t end) { run<Portable>(task, begin, end); }

}  // namespace octet::ops::moe_reduce::cpu
