// A copy in host memory by the threads of a stream: what CPU kernels are compared with.
#pragma once

#include <cstring>

#include "octet/stream.h"

namespace octet::bench {

inline Status copy_in_parallel(Stream& stream, char* to, const char* from, int64_t bytes) {
  struct Copy {
    char* to;
    const char* from;
    int64_t bytes;
  } copy{to, from, bytes};
  const auto share = [](void* context, int thread, int threads) {
    const Copy& c = *static_cast<const Copy*>(context);
    const int64_t begin = c.bytes * thread / threads, end = c.bytes * (thread + 1) / threads;
    std::memcpy(c.to + begin, c.from + begin, static_cast<size_t>(end - begin));
  };
  stream.parallel(share, &copy);
  return Status::Ok();
}

}  // namespace octet::bench
