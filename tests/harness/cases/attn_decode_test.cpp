// The judge of attn_decode: right kernels pass on every kind of inputs, broken ones do not.
#include "src/harness/cases/attn_decode.h"

#include <gtest/gtest.h>

#include <cmath>

#include "src/core/try.h"
#include "src/harness/measure/bench.h"
#include "src/ops/attn_decode/cpu/generic_ref.h"
#include "src/ops/attn_decode/op.h"

namespace octet::harness {
namespace {

namespace attn = ops::attn_decode;

select::Problem problem_of(const std::string& format) {
  return {&attn::schema(), attn::schema().parse_format(format).value(), {4, 6, 2, 40, 300, 2}};
}

Result<CheckReport> check(const std::string& format, Inputs inputs, uint64_t seed, Launch launch) {
  Stream stream = Stream::cpu(2).value();
  OCTET_TRY(const auto instance,
            make_attn_decode(problem_of(format), stream, {inputs, seed, false, false}));
  return instance->check(launch, {}, stream);
}

/// The reference on arguments that `change` has made wrong.
template <class Change>
Launch broken(Change change) {
  return [change](const void* args, select::Workspace, Stream& stream) {
    AttnDecodeArgs wrong = *static_cast<const AttnDecodeArgs*>(args);
    change(wrong);
    return attn::GenericRef::run(wrong, stream);
  };
}

TEST(AttnDecodeCase, TheReferencePassesOnAllInputs) {
  for (const Inputs inputs : {Inputs::kRandom, Inputs::kExact, Inputs::kNan, Inputs::kExtreme}) {
    for (uint64_t seed = 1; seed < 20; ++seed) {
      for (const char* format : {"attn_e4m3fn_f32_token_shift_paged", "attn_e5m2_token"}) {
        const auto report = check(format, inputs, seed, broken([](auto&) {}));
        EXPECT_EQ(report.value().failure, "");
        EXPECT_GT(report->elements, 1000);
      }
    }
  }
}

TEST(AttnDecodeCase, WrongKernelsFailOnEverySeed) {
  const std::vector<std::pair<const char*, Launch>> mutants{
      {"nothing", [](auto&&...) { return Status::Ok(); }},
      {"scale", broken([](auto& x) { x.softmax_scale = 1.01f / std::sqrt(40.0f); })},
      {"values are keys", broken([](auto& x) { x.v = x.k; })},
      {"soft cap", broken([](auto& x) { x.soft_cap = x.soft_cap > 0 ? 0.0f : 30.0f; })},
      {"one query token", broken([](auto& x) { x.q.tokens = x.out.tokens = 1; })},
  };
  for (const auto& [name, launch] : mutants) {
    for (uint64_t seed = 1; seed < 12; ++seed) {
      EXPECT_NE(check("attn_e4m3fn_f32_token_shift", Inputs::kRandom, seed, launch).value().failure,
                "")
          << name << " seed " << seed;
    }
  }
}

TEST(AttnDecodeCase, AShortSequenceFails) {
  for (uint64_t seed = 1; seed < 12; ++seed) {
    std::vector<int32_t> lengths(4);
    const Launch launch = broken([&](AttnDecodeArgs& x) {
      std::copy_n(x.seqlens, 4, lengths.begin());
      lengths[0] -= 1;  // the longest, 300
      x.seqlens = lengths.data();
    });
    EXPECT_NE(check("attn_e5m2", Inputs::kRandom, seed, launch).value().failure, "") << seed;
    EXPECT_NE(check("attn_e4m3fn", Inputs::kExact, seed, launch).value().failure, "") << seed;
  }
}

TEST(AttnDecodeCase, BytesAroundResultsAreSeen) {
  const Launch beyond = [](const void* args, select::Workspace, Stream& stream) {
    const auto& a = *static_cast<const AttnDecodeArgs*>(args);
    static_cast<uint8_t*>(a.out.data)[-1] = 0;
    return attn::GenericRef::run(a, stream);
  };
  EXPECT_EQ(check("attn_e4m3fn", Inputs::kRandom, 1, beyond).value().failure,
            "memory around the rows of out was written");
  const Launch lse = [](const void* args, select::Workspace, Stream& stream) {
    const auto& a = *static_cast<const AttnDecodeArgs*>(args);
    a.lse[4 * 2 * 6] = 0;
    return attn::GenericRef::run(a, stream);
  };
  EXPECT_EQ(check("attn_e4m3fn", Inputs::kRandom, 1, lse).value().failure,
            "memory around lse was written");
}

TEST(AttnDecodeCase, ATimedLoadIsWhatOperandsHave) {
  Stream stream = Stream::cpu(1).value();
  AttnLoad load{{300, 0, 17, 1}, 256, 16, 5};
  const auto instance = make_attn_decode(problem_of("attn_e5m2_paged"), stream,
                                         {Inputs::kRandom, 1, true, false, load});
  ASSERT_TRUE(instance.ok()) << instance.status().message();
  const Launch look = [&](const void* args, select::Workspace, Stream&) {
    const auto& a = *static_cast<const AttnDecodeArgs*>(args);
    EXPECT_EQ(std::vector<int64_t>(a.seqlens, a.seqlens + 4), load.contexts);
    EXPECT_EQ(a.split_tokens, 256);
    EXPECT_EQ(a.k.block_tokens, 16);
    EXPECT_EQ(a.page_table_cols, 19 + 5);
    return Status::Ok();
  };
  EXPECT_TRUE((*instance)->run(look, {}, stream, 0).ok());
  EXPECT_DOUBLE_EQ((*instance)->share(), 318 / 1200.0);
}

TEST(AttnDecodeCase, ATimedLoadThatIsNotOfTheProblemIsRefused) {
  Stream stream = Stream::cpu(1).value();
  const auto refusal = [&](const AttnLoad& load) {
    return make_attn_decode(problem_of("attn_e5m2"), stream, {Inputs::kRandom, 1, true, true, load})
        .status()
        .message();
  };
  EXPECT_EQ(refusal({{300}, 0, 64, 0}), "attn_decode: 1 contexts, batch is 4");
  EXPECT_EQ(refusal({{1, 2, 3, 4}, 0, 64, 0}), "attn_decode: the longest context is 4, ctx is 300");
  EXPECT_EQ(refusal({{}, 96, 64, 0}),
            "attn_decode: split_tokens = 96, must be 0 or a multiple of 64, 256 to 2048");
  EXPECT_EQ(refusal({{}, 0, 16, 3}),
            "attn_decode: pages of 16 and 3 more columns of their table, of a format that is not "
            "paged");
}

TEST(AttnDecodeCase, ItIsTimedBesideTheReadFloor) {
  Stream stream = Stream::cpu(1).value();
  BenchOptions options;
  options.timing.budget_us = 5000;
  const auto rows =
      bench(attn::op(), problem_of("attn_e4m3fn_token_paged"),
            runnable(attn::op(), problem_of("attn_e4m3fn"), stream.device()), stream, options);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  for (const Measurement& row : *rows) {
    EXPECT_GT(row.us, 0);
    EXPECT_GT(row.floor_us, 0);
    EXPECT_LE(row.error, 1);
    EXPECT_EQ(row.policy, "cold");
  }
  options.attn = {{300, 0, 0, 0}, 512, 128, 7};
  const auto ragged = bench(attn::op(), problem_of("attn_e4m3fn_token_paged"),
                            {attn::op().find("generic_ref")}, stream, options);
  ASSERT_TRUE(ragged.ok()) << ragged.status().message();
  EXPECT_EQ(ragged->at(0).policy, "cold_ragged_split512_page128_cols7");
  EXPECT_DOUBLE_EQ(ragged->at(0).bytes, rows->at(0).bytes / 4);
  EXPECT_DOUBLE_EQ(ragged->at(0).flops, rows->at(0).flops / 4);
}

}  // namespace
}  // namespace octet::harness
