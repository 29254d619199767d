// What the host passes to the sm90 kernels of attn_decode, by value. Strides are in elements.
#pragma once

#include "src/device/gpu_types.h"
#include "src/ops/attn_decode/gpu_params.h"

namespace octet::ops::attn_decode {

/// A box is `box_rows` tokens of a head by at most 128 bytes. Heads are columns, or planes.
struct BoxParams {
  gpu::TensorMap map;
  int32_t head_column, head_plane, block_planes;
};

struct Sm90Params : GpuParams {
  BoxParams k_boxes, v_boxes;  // where the kernel copies boxes
  int32_t box_rows;            // tokens: a power of two
  int32_t item_cost;           // in elements, where shares do not fit items
  Divider by_items;            // pairs of all sequences
  bool grid_fits;              // the grid is a multiple of them, or they of it
  bool same_places;            // codes of values lie in their memory as those of keys in theirs
  bool dependent;
};

}  // namespace octet::ops::attn_decode
