// Variant: one kernel with one config, as a plain row. An op lists its variants fastest first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "octet/device.h"
#include "octet/status.h"
#include "src/select/problem.h"

namespace octet {
class Stream;
namespace gpu {
class Kernel;
}
}  // namespace octet

namespace octet::select {

/// Yes, or the reason why not.
struct Support {
  bool ok = true;
  std::string reason;

  static Support yes() { return {}; }
  static Support no(std::string reason) { return {false, std::move(reason)}; }
};

/// Grain of a kernel: what m, n and k are rounded up to in its inner loops or workgroups.
struct Tile {
  int m = 0, n = 0, k = 0;
  int split = 1;          // workgroups that share the k of one tile
  bool one_each = false;  // a workgroup ends after one tile: every wave of them starts anew
  int part = 0;           // of m: where a tile that is not full may end; 0: it is always whole
};

/// What a launch may use besides its operands.
struct Workspace {
  void* data = nullptr;
  int64_t bytes = 0;
  bool overlap_previous = false;  // Options::overlap_previous
};

struct Variant {
  std::string name;            // printed from the config; stable; tables hold it
  Arch arch = Arch::kGeneric;  // the oldest arch that runs it
  Tile tile;
  int config = 0;      // index in the kernel's kConfigs
  bool built = false;  // its device code is in this build, for one of `built_for` at least
  /// The archs of devices that this build has its code for; empty: for all that run it.
  std::span<const Arch> built_for;
  bool built_on(Arch device) const {
    return built && (built_for.empty() ||
                     std::find(built_for.begin(), built_for.end(), device) != built_for.end());
  }

  Support (*supports)(int config, const Problem&, const Device&) = nullptr;
  int64_t (*workspace_bytes)(int config, const Problem&, const Device&) = nullptr;
  /// `args` is the op's own argument struct.
  Status (*launch)(int config, const void* args, Workspace, Stream&) = nullptr;
  /// The kernels of a GPU that it chooses from; null on a CPU.
  std::span<const gpu::Kernel> (*device_code)(int config) = nullptr;
};

}  // namespace octet::select
