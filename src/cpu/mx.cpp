#include "src/cpu/mx.h"

#include <algorithm>
#include <cmath>

#include "octet/tensor.h"
#include "src/cpu/exact.h"
#include "src/cpu/launch.h"
#include "src/cpu/store.h"

namespace octet::cpu {
namespace {

constexpr uint8_t kNanScale = 255;

bool has_nan_scale(const uint8_t* exponents, int64_t blocks) {
  return std::find(exponents, exponents + blocks, kNanScale) != exponents + blocks;
}

bool is_zero(const uint8_t* codes) {
  return std::all_of(codes, codes + kMxBlock, [](uint8_t code) { return (code & 0x7f) == 0; });
}

void repair_one(const Task& t, int64_t m, int64_t n, bool nan) {
  store_rounded(t, m, n, nan ? NAN : mx_element(t, m, n).value);
}

CodeTable marked_table() {
  CodeTable table = code_table(DType::kE4m3fn);
  for (size_t code = 0; code < 128; ++code) {
    if (table.f32[code] != 0 && std::isfinite(table.f32[code])) table.bf16_low[code] |= 1;
  }
  return table;
}

}  // namespace

const CodeTable& mx_code_table() {
  static const CodeTable table = marked_table();
  return table;
}

bool mx_row_is_special(const uint8_t* codes, const uint8_t* exponents, int64_t k) {
  for (int64_t kb = 0; kb < k / kMxBlock; ++kb) {
    if (exponents[kb] >= kMxLow && exponents[kb] <= kMxHigh) continue;
    if (exponents[kb] == kNanScale || !is_zero(codes + kb * kMxBlock)) return true;
  }
  return false;
}

void mx_repair(const Task& t, const MxUnit& unit, const uint8_t* special, bool outside) {
  const int64_t n_end = std::min(unit.n_end, t.n);
  for (int64_t n = unit.n; outside && n < n_end; ++n) {
    const uint8_t* exponents = t.b_exponent + n * t.b_exponent_stride;
    if (!mx_row_is_special(t.b + n * t.b_stride, exponents, t.k)) continue;
    const bool nan = has_nan_scale(exponents, t.k / kMxBlock);
    for (int64_t m = unit.m; m < unit.m_end; ++m) repair_one(t, m, n, nan);
  }
  const uint8_t* end = special + unit.m_end;
  for (const uint8_t* at = std::find(special + unit.m, end, 1); at != end;
       at = std::find(at + 1, end, 1)) {
    const int64_t m = at - special;
    const bool nan = has_nan_scale(t.a_exponent + m * t.a_exponent_stride, t.k / kMxBlock);
    for (int64_t n = unit.n; n < n_end; ++n) repair_one(t, m, n, nan);
  }
}

}  // namespace octet::cpu
