// A call of moe_reduce with operands on a device of the stand-in.
#pragma once

#include "ops/hip_stream.h"
#include "ops/moe_reduce/small_reduce.h"

namespace octet::testing_reduce {

/// `launch` is given the arguments; results come back into `call`.
template <class Launch>
Status with_operands_on(Stream& stream, SmallReduce& call, const Launch& launch) {
  testing_hip::Operands on_device(stream);
  MoeReduceArgs args = call.args;
  on_device.in(args.x.data, call.x);
  on_device.out(args.y.data, call.y);
  on_device.in(args.topk_ids, call.ids);
  on_device.in(args.expert_mask, call.mask);
  return on_device.finish(launch(args));
}

}  // namespace octet::testing_reduce
