// Op: what selection and the tools need to know of one op. Plain function pointers, filled in by
// src/ops/<op>/variants.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "octet/device.h"
#include "src/select/cost_model.h"
#include "src/select/problem.h"
#include "src/select/variant.h"

namespace octet::select {

/// The heuristic's choice: an index into the op's variants (-1: none) and the name of its arm.
struct HeuristicChoice {
  int variant = -1;
  std::string_view arm;
};

/// Which variants the heuristic may take: supported, and built where that is asked.
using Usable = std::span<const bool>;

struct Op {
  const OpSchema* schema;
  uint32_t num_formats;                    // format codes are 0 to num_formats - 1
  std::span<const Variant> (*variants)();  // fastest first, reference last
  Status (*validate)(const Problem&);      // legal fields; the message names field, value and limit
  HeuristicChoice (*heuristic)(const Problem&, const Device&, Usable);
  double (*predict_us)(int variant, const Problem&, const Device&);  // 0: no model
  /// The work of a problem for a variant of this tile; null: the op has no cost model.
  CostTerms (*cost_terms)(const Problem&, const Tile&, const Device&);
  uint32_t (*default_format)(Arch);  // of the arch's hardware
  /// The one kernel that a library without selection would run for every shape; "" where none is
  /// known.
  std::string (*fixed_default)(Arch);
  double (*flops)(const Problem&);
  int64_t (*bytes)(const Problem&);  // that must move once
  /// Plan::note for a problem that is predicted to take so long; null: the op has none to give.
  std::string (*note)(const Problem&, const Device&, double predicted_us) = nullptr;

  std::string_view name() const { return schema->name; }
  /// Index of a variant by name, or -1.
  int find(std::string_view variant) const;
};

/// The larger of what memory and math allow at the device's published rates: a bound on any
/// kernel's time.
double roofline_us(const Op& op, const Problem& problem, const Device& device);

}  // namespace octet::select
