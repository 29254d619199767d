// The machine code of the AMD kernels, interpreted, against the plain softmax.
#include <gtest/gtest.h>

#include <algorithm>

#include "ops/attn_decode/small_attention.h"
#include "ops/interpreted_kernel.h"
#include "src/ops/attn_decode/hip/gfx942_simple.h"
#include "src/ops/attn_decode/hip/gfx942_split.h"

#ifdef OCTET_HAVE_AMDGCN

namespace octet::ops::attn_decode {
namespace {

constexpr double kLimit = 3e-3;  // relative to the largest element of a row

template <class T>
amdgcn::Touched touched(const std::vector<T>& values, bool writable = false) {
  return {values.data(), static_cast<int64_t>(values.size() * sizeof(T)), writable};
}

/// A call on a device of few compute units.
struct Machine {
  std::string profile;
  int cu_num = 2;
  int config = 0;
  bool simple = false;
  uint64_t seed = 1;
  std::vector<int32_t> fault = std::vector<int32_t>(4);

  Device device() const {
    Device device = device_profile(profile).value();
    device.cu_num = cu_num;
    return device;
  }

  Status run(SmallAttention& a) {
    std::fill(a.out.begin(), a.out.end(), uint8_t{0xff});
    std::fill(a.lse.begin(), a.lse.end(), NAN);
    a.args.fault = fault.data();
    const Problem problem = problem_of(a.args);
    const hip::LaunchPlan plan = simple ? Gfx942Simple::plan(0, problem, device())
                                        : Gfx942Split::plan(config, problem, device());
    auto call = hip::call_of(plan, a.args);
    if (!call.ok()) return call.status();
    std::vector<float> records(
        static_cast<size_t>(record_bytes(plan.shares, call->params)) / sizeof(float), NAN);
    std::vector<uint32_t> counters(size_t{4} * plan.shares.workgroups);
    call->params.records = records.data(), call->params.counters = counters.data();
    std::vector<amdgcn::Touched> memory{
        touched(a.q_memory),    touched(a.seqlens),   touched(a.table),
        touched(a.sinks),       touched(a.out, true), touched(a.lse, true),
        touched(records, true), touched(fault, true), touched(counters, true)};
    for (const TestCache* c : {&a.k, &a.v}) {
      memory.push_back(touched(c->memory));
      memory.push_back(touched(c->scale_memory));
      memory.push_back(touched(c->shift_memory));
      memory.push_back(touched(c->packed_memory));
    }
    const Status status = amdgcn::run_kernel(*call->kernel, device().arch, call->shape,
                                             &call->params, sizeof call->params, memory, seed);
    for (const uint32_t counter : counters) EXPECT_EQ(counter, 0u);
    return status;
  }
};

void expect_close(const SmallAttention& a, const std::string& what) {
  const double unit = a.s.out == DType::kF32 ? 0 : a.s.out == DType::kBf16 ? 0x1p-8 : 0x1p-11;
  int64_t row = 0;
  for (int64_t b = 0; b < a.batch; ++b) {
    for (int64_t j = 0; j < a.s.q_tokens; ++j) {
      for (int64_t h = 0; h < a.s.hq; ++h, ++row) {
        const SmallAttention::Row want = a.plain(b, j, h);
        double size = 0;
        for (const double x : want.out) size = std::max(size, std::fabs(x));
        for (int64_t d = 0; d < a.s.dim; ++d) {
          const double exact = want.out[static_cast<size_t>(d)];
          ASSERT_NEAR(a.out_element(row * a.s.dim + d), exact,
                      kLimit * size + unit * std::fabs(exact))
              << what << " sequence " << b << " token " << j << " head " << h << " dim " << d;
        }
        const double lse = a.lse[static_cast<size_t>(row)];
        if (std::isinf(want.lse)) {
          ASSERT_EQ(lse, -INFINITY) << what;
        } else {
          ASSERT_NEAR(lse, want.lse, 1e-4) << what;
        }
      }
    }
  }
}

/// What the shapes of a head dim have in common: two KV heads, sequences that end in tiles.
Shape base(int64_t dim) {
  Shape s;
  s.dim = dim, s.hq = 6, s.hkv = 2, s.lengths = {0, 33, 64, 130};
  return s;
}

/// Each feature, on kernels of every kind of codes, scales and pages.
std::vector<std::pair<std::string, Shape>> shapes_of(int64_t dim) {
  std::vector<std::pair<std::string, Shape>> all;
  const auto add = [&](const std::string& name, Shape s, auto change) {
    change(s);
    all.emplace_back(name, s);
  };
  for (const DType kv : {DType::kE4m3fn, DType::kE5m2}) {
    Shape s = base(dim);
    s.kv = kv;
    add("contiguous", s, [](Shape&) {});
    add("heads first, padded, scales", s, [](Shape& x) {
      x.layout = KvLayout::kHnd, x.pad = 16;
      x.k_scales = ScaleForm::kHead, x.v_scales = ScaleForm::kTensor;
    });
    add("pages of 64, packed scales", s, [](Shape& x) {
      x.page = 64, x.extra_pages = 2, x.k_scales = x.v_scales = ScaleForm::kPacked;
    });
    add("pages of 16", s, [](Shape& x) { x.page = 16, x.layout = KvLayout::kHnd; });
    add("pages of 1, scales and shifts", s, [](Shape& x) {
      x.page = 1, x.k_scales = ScaleForm::kTokenShift, x.v_scales = ScaleForm::kToken;
    });
  }
  const Shape s = base(dim);
  add("window, causal tokens, shifts", s,
      [](Shape& x) { x.q_tokens = 3, x.window = 20, x.v_scales = ScaleForm::kTokenShift; });
  add("sinks, cap, scale, f16", s,
      [](Shape& x) { x.sinks = true, x.cap = 3, x.scale = 0.2f, x.q = x.out = DType::kF16; });
  add("more rows than an item has, bf16", s, [](Shape& x) {
    x.hq = 38, x.out = DType::kBf16, x.q_tokens = 2, x.lengths = {40, 9};
  });
  add("fixed splits", s, [](Shape& x) { x.split = 256, x.lengths = {600, 7, 257}; });
  return all;
}

class InterpretedAttention : public testing::TestWithParam<const char*> {};

TEST_P(InterpretedAttention, EveryKernelAndFeatureOfSplit) {
  for (const int64_t dim : {64, 128, 256}) {
    for (const auto& [name, shape] : shapes_of(dim)) {
      SmallAttention a(shape);
      Machine machine{GetParam()};
      machine.config = static_cast<int>(dim / 64 % 2);
      const Status status = machine.run(a);
      if (status.code() == StatusCode::kUnsupported) GTEST_SKIP() << status.message();
      ASSERT_TRUE(status.ok()) << dim << " " << name << ": " << status.message();
      expect_close(a, std::to_string(dim) + " " + name);
    }
  }
}

TEST_P(InterpretedAttention, OneSequenceOnManyWorkgroups) {  // 39: parts are added in two steps
  Shape s;
  s.dim = 64, s.lengths = {5000}, s.hq = 2, s.q_size = 20;
  for (const int cu_num : {1, 5, 30}) {
    SmallAttention a(s);
    Machine machine{GetParam(), cu_num};
    const Status status = machine.run(a);
    if (status.code() == StatusCode::kUnsupported) GTEST_SKIP() << status.message();
    ASSERT_TRUE(status.ok()) << status.message();
    expect_close(a, std::to_string(cu_num));
  }
}

TEST_P(InterpretedAttention, FixedSplitsGiveTheSameBitsOnAnyDeviceInAnyBatch) {
  Shape s;
  s.dim = 128, s.hq = 3, s.lengths = {700, 40, 300}, s.split = 256;
  SmallAttention a(s);
  std::vector<uint8_t> first;
  for (const int cu_num : {1, 3, 20}) {
    Machine machine{GetParam(), cu_num, 0, false, static_cast<uint64_t>(cu_num)};
    const Status status = machine.run(a);
    if (status.code() == StatusCode::kUnsupported) GTEST_SKIP() << status.message();
    ASSERT_TRUE(status.ok()) << status.message();
    if (first.empty()) first = a.out;
    EXPECT_EQ(a.out, first) << cu_num;
  }
  s.lengths = {700};  // the same numbers: they are made in order of sequences
  SmallAttention alone(s);
  Machine machine{GetParam(), 2};
  ASSERT_TRUE(machine.run(alone).ok());
  expect_close(alone, "alone");
}

TEST_P(InterpretedAttention, SimpleTakesWhatSplitDoesNot) {
  for (const int64_t dim : {16, 40, 264}) {
    Shape s = base(dim);
    s.pad = 8, s.lengths = {0, 5, 131}, s.page = dim == 40 ? 16 : 0;
    s.v_scales = dim == 40 ? ScaleForm::kTokenShift : ScaleForm::kNone;
    s.kv = dim == 264 ? DType::kE5m2 : DType::kE4m3fn;
    SmallAttention a(s);
    Machine machine{GetParam()};
    machine.simple = true;
    const Status status = machine.run(a);
    if (status.code() == StatusCode::kUnsupported) GTEST_SKIP() << status.message();
    ASSERT_TRUE(status.ok()) << status.message();
    expect_close(a, std::to_string(dim));
  }
}

TEST_P(InterpretedAttention, ValuesThatAreNanStayWithThoseWhoSeeThem) {
  Shape s = base(128);
  s.q_tokens = 2, s.lengths = {50}, s.hkv = 1;
  SmallAttention a(s);
  const size_t last = a.v.at(0, 49, 0) * 128;  // that the second query token alone sees
  a.v.memory[last + 3] = 0x7f;
  Machine machine{GetParam()};
  const Status status = machine.run(a);
  if (status.code() == StatusCode::kUnsupported) GTEST_SKIP() << status.message();
  ASSERT_TRUE(status.ok()) << status.message();
  for (int64_t i = 0; i < a.rows() * 128; ++i) {
    EXPECT_EQ(std::isnan(a.out_element(i)), i / 128 >= s.hq && i % 128 == 3) << i;
  }
}

TEST_P(InterpretedAttention, LengthsAndPagesOutOfRangeAreNoted) {
  for (const int64_t page : {16, 64}) {
    Shape s = base(64);
    s.page = page, s.lengths = {40, 100};
    SmallAttention a(s);
    a.table[static_cast<size_t>(a.args.page_table_cols)] = -5;
    Machine machine{GetParam()};
    const Status status = machine.run(a);
    if (status.code() == StatusCode::kUnsupported) GTEST_SKIP() << status.message();
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(machine.fault, (std::vector<int32_t>{2, 1, 0, -5}));
  }
  SmallAttention a(base(64));
  a.seqlens[2] = 1 << 20;
  Machine machine{GetParam()};
  ASSERT_TRUE(machine.run(a).ok());
  EXPECT_EQ(machine.fault, (std::vector<int32_t>{1, 2, 0, 1 << 20}));
}

INSTANTIATE_TEST_SUITE_P(Devices, InterpretedAttention, testing::Values("mi300x", "mi355x"));

}  // namespace
}  // namespace octet::ops::attn_decode

#endif
