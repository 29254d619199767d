// The ABI of HIP as tests write it down: the two layouts of hipDeviceProp_t and the numbers in use.
//
// Source     hip_runtime_api.h of HIP 5.2 (792 bytes) and HIP 6.3 (1472 bytes). Fields that nobody
//            reads are one array of the same type.
#pragma once

#include <cstddef>
#include <cstdint>

namespace octet::hip_abi {

struct PropertiesOfHip5 {
  char name[256];
  size_t total_memory, shared_bytes;
  int registers_of_block, warp_size, max_threads, max_block[3], max_grid[3];
  int clock_khz, memory_clock_khz, memory_bus_bits;
  size_t constant_bytes;
  int major, minor, compute_units, l2_bytes, max_threads_of_unit, compute_mode;
  int timer_khz;
  uint32_t arch_flags;
  int concurrent_kernels, pci_domain, pci_bus, pci_device;
  size_t shared_bytes_of_unit;
  int multi_gpu_board, can_map_host, arch_number;
  char arch_name[256];
  int integrated, cooperative[2], textures[7];
  void* flush[2];
  size_t pitches[3];
  int flags[14];
};

struct PropertiesOfHip6 {
  char name[256], uuid[16], luid[8];
  uint32_t luid_nodes;
  size_t total_memory, shared_bytes;
  int registers_of_block, warp_size;
  size_t pitch;
  int max_threads, max_block[3], max_grid[3], clock_khz;
  size_t constant_bytes;
  int major, minor;
  size_t texture_alignment[2];
  int device_overlap, compute_units, kernel_timeout, integrated, can_map_host, compute_mode;
  int textures[26], surfaces[14];
  size_t surface_alignment;
  int concurrent_kernels, ecc, pci_bus, pci_device, pci_domain, tcc, engines, unified;
  int memory_clock_khz, memory_bus_bits, l2_bytes, persisting_l2;
  int max_threads_of_unit, priorities, l1[2];
  size_t shared_bytes_of_unit;
  int registers_of_unit, managed, multi_gpu_board, board_group, host_atomics, double_ratio;
  int memory_access[4], cooperative[2];
  size_t shared_bytes_by_request;
  int page_tables[2], max_blocks, access_window;
  size_t reserved_shared_bytes;
  int host_registration[6];
  uint32_t rdma[3];
  int interop[4];
  int reserved[63], hip_reserved[32];
  char arch_name[256];
  size_t most_shared_bytes_of_unit;
  int timer_khz;
  uint32_t arch_flags;
  void* flush[2];
  int flags[6];
};

static_assert(sizeof(PropertiesOfHip5) == 792 && sizeof(PropertiesOfHip6) == 1472);
static_assert(offsetof(PropertiesOfHip5, warp_size) == 276);
static_assert(offsetof(PropertiesOfHip6, warp_size) == 308);
static_assert(offsetof(PropertiesOfHip5, compute_units) == 336);
static_assert(offsetof(PropertiesOfHip6, compute_units) == 388);
static_assert(offsetof(PropertiesOfHip5, arch_name) == 396);
static_assert(offsetof(PropertiesOfHip6, arch_name) == 1160);

enum Attribute : int {  // hipDeviceAttribute*
  kClockKhz = 5,
  kL2Bytes = 19,
  kMemoryBusBits = 59,
  kMemoryClockKhz = 60,
  kComputeUnits = 63,
  kSharedBytes = 74,
  kWarpSize = 87,
};

}  // namespace octet::hip_abi
