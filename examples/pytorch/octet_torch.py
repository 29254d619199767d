"""gemm_blockscale inside PyTorch: on torch's tensors, device context and current stream.

    python3 octet_torch.py path/to/liboctet_torch.so

checks a layer against float, in torch's current stream, in a side stream and in a captured CUDA
graph, and prints what a call costs the host.
"""
import ctypes
import sys
import time

import torch


class Octet:
    def __init__(self, path):
        self.call = ctypes.CDLL(path).octet_torch_gemm_blockscale
        pointer, size = ctypes.c_void_p, ctypes.c_int64
        self.call.argtypes = ([pointer] * 5 + [size] * 5 +
                              [pointer, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t])

    def gemm_blockscale(self, a, a_scale, b, b_scale, out, variant=""):
        """out (m, n) bf16 = a (m, k) e4m3fn @ b (n, k)^T, in torch's current stream."""
        error = ctypes.create_string_buffer(512)
        m, k = a.shape
        stream = torch.cuda.current_stream().cuda_stream
        code = self.call(a.data_ptr(), b.data_ptr(), a_scale.data_ptr(), b_scale.data_ptr(), out.data_ptr(), m,
                         b.shape[0], k, *a_scale.stride(), stream, a.device.index, variant.encode(), error, 512)
        if code:
            raise RuntimeError(error.value.decode())
        return out


def quantize(x, rows):
    """e4m3fn codes, scales of blocks of `rows` x 128, and the values that they stand for."""
    n, k = x.shape
    blocks = x.float().view(n // rows, rows, k // 128, 128)
    scale = blocks.abs().amax(dim=(1, 3), keepdim=True).clamp(min=1e-12) / 448
    codes = (blocks / scale).to(torch.float8_e4m3fn)
    values = (codes.float() * scale).view(n, k)
    return codes.view(n, k), scale.view(n // rows, k // 128).contiguous(), values


def error(out, reference):
    return ((out.float() - reference).norm() / reference.norm()).item()


def main():
    octet = Octet(sys.argv[1])
    for m, n, k in [(1, 5120, 5120), (16, 7168, 2048), (64, 2304, 4096), (1024, 4096, 7168)]:
        a, a_scale, a_values = quantize(torch.randn(m, k, device="cuda"), 1)
        b, b_scale, b_values = quantize(torch.randn(n, k, device="cuda"), 128)
        reference = a_values.double() @ b_values.double().T
        reference = reference.float()
        out = torch.empty(m, n, dtype=torch.bfloat16, device="cuda")
        errors = [error(octet.gemm_blockscale(a, a_scale, b, b_scale, out), reference)]

        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            out.zero_()
            octet.gemm_blockscale(a, a_scale, b, b_scale, out)
        torch.cuda.current_stream().wait_stream(side)
        errors.append(error(out, reference))

        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            octet.gemm_blockscale(a, a_scale, b, b_scale, out)
        out.zero_()
        graph.replay()
        errors.append(error(out, reference))

        torch.cuda.synchronize()
        begin = time.perf_counter()
        for _ in range(200):
            octet.gemm_blockscale(a, a_scale, b, b_scale, out)
        host_us = (time.perf_counter() - begin) / 200 * 1e6
        torch.cuda.synchronize()
        print(f"m={m} n={n} k={k}: relative error {errors[0]:.5f}, side stream {errors[1]:.5f}, "
              f"graph {errors[2]:.5f}; a call costs the host {host_us:.1f} us through ctypes")
        assert max(errors) < 0.004
    try:
        octet.gemm_blockscale(a, a_scale, b, b_scale, out, variant="sm90_no_such_kernel")
    except RuntimeError as refused:
        print("refused:", refused)
    print("octet_torch: everything right")


if __name__ == "__main__":
    main()
