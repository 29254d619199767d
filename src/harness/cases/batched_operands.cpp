// Operands of gemm_batched: sizes, layouts, and what they are filled with.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "src/core/try.h"
#include "src/harness/cases/gemm_batched.h"

namespace octet::harness {

namespace gemm = ops::gemm_batched;
using gemm::Format;
using gemm::Problem;

namespace {

constexpr uint8_t kNanScale = 255, kSmallestScale = 0, kLargestScale = 254;
constexpr uint16_t kBf16Nan = 0xffc0, kBf16Smallest = 0x8001, kBf16Largest = 0x7f7f;

struct Padding {
  int64_t cols = 0, rows = 0;
  bool rows_outside = false;
};

template <class View, class Pointer>
View view_of(Pointer data, DType dtype, const std::array<int64_t, 3>& sizes, const Padding& pad) {
  const auto& [batch, rows, cols] = sizes;
  const int64_t step = cols + pad.cols;
  if (pad.rows_outside) return {data, dtype, batch, rows, cols, batch * step, step};
  return {data, dtype, batch, rows, cols, step, (rows + pad.rows) * step};
}

/// From the first element to the last.
int64_t view_bytes(const ConstBatch& x) {
  if (x.batch == 0 || x.rows == 0) return 0;
  const int64_t last = (x.batch - 1) * x.matrix_stride() + (x.rows - 1) * x.stride() + x.cols;
  return last * gemm::bits_of(x.dtype) / 8;
}

/// An element that is no scale. Exact: small integers. Otherwise both signs, several binades.
uint32_t random_code(Random& random, Inputs inputs, DType dtype) {
  constexpr float kIntegers[] = {-2, -1, 1, 2, 0};
  const auto bits = static_cast<uint32_t>(random.next() >> 32);
  const float integer = kIntegers[bits % 5];
  const bool exact = inputs == Inputs::kExact;
  switch (dtype) {
    case DType::kBf16: {
      const uint32_t value = (bits & 0x807f) | (121 + (bits >> 16) % 12) << 7;
      return exact ? encode_bf16(integer) : bits >> 28 == 0 ? bits & 0x8000 : value;
    }
    case DType::kI8:
      return exact ? static_cast<uint32_t>(static_cast<int>(integer)) & 0xff : bits & 0xff;
    case DType::kE4m3fn: {
      const uint32_t code = bits & 0xff;
      const uint32_t finite = (code & 0x7f) == 0x7f ? code - 1 : code;
      return exact ? encode(kE4m3fnFormat, integer) : finite;
    }
    default:
      return bits & 15;
  }
}

void set_code(void* data, DType dtype, int64_t at, uint32_t code) {
  auto* bytes = static_cast<uint8_t*>(data);
  if (dtype == DType::kBf16) {
    const auto word = static_cast<uint16_t>(code);
    std::memcpy(bytes + 2 * at, &word, sizeof word);
  } else if (dtype == DType::kE2m1) {
    uint8_t& byte = bytes[at / 2];
    byte = static_cast<uint8_t>(at % 2 == 0 ? (byte & 0xf0) | code : (byte & 0x0f) | code << 4);
  } else {
    bytes[at] = static_cast<uint8_t>(code);
  }
}

int64_t offset(const ConstBatch& x, int64_t batch, int64_t row, int64_t col) {
  return batch * x.matrix_stride() + row * x.stride() + col;
}

void fill_codes(Random& random, Inputs inputs, const Buffer& memory, const ConstBatch& x) {
  for (int64_t batch = 0; batch < x.batch; ++batch) {
    for (int64_t row = 0; row < x.rows; ++row) {
      for (int64_t k = 0; k < x.cols; ++k) {
        set_code(memory.data(), x.dtype, offset(x, batch, row, k),
                 random_code(random, inputs, x.dtype));
      }
    }
  }
}

/// Groups whose largest is 448 have the scale 1, and small integers stay what they are.
void make_groups_exact(const Buffer& memory, const ConstBatch& a) {
  for (int64_t batch = 0; batch < a.batch; ++batch) {
    for (int64_t row = 0; row < a.rows; ++row) {
      for (int64_t k = 0; k < a.cols; k += gemm::kGroup) {
        set_code(memory.data(), a.dtype, offset(a, batch, row, k), encode_bf16(448));
      }
    }
  }
}

void fill_scales(Random& random, Inputs inputs, const Buffer& memory, DType dtype) {
  dtype == DType::kE8m0 ? fill_mx_scales(random, inputs, memory)
                        : fill_block_scales(random, inputs, memory);
}

/// A run of random scales, repeated: those of large e2m1 weights are too many to draw.
Status fill_scale_runs(Random& random, Inputs inputs, const Buffer& memory, DType dtype) {
  constexpr int64_t kRunBytes = int64_t{1} << 20;
  if (memory.bytes() == 0) return Status::Ok();
  OCTET_TRY(const Buffer run, Buffer::allocate(std::min(kRunBytes, memory.bytes())));
  fill_scales(random, inputs, run, dtype);
  for (int64_t at = 0; at < memory.bytes(); at += run.bytes()) {
    const int64_t bytes = std::min(run.bytes(), memory.bytes() - at);
    std::memcpy(memory.data() + at, run.data(), static_cast<size_t>(bytes));
  }
  return Status::Ok();
}

void fill_bias(Random& random, Inputs inputs, BatchedOperands& o) {
  const DType dtype = o.args.bias.dtype;
  for (int64_t i = 0; i < o.bias.bytes() / size_of(dtype); ++i) {
    const auto integer = static_cast<float>(random.below(9) - 4);
    const float value = inputs == Inputs::kExact ? integer : integer * 1.25f;
    if (dtype == DType::kF32) {
      o.bias.as<float>()[i] = value;
    } else {
      o.bias.as<uint16_t>()[i] = encode_bf16(value);
    }
  }
}

/// An element of an operand and of its e8m0 scales, in one row.
struct Place {
  int64_t batch, row, col;
};

/// Where the operand has scales of rows.
void set_scale(const Buffer& memory, const ConstBatch& scale, const Place& at, uint8_t byte) {
  if (at.batch >= scale.batch || at.row >= scale.rows) return;
  if (scale.dtype == DType::kE8m0) {
    memory.data()[offset(scale, at.batch, at.row, at.col / gemm::kMxBlock)] = byte;
  } else if (byte == kNanScale) {
    memory.as<float>()[offset(scale, at.batch, at.row, 0)] = NAN;
  }
}

/// Where the dtype has a NaN.
void set_nan(const Buffer& memory, const ConstBatch& x, const Place& at) {
  if (x.dtype != DType::kBf16 && x.dtype != DType::kE4m3fn) return;
  set_code(memory.data(), x.dtype, offset(x, at.batch, at.row, at.col),
           x.dtype == DType::kBf16 ? kBf16Nan : kE4m3fnFormat.nan_code());
}

void set_extreme(const Buffer& memory, const ConstBatch& x, const Place& at, bool large) {
  if (x.dtype != DType::kBf16) return;
  set_code(memory.data(), x.dtype, offset(x, at.batch, at.row, at.col),
           large ? kBf16Largest : kBf16Smallest);
}

/// kNan: a NaN code and a NaN scale, in two rows of a and of b. kExtreme: the smallest scale or
/// value in a row of one operand meets the largest in a row of the other, and in the next rows the
/// reverse.
void plant(Random& random, Inputs inputs, BatchedOperands& o) {
  const Problem& p = o.problem;
  const GemmBatchedArgs& x = o.args;
  const int64_t batch = random.below(p.batch), k = random.below(p.k), next_k = random.below(p.k);
  const Place a{batch, random.below(p.m), k}, b{batch, random.below(p.n), k};
  const Place next_a{batch, (a.row + 1) % p.m, next_k}, next_b{batch, (b.row + 1) % p.n, next_k};
  if (inputs == Inputs::kNan) {
    set_nan(o.a, x.a, a);
    set_nan(o.b, x.b, b);
    set_scale(o.a_scale, x.a_scale, next_a, kNanScale);
    set_scale(o.b_scale, x.b_scale, next_b, kNanScale);
  } else if (inputs == Inputs::kExtreme) {
    set_extreme(o.a, x.a, a, false);
    set_extreme(o.b, x.b, b, true);
    set_extreme(o.a, x.a, next_a, true);
    set_extreme(o.b, x.b, next_b, false);
    set_scale(o.a_scale, x.a_scale, a, kSmallestScale);
    set_scale(o.b_scale, x.b_scale, b, kLargestScale);
    set_scale(o.a_scale, x.a_scale, next_a, kLargestScale);
    set_scale(o.b_scale, x.b_scale, next_b, kSmallestScale);
  }
}

/// Views of operands whose memory is not there yet.
void set_views(BatchedOperands& o, const Padding& pad, const Padding& dense_rows) {
  const Problem& p = o.problem;
  GemmBatchedArgs& x = o.args;
  x.a = view_of<ConstBatch>(nullptr, p.a_dtype(), {p.batch, p.m, p.k}, pad);
  x.b = view_of<ConstBatch>(nullptr, p.b_dtype(), {p.batch, p.n, p.k}, dense_rows);
  const int64_t blocks = p.k / gemm::kMxBlock;
  const int64_t apart = o.seed % 2 == 1 ? 3 : 4;  // bytes that words of e8m0 do not and do fit
  const Padding of_scales{dense_rows.cols == 0 ? 0 : apart, dense_rows.rows};
  if (p.is_a8w8()) {
    x.a_scale = view_of<ConstBatch>(nullptr, DType::kF32, {p.batch, p.m, 1}, of_scales);
    x.b_scale = view_of<ConstBatch>(nullptr, DType::kF32, {p.batch, p.n, 1}, of_scales);
  } else if (p.format == Format::kA8w8Prequant) {
    x.b_scale = {nullptr, DType::kF32, 1, 1, 1};
  } else if (p.is_fp4()) {
    x.b_scale = view_of<ConstBatch>(nullptr, DType::kE8m0, {p.batch, p.n, blocks}, of_scales);
  }
  if (p.format == Format::kAfp4wfp4) {
    x.a_scale = view_of<ConstBatch>(nullptr, DType::kE8m0, {p.batch, p.m, blocks}, of_scales);
  }
  if (p.format == Format::kA16wfp4Wide) x.fp4_activations = Fp4Activations::kBf16;
  const Padding of_d{dense_rows.cols == 0 ? 0 : 13, pad.rows, pad.rows_outside};
  x.d = view_of<Batch>(nullptr, p.d, {p.batch, p.m, p.n}, of_d);
}

template <class View>
Status allocate(Buffer& memory, View& view, bool guarded) {
  const int64_t bytes = view_bytes(view);
  if (bytes == 0) return Status::Ok();
  OCTET_TRY(memory, guarded ? Buffer::allocate_guarded(bytes) : Buffer::allocate(bytes));
  view.data = memory.data();
  return Status::Ok();
}

Status allocate_scales(BatchedOperands& o, bool guarded) {
  OCTET_CHECK_OK(allocate(o.a_scale, o.args.a_scale, guarded));
  return allocate(o.b_scale, o.args.b_scale, guarded);
}

Status allocate_d(BatchedOperands& o) {
  const int64_t row = o.rows_outside ? o.args.d.matrix_stride() : o.args.d.stride();
  OCTET_TRY(o.d, Buffer::allocate(o.memory_rows() * row * size_of(o.problem.d) + 2 * kCanaryBytes));
  o.args.d.data = o.d.data() + kCanaryBytes;
  return Status::Ok();
}

}  // namespace

Result<BatchedOperands> make_check_operands(const Problem& p, const CaseOptions& options) {
  BatchedOperands o{p, {}, {}, {}, {}, {}, {}, {}, options.seed};
  o.rows_outside = options.seed / 2 % 2 == 1;
  o.spare_rows = o.rows_outside ? 0 : 1;
  set_views(o, {64, o.spare_rows, o.rows_outside}, {96, 1});
  OCTET_CHECK_OK(allocate(o.a, o.args.a, true));
  OCTET_CHECK_OK(allocate(o.b, o.args.b, true));
  OCTET_CHECK_OK(allocate_scales(o, true));
  OCTET_CHECK_OK(allocate_d(o));
  if (p.batch == 0 || p.m == 0 || p.n == 0) return o;
  Random random(options.seed);
  fill_codes(random, options.inputs, o.a, o.args.a);
  fill_codes(random, options.inputs, o.b, o.args.b);
  if (options.inputs == Inputs::kExact && p.format == Format::kA8w8Prequant) {
    make_groups_exact(o.a, o.args.a);
  }
  fill_scales(random, options.inputs, o.a_scale, o.args.a_scale.dtype);
  fill_scales(random, options.inputs, o.b_scale, o.args.b_scale.dtype);
  if (options.seed % 2 == 1) {
    const DType dtype = o.rows_outside ? DType::kBf16 : DType::kF32;
    OCTET_TRY(o.bias, Buffer::allocate_guarded(span_bytes(p.batch, p.n, p.n + 3) * size_of(dtype)));
    o.args.bias = {o.bias.data(), dtype, p.batch, p.n, p.n + 3};
    fill_bias(random, options.inputs, o);
  }
  plant(random, options.inputs, o);
  return o;
}

Result<BatchedOperands> make_timing_operands(const Problem& p, const CaseOptions& options) {
  OCTET_TRY(BatchedOperands o, make_timing_scales(p, options));
  OCTET_CHECK_OK(allocate(o.a, o.args.a, false));
  OCTET_CHECK_OK(allocate_d(o));
  poison(o.d);
  return o;
}

Result<BatchedOperands> make_timing_scales(const Problem& p, const CaseOptions& options) {
  BatchedOperands o{p, {}, {}, {}, {}, {}, {}, {}, options.seed};
  set_views(o, {}, {});
  OCTET_CHECK_OK(allocate_scales(o, false));
  Random random(options.seed);
  OCTET_CHECK_OK(fill_scale_runs(random, options.inputs, o.a_scale, o.args.a_scale.dtype));
  OCTET_CHECK_OK(fill_scale_runs(random, options.inputs, o.b_scale, o.args.b_scale.dtype));
  return o;
}

void fill_random_codes(uint64_t seed, DType dtype, const Buffer& memory) {
  Random random(seed);
  const int64_t count = memory.bytes() * 8 / gemm::bits_of(dtype);
  for (int64_t i = 0; i < count; ++i) {
    set_code(memory.data(), dtype, i, random_code(random, Inputs::kRandom, dtype));
  }
}

}  // namespace octet::harness
