#include "src/ops/attn_decode/hip/gfx942_split.h"

#include <fmt/format.h>

#include <algorithm>

#include "src/device/embedded_kernels.h"
#include "src/ops/attn_decode/hip/split_kernels.h"

namespace octet::ops::attn_decode {
namespace {

constexpr int64_t kMostUnits = 320;            // compute units whose workgroups have records
constexpr int64_t kLeastUnits = 4;             // runs of 32 tokens that a workgroup is worth
constexpr double kMostUnitsOfCall = 0x1p30;    // the line is counted in 32 bits
constexpr int64_t kOfDim = 8, kScattered = 1;  // kernels

int64_t row_blocks(const Problem& p) { return (p.rows() + hip::kSplitRows - 1) / hip::kSplitRows; }
int64_t items_of(const Problem& p) { return p.batch * p.kv_heads * row_blocks(p); }
/// Units of all items at their longest.
double units_of(const Problem& p) {
  const int64_t units = std::max<int64_t>((p.context + hip::kUnit - 1) / hip::kUnit, 1);
  return static_cast<double>(items_of(p)) * static_cast<double>(units);
}

/// Of a launch on `units` compute units.
uint32_t workgroups_of(const Gfx942Split::Config& c, const Problem& p, int64_t units) {
  const int64_t items = std::max<int64_t>(items_of(p), 1);
  const int64_t most =
      blocks_for(items, std::min(units, kMostUnits) * c.workgroups, hip::kMergeFan);
  return static_cast<uint32_t>(std::clamp(units_of(p) / kLeastUnits, 1.0, double(most)));
}

int64_t record_bytes(const Problem& p) {
  const hip::SplitShape shape{static_cast<int>(p.dim), false, false, false};
  return shape.record() * static_cast<int64_t>(sizeof(float));
}

}  // namespace

OCTET_GFX942_CODE(kCode_64, attn_decode, gfx942_split_64);
OCTET_GFX942_CODE(kCode_128, attn_decode, gfx942_split_128);
OCTET_GFX942_CODE(kCode_256, attn_decode, gfx942_split_256);

select::Support Gfx942Split::supports(const Config&, const Problem& p, const Device&) {
  if (p.dim != 64 && p.dim != 128 && p.dim != 256) {
    return select::Support::no(fmt::format("d = {}, takes 64, 128 and 256", p.dim));
  }
  if (units_of(p) > kMostUnitsOfCall) {
    return select::Support::no(fmt::format("{:.0f} runs of {} tokens of all heads, at most 2^30",
                                           units_of(p), hip::kUnit));
  }
  return select::Support::yes();
}

int64_t Gfx942Split::workspace_bytes(const Config& c, const Problem& p) {
  return 2 * int64_t{workgroups_of(c, p, kMostUnits)} * record_bytes(p);
}

std::span<const gpu::Kernel> Gfx942Split::device_code(int) {
  static const gpu::Kernel kernels[] = {OCTET_HIP_ATTN_64(OCTET_HIP_ATTN_ENTRY) OCTET_HIP_ATTN_128(
      OCTET_HIP_ATTN_ENTRY) OCTET_HIP_ATTN_256(OCTET_HIP_ATTN_ENTRY)};
  static_assert(std::size(kernels) == 3 * kOfDim);
  return kernels;
}

hip::LaunchPlan Gfx942Split::plan(int config, const Problem& p, const Device& device) {
  hip::LaunchPlan plan;
  const int64_t of_dim = p.dim == 64 ? 0 : p.dim == 128 ? kOfDim : 2 * kOfDim;
  plan.kernel = device_code(config).data() + of_dim + (p.kv == DType::kE5m2 ? 4 : 0) +
                (p.scales != Scales::kConstant ? 2 : 0);
  plan.scattered_kernel = plan.kernel + kScattered;
  plan.threads = hip::kSplitThreads;
  plan.shares = {static_cast<int>(row_blocks(p)), hip::kUnit, kLeastUnits,
                 workgroups_of(kConfigs[static_cast<size_t>(config)], p, device.cu_num),
                 record_bytes(p)};
  return plan;
}

}  // namespace octet::ops::attn_decode
