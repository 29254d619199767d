// The arch table: names, fallback chains, profiles and their errors.
#include <gtest/gtest.h>

#include <set>

#include "octet/device.h"

namespace octet {
namespace {

TEST(Arch, NamesReadBack) {
  const std::vector<std::string> names{"generic", "x86_avx2", "x86_avx512", "x86_amx",
                                       "sm90",    "gfx942",   "gfx950"};
  ASSERT_EQ(names.size(), static_cast<size_t>(kNumArches));
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(arch_name(static_cast<Arch>(i)), names[i]);
    const auto arch = parse_arch(names[i]);
    ASSERT_TRUE(arch.ok()) << names[i];
    EXPECT_EQ(static_cast<size_t>(*arch), i);
  }
}

TEST(Arch, AnUnknownNameListsTheKnownAndTheNearest) {
  const auto arch = parse_arch("x86_avx51");
  EXPECT_EQ(arch.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(arch.status().message(),
            "unknown arch 'x86_avx51' (did you mean 'x86_avx512'?); known: generic x86_avx2 "
            "x86_avx512 x86_amx sm90 gfx942 gfx950");
  EXPECT_FALSE(parse_arch("").ok());
  EXPECT_FALSE(parse_arch("SM90").ok());
}

TEST(Arch, Chains) {
  using A = Arch;
  EXPECT_EQ(arch_chain(A::kX86Amx),
            (std::vector{A::kX86Amx, A::kX86Avx512, A::kX86Avx2, A::kGeneric}));
  EXPECT_EQ(arch_chain(A::kX86Avx2), (std::vector{A::kX86Avx2, A::kGeneric}));
  EXPECT_EQ(arch_chain(A::kGeneric), std::vector{A::kGeneric});
  EXPECT_EQ(arch_chain(A::kSm90), std::vector{A::kSm90});
  EXPECT_EQ(arch_chain(A::kGfx950), (std::vector{A::kGfx950, A::kGfx942}));
}

TEST(Arch, WhatRunsWhere) {
  EXPECT_TRUE(arch_runs(Arch::kX86Amx, Arch::kGeneric));
  EXPECT_TRUE(arch_runs(Arch::kX86Avx512, Arch::kX86Avx512));
  EXPECT_TRUE(arch_runs(Arch::kGfx950, Arch::kGfx942));
  EXPECT_FALSE(arch_runs(Arch::kX86Avx2, Arch::kX86Avx512));
  EXPECT_FALSE(arch_runs(Arch::kGfx942, Arch::kGfx950));
  EXPECT_FALSE(arch_runs(Arch::kSm90, Arch::kGeneric));
  EXPECT_FALSE(arch_runs(Arch::kX86Amx, Arch::kSm90));
  for (const Arch cpu : {Arch::kGeneric, Arch::kX86Avx2, Arch::kX86Avx512, Arch::kX86Amx}) {
    EXPECT_TRUE(is_cpu(cpu));
  }
  for (const Arch gpu : {Arch::kSm90, Arch::kGfx942, Arch::kGfx950}) EXPECT_FALSE(is_cpu(gpu));
}

TEST(Profile, GpusByName) {
  struct Expected {
    const char* name;
    Arch arch;
    int cu_num;
    double bandwidth_gbps;
  };
  const Expected all[]{{"h200", Arch::kSm90, 132, 4800},    {"h100", Arch::kSm90, 132, 3350},
                       {"h20", Arch::kSm90, 78, 4000},      {"mi300x", Arch::kGfx942, 304, 5300},
                       {"mi308x", Arch::kGfx942, 80, 5300}, {"mi325x", Arch::kGfx942, 304, 6000},
                       {"mi355x", Arch::kGfx950, 256, 8000}};
  for (const Expected& expected : all) {
    const auto device = device_profile(expected.name);
    ASSERT_TRUE(device.ok()) << expected.name;
    EXPECT_EQ(device->name, expected.name);
    EXPECT_EQ(device->arch, expected.arch) << expected.name;
    EXPECT_EQ(device->cu_num, expected.cu_num) << expected.name;
    EXPECT_EQ(device->bandwidth_gbps, expected.bandwidth_gbps) << expected.name;
    EXPECT_FALSE(device->has_avx512_bf16) << expected.name;
  }
}

TEST(Profile, EveryNameWorksAndNoneIsThereTwice) {
  const std::vector<std::string> names = device_profile_names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(names.size(), 11u);
  for (const std::string& name : names) {
    const auto device = device_profile(name);
    ASSERT_TRUE(device.ok()) << name;
    EXPECT_GT(device->l2_bytes, 0) << name;
    EXPECT_GT(device->llc_bytes, 0) << name;
    EXPECT_GT(device->memory_bytes, int64_t{1} << 30) << name;
    EXPECT_GT(device->fp8_tflops, 0) << name;
  }
}

TEST(Profile, CpuTiersTakeACoreCount) {
  const Device two = device_profile("x86_amx").value();
  EXPECT_EQ(two.cu_num, 2);
  EXPECT_TRUE(two.has_avx512_bf16);
  const Device many = device_profile("x86_amx:64").value();
  EXPECT_EQ(many.cu_num, 64);
  EXPECT_DOUBLE_EQ(many.fp8_tflops, 32 * two.fp8_tflops);
  EXPECT_EQ(device_profile("generic:1").value().cu_num, 1);
  EXPECT_EQ(device_profile("generic:1024").value().cu_num, 1024);
}

TEST(Profile, ErrorsNameTheProfileAndTheLimit) {
  for (const char* name : {"x86_amx:0", "x86_amx:1025", "x86_amx:", "x86_amx:two", "generic:-1"}) {
    const auto device = device_profile(name);
    EXPECT_EQ(device.status().code(), StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(device.status().message(),
              std::string("device '") + name + "': cores must be 1 to 1024");
  }
  const auto slip = device_profile("mi300");
  EXPECT_EQ(slip.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(slip.status().message(),
            "unknown device profile 'mi300' (did you mean 'mi300x'?); known: h200 h100 h20 mi300x "
            "mi308x mi325x mi355x generic x86_avx2 x86_avx512 x86_amx");
  EXPECT_FALSE(device_profile("").ok());
  EXPECT_FALSE(device_profile("h200:2").ok()) << "a GPU has no core count";
}

}  // namespace
}  // namespace octet
