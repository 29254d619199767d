// A call of quantize with operands on a device of the stand-in.
#pragma once

#include "ops/hip_stream.h"
#include "ops/quantize/small_quantize.h"

namespace octet::testing_quantize {

/// `launch` is given the arguments; results come back into `call`.
template <class Launch>
Status with_operands_on(Stream& stream, SmallQuantize& call, const Launch& launch) {
  testing_hip::Operands on_device(stream);
  QuantizeArgs args = call.args;
  on_device.in(args.x.data, call.x);
  on_device.out(args.q.data, call.q);
  on_device.out(args.scale, call.scale);
  return on_device.finish(launch(args));
}

}  // namespace octet::testing_quantize
