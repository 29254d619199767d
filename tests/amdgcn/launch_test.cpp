// Kernels of clang in the interpreter: a product through LDS and a scaled one against double, and
// typical code against what this CPU makes of the same source.
#include "tests/amdgcn/launch.h"

#include <cmath>
#include <random>

#include "tests/amdgcn/kernels/gemm_case.h"
#include "tests/amdgcn/kernels/probe_args.h"
#include "tests/amdgcn/kernels/probe_functions.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

const std::string kArchs[] = {"gfx942", "gfx950"};

TEST(Launch, ProductThroughLdsIsRightForEverySeed) {
  for (const std::string& arch : kArchs) {
    const auto code = load_code("gemm." + arch + ".0.co");
    GemmCase test(100, 72, 384, arch == "gfx950", false);
    for (const uint64_t seed : {0, 1, 2, 3}) {
      Launch launch = tile_launch(test.fresh());
      launch.seed = seed;
      const Statistics statistics = amdgcn::launch(*code, test.memory, launch);
      EXPECT_EQ(statistics.macs, 128u * 128 * 384);
      EXPECT_LT(test.worst(), GemmCase::kBound) << arch << " seed " << seed;
    }
  }
}

TEST(Launch, ScaledProductIsRight) {
  const auto code = load_code("gemm.gfx950.0.co");
  GemmCase test(32, 48, 512, true, true);
  amdgcn::launch(*code, test.memory, mx_launch(test.fresh()));
  EXPECT_LT(test.worst(), GemmCase::kBound);
}

/// Every s_waitcnt of the kernel, one at a time, does nothing: a wrong result or an error each
/// time, with k of 256 or, for the waits of the way around the loop, of 0.
TEST(Launch, EveryMissingWaitIsCaught) {
  for (const std::string& arch : kArchs) {
    const auto code = load_code("gemm." + arch + ".0.co");
    GemmCase test(64, 64, 256, arch == "gfx950", false);
    int waits = 0;
    for (const Instruction& i : code->find("octet_test_tile")->instructions) {
      if (!i.text.starts_with("s_waitcnt")) continue;
      ++waits;
      Launch launch = tile_launch(test.fresh());
      launch.alteration.address = i.address;
      std::string said = error_of([&] { amdgcn::launch(*code, test.memory, launch); });
      const bool wrong = !(test.worst() < GemmCase::kBound);
      GemmArgs empty = test.fresh();
      empty.k = 0;
      launch.kernarg = std::as_bytes(std::span(&empty, 1));
      said += error_of([&] { amdgcn::launch(*code, test.memory, launch); });
      EXPECT_TRUE(!said.empty() || wrong) << arch << " " << i.text << " at " << i.address;
    }
    EXPECT_GE(waits, 5) << arch;
  }
}

struct Probe {
  Probe(uint32_t count, uint32_t out_words) {
    std::mt19937 random(1);
    for (uint32_t n = 0; n < count; ++n) {
      a.push_back(interesting(random)), b.push_back(interesting(random));
    }
    args = {to_device(memory, a), to_device(memory, b),
            to_device(memory, std::vector<uint32_t>(out_words, 0)), count};
  }
  static uint32_t interesting(std::mt19937& random) {
    constexpr uint32_t kEdges[] = {0, 1, 2, 31, 32, 255, 0x7fffffff, 0x80000000, 0xffffffff};
    const uint32_t draw = static_cast<uint32_t>(random());
    return draw % 4 == 0 ? kEdges[draw / 4 % std::size(kEdges)] : static_cast<uint32_t>(random());
  }
  void set_floats(std::vector<uint32_t>& list, const uint32_t* device, float range) {
    std::mt19937 random(5);
    std::uniform_real_distribution<float> draw(-range, range);
    for (uint32_t& word : list) word = std::bit_cast<uint32_t>(draw(random));
    std::memcpy(const_cast<uint32_t*>(device), list.data(), list.size() * 4);
  }
  void run(const std::string& arch, std::string_view entry, uint32_t threads) {
    amdgcn::launch(*load_code("probes." + arch + ".co"), memory,
                   make_launch(entry, args, args.count / threads, 1, threads));
  }

  Memory memory;
  std::vector<uint32_t> a, b;
  ProbeArgs args{};
};

TEST(Launch, IntegersAreThoseOfThisCpu) {
  for (const std::string& arch : kArchs) {
    Probe probe(256, 256 * kIntegerProbes);
    probe.run(arch, "octet_probe_integers", 64);
    for (int which = 0; which < kIntegerProbes; ++which) {
      for (uint32_t n = 0; n < 256; ++n) {
        ASSERT_EQ(probe.args.out[static_cast<uint32_t>(which) * 256 + n],
                  integer_probe(which, probe.a[n], probe.b[n]))
            << arch << " function " << which << " of " << probe.a[n] << " " << probe.b[n];
      }
    }
  }
}

