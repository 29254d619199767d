// The kernels of kv_append as the stand-in runs them: thread block by thread block, the rows that
// each has, in plain loops; places and rounded scales by the kernels' own arithmetic, whose tests
// are their own.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "device/stand_in_state.h"
#include "src/core/formats.h"
#include "src/ops/quantize/append_place.h"
#include "src/ops/quantize/append_scale.h"
#include "src/ops/quantize/cuda/append_params.h"

namespace octet::stand_in {
namespace {

using namespace ops::quantize;

struct RowAt {
  int64_t x, codes, scale;  // elements
};

std::vector<float> values_of(const AppendTask& t, const AppendSide& s, int64_t at) {
  std::vector<float> row;
  for (int64_t i = at; i < at + t.dim; ++i) {
    if (t.input == Input::kF32) {
      row.push_back(static_cast<const float*>(s.x)[i]);
    } else {
      const uint16_t code = static_cast<const uint16_t*>(s.x)[i];
      row.push_back(t.input == Input::kBf16 ? decode_bf16(code) : decode(kF16Format, code));
    }
  }
  return row;
}

float amax_of(const std::vector<float>& row, float shift) {
  float most = 0;
  for (const float x : row) {
    if (std::isfinite(x)) most = std::max(most, std::min(std::fabs(x - shift), kLargestFloat));
  }
  return most;
}

float shift_of(const AppendTask& t, const AppendSide& s, const std::vector<float>& row) {
  if (!has_shift(s.form)) return 0;
  const FixedPoint fixed = fixed_point_of(std::bit_cast<uint32_t>(amax_of(row, 0)));
  uint32_t units = 0;
  for (const float x : row) {
    units += std::isfinite(x) ? units_of(x * fixed.factor + kRoundMagic) : 0;
  }
  const float mean = mean_of(static_cast<int32_t>(units), fixed, t.inverse_dim);
  return s.form == ScaleForm::kPacked ? half_value(half_nearest(mean)) : mean;
}

float set_scale(const AppendSide& s, int64_t at, float amax, float largest, float shift) {
  if (!has_own_scale(s.form)) return s.scale == nullptr ? 1 : s.scale[at];
  const float scale = amax == 0 ? 1 : std::max(amax / largest, 0x1p-126f);
  if (s.form == ScaleForm::kPacked) {
    s.packed[at] = half_up(scale) | half_nearest(shift) << 16;
    return half_value(half_up(scale));
  }
  s.scale[at] = scale;
  if (s.form == ScaleForm::kTokenShift) s.shift[at] = shift;
  return scale;
}

void append_row(const AppendTask& t, const AppendSide& s, const RowAt& at) {
  const Minifloat& format = t.element == Element::kE5m2 ? kE5m2Format : kE4m3fnFormat;
  const float largest = decode(format, format.max_code());
  const std::vector<float> row = values_of(t, s, at.x);
  const float shift = shift_of(t, s, row);
  const float scale = set_scale(s, at.scale, amax_of(row, shift), largest, shift);
  const bool usable = scale >= kLeastScale && scale <= kMostScale;
  for (size_t i = 0; i < row.size(); ++i) {
    const float shifted = std::clamp(row[i] - shift, -kLargestFloat, kLargestFloat);
    const float quotient = std::clamp(shifted / scale, -largest, largest);
    const uint32_t code = encode(format, std::isfinite(row[i]) ? quotient : row[i]);
    s.codes[at.codes + static_cast<int64_t>(i)] =
        static_cast<uint8_t>(usable ? code : format.nan_code());
  }
}

/// Row `row` of a side; what has no place is told as the kernels do.
void append(const Sm90AppendParams& p, const AppendSide& s, uint32_t row) {
  const AppendTask& t = p.task;
  const uint32_t token = t.heads.quotient(row), head = row - token * t.heads.divisor;
  const uint32_t batch = t.of_batch.quotient(token);
  const Found found = place_of(t, token, Halving{});
  if (found.fault != Fault::kNone && p.fault != nullptr && p.fault[0] == 0) {
    p.fault[0] = static_cast<int32_t>(found.fault);
    std::copy_n(found.words, 3, p.fault + 1);
  }
  const Place at = found.place;
  if (at.block < 0) return;
  const int64_t x = batch * s.x_batch + (token - batch * t.of_batch.divisor) * s.x_token;
  append_row(t, s,
             {x + head * s.x_head, at.block * s.block + at.token * s.token + head * s.head,
              at.block * s.scale_block + at.token * s.scale_token + head * s.scale_head});
}

bool multiple(const void* data, int64_t bytes, int64_t of) {
  return reinterpret_cast<uint64_t>(data) % static_cast<uint64_t>(of) == 0 && bytes % of == 0;
}

/// The entry and the parameters are those of the task.
bool fits(const Launch& launch, const Sm90AppendParams& p) {
  constexpr const char* kInputs[] = {"f32", "bf16", "f16"};
  const AppendTask& t = p.task;
  const int64_t bytes = t.input == Input::kF32 ? 4 : 2, lanes = int64_t{1} << p.lane_bits;
  const uint64_t each = append_rows_of_block(p.lane_bits);
  const uint64_t reached = each * launch.grid[0];
  bool right = launch.entry == std::string("octet_kv_append_") +
                                   kInputs[static_cast<int>(t.input)] + "_" +
                                   (t.element == Element::kE5m2 ? "e5m2" : "e4m3fn") &&
               launch.block[0] == kAppendThreads && launch.grid[1] == 1 && launch.cluster == 1 &&
               launch.dependent == static_cast<int>(p.dependent) && lanes <= 32 &&
               lanes * append_vectors(t.input) * 16 >= t.dim * bytes &&
               p.rows == t.tokens * t.heads.divisor && reached >= p.rows && reached - p.rows < each;
  bool all_x = true;
  for (int i = 0; i < 2; ++i) {
    const AppendSide& s = t.sides[i];
    const int64_t codes = 16 / bytes;
    const bool x = multiple(s.x, s.x_batch * bytes, 16) && s.x_token * bytes % 16 == 0 &&
                   s.x_head * bytes % 16 == 0;
    const bool q = multiple(s.codes, s.block, codes) && s.token % codes == 0 && s.head % codes == 0;
    all_x = all_x && x;
    right = right && p.codes_aligned[i] == q;
  }
  return right && p.x_aligned == all_x;
}

}  // namespace

size_t kv_append_parameter_bytes() { return sizeof(Sm90AppendParams); }

int run_kv_append(const Launch& launch, State& s) {
  Sm90AppendParams p;
  std::memcpy(&p, launch.parameter.data(), sizeof p);
  if (!fits(launch, p)) return kLaunchFailed;
  for (const AppendSide& side : p.task.sides) {
    const int64_t bytes = p.task.input == Input::kF32 ? 4 : 2;
    s.broken = s.broken || overruns(s, reinterpret_cast<uint64_t>(side.x),
                                    static_cast<size_t>(p.task.dim * bytes));
    for (uint32_t row = 0; row < p.rows && !s.broken; ++row) append(p, side, row);
  }
  return kSuccess;
}

}  // namespace octet::stand_in
