// The look-up over layers: of many devices, and beside a thread that adds one.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "src/core/text.h"
#include "src/ops/registry.h"
#include "tests/select/toy_op.h"

namespace octet::select {
namespace {

const Op& gemm() { return ops::gemm_blockscale::op(); }

Result<TunedTable> parse(const std::string& rows) {
  OCTET_TRY(const Csv csv,
            parse_csv("arch,cu_num,format,m,n,k,variant,us,source\n" + rows, "t.csv"));
  return parse_tuned_table(gemm(), csv);
}

TEST(TunedTables, FindIsExact) {
  TunedTables tables;
  EXPECT_EQ(tables.find(toy::op(), Arch::kGfx942, 304, toy::problem(1, 2, 3)).variant, -1);
  tables.add({&toy::op(), {toy::row(1, 2, 3, "ref", 304, 4.5)}, {}});
  const auto hit = tables.find(toy::op(), Arch::kGfx942, 304, toy::problem(1, 2, 3));
  EXPECT_EQ(hit.variant, toy::op().find("ref"));
  EXPECT_EQ(hit.us, 4.5);
  for (const Problem& other : {toy::problem(2, 1, 3), toy::problem(3, 2, 1), toy::problem(1, 3, 2),
                               toy::problem(1, 2, 3, 1), toy::problem(0, 2, 3)}) {
    EXPECT_EQ(tables.find(toy::op(), Arch::kGfx942, 304, other).variant, -1) << to_string(other);
  }
  EXPECT_EQ(tables.find(toy::op(), Arch::kGfx950, 304, toy::problem(1, 2, 3)).variant, -1);
  EXPECT_EQ(tables.find(toy::op(), Arch::kGfx942, 303, toy::problem(1, 2, 3)).variant, -1);
  EXPECT_EQ(tables.find(gemm(), Arch::kGfx942, 304, toy::problem(1, 2, 3)).variant, -1);
}

TEST(TunedTables, CuNums) {
  TunedTables tables;
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 304), 0);
  tables.add({&toy::op(), {toy::row(1, 2, 3, "ref", 304), toy::row(1, 2, 3, "ref", 80)}, {}});
  tables.add({&toy::op(), {toy::row(1, 2, 4, "ref", 80), toy::row(1, 2, 3, "ref", 120)}, {}});
  EXPECT_EQ(tables.cu_nums(toy::op(), Arch::kGfx942), (std::vector<int>{80, 120, 304}));
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 304), 120) << "not itself";
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 80), 120);
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 100), 80) << "a tie: the smaller";
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx942, 1), 80);
  EXPECT_EQ(tables.nearest_cu_num(toy::op(), Arch::kGfx950, 304), 0);
}

/// The collision of a table that is keyed by shape alone: one file, one (m, n, k), every device.
TEST(TunedTables, OneFileServesEveryArchAndCuNumItsOwnRowOfOneShape) {
  const struct {
    const char *row, *device, *variant;
  } kCases[] = {
      {"gfx942,304,e4m3fnuz", "mi300x", "gfx942_mfma_64x128x128_v3"},
      {"gfx942,80,e4m3fnuz", "mi308x", "gfx942_mfma_16x64x256_v1"},
      {"sm90,132,e4m3fn", "h100", "sm90_simple"},
      {"sm90,78,e4m3fn", "h20", "sm90_wgmma_tile_64x64x128_s10_k4"},
      {"generic,2,e4m3fn", "generic:2", "generic_ref"},
      {"generic,64,e4m3fn", "generic:64", "generic_fast_r16"},
  };
  std::vector<std::string> rows;
  for (size_t i = 0; i < std::size(kCases); ++i) {
    rows.push_back(
        fmt::format("{},64,5120,5120,{},{},s\n", kCases[i].row, kCases[i].variant, 10 + i));
  }
  for (int turn = 0; turn < 2; ++turn) {  // the order of rows and of layers plays no part
    const auto whole = parse(join(rows, ""));
    ASSERT_TRUE(whole.ok() && whole->bad.empty() && whole->duplicates.empty());
    TunedTables at_once, one_by_one;
    EXPECT_EQ(at_once.add(*whole), 0);
    for (const std::string& row : rows) EXPECT_EQ(one_by_one.add(*parse(row)), 0);
    for (const TunedTables* tables : {&at_once, &one_by_one}) {
      EXPECT_EQ(tables->size(), static_cast<int64_t>(rows.size()));
      for (const auto& [row, name, variant] : kCases) {
        const Device device = device_profile(name).value();
        const Problem problem{gemm().schema, gemm().default_format(device.arch), {64, 5120, 5120}};
        const auto choice = choose(gemm(), problem, device, *tables, {{}, /*built_only=*/false});
        ASSERT_TRUE(choice.ok()) << name;
        EXPECT_EQ(gemm().variants()[static_cast<size_t>(choice->variant)].name, variant) << name;
        EXPECT_EQ(to_string(choice->why), "tuned:exact") << name;
      }
    }
    std::reverse(rows.begin(), rows.end());
  }
}