TEST(Launch, WideIntegersAreThoseOfThisCpu) {
  for (const std::string& arch : kArchs) {
    Probe probe(256, 512 * kWideProbes);
    probe.run(arch, "octet_probe_wide", 64);
    const auto word = [&](uint32_t n) { return probe.a[n] | uint64_t{probe.b[n]} << 32; };
    for (int which = 0; which < kWideProbes; ++which) {
      for (uint32_t n = 0; n < 256; ++n) {
        const uint32_t* out = &probe.args.out[(static_cast<uint32_t>(which) * 256 + n) * 2];
        ASSERT_EQ(out[0] | uint64_t{out[1]} << 32, wide_probe(which, word(n), word(255 - n)))
            << arch << " function " << which << " of " << word(n) << " " << word(255 - n);
      }
    }
  }
}

TEST(Launch, FloatsAreThoseOfThisCpu) {
  for (const std::string& arch : kArchs) {
    Probe probe(256, 256 * kFloatProbes);
    probe.set_floats(probe.a, probe.args.a, 100), probe.set_floats(probe.b, probe.args.b, 8);
    probe.run(arch, "octet_probe_floats", 64);
    for (int which = 0; which < kFloatProbes; ++which) {
      for (uint32_t n = 0; n < 256; ++n) {
        const float a = std::bit_cast<float>(probe.a[n]), b = std::bit_cast<float>(probe.b[n]);
        const float found =
            std::bit_cast<float>(probe.args.out[static_cast<uint32_t>(which) * 256 + n]);
        // a * b - 3 may be one operation on the device.
        const float expected = which == 1 ? std::fma(a, b, -3.0f) : float_probe(which, a, b);
        ASSERT_EQ(std::bit_cast<uint32_t>(found), std::bit_cast<uint32_t>(expected))
            << arch << " function " << which << " of " << a << " " << b << ": " << found;
      }
    }
  }
}

TEST(Launch, SortsInLds) {
  for (const std::string& arch : kArchs) {
    Probe probe(512, 512);
    probe.run(arch, "octet_probe_sort", 256);
    for (const int part : {0, 256}) {
      std::vector<uint32_t> expected(probe.a.begin() + part, probe.a.begin() + part + 256);
      std::sort(expected.begin(), expected.end());
      const std::vector<uint32_t> found(probe.args.out + part, probe.args.out + part + 256);
      EXPECT_EQ(found, expected) << arch;
    }
  }
}

TEST(Launch, CountsByAtomics) {
  for (const std::string& arch : kArchs) {
    Probe probe(1024, 18);
    probe.run(arch, "octet_probe_count", 256);
    std::vector<uint32_t> expected(18, 0);
    for (const uint32_t value : probe.a) ++expected[value % 16];
    expected[16] = 4, expected[17] = 1024;
    EXPECT_EQ(std::vector<uint32_t>(probe.args.out, probe.args.out + 18), expected) << arch;
  }
}

TEST(Launch, SoftmaxIsWithinTheAccuracyOfTheSpecialUnit) {
  for (const std::string& arch : kArchs) {
    Probe probe(128, 128);
    probe.set_floats(probe.a, probe.args.a, 6);
    probe.run(arch, "octet_probe_softmax", 64);
    for (uint32_t block = 0; block < 128; block += 64) {
      double sum = 0;
      for (uint32_t n = block; n < block + 64; ++n)
        sum += std::exp(double{std::bit_cast<float>(probe.a[n])});
      for (uint32_t n = block; n < block + 64; ++n) {
        const double expected = std::exp(double{std::bit_cast<float>(probe.a[n])}) / sum;
        EXPECT_NEAR(double{std::bit_cast<float>(probe.args.out[n])} / expected, 1, 2e-6) << arch;
      }
    }
  }
}

TEST(Launch, RefusesWhatDoesNotFit) {
  const auto code = load_code("gemm.gfx942.0.co");
  GemmCase test(64, 64, 128, false, false);
  Launch launch = tile_launch(test.fresh());
  const auto run = [&] { amdgcn::launch(*code, test.memory, launch); };
  launch.entry = "no_such_kernel";
  EXPECT_ERROR(run(), "no kernel no_such_kernel");
  launch = tile_launch(test.fresh()), launch.block[0] = 512;
  EXPECT_ERROR(run(), "octet_test_tile allows 256");
  launch = tile_launch(test.fresh()), launch.block[0] = 100;
  EXPECT_ERROR(run(), "a workgroup of 100 work items");
  launch = tile_launch(test.fresh()), launch.dynamic_lds_bytes = 60 << 10;
  EXPECT_ERROR(run(), "bytes of LDS: gfx942 has 65536");
  launch = tile_launch(test.fresh()), launch.kernarg = launch.kernarg.first(40);
  EXPECT_ERROR(run(), "40 bytes of arguments");
  launch = tile_launch(test.fresh()), launch.max_instructions = 100;
  EXPECT_ERROR(run(), "more than 100 instructions");
}

/// An argument that points one row too far: the access is named, with the kernel and the
/// instruction.
TEST(Launch, NamesAnAccessOutsideOfMemory) {
  const auto code = load_code("gemm.gfx942.0.co");
  GemmCase test(64, 64, 128, false, false);
  GemmArgs& args = test.fresh();
  args.a += 128;
  EXPECT_ERROR(amdgcn::launch(*code, test.memory, tile_launch(args)), "buffer_load");
  args.a -= 128, args.d += 1;
  EXPECT_ERROR(amdgcn::launch(*code, test.memory, tile_launch(args)), "store of 4 bytes");
}

}  // namespace
}  // namespace octet::amdgcn
