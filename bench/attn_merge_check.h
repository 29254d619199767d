// attn_merge_states on a GPU against the same on a CPU, which merges in double.
#pragma once

#include <cmath>
#include <cstring>
#include <random>

#include "bench/device_copies.h"
#include "octet/attn_decode.h"
#include "src/core/formats.h"

namespace octet::bench {

/// Parts on both sides. Rows of weight -infinity are NaN, so that whoever reads them is found.
struct MergeCase {
  int64_t parts = 2, rows = 5, dim = 64;
  DType in = DType::kF32, out = DType::kF32;
  bool in_place = false;

  std::string name() const {
    return std::to_string(parts) + " parts, " + std::to_string(rows) + " rows of " +
           std::to_string(dim) + " from " + std::string(dtype_name(in)) + " to " +
           std::string(dtype_name(out)) + (in_place ? ", in place" : "");
  }
};

inline void put(DType type, std::vector<uint8_t>& to, int64_t index, float x) {
  if (type == DType::kF32) {
    std::memcpy(to.data() + index * 4, &x, 4);
    return;
  }
  const uint16_t code = type == DType::kBf16
                            ? encode_bf16(x)
                            : static_cast<uint16_t>(encode(kF16Format, x, Overflow::kSpecial));
  std::memcpy(to.data() + index * 2, &code, 2);
}
inline float take(DType type, const std::vector<uint8_t>& from, int64_t index) {
  float x;
  uint16_t code;
  if (type == DType::kF32) {
    std::memcpy(&x, from.data() + index * 4, 4);
    return x;
  }
  std::memcpy(&code, from.data() + index * 2, 2);
  return type == DType::kBf16 ? decode_bf16(code) : static_cast<float>(decode(kF16Format, code));
}

/// The elements and logs in which the two differ by more than a unit of the last place.
inline Result<int> merge_differences(const MergeCase& c, Stream& gpu) {
  const int64_t of_part = c.rows * c.dim, wide = c.in == DType::kF32 ? 4 : 2;
  const int64_t out_wide = c.out == DType::kF32 ? 4 : 2;
  std::mt19937 random(static_cast<uint32_t>(c.parts * 1000 + c.dim));
  std::normal_distribution<float> normal;
  std::vector<float> lse(static_cast<size_t>(c.parts * c.rows));
  std::vector<uint8_t> parts(static_cast<size_t>(c.parts * of_part * wide));
  for (int64_t i = 0; i < c.parts * c.rows; ++i) {
    const bool none = i % c.rows == 0 || random() % 4 == 0;  // the first row has no part
    lse[static_cast<size_t>(i)] = none ? -INFINITY : 20 * normal(random);
    for (int64_t d = 0; d < c.dim; ++d) {
      put(c.in, parts, i * c.dim + d, none ? NAN : normal(random));
    }
  }
  std::vector<uint8_t> out(static_cast<size_t>(of_part * out_wide)), got = out;
  std::vector<float> out_lse(static_cast<size_t>(c.rows)), got_lse = out_lse;
  AttnMergeArgs args{parts.data(), c.in, c.parts, c.rows, c.dim};
  args.lse = lse.data(), args.out_lse = out_lse.data();
  args.out = {out.data(), c.out, c.rows, c.dim};
  OCTET_TRY(Stream cpu, Stream::cpu(1));
  OCTET_CHECK_OK(attn_merge_states(args, cpu));
  Copies copies(gpu), results(gpu), logs(gpu);
  OCTET_CHECK_OK(copies.place(args.parts, parts));
  OCTET_CHECK_OK(copies.place(args.lse, lse));
  OCTET_CHECK_OK(results.place(args.out.data, got));
  OCTET_CHECK_OK(logs.place(args.out_lse, got_lse));
  if (c.in_place) args.out.data = const_cast<void*>(args.parts);
  OCTET_CHECK_OK(attn_merge_states(args, gpu));
  OCTET_CHECK_OK(gpu.synchronize());
  if (c.in_place) {
    OCTET_CHECK_OK(copies.fetch(0, parts));
    std::copy_n(parts.begin(), got.size(), got.begin());
  } else {
    OCTET_CHECK_OK(results.fetch_last(got));
  }
  OCTET_CHECK_OK(logs.fetch_last(got_lse));
  int off = 0;
  const auto differ = [](float a, float b, float by) {
    return a != b && !(std::fabs(a - b) <= by * (1 + std::fabs(b)));
  };
  const float step = c.out == DType::kF32 ? 4e-6f : c.out == DType::kBf16 ? 0x1p-7f : 0x1p-10f;
  for (int64_t i = 0; i < of_part; ++i)
    off += differ(take(c.out, got, i), take(c.out, out, i), step);
  for (size_t i = 0; i < out_lse.size(); ++i) off += differ(got_lse[i], out_lse[i], 1e-6f);
  return off;
}

/// Every type, and shapes that fill no warp. `tally(right, what)`.
template <class Tally>
Status check_merges(Stream& gpu, Tally tally) {
  const auto check = [&](const MergeCase& c) -> Status {
    OCTET_TRY(const int off, merge_differences(c, gpu));
    tally(off == 0, "merge of " + c.name() + ": " + std::to_string(off) + " off");
    return Status::Ok();
  };
  for (const DType in : {DType::kF32, DType::kBf16, DType::kF16}) {
    for (const DType out : {DType::kF32, DType::kBf16, DType::kF16}) {
      OCTET_CHECK_OK(check({3, 7, 128, in, out}));
    }
    OCTET_CHECK_OK(check({5, 6, 80, in, in, true}));
  }
  for (const int64_t parts : {1, 2, 31, 32, 33, 100, 1024}) OCTET_CHECK_OK(check({parts, 9, 64}));
  for (const int64_t dim : {1, 16, 33, 256, 512}) OCTET_CHECK_OK(check({4, 3, dim}));
  return check({2, 4099, 128, DType::kBf16, DType::kBf16});
}

}  // namespace octet::bench
