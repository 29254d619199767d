// A user's program: finds the installed package and calls it.
#include <octet/gemm_blockscale.h>

#include <cstdio>

int main() {
  const auto bytes = octet::gemm_blockscale_packed_bytes(/*n=*/100, /*k=*/256);
  std::printf("%lld\n", static_cast<long long>(bytes.value()));
  return octet::device_profile("mi300x").ok() ? 0 : 1;
}
