// Functions that a device kernel and this CPU compute from the same source: what clang makes of
// them for the device runs in the interpreter, and must give the CPU's bits.
#pragma once

#include <cstdint>

#if defined(__AMDGCN__)
#define OCTET_PROBE __attribute__((device, always_inline)) inline
#else
#define OCTET_PROBE inline
#endif

namespace octet::amdgcn {

inline constexpr int kIntegerProbes = 26, kFloatProbes = 20, kWideProbes = 14;

OCTET_PROBE uint32_t integer_probe(int which, uint32_t a, uint32_t b) {
  const auto x = static_cast<int32_t>(a), y = static_cast<int32_t>(b);
  switch (which) {
    case 0:
      return a / (b | 1);
    case 1:
      return a % (b | 1);
    case 2:
      return static_cast<uint32_t>(x / ((y & 0xffff) + 1));
    case 3:
      return static_cast<uint32_t>(x % ((y & 0xffff) + 1));
    case 4:
      return static_cast<uint32_t>(__builtin_popcount(a)) + b;
    case 5:
      return static_cast<uint32_t>(__builtin_clz(a | 1));
    case 6:
      return static_cast<uint32_t>(__builtin_ctz(a | 0x80000000u));
    case 7:
      return __builtin_bswap32(a) ^ b;
    case 8:
      return a << (b & 31) | a >> ((32 - (b & 31)) & 31);
    case 9:
      return x < y ? a : b;
    case 10:
      return a > b ? a - b : b - a;
    case 11:
      return static_cast<uint32_t>(x >> (b & 31));
    case 12:
      return static_cast<uint32_t>(static_cast<int8_t>(a) * static_cast<int8_t>(b));
    case 13:
      return (a & b) | (~a & 0x0f0f0f0f);
    case 14:
      return static_cast<uint32_t>(uint64_t{a} * b >> 32);
    case 15:
      return static_cast<uint32_t>(int64_t{x} * y >> 32);
    case 16:
      return (a & 0xffffff) * (b & 0xffffff) + 7;
    case 17:
      return a >> 5 & 0x7f;
    case 18:
      return static_cast<uint32_t>(static_cast<int16_t>(a >> 3));
    case 19: {  // saturates
      const uint32_t sum = a + b;
      return sum < a ? ~0u : sum;
    }
    case 20:
      return a > b ? a - b : 0;
    case 21:
      return a / 10 + b % 1000;
    case 22:
      return (a ^ b) + (a << 3) + (b & 12);
    case 23:
      return a == b ? 1 : (a < 1000 && y < 0) ? 2 : 3;
    case 24:
      return static_cast<uint32_t>(__builtin_clz(static_cast<uint32_t>(x < 0 ? ~x : x) | 1));
    default: {  // a loop that lanes leave one by one
      uint32_t n = a & 63, sum = b;
      while (n != 0) {
        sum = sum * 3 + n;
        n &= n - 1;
      }
      return sum;
    }
  }
}

OCTET_PROBE uint64_t wide_probe(int which, uint64_t a, uint64_t b) {
  const auto x = static_cast<int64_t>(a), y = static_cast<int64_t>(b);
  switch (which) {
    case 0:
      return a + b;
    case 1:
      return a - b;
    case 2:
      return a * b;
    case 3:
      return a / (b >> 20 | 1);
    case 4:
      return a % (b >> 30 | 1);
    case 5:
      return a << (b & 63);
    case 6:
      return a >> (b & 63);
    case 7:
      return static_cast<uint64_t>(x >> (b & 63));
    case 8:
      return x < y ? a : b;
    case 9:
      return a > b ? a - b : 5;
    case 10:
      return static_cast<uint64_t>(x / (y >> 40 | 1));
    case 11:
      return static_cast<uint64_t>(__builtin_popcountll(a)) +
             static_cast<uint64_t>(__builtin_clzll(b | 1));
    case 12:
      return (a ^ b) & ~(a >> 7);
    default:
      return static_cast<uint64_t>(static_cast<uint32_t>(a)) * static_cast<uint32_t>(b) + (a >> 3);
  }
}

/// Functions that are exact or correctly rounded.
OCTET_PROBE float float_probe(int which, float a, float b) {
  switch (which) {
    case 0:
      return a + b;
    case 1:
      return a * b - 3;
    case 2:
      return a / b;
    case 3:
      return __builtin_sqrtf(__builtin_fabsf(a));
    case 4:
      return __builtin_fmaf(a, b, -a);
    case 5:
      return __builtin_floorf(a) + __builtin_ceilf(b);
    case 6:
      return __builtin_truncf(a) - __builtin_rintf(b);
    case 7:
      return __builtin_ldexpf(a, static_cast<int>(__builtin_fminf(__builtin_fabsf(b), 20)));
    case 8:
      return a < b ? a : -b;
    case 9:
      return __builtin_fmaxf(a, b) + __builtin_fminf(a, 1);
    case 10:
      return static_cast<float>(static_cast<int32_t>(a));
    case 11:
      return static_cast<float>(static_cast<uint32_t>(__builtin_fabsf(b)));
    case 12:
      return __builtin_copysignf(a, b);
    case 13:
      return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + 1);
    case 14:
      return static_cast<float>(static_cast<_Float16>(a));
    case 15:
      return 1 / a;
    case 16:
      return static_cast<float>(static_cast<int8_t>(static_cast<int32_t>(a) & 127));
    case 17:
      return a > 0 && b > 0 ? a : b < -2 ? 2 : 0.5f;
    case 18:
      return static_cast<float>(static_cast<int64_t>(a) * 3);
    default:
      return __builtin_fminf(__builtin_fmaxf(a, 0), 1) * b;
  }
}

}  // namespace octet::amdgcn
