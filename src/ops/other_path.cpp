#include "src/ops/other_path.h"

#include <fmt/format.h>

#include "src/ops/registry.h"
#include "src/select/choose.h"

namespace octet::ops {
namespace {

struct Path {
  const select::Op* op = nullptr;
  select::Problem problem;
};

/// The product of `mx` with 128-block scales; without an op if there is none.
Path block_scaled(const select::Problem& mx, const Device& device) {
  constexpr std::string_view kGrouped = "moe_mxfp8";
  const bool dense = mx.schema->name == "gemm_mxfp8";
  const std::string name = mx.schema->format_name(mx.format);
  const auto op = find(dense ? "gemm_blockscale" : mx.schema->name);
  if (!op.ok() || !(dense || name.starts_with(kGrouped))) return {};
  Path path{*op, mx};
  path.problem.schema = (*op)->schema;
  path.problem.format = (*op)->default_format(device.arch);
  if (dense) return path;
  const auto format =
      path.problem.schema->parse_format("moe_blockscale" + name.substr(kGrouped.size()));
  if (!format.ok()) return {};
  path.problem.format = *format;
  return path;
}

}  // namespace

std::string other_path(const select::Problem& problem, const Device& device, double predicted_us) {
  constexpr double kWorthANote = 0.9;
  const Path path = block_scaled(problem, device);
  if (path.op == nullptr || predicted_us <= 0) return "";
  const auto choice = select::choose(*path.op, path.problem, device, tuned_tables(),
                                     {.variant = {}, .built_only = false});
  if (!choice.ok()) return "";
  const double us = path.op->predict_us(choice->variant, path.problem, device);
  if (us <= 0 || us > kWorthANote * predicted_us) return "";
  return fmt::format("{} {} is predicted to take {:.1f} us: scales of 128 x 128 cost less",
                     path.op->name(), path.op->schema->format_name(path.problem.format), us);
}

}  // namespace octet::ops
