// From a kernel's contract to its variants. A contract is a struct:
//
//   struct Config;                                       plain aggregate, the kernel's choices
//   static constexpr Arch kArch;                         the oldest arch that runs it
//   static constexpr std::array<Config, N> kConfigs;     one variant each
//   static std::string name(const Config&);              "<stem>_<tile>..."
//   static Tile tile(const Config&);                     its grain in m, n and k
//   static Support supports(const Config&, const Problem&, const Device&);
//   static int64_t workspace_bytes(const Config&, const Problem&);   where it needs any
//   static std::span<const gpu::Kernel> device_code(int config);     on a GPU
//
// An op's variants.cpp adds how its backends launch (CPU) or that they are not in this build.
#pragma once

#include <vector>

#include "src/select/variant.h"

namespace octet::select {

/// Appends a Variant per config of `Contract`. `complete(variant)` sets what the backend provides.
template <class Contract, class Complete>
void append_variants(std::vector<Variant>& variants, Complete complete) {
  for (size_t i = 0; i < Contract::kConfigs.size(); ++i) {
    Variant variant;
    variant.name = Contract::name(Contract::kConfigs[i]);
    variant.arch = Contract::kArch;
    variant.tile = Contract::tile(Contract::kConfigs[i]);
    variant.config = static_cast<int>(i);
    complete(variant);
    variants.push_back(std::move(variant));
  }
}

/// supports() of a contract whose Problem `From` makes of a select::Problem.
template <class Contract, auto From>
Support contract_supports(int config, const Problem& problem, const Device& device) {
  return Contract::supports(Contract::kConfigs[static_cast<size_t>(config)], From(problem), device);
}

/// workspace_bytes() of a contract, 0 where it has none.
template <class Contract, auto From>
int64_t contract_workspace(int config, const Problem& problem, const Device&) {
  const auto& chosen = Contract::kConfigs[static_cast<size_t>(config)];
  if constexpr (requires { Contract::workspace_bytes(chosen, From(problem)); }) {
    return Contract::workspace_bytes(chosen, From(problem));
  } else {
    return 0;
  }
}

/// For a variant that needs none, or that this build cannot run.
inline int64_t no_workspace(int, const Problem&, const Device&) { return 0; }

}  // namespace octet::select
