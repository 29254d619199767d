// Where a work item stands, and what the 64 lanes of a wave exchange.
#pragma once

#include "src/gpu/hip/kernel.h"
#if !defined(__AMDGCN__)
#include "src/gpu/hip/host.h"
#endif

namespace octet::gpu::hip {

#if defined(__AMDGCN__)

OCTET_DEVICE uint32_t thread_index() { return __builtin_amdgcn_workitem_id_x(); }
OCTET_DEVICE uint32_t block_x() { return __builtin_amdgcn_workgroup_id_x(); }
OCTET_DEVICE uint32_t block_y() { return __builtin_amdgcn_workgroup_id_y(); }
OCTET_DEVICE uint32_t block_z() { return __builtin_amdgcn_workgroup_id_z(); }

/// Every work item of the workgroup waits for all; what they wrote to LDS before is seen after.
OCTET_DEVICE void barrier() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
/// The compiler moves nothing across.
OCTET_DEVICE void schedule_fence() { __builtin_amdgcn_sched_barrier(0); }

/// About 8128 clocks.
OCTET_DEVICE void sleep() { __builtin_amdgcn_s_sleep(127); }

/// The same value in all lanes, said to the compiler: it lives in a scalar register.
OCTET_DEVICE uint32_t uniform(uint32_t value) {
  return static_cast<uint32_t>(__builtin_amdgcn_readfirstlane(static_cast<int>(value)));
}
/// The value of lane `from`.
OCTET_DEVICE uint32_t shuffle(uint32_t value, uint32_t from) {
  return static_cast<uint32_t>(
      __builtin_amdgcn_ds_bpermute(static_cast<int>(from << 2), static_cast<int>(value)));
}
/// The value of one lane for all; `from` is uniform.
OCTET_DEVICE uint32_t read_lane(uint32_t value, uint32_t from) {
  return static_cast<uint32_t>(
      __builtin_amdgcn_readlane(static_cast<int>(value), static_cast<int>(from)));
}
/// The value of lane `lane ^ kMask`.
template <uint32_t kMask>
OCTET_DEVICE uint32_t shuffle_xor(uint32_t value) {
  if constexpr (kMask < 32) {  // the swizzle mode that keeps five bits of the lane and flips kMask
    return static_cast<uint32_t>(
        __builtin_amdgcn_ds_swizzle(static_cast<int>(value), kMask << 10 | 0x1f));
  } else {
    return shuffle(value, (__builtin_amdgcn_workitem_id_x() & 63) ^ kMask);
  }
}
OCTET_DEVICE uint64_t ballot(bool predicate) { return __builtin_amdgcn_ballot_w64(predicate); }

/// Of device memory, seen by all workgroups: what this one wrote before is seen by whoever sees the
/// new count.
OCTET_DEVICE uint32_t device_add(uint32_t* address, uint32_t value) {
  return __scoped_atomic_fetch_add(address, value, __ATOMIC_ACQ_REL, __MEMORY_SCOPE_DEVICE);
}
/// Of device memory: where `expected` is, `value` comes to be. Returns what was there.
OCTET_DEVICE uint32_t device_exchange_if(uint32_t* address, uint32_t expected, uint32_t value) {
  __scoped_atomic_compare_exchange_n(address, &expected, value, false, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE);
  return expected;
}
/// Of memory of the workgroup.
OCTET_DEVICE uint32_t shared_add(uint32_t* address, uint32_t value) {
  return __scoped_atomic_fetch_add(address, value, __ATOMIC_RELAXED, __MEMORY_SCOPE_WRKGRP);
}
/// What other workgroups wrote before the count that this one saw is read afresh after.
OCTET_DEVICE void device_fence() { __builtin_amdgcn_fence(__ATOMIC_ACQ_REL, "agent"); }

#else

OCTET_DEVICE uint32_t thread_index() { return host::thread_index(); }
OCTET_DEVICE uint32_t block_x() { return host::block_index(0); }
OCTET_DEVICE uint32_t block_y() { return host::block_index(1); }
OCTET_DEVICE uint32_t block_z() { return host::block_index(2); }
OCTET_DEVICE void barrier() { host::barrier(); }
OCTET_DEVICE void schedule_fence() {}
OCTET_DEVICE void sleep() {}
OCTET_DEVICE uint32_t uniform(uint32_t value) { return host::first_lane(value); }
OCTET_DEVICE uint32_t shuffle(uint32_t value, uint32_t from) { return host::exchange(value, from); }
OCTET_DEVICE uint32_t read_lane(uint32_t value, uint32_t from) {
  return host::exchange(value, from);
}
template <uint32_t kMask>
OCTET_DEVICE uint32_t shuffle_xor(uint32_t value) {
  return host::exchange(value, (host::thread_index() & 63) ^ kMask);
}
OCTET_DEVICE uint64_t ballot(bool predicate) { return host::ballot(predicate); }
OCTET_DEVICE uint32_t device_add(uint32_t* address, uint32_t value) {
  return __atomic_fetch_add(address, value, __ATOMIC_ACQ_REL);
}
OCTET_DEVICE uint32_t device_exchange_if(uint32_t* address, uint32_t expected, uint32_t value) {
  __atomic_compare_exchange_n(address, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}
OCTET_DEVICE uint32_t shared_add(uint32_t* address, uint32_t value) {
  return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);
}
OCTET_DEVICE void device_fence() {}

#endif

/// The same value, of which the compiler knows nothing: what is made of it is made here, not before
/// a loop, where it would hold registers all the while.
OCTET_DEVICE uint32_t made_here(uint32_t value) {
#if defined(__AMDGCN__)
  asm volatile("" : "+v"(value));
#endif
  return value;
}

/// A kernel's parameter, to be read from memory after this point: what is read of it before is not
/// kept in registers for what comes after.
template <class T>
OCTET_DEVICE const T& read_afresh([[maybe_unused]] const T& parameter) {
#if defined(__AMDGCN__)
  auto* segment = __builtin_amdgcn_kernarg_segment_ptr();  // which holds it alone
  asm volatile("" : "+s"(segment));
  return *(const T*)segment;  // a cast between address spaces has no other form
#else
  return parameter;
#endif
}

OCTET_DEVICE uint32_t lane_index() { return thread_index() & 63; }
OCTET_DEVICE uint32_t wave_index() { return uniform(thread_index() >> 6); }

template <uint32_t kMask>
OCTET_DEVICE float shuffle_xor(float value) {
  return __builtin_bit_cast(float, shuffle_xor<kMask>(__builtin_bit_cast(uint32_t, value)));
}

/// What `combine` makes of `kLanes` neighbouring lanes (a power of two up to 64), in a fixed order,
/// in all of them.
template <uint32_t kLanes, class T, class Combine>
OCTET_DEVICE T combine_lanes(T value, Combine combine) {
  if constexpr (kLanes > 32) value = combine(value, shuffle_xor<32>(value));
  if constexpr (kLanes > 16) value = combine(value, shuffle_xor<16>(value));
  if constexpr (kLanes > 8) value = combine(value, shuffle_xor<8>(value));
  if constexpr (kLanes > 4) value = combine(value, shuffle_xor<4>(value));
  if constexpr (kLanes > 2) value = combine(value, shuffle_xor<2>(value));
  if constexpr (kLanes > 1) value = combine(value, shuffle_xor<1>(value));
  return value;
}

template <uint32_t kLanes>
OCTET_DEVICE float sum_lanes(float value) {
  return combine_lanes<kLanes>(value, [](float a, float b) { return a + b; });
}

OCTET_DEVICE float larger(float a, float b) { return a > b ? a : b; }
OCTET_DEVICE uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

template <uint32_t kLanes, class T>
OCTET_DEVICE T max_lanes(T value) {
  return combine_lanes<kLanes>(value, [](T a, T b) { return larger(a, b); });
}

}  // namespace octet::gpu::hip
