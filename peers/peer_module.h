// What a peer module exports, in C: octet_peer_open, octet_peer_run, octet_peer_close.
#pragma once

#include <cstdint>

extern "C" {

/// A GEMM d(m,n) = a(m,k) b(n,k)^T in the peer's nearest format, weights rotating over at least
/// `rotate_bytes` bytes, with `threads` threads. Null where it cannot; `error` (256 bytes) says
/// why.
using OctetPeerOpen = void* (*)(int64_t m, int64_t n, int64_t k, int threads, int64_t rotate_bytes,
                                char* error);
/// One call with the weights of window `iteration`; 0 for success.
using OctetPeerRun = int (*)(void* instance, int64_t iteration);
using OctetPeerClose = void (*)(void* instance);
}
