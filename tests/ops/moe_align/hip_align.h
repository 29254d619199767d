// A call of moe_align with operands on a device of the stand-in.
#pragma once

#include "ops/hip_stream.h"
#include "ops/moe_align/small_align.h"

namespace octet::testing_align {

/// `launch` is given the arguments; results come back into `call`.
template <class Launch>
Status with_operands_on(Stream& stream, SmallAlign& call, const Launch& launch) {
  testing_hip::Operands on_device(stream);
  MoeAlignArgs args = call.args;
  on_device.in(args.topk_ids, call.ids);
  on_device.in(args.topk_weights, call.weights);
  on_device.in(args.expert_mask, call.mask);
  on_device.out(args.sorted_ids, call.sorted);
  on_device.out(args.sorted_weights, call.sorted_weights);
  on_device.out(args.tile_experts, call.tiles);
  on_device.out(args.counts, call.counts);
  return on_device.finish(launch(args));
}

}  // namespace octet::testing_align
