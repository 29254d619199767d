// From a contract's configs to its kernels: a config is a line in the contract, and none here.
//
// Requires   include only from kernel files
#pragma once

#include "src/cpu/kernel.h"

namespace octet::cpu {
namespace {

/// The kernel of config `config`; `make` gives the kernel of its template argument, a Config.
template <class Contract, class Make, size_t I = 0>
Kernel kernel_at(int config, Make make) {
  if constexpr (I + 1 == Contract::kConfigs.size()) {
    return make.template operator()<Contract::kConfigs[I]>();
  } else {
    return config == static_cast<int>(I) ? make.template operator()<Contract::kConfigs[I]>()
                                         : kernel_at<Contract, Make, I + 1>(config, make);
  }
}

}  // namespace
}  // namespace octet::cpu
