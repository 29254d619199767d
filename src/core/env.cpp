#include "src/core/env.h"

#include <cstdlib>

namespace octet::env {

std::span<const Variable> variables() {
  static constexpr Variable kVariables[] = {
      {kCpuArch, "highest CPU tier to use: generic, x86_avx2, x86_avx512 or x86_amx"},
      {kTables, "tuned tables to add to the built-in ones, separated by ':'; later ones win"},
      {kThreads, "CPU threads when the caller names no number"},
  };
  return kVariables;
}

std::string get(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

}  // namespace octet::env
