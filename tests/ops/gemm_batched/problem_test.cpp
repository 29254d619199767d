// Names, sizes and bytes of the problems of gemm_batched.
#include "src/ops/gemm_batched/problem.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "octet/device.h"
#include "src/ops/gemm_batched/op.h"
#include "src/select/choose.h"

namespace octet::ops::gemm_batched {
namespace {

TEST(BatchedProblem, EveryFormatHasItsOwnNameAndComesBack) {
  std::set<std::string> names;
  for (uint32_t code = 0; code < kNumFormats; ++code) {
    const std::string name = schema().format_name(code);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(schema().parse_format(name).value(), code);
    const select::Problem problem{&schema(), code, {3, 5, 64, 7}};
    EXPECT_EQ(to_select(from(problem)), problem) << name;
  }
  for (const char* name : {"bf16", "a8w8", "a8w8_i8_f16", "a8w8_prequant_f32", "a16wfp4",
                           "a16wfp4_wide", "afp4wfp4"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
  EXPECT_EQ(schema().parse_format("a16wfp").status().message().substr(0, 49),
            "gemm_batched: unknown format 'a16wfp' (did you me");
}

TEST(BatchedProblem, RowsAreTunedWithBf16Results) {
  for (uint32_t code = 0; code < kNumFormats; ++code) {
    const Problem served = from({&schema(), schema().table_format(code), {1, 1, 32, 1}});
    EXPECT_EQ(served.d, DType::kBf16);
    EXPECT_EQ(served.format, from({&schema(), code, {1, 1, 32, 1}}).format);
  }
}

select::Problem key_of(const Problem& problem) { return select::table_key(to_select(problem)); }

TEST(BatchedProblem, TokensGoUpToTheNextBucketAndBatchesToTheNearest) {
  const auto fields = [](int64_t m, int64_t batch) {
    const auto key = key_of({m, 512, 128, batch}).field;
    EXPECT_EQ(key[1], 512);
    EXPECT_EQ(key[2], 128);
    return std::pair(key[0], key[3]);
  };
  EXPECT_EQ(fields(0, 0), std::pair(int64_t{16}, int64_t{0}));
  EXPECT_EQ(fields(1, 1), std::pair(int64_t{16}, int64_t{1}));
  EXPECT_EQ(fields(16, 90), std::pair(int64_t{16}, int64_t{64}));
  EXPECT_EQ(fields(17, 91), std::pair(int64_t{32}, int64_t{128}));
  EXPECT_EQ(fields(1025, kMaxBatch), std::pair(int64_t{2048}, kMaxBatch));
}

TEST(BatchedProblem, ABucketIsOfOneFamily) {
  const Problem problem{40, 512, 128, 100, Format::kA8w8};
  for (const Problem& same : {Problem{33, 512, 128, 128, Format::kA8w8},
                              Problem{64, 512, 128, 100, Format::kA8w8, DType::kF32}}) {
    EXPECT_EQ(key_of(same), key_of(problem));
  }
  for (const auto change : {+[](Problem& p) { p.n = 513; }, +[](Problem& p) { p.k = 160; },
                            +[](Problem& p) { p.format = Format::kA8w8Int8; },
                            +[](Problem& p) { p.m = 65; }, +[](Problem& p) { p.batch = 64; }}) {
    Problem changed = problem;
    change(changed);
    EXPECT_FALSE(key_of(changed) == key_of(problem));
  }
}

/// A table with a row more for (512,128): what (128,512) gets is what it got.
TEST(BatchedProblem, ARowOfOneFamilyDoesNotTouchAnother) {
  const Device device = device_profile("h100").value();
  const auto row = [&](int64_t n, int64_t k, std::string_view variant) {
    const Problem p{16, n, k, 128, Format::kBf16};
    return select::TunedRow{device.arch, device.cu_num, to_select(p), op().find(variant), 1, ""};
  };
  const auto choice = [&](const select::TunedTables& tables, int64_t n, int64_t k) {
    select::ChooseOptions options;
    options.built_only = false;
    return select::choose(op(), to_select({9, n, k, 120, Format::kBf16}), device, tables, options)
        .value();
  };
  select::TunedTables before, after;
  const select::TunedRow own = row(128, 512, "sm90_swap_32x128_s10");
  before.add({&op(), {own}, {}});
  after.add({&op(), {own, row(512, 128, "sm90_swap_128x128_s6")}, {}});
  EXPECT_EQ(choice(after, 128, 512).variant, choice(before, 128, 512).variant);
  EXPECT_EQ(op().variants()[static_cast<size_t>(choice(after, 512, 128).variant)].name,
            "sm90_swap_128x128_s6");
  EXPECT_EQ(select::to_string(choice(after, 512, 128).why), "tuned:bucket");
  EXPECT_EQ(select::to_string(choice(before, 512, 128).why), "heuristic:model");
}

TEST(BatchedProblem, BytesThatMoveOnce) {
  const auto bytes = [](Format format) { return Problem{2, 16, 64, 3, format}.bytes(); };
  const int64_t d = 3 * 2 * 16 * 2;
  EXPECT_EQ(bytes(Format::kBf16), 3 * (2 + 16) * 64 * 2 + d);
  EXPECT_EQ(bytes(Format::kA8w8), 3 * (2 + 16) * (64 + 4) + d);
  EXPECT_EQ(bytes(Format::kA8w8Int8), bytes(Format::kA8w8));
  EXPECT_EQ(bytes(Format::kA8w8Prequant), 3 * (2 * 128 + 16 * 64) + d);
  EXPECT_EQ(bytes(Format::kA16wfp4), 3 * (2 * 128 + 16 * (32 + 2)) + d);
  EXPECT_EQ(bytes(Format::kA16wfp4Wide), bytes(Format::kA16wfp4));
  EXPECT_EQ(bytes(Format::kAfp4wfp4), 3 * (2 + 16) * (32 + 2) + d);
  const int64_t most = (int64_t{1} << 31) - 1;
  EXPECT_EQ((Problem{most, most, most, kMaxBatch}).bytes(), std::numeric_limits<int64_t>::max());
}

/// One weight set of the suite: 128 matrices of 8192 x 8192.
TEST(BatchedProblem, WeightsPast32Bits) {
  EXPECT_EQ((Problem{16, 8192, 8192, 128, Format::kA8w8}).b_bytes(), int64_t{8589934592});
  EXPECT_EQ((Problem{16, 8192, 8192, 128, Format::kAfp4wfp4}).b_bytes(), int64_t{4294967296});
}

TEST(BatchedProblem, SizesThatAreRefused) {
  const auto message = [](const Problem& p) {
    return std::string(validate_problem(to_select(p)).message());
  };
  EXPECT_EQ(message({1, 1, 1, 4097}), "gemm_batched: batch = 4097, must be 0 to 4096");
  EXPECT_EQ(message({1, 1, 1, -1}), "gemm_batched: batch = -1, must be 0 to 4096");
  EXPECT_EQ(message({1, 1, 48, 1, Format::kA16wfp4}),
            "gemm_batched: k = 48, must be a multiple of 32, at least 32");
  EXPECT_EQ(message({1, 1, 0, 1}), "gemm_batched: k = 0, must be a multiple of 1, at least 1");
  EXPECT_EQ(message({1, 1, 1, 4096}), "");
}

}  // namespace
}  // namespace octet::ops::gemm_batched