TEST(TunedTables, ALayerTakesThePlaceOfEarlierRowsOfItsOwnDeviceOnly) {
  TunedTables tables;
  EXPECT_EQ(
      tables.add(
          {&toy::op(), {toy::row(1, 2, 3, "ref", 304, 5), toy::row(1, 2, 3, "ref", 80, 6)}, {}}),
      0);
  EXPECT_EQ(tables.add({&toy::op(), {toy::row(1, 2, 3, "small", 304, 9)}, {}}), 1)
      << "the later layer, though its time is higher";
  const auto us = [&](int cu_num) {
    return tables.find(toy::op(), Arch::kGfx942, cu_num, toy::problem(1, 2, 3)).us;
  };
  EXPECT_EQ(us(304), 9);
  EXPECT_EQ(us(80), 6);
  EXPECT_EQ(tables.size(), 2);
  EXPECT_EQ(
      tables.add(
          {&toy::op(), {toy::row(9, 2, 3, "ref", 304, 7), toy::row(9, 2, 3, "big", 304, 4)}, {}}),
      0);
  EXPECT_EQ(tables.find(toy::op(), Arch::kGfx942, 304, toy::problem(9, 2, 3)).us, 4)
      << "within a layer the lowest time";
}

// This test is also run under ThreadSanitizer.
TEST(TunedTables, LookupIsSafeWhileAnotherThreadAddsLayers) {
  constexpr int kLayers = 60, kReaders = 4;
  const Device device = device_profile("mi300x").value();
  TunedTables tables;
  tables.add({&toy::op(), {toy::row(0, 8, 256, "big")}, {}});
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, published = 0, started = 0;
  std::vector<std::thread> readers;
  for (int r = 0; r < kReaders; ++r) {
    readers.emplace_back([&] {
      for (bool first = true; first || !stop.load(std::memory_order_relaxed); first = false) {
        const int seen = published.load(std::memory_order_acquire);
        for (int m = 1; m <= seen; ++m) {  // rows that were added are there to stay
          const auto hit = tables.find(toy::op(), Arch::kGfx942, 304, toy::problem(m, 8, 256));
          if (hit.variant != 1 || hit.us != m) ++wrong;
        }
        const auto choice = choose(toy::op(), toy::problem(0, 8, 256), device, tables);
        if (!choice.ok() || choice->why.level != Why::Level::kTuned) ++wrong;
        if (tables.size() < seen + 1) ++wrong;
        if (first) ++started;
      }
    });
  }
  while (started < kReaders) std::this_thread::yield();
  for (int m = 1; m <= kLayers; ++m) {
    tables.add({&toy::op(), {toy::row(m, 8, 256, "small", 304, m)}, {}});
    published.store(m, std::memory_order_release);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(tables.size(), kLayers + 1);
}

}  // namespace
}  // namespace octet::select
