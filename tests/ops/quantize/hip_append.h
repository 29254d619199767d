// A call of kv_append with operands on a device of the stand-in.
#pragma once

#include "ops/hip_stream.h"
#include "ops/quantize/small_append.h"

namespace octet::testing_append {

inline void place_cache(testing_hip::Operands& on_device, MutableKvCache& cache, TestCache& of) {
  on_device.out(cache.data, of.codes);
  on_device.out(cache.scales.scale, of.scale);
  on_device.out(cache.scales.shift, of.shift);
  on_device.out(cache.scales.packed, of.packed);
}

/// `launch` is given the arguments; caches come back into `call`, words of a fault into `fault`, if
/// there are any.
template <class Launch>
Status with_operands_on(Stream& stream, SmallAppend& call, std::vector<int32_t>& fault,
                        const Launch& launch) {
  testing_hip::Operands on_device(stream);
  KvAppendArgs args = call.args;
  on_device.in(args.k.data, call.x[0]);
  on_device.in(args.v.data, call.x[1]);
  on_device.in(args.slots, call.slots);
  on_device.in(args.seqlens, call.seqlens);
  on_device.in(args.cu_seqlens, call.cu_seqlens);
  on_device.in(args.page_table, call.table);
  place_cache(on_device, args.k_cache, call.k);
  place_cache(on_device, args.v_cache, call.v);
  if (!fault.empty()) {
    args.fault = fault.data();
    on_device.out(args.fault, fault);
  }
  const Status ended = on_device.finish(launch(args));
  call.point();
  return ended;
}

}  // namespace octet::testing_append
