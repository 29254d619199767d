// The reference kernel: one result at a time, in double, rounded once.
//
// Requires   nothing beyond the op: any kind, any layout, any machine
#pragma once

#include "src/cpu/exact.h"
#include "src/cpu/store.h"

namespace octet::cpu {

/// `Element` computes one result: block_element or mx_element.
template <ExactElement (*Element)(const Task&, int64_t, int64_t)>
Kernel reference_kernel() {
  constexpr auto kNoBytes = [](const Task&) -> int64_t { return 0; };
  return {kNoBytes,
          kNoBytes,
          kNoBytes,
          [](const Task&, int64_t, int64_t) {},
          [](const Task& t) { return t.n; },  // columns of d
          [](const Task& t, int64_t begin, int64_t end, uint8_t*) {
            for (int64_t n = begin; n < end; ++n) {
              for (int64_t m = 0; m < t.m; ++m) store_rounded(t, m, n, Element(t, m, n).value);
            }
          }};
}

}  // namespace octet::cpu
