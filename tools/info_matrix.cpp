#include "tools/info_matrix.h"

#include <fmt/format.h>

#include "src/device/verified.h"
#include "src/ops/registry.h"

namespace octet::tools {
namespace {

struct Count {
  int built = 0, known = 0;
};

Count count(const select::Op& op, Arch arch) {
  Count count;
  for (const select::Variant& variant : op.variants()) {
    if (variant.arch != arch) continue;
    count.built += variant.built;
    ++count.known;
  }
  return count;
}

std::string cell(Count count) {
  if (count.known == 0) return "-";
  return count.built == count.known ? std::to_string(count.built)
                                    : fmt::format("{} of {} built", count.built, count.known);
}

/// Nothing is claimed of code that is not there.
std::string verified(Arch arch, int built) {
  return built > 0 ? std::string(verified_by(arch)) : "no code in this build";
}

}  // namespace

Json matrix_json() {
  Json matrix = Json::object();
  for (const select::Op* op : ops::all()) {
    Json& row = matrix[std::string(op->name())] = Json::object();
    for (int i = 0; i < kNumArches; ++i) {
      const Arch arch = static_cast<Arch>(i);
      const auto [built, known] = count(*op, arch);
      if (known == 0) continue;
      row[std::string(arch_name(arch))] = {
          {"built", built}, {"known", known}, {"verified_by", verified(arch, built)}};
    }
  }
  return matrix;
}

std::string matrix_text() {
  std::string header = "| arch |", rule = "|---|";
  for (const select::Op* op : ops::all()) {
    header += fmt::format(" `{}` |", op->name());
    rule += "---|";
  }
  std::string text = header + " verified by |\n" + rule + "---|\n";
  for (int i = 0; i < kNumArches; ++i) {
    const Arch arch = static_cast<Arch>(i);
    text += fmt::format("| {} |", arch_name(arch));
    int built = 0;
    for (const select::Op* op : ops::all()) {
      text += fmt::format(" {} |", cell(count(*op, arch)));
      built += count(*op, arch).built;
    }
    text += fmt::format(" {} |\n", verified(arch, built));
  }
  return text;
}

}  // namespace octet::tools
