// Divider against the division of the processor, at every border of the quotient.
#include "src/core/divider.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace octet {
namespace {

constexpr uint32_t kMost = 0x7fffffff;

std::vector<uint32_t> divisors() {
  std::vector<uint32_t> list;
  for (uint32_t d = 1; d <= 3000; ++d) list.push_back(d);
  for (int bit = 11; bit < 31; ++bit) {
    for (const int beside : {-1, 0, 1}) {
      list.push_back((uint32_t{1} << bit) + static_cast<uint32_t>(beside));
    }
  }
  list.insert(list.end(), {7168, 18432, 1000003, kMost - 1, kMost});
  return list;
}

TEST(Divider, EveryBorderOfTheQuotient) {
  for (const uint32_t divisor : divisors()) {
    const Divider by(divisor);
    const uint32_t last = kMost / divisor;
    for (const uint32_t quotient : {0u, 1u, 2u, last / 3, last / 2, last - 1, last}) {
      if (quotient > last) continue;  // last - 1 where last is 0
      const uint64_t first = uint64_t{quotient} * divisor;
      for (const uint64_t dividend : {first, first + 1, first + divisor - 1, first + divisor}) {
        const auto n = static_cast<uint32_t>(std::min<uint64_t>(dividend, kMost));
        ASSERT_EQ(by.quotient(n), n / divisor) << n << " / " << divisor;
      }
    }
  }
}

TEST(Divider, UsableInConstantExpressions) {
  static_assert(Divider(7).quotient(48) == 6);
  static_assert(Divider().quotient(48) == 48);
}

}  // namespace
}  // namespace octet
