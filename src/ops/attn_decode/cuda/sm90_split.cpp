#include "src/ops/attn_decode/cuda/sm90_split.h"

#include <fmt/format.h>

#include <algorithm>

#include "src/device/embedded_kernels.h"
#include "src/ops/attn_decode/cuda/split_kernels.h"
#include "src/ops/attn_decode/gpu_operands.h"

namespace octet::ops::attn_decode {
namespace {

constexpr int64_t kMostUnits = 160;          // compute units whose thread blocks have records
constexpr int kItemUnits = 16;               // that the end of an item takes as long as
constexpr double kMostUnitsOfCall = 0x1p27;  // 1 TB; with what short items add a line has 2^31

SplitShape shape_of(const Problem& p, int warps = kUnitWarps) {
  return {static_cast<int>(p.dim),
          p.rows() > kRowTile && p.dim < 256 ? 2 : 1,
          p.kv == DType::kE5m2,
          p.scales != Scales::kConstant,
          true,
          warps};
}

int64_t row_blocks(const Problem& p) {
  const int64_t rows = shape_of(p).rows();
  return (p.rows() + rows - 1) / rows;
}
int64_t items_of(const Problem& p) { return p.batch * p.kv_heads * row_blocks(p); }
/// Units of the longest item.
int64_t units_of(const Problem& p) {
  const int64_t unit = shape_of(p).unit();
  return std::max<int64_t>((p.context + unit - 1) / unit, 1);
}

}  // namespace

#if defined(OCTET_HAVE_SM90)
extern "C" const unsigned char octet_code_attn_decode_sm90_split_64[];
extern "C" const unsigned char octet_code_attn_decode_sm90_split_128[];
extern "C" const unsigned char octet_code_attn_decode_sm90_split_256[];
extern "C" const unsigned char octet_code_attn_decode_sm90_short_64[];
extern "C" const unsigned char octet_code_attn_decode_sm90_short_128[];
extern "C" const unsigned char octet_code_attn_decode_sm90_short_256[];

namespace {

constexpr gpu::CodeObject kCode_split_64{"sm90_split_64", octet_code_attn_decode_sm90_split_64};
constexpr gpu::CodeObject kCode_split_128{"sm90_split_128", octet_code_attn_decode_sm90_split_128};
constexpr gpu::CodeObject kCode_split_256{"sm90_split_256", octet_code_attn_decode_sm90_split_256};
constexpr gpu::CodeObject kCode_short_64{"sm90_short_64", octet_code_attn_decode_sm90_short_64};
constexpr gpu::CodeObject kCode_short_128{"sm90_short_128", octet_code_attn_decode_sm90_short_128};
constexpr gpu::CodeObject kCode_short_256{"sm90_short_256", octet_code_attn_decode_sm90_short_256};

// By config, dim, row tiles, codes, scales, copies.
constexpr int kOfConfig = 40;
#define OCTET_KERNELS(NAME, WARPS)                        \
  OCTET_SM90_ATTN_64(OCTET_SM90_ATTN_ENTRY, NAME, WARPS)  \
  OCTET_SM90_ATTN_128(OCTET_SM90_ATTN_ENTRY, NAME, WARPS) \
  OCTET_SM90_ATTN_256(OCTET_SM90_ATTN_ENTRY, NAME, WARPS)
const gpu::Kernel kernels[] = {OCTET_KERNELS(split, 8) OCTET_KERNELS(short, 4)};
#undef OCTET_KERNELS
static_assert(std::size(kernels) == kOfConfig * Sm90Split::kConfigs.size());

/// The kernel that copies pieces; behind it that of boxes.
const gpu::Kernel* kernels_of(int config, const SplitShape& s) {
  const int of_dim = s.dim == 64 ? 0 : s.dim == 128 ? 16 : 32;
  return kernels + config * kOfConfig + of_dim + (s.row_tiles - 1) * 8 + (s.e5m2 ? 4 : 0) +
         (s.token_scales ? 2 : 0);
}

}  // namespace
#endif

select::Support Sm90Split::supports(const Config&, const Problem& p, const Device&) {
  if (p.dim != 64 && p.dim != 128 && p.dim != 256) {
    return select::Support::no(fmt::format("d = {}, takes 64, 128 and 256", p.dim));
  }
  const double units = static_cast<double>(items_of(p)) * static_cast<double>(units_of(p));
  if (units > kMostUnitsOfCall) {
    return select::Support::no(fmt::format("{:.0f} runs of {} tokens of all heads, at most 2^27",
                                           units, shape_of(p).unit()));
  }
  return select::Support::yes();
}

int64_t Sm90Split::workspace_bytes(const Config& c, const Problem& p) {
  const SplitShape shape = shape_of(p, c.warps);
  const int64_t blocks = kMostUnits * shape.blocks();
  return 2 * blocks * shape.record() * static_cast<int64_t>(sizeof(float));
}

cuda::LaunchPlan Sm90Split::plan(int index, const Problem& p, const Device& device) {
  const Config& config = kConfigs[static_cast<size_t>(index)];
  const SplitShape shape = shape_of(p, config.warps);
  cuda::LaunchPlan plan;
#if defined(OCTET_HAVE_SM90)
  plan.kernel = kernels_of(index, shape), plan.box_kernel = plan.kernel + 1;
#endif
  plan.row_blocks = static_cast<int>(row_blocks(p));
  plan.unit = shape.unit(), plan.least_units = config.least_units, plan.item_units = kItemUnits;
  plan.record_bytes = shape.record() * static_cast<int64_t>(sizeof(float));
  const int64_t items = items_of(p);
  const double units = static_cast<double>(items) * static_cast<double>(units_of(p));
  const int64_t units_of_device = std::min<int64_t>(device.cu_num, kMostUnits);
  const int64_t most = blocks_for(items, units_of_device * shape.blocks(), kMergeFan);
  plan.shape.grid_x = static_cast<uint32_t>(
      std::clamp<double>(units / config.least_units, std::min(items, most), most));
  plan.shape.block_x = static_cast<uint32_t>(shape.threads());
  plan.shape.shared_bytes = static_cast<uint32_t>(shape.shared_bytes());
  return plan;
}

std::span<const gpu::Kernel> Sm90Split::device_code([[maybe_unused]] int index) {
  return OCTET_EMBEDDED_KERNELS(kernels + index * kOfConfig, kOfConfig);
}

}  // namespace octet::ops::attn_decode
