// fnuz_from_ocp: FP8 weights of a checkpoint (OCP e4m3fn) as gfx942 multiplies them (e4m3fnuz),
// once, when a model is loaded.
//
//   A code of e4m3fnuz is worth half of the same code of e4m3fn, so codes stay and scales double:
//     0x80 (-0)           0x00 (e4m3fnuz has no -0, and 0x80 is its NaN)
//     0x7f, 0xff (NaN)    0x80
//     any other code      itself
//     scale               2 * scale
#pragma once

#include "octet/status.h"
#include "octet/stream.h"
#include "octet/tensor.h"

namespace octet {

struct FnuzArgs {
  ConstMatrix ocp;  // (rows, cols) e4m3fn
  /// (rows, cols) e4m3fnuz. In place: the memory and row stride of `ocp`; else it must not overlap.
  Matrix fnuz;
  ScaleMatrix ocp_scale;  // of blocks, rows (channels) or the whole: any (rows, cols), even empty
  /// At the rows, columns and strides of `ocp_scale`; in place: its memory; else it must not
  /// overlap.
  float* fnuz_scale = nullptr;
};

/// Memory of the host, on the threads of a CPU stream. Exact: every product of code and scale stays
/// what it was; -0 becomes 0, and NaN loses its sign. Errors: kInvalidArgument names argument,
/// value and limit, also for a finite scale whose double is none; kUnsupported on a GPU stream.
/// Nothing is written then.
Status fnuz_from_ocp(const FnuzArgs& args, Stream& stream);

}  // namespace octet
