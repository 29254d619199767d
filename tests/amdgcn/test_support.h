// What the tests of the interpreter share: code objects of kernels/, device memory, messages.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/amdgcn/error.h"
#include "tests/amdgcn/launch.h"

namespace octet::amdgcn {

inline std::shared_ptr<const CodeObject> load_code(const std::string& name) {
  std::ifstream file(OCTET_AMDGCN_KERNELS "/" + name, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
  return CodeObject::load(std::as_bytes(std::span(bytes)));
}

template <class T>
T* to_device(Memory& memory, const std::vector<T>& values) {
  auto* device = static_cast<T*>(memory.allocate(values.size() * sizeof(T)));
  std::memcpy(device, values.data(), values.size() * sizeof(T));
  return device;
}

template <class Arguments>
Launch make_launch(std::string_view entry, const Arguments& arguments, uint32_t columns,
                   uint32_t rows, uint32_t threads) {
  Launch launch;
  launch.entry = entry;
  launch.grid[0] = columns, launch.grid[1] = rows;
  launch.block[0] = threads;
  launch.kernarg = std::as_bytes(std::span(&arguments, 1));
  return launch;
}

/// A kernel of these lines, 4 bytes each; a branch counts lines from the one behind it.
inline KernelCode kernel_of(std::string_view lines) {
  KernelCode kernel;
  kernel.name = "small";
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    Instruction i = decode(lines.substr(begin, end - begin));
    EXPECT_EQ(i.problem, "") << i.text;
    i.address = 4 * kernel.instructions.size();
    if (i.text.starts_with("s_branch") || i.text.starts_with("s_cbranch")) {
      i.target = static_cast<uint32_t>(kernel.instructions.size() + 1 + i.operand(0).literal);
    }
    kernel.instructions.push_back(std::move(i));
    begin = end + 1;
  }
  return kernel;
}

/// What call() throws as Error; empty where it does not.
template <class F>
std::string error_of(F call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

#define EXPECT_ERROR(call, part)                                       \
  do {                                                                 \
    const std::string said = error_of([&] { call; });                  \
    EXPECT_NE(said.find(part), std::string::npos) << "said: " << said; \
  } while (false)

}  // namespace octet::amdgcn
