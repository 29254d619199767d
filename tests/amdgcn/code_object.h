// A code object of clang-22 for gfx942 or gfx950 (version 5): kernels, descriptors, instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/amdgcn/instruction.h"

namespace octet::amdgcn {

/// Where a launch puts something into the argument segment that the caller does not give.
struct HiddenArgument {
  std::string kind;  // such as hidden_block_count_x
  uint32_t offset = 0, bytes = 0;
};

struct KernelCode {
  std::string name;
  uint64_t descriptor = 0;  // address in the image
  uint32_t lds_bytes = 0, kernarg_bytes = 0, explicit_kernarg_bytes = 0;
  uint32_t max_workgroup = 0;  // work items
  int vector_registers = 0, accumulators = 0;
  int user_registers = 0;     // scalar, before the ids of the workgroup
  int kernarg_register = -1;  // first of the two with the address of the arguments
  bool workgroup_id[3] = {};  // which are wanted
  std::string problem;        // why it cannot run; empty where it can
  std::vector<HiddenArgument> hidden;
  std::vector<Instruction> instructions;
};

class CodeObject {
 public:
  /// Without kernels.
  explicit CodeObject(bool gfx950 = false) : gfx950_(gfx950) {}
  /// Throws Error where `image` is no such object, or it cannot be disassembled. What was loaded
  /// once is kept: the same bytes give the same object.
  static std::shared_ptr<const CodeObject> load(std::span<const std::byte> image);

  bool gfx950() const { return gfx950_; }
  std::string_view arch() const { return gfx950_ ? "gfx950" : "gfx942"; }
  /// Null where there is none.
  const KernelCode* find(std::string_view entry) const;
  const std::vector<KernelCode>& kernels() const { return kernels_; }
  /// The segments as loaded: constants lie there.
  std::span<const std::byte> segments() const { return segments_; }
  /// Instructions that the interpreter does not know, each once: "unknown instruction v_foo".
  std::vector<std::string> problems() const;

 private:
  friend struct CodeObjectReader;
  bool gfx950_ = false;
  std::vector<std::byte> segments_;
  std::vector<KernelCode> kernels_;
};

/// Of a kernel descriptor's 64 bytes.
void read_descriptor(std::span<const std::byte, 64> bytes, KernelCode& kernel);

/// llvm-objdump's lines of the functions in an image: (name, instructions), branches resolved.
struct Function {
  std::string name;
  std::vector<Instruction> instructions;
};
std::vector<Function> disassemble(std::span<const std::byte> image);

}  // namespace octet::amdgcn
