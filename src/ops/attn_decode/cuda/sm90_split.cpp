#include "src/ops/attn_decode/cuda/sm90_split.h"

#include <fmt/format.h>

#include <algorithm>

#include "src/ops/attn_decode/cuda/split_kernels.h"

namespace octet::ops::attn_decode {
namespace {

constexpr int64_t kMostBlocks = 160;  // thread blocks, one a compute unit, that have records

SplitShape shape_of(const Problem& p) {
  return {static_cast<int>(p.dim), p.rows() > kRowTile && p.dim < 256 ? 2 : 1, p.kv == DType::kE5m2,
          p.scales != Scales::kConstant, true};
}

/// Thread blocks that share items of equal size without a cut that is not needed, and no item among
/// more than one of them can add up, where that leaves at most a sixteenth of `most` idle. Each cut
/// is a sum through memory in the end.
int64_t blocks_for(int64_t items, int64_t most) {
  const auto few = [most](int64_t blocks) { return blocks * 16 < most * 15; };
  const int64_t items_each = (items + most - 1) / most, blocks_each = most / items;
  const int64_t blocks = items < most ? blocks_each * items : (items + items_each - 1) / items_each;
  if (items < most && blocks_each > kMergeFan && !few(kMergeFan * items)) return kMergeFan * items;
  return few(blocks) ? most : blocks;
}

int64_t row_blocks(const Problem& p) {
  const int64_t rows = shape_of(p).rows();
  return (p.rows() + rows - 1) / rows;
}

}  // namespace

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_attn_decode_sm90_split_64[];
extern "C" const unsigned char octet_code_attn_decode_sm90_split_128[];
extern "C" const unsigned char octet_code_attn_decode_sm90_split_256[];

namespace {

constexpr gpu::CodeObject kCode64{"sm90_split_64", octet_code_attn_decode_sm90_split_64};
constexpr gpu::CodeObject kCode128{"sm90_split_128", octet_code_attn_decode_sm90_split_128};
constexpr gpu::CodeObject kCode256{"sm90_split_256", octet_code_attn_decode_sm90_split_256};

// By dim, row tiles, codes, scales, copies.
const gpu::Kernel kernels[] = {OCTET_SM90_ATTN_SPLIT_64(OCTET_SM90_ATTN_SPLIT_ENTRY)
                                   OCTET_SM90_ATTN_SPLIT_128(OCTET_SM90_ATTN_SPLIT_ENTRY)
                                       OCTET_SM90_ATTN_SPLIT_256(OCTET_SM90_ATTN_SPLIT_ENTRY)};

/// The kernel that copies pieces; behind it that of boxes.
const gpu::Kernel* kernels_of(const SplitShape& s) {
  const int of_dim = s.dim == 64 ? 0 : s.dim == 128 ? 16 : 32;
  return kernels + of_dim + (s.row_tiles - 1) * 8 + (s.e5m2 ? 4 : 0) + (s.token_scales ? 2 : 0);
}

}  // namespace
#endif

select::Support Sm90Split::supports(const Config&, const Problem& p, const Device&) {
  if (p.dim != 64 && p.dim != 128 && p.dim != 256) {
    return select::Support::no(fmt::format("d = {}, takes 64, 128 and 256", p.dim));
  }
  return select::Support::yes();
}

int64_t Sm90Split::workspace_bytes(const Config&, const Problem& p) {
  return 2 * kMostBlocks * shape_of(p).record() * static_cast<int64_t>(sizeof(float));
}

cuda::LaunchPlan Sm90Split::plan(int index, const Problem& p, const Device& device) {
  const Config& config = kConfigs[static_cast<size_t>(index)];
  const SplitShape shape = shape_of(p);
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = kernels_of(shape), plan.box_kernel = plan.kernel + 1;
#endif
  plan.row_blocks = static_cast<int>(row_blocks(p));
  plan.unit = shape.unit(), plan.least_units = config.least_units;
  plan.record_bytes = shape.record() * static_cast<int64_t>(sizeof(float));
  const int64_t of_item = std::max<int64_t>((p.context + shape.unit() - 1) / shape.unit(), 1);
  const int64_t items = p.batch * p.kv_heads * plan.row_blocks;
  const double units = static_cast<double>(items) * static_cast<double>(of_item);
  const int64_t most = blocks_for(items, std::min<int64_t>(device.cu_num, kMostBlocks));
  plan.shape.grid_x =
      static_cast<uint32_t>(std::clamp(units / config.least_units, 1.0, static_cast<double>(most)));
  plan.shape.block_x = kSplitThreads;
  plan.shape.shared_bytes = static_cast<uint32_t>(shape.shared_bytes());
  return plan;
}

}  // namespace octet::ops::attn_decode
