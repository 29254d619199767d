// Rooflines worked out by hand: what decides, and when a rate is no limit.
#include "src/harness/measure/roofline.h"

#include <gtest/gtest.h>

namespace octet::harness {
namespace {

Measurement row(double us, double floor_us, double bytes, double flops) {
  Measurement one;
  one.us = us, one.floor_us = floor_us, one.bytes = bytes, one.flops = flops;
  return one;
}

TEST(Roofline, LinesAreTheBestOfTheRows) {
  Measurement decode = row(10, 5, 10e6, 1e6), mid = row(12.5, 10, 40e6, 100e6),
              prefill = row(20, 5, 20e6, 2000e6), wrong = row(1, 0.5, 1e6, 2000e6);
  wrong.error = 2;
  const Measurement* rows[]{&decode, &prefill, &wrong, &mid};
  const Roofline roofline = roofline_of(rows);
  EXPECT_DOUBLE_EQ(roofline.floor_gbps, 4000);  // 40 MB in 10 us
  EXPECT_DOUBLE_EQ(roofline.best_tflops, 100);  // 2 GFLOP in 20 us
  EXPECT_TRUE(roofline.rate_is_a_limit);        // reading took a quarter of it
  EXPECT_FALSE(bound_of(roofline, decode).compute);
  EXPECT_DOUBLE_EQ(bound_of(roofline, decode).us, 5);
  EXPECT_TRUE(bound_of(roofline, prefill).compute);
  EXPECT_DOUBLE_EQ(bound_of(roofline, prefill).us, 20);
  const Measurement slow = row(80, 5, 20e6, 2000e6);  // another variant of the same problem
  EXPECT_DOUBLE_EQ(bound_of(roofline, slow).us, 20);
}

TEST(Roofline, ARateThatReadingHeldDownIsNoLimit) {
  const Measurement fast = row(10, 9, 10e6, 20e6), slow = row(40, 9, 10e6, 20e6);
  const Measurement* rows[]{&fast, &slow};
  const Roofline roofline = roofline_of(rows);
  EXPECT_DOUBLE_EQ(roofline.best_tflops, 2);
  EXPECT_FALSE(roofline.rate_is_a_limit);
  for (const Measurement* one : rows) {
    EXPECT_FALSE(bound_of(roofline, *one).compute);
    EXPECT_DOUBLE_EQ(bound_of(roofline, *one).us, 9);
  }
}

TEST(Roofline, AFloorThatWasInterruptedDoesNotHideTheLimit) {
  const Measurement decode = row(10, 5, 10e6, 1e6), mid = row(30, 20, 40e6, 100e6),
                    best = row(20, 90, 20e6, 2000e6), slower = row(40, 8, 16e6, 2000e6);
  const Measurement* rows[]{&decode, &mid, &best, &slower};
  const Roofline roofline = roofline_of(rows);  // 10 us at the usual 2 TB/s: half of it
  EXPECT_FALSE(roofline.rate_is_a_limit);
  const Measurement fewer_bytes = row(20, 90, 18e6, 2000e6);
  rows[2] = &fewer_bytes;  // 9 us
  EXPECT_TRUE(roofline_of(rows).rate_is_a_limit);
  EXPECT_TRUE(bound_of(roofline_of(rows), slower).compute);
  EXPECT_DOUBLE_EQ(bound_of(roofline_of(rows), slower).us, 20);
}

TEST(Roofline, WithoutAFloorOrFlopsNothingIsInvented) {
  const Measurement no_floor = row(10, 0, 10e6, 20e6), no_flops = row(10, 5, 10e6, 0);
  const Measurement* floorless[]{&no_floor};
  EXPECT_EQ(bound_of(roofline_of(floorless), no_floor).us, 0);
  const Measurement* both[]{&no_floor, &no_flops};
  const Roofline roofline = roofline_of(both);  // 2 TFLOP/s of the one, 2 TB/s of the other
  EXPECT_DOUBLE_EQ(bound_of(roofline, no_floor).us, 10);
  EXPECT_TRUE(bound_of(roofline, no_floor).compute);
  EXPECT_DOUBLE_EQ(bound_of(roofline, no_flops).us, 5);
  EXPECT_EQ(bound_of(roofline_of({}), no_floor).us, 0);
}

}  // namespace
}  // namespace octet::harness
