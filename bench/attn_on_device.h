// A small attention on a GPU.
#pragma once

#include <cstring>

#include "bench/device_copies.h"
#include "ops/attn_decode/small_attention.h"

namespace octet::bench {

using ops::attn_decode::SmallAttention;
using ops::attn_decode::TestCache;
using Bytes = std::vector<uint8_t>;

/// A small attention whose operands and results are on the GPU.
class AttnOnDevice {
 public:
  AttnOnDevice(SmallAttention& host, Stream& gpu, std::string variant)
      : args(host.args),
        host_(host),
        gpu_(gpu),
        operands_(gpu),
        lengths_(gpu),
        out_(gpu),
        lse_(gpu),
        variant_(std::move(variant)) {}

  Status place() {
    OCTET_CHECK_OK(operands_.place(args.q.data, host_.q_memory));
    OCTET_CHECK_OK(place_cache(host_.k, args.k));
    OCTET_CHECK_OK(place_cache(host_.v, args.v));
    if (args.page_table != nullptr) {
      OCTET_CHECK_OK(operands_.place(args.page_table, host_.table));
    }
    if (args.sinks != nullptr) OCTET_CHECK_OK(operands_.place(args.sinks, host_.sinks));
    OCTET_CHECK_OK(lengths_.place(args.seqlens, host_.seqlens));
    OCTET_CHECK_OK(out_.place(args.out.data, host_.out));
    return lse_.place(args.lse, host_.lse);
  }
  Status set_lengths(const std::vector<int32_t>& lengths) { return lengths_.refill_last(lengths); }
  Status call() { return attn_decode(args, gpu_, {variant_}); }
  /// out and lse, which go to the host's arrays too.
  Result<Bytes> results() {
    OCTET_CHECK_OK(gpu_.synchronize());
    Bytes lse(host_.lse.size() * sizeof(float));
    OCTET_CHECK_OK(out_.fetch_last(host_.out));
    OCTET_CHECK_OK(lse_.fetch_last(lse));
    std::memcpy(host_.lse.data(), lse.data(), lse.size());
    Bytes all = host_.out;
    all.insert(all.end(), lse.begin(), lse.end());
    return all;
  }
  Result<Bytes> run() {
    OCTET_CHECK_OK(call());
    return results();
  }

  AttnDecodeArgs args;

 private:
  Status place_cache(const TestCache& from, KvCache& cache) {
    OCTET_CHECK_OK(operands_.place(cache.data, from.memory));
    KvScales& scales = cache.scales;
    if (scales.packed != nullptr) return operands_.place(scales.packed, from.packed_memory);
    const bool token = scales.block == KvScaleBlock::kTokenHead;
    if (scales.scale != nullptr) {
      const auto& memory = token ? from.scale_memory : from.shift_memory;
      OCTET_CHECK_OK(operands_.place(scales.scale, memory));
    }
    return scales.shift == nullptr ? Status::Ok()
                                   : operands_.place(scales.shift, from.shift_memory);
  }

  SmallAttention& host_;
  Stream& gpu_;
  Copies operands_, lengths_, out_, lse_;
  std::string variant_;
};

}  // namespace octet::bench
