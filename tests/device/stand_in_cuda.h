// What tests ask of the stand-ins for libcuda and libamdhip64: launches as they arrived, calls
// counted, faults. The libraries export one function beside the driver's own: octet_stand_in().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace octet::stand_in {

/// CUlaunchAttribute and CUlaunchConfig, as the driver's caller lays them out.
struct LaunchAttribute {
  int id;
  char pad[4];
  union {
    char bytes[64];
    uint32_t dimension[3];
    int flag;
  } value;
};
struct LaunchConfig {
  uint32_t grid[3], block[3];
  uint32_t shared_bytes;
  void* stream;
  LaunchAttribute* attributes;
  uint32_t num_attributes;
};

enum Code : int {  // CUDA_ERROR_*, and hipError* of the same numbers
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kNoBinaryForGpu = 209,
  kInvalidHandle = 400,
  kNotFound = 500,
  kIllegalAddress = 700,
  kLaunchOutOfResources = 701,
  kLaunchFailed = 719,
  kCaptureUnsupported = 900,
  kCaptureInvalidated = 901,
};

/// A launch as it arrived, or as a graph replayed it.
struct Launch {
  std::string entry;
  uint32_t grid[3], block[3];
  uint32_t shared_bytes;
  uint32_t cluster;  // along x; 1 without the attribute
  int dependent;
  void* stream;
  std::vector<uint8_t> parameter;
  bool from_graph;
  const void* function;  // of the stand-in
};

/// The fields of a tensor map that the stand-in keeps in its words, from the first.
enum MapWord {
  kAddress,
  kRowBytes,
  kCols,
  kRows,
  kBoxCols,
  kBoxRows,
  kSwizzle,
  kMapMark,
  kPlanes,  // 0: a matrix, no stack of them
  kPlaneBytes
};
inline constexpr uint64_t kMark = 0x70616d5f726f736e;

class Control {
 public:
  virtual ~Control() = default;
  /// Forgets launches, counts and the fault; keeps memory, modules and streams.
  virtual void reset() = 0;
  /// no_device, out_of_memory, sticky:<entry>, fail:<function>:<code>, "" for none; CUDA: sm_80,
  /// wrong_result; HIP: layout:k, layout:rows, layout:scales (matrix instructions that hold them
  /// elsewhere), alter:<entry>:<address>:<text> (other instructions in place of the one there),
  /// compare:... (it is undefined, or an error, where they do something else).
  /// OCTET_STAND_IN_FAULT sets it before the first call.
  virtual void set_fault(const std::string& fault) = 0;
  /// Whether launches are kept, and whether they are executed.
  virtual void set_work(bool record, bool execute) = 0;
  virtual int64_t count(const std::string& function) const = 0;  // calls of an exported function
  virtual std::vector<Launch> launches() const = 0;
  /// HIP: of the kernel's instructions, in their order, amdgcn::Executed since the last reset.
  virtual std::vector<uint8_t> executed(const std::string& entry) const = 0;
  virtual int64_t bytes_allocated() const = 0;
  virtual int64_t objects() const = 0;  // streams, events and graphs that were not destroyed
};

}  // namespace octet::stand_in

extern "C" octet::stand_in::Control* octet_stand_in();
