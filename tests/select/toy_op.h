// An op of four gfx942 variants that are pure arithmetic, so that every level of choose() can be
// reached on any machine. Fields m n k; formats "f" and "f32", the latter tuned as "f".
#pragma once

#include <array>
#include <string>
#include <vector>

#include "src/core/try.h"
#include "src/ops/gemm_blockscale/op.h"
#include "src/select/choose.h"

namespace octet::select::toy {

inline constexpr std::array<std::string_view, 3> kFields{"m", "n", "k"};

inline Result<uint32_t> parse_format(std::string_view name) {
  if (name == "f") return uint32_t{0};
  if (name == "f32") return uint32_t{1};
  return fail(StatusCode::kInvalidArgument, "toy: unknown format '{}'", name);
}

inline constexpr OpSchema kSchema{"toy", kFields,
                                  [](uint32_t f) -> std::string { return f == 0 ? "f" : "f32"; },
                                  parse_format, [](uint32_t) -> uint32_t { return 0; }};

/// k a multiple of 256.
inline Support big_supports(int, const Problem& problem, const Device&) {
  return problem.field[2] % 256 == 0 ? Support::yes() : Support::no("k is no multiple of 256");
}
/// n not 13.
inline Support small_supports(int, const Problem& problem, const Device&) {
  return problem.field[1] != 13 ? Support::yes() : Support::no("n is 13");
}
/// k not 666.
inline Support ref_supports(int, const Problem& problem, const Device&) {
  return problem.field[2] != 666 ? Support::yes() : Support::no("k is 666");
}
inline Support always(int, const Problem&, const Device&) { return Support::yes(); }

inline std::span<const Variant> variants() {
  static const std::vector<Variant> list = [] {
    const auto row = [](const char* name, bool built, auto supports) {
      Variant variant;
      variant.name = name;
      variant.arch = Arch::kGfx942;
      variant.built = built;
      variant.supports = supports;
      variant.workspace_bytes = [](int, const Problem&, const Device&) -> int64_t { return 7; };
      return variant;
    };
    return std::vector<Variant>{row("big", true, big_supports), row("small", true, small_supports),
                                row("unbuilt", false, always), row("ref", true, ref_supports)};
  }();
  return list;
}

/// "small" up to m = 100; "big" up to 1000, usable or not; nothing above.
inline HeuristicChoice heuristic(const Problem& problem, const Device&, Usable) {
  if (problem.field[0] <= 100) return {1, "few"};
  return problem.field[0] <= 1000 ? HeuristicChoice{0, "many"} : HeuristicChoice{};
}

inline Status validate(const Problem& problem) {
  OCTET_REQUIRE(problem.field[0] >= 0, "toy: m = {}, must be at least 0", problem.field[0]);
  return Status::Ok();
}

inline const Op& op() {
  static const Op instance = [] {
    Op op = ops::gemm_blockscale::op();
    op.schema = &kSchema;
    op.variants = variants;
    op.validate = validate;
    op.heuristic = heuristic;
    op.predict_us = [](int, const Problem&, const Device&) { return 2.5; };
    op.default_format = [](Arch) -> uint32_t { return 0; };
    return op;
  }();
  return instance;
}

inline Problem problem(int64_t m, int64_t n, int64_t k, uint32_t format = 0) {
  return {&kSchema, format, {m, n, k}};
}

inline TunedRow row(int64_t m, int64_t n, int64_t k, const char* variant, int cu_num = 304,
                    double us = 1) {
  return {Arch::kGfx942, cu_num, problem(m, n, k), op().find(variant), us, "test"};
}

}  // namespace octet::select::toy
