// Races between waves: found whatever the order in which they run.
#include "tests/amdgcn/lds.h"

#include <gtest/gtest.h>

#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

struct Shared : Lds {
  Shared() { reset(64); }
  uint32_t get(uint32_t address, uint32_t bytes, int wave) {
    bool undefined = false;
    return read(address, bytes, wave, undefined);
  }
};

TEST(Lds, ReadAfterAnotherWavesWriteNeedsABarrier) {
  Shared lds;
  lds.write(8, 4, 7, 0, false);
  EXPECT_EQ(lds.get(8, 4, 0), 7u);
  EXPECT_ERROR(lds.get(8, 4, 1), "race: LDS byte 8 is read by wave 1 and was written by wave 0");
  lds.barrier();
  EXPECT_EQ(lds.get(8, 4, 1), 7u);
}

TEST(Lds, WriteAfterAnotherWavesReadNeedsABarrier) {
  Shared lds;
  lds.write(8, 4, 7, 0, false);
  lds.barrier();
  lds.get(8, 4, 1), lds.get(8, 4, 2);
  EXPECT_ERROR(lds.write(8, 4, 9, 1, false), "was read by another");
  EXPECT_NO_THROW(lds.write(8, 4, 7, 1, false));  // the same value: harmless
  lds.barrier();
  EXPECT_NO_THROW(lds.write(8, 4, 9, 1, false));
  EXPECT_ERROR(lds.write(8, 4, 10, 2, false), "was written by another");
}

TEST(Lds, BytesOfAWordAreApart) {
  Shared lds;
  lds.write(4, 1, 1, 0, false), lds.write(5, 1, 2, 1, false);
  EXPECT_NO_THROW(lds.get(5, 1, 1));
  EXPECT_ERROR(lds.get(4, 2, 1), "LDS byte 4");
}

TEST(Lds, AtomicsDoNotRaceAmongThemselves) {
  Shared lds;
  bool undefined = false;
  lds.write(0, 4, 0, 0, false);
  EXPECT_ERROR(lds.begin_atomic(0, 1, undefined), "race");
  lds.barrier();
  lds.end_atomic(0, lds.begin_atomic(0, 0, undefined));
  EXPECT_NO_THROW(lds.get(0, 4, 0));  // its own
  lds.barrier();
  for (const int wave : {0, 1, 2}) lds.end_atomic(0, lds.begin_atomic(0, wave, undefined) + 1);
  EXPECT_ERROR(lds.get(0, 4, 0), "race");
  lds.barrier();
  EXPECT_EQ(lds.get(0, 4, 1), 3u);
}

TEST(Lds, RefusesAddressesOutside) {
  Shared lds;
  EXPECT_ERROR(lds.get(64, 4, 0), "LDS address 64 of 4 bytes: the workgroup has 64");
  EXPECT_ERROR(lds.get(0xfffffffc, 4, 0), "the workgroup has 64");
  EXPECT_ERROR(lds.write(2, 4, 0, 0, false), "not a multiple of 4");
}

}  // namespace
}  // namespace octet::amdgcn
