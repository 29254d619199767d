#include "tests/amdgcn/mutants.h"

#include <algorithm>
#include <array>
#include <optional>

#include "tests/amdgcn/accesses.h"
#include "tests/amdgcn/error.h"
#include "tests/amdgcn/machine.h"
#include "tests/amdgcn/parse.h"

namespace octet::amdgcn {
namespace {

using Texts = std::vector<std::string>;

bool is_scaled(const Instruction& i) { return i.text.starts_with("v_mfma_scale"); }

/// The text with one of its words replaced.
std::string with(const std::string& text, std::string_view word, std::string_view other) {
  std::string changed = text;
  changed.replace(static_cast<size_t>(word.data() - text.data()), word.size(), other);
  return changed;
}

Texts without(const Instruction& i) {
  const bool waits = i.text.starts_with("s_waitcnt") || i.text.starts_with("s_barrier");
  return waits ? Texts{""} : Texts{};
}

/// Words `first` and `second` swapped.
std::string swapped(const std::string& text, size_t first, size_t second) {
  const auto words = split_words(text);
  const std::string later = with(text, words[second], words[first]);
  return with(later, split_words(later)[first], words[second]);
}

Texts swap_operands(const Instruction& i) {
  if (!i.text.starts_with("v_mfma") || i.operand(1).count != i.operand(2).count) return {};
  return {swapped(i.text, 2, 3)};
}

/// Bytes of both scales of a scaled matrix instruction; a byte that SDWA selects.
Texts other_bytes(const Instruction& i) {
  Texts texts;
  if (is_scaled(i)) {
    const Modifiers& m = i.modifiers;
    const size_t end = std::min(i.text.find(" op_sel"), i.text.size());
    for (const uint8_t toggled : {1, 2}) {  // bit n is of operand n
      const auto list = [](uint8_t bits) {
        return fmt::format("[{},{},0]", bits & 1, bits >> 1 & 1);
      };
      const auto low = static_cast<uint8_t>(m.op_sel ^ toggled);
      texts.push_back(fmt::format("{} op_sel:{} op_sel_hi:{}{}", i.text.substr(0, end), list(low),
                                  list(m.op_sel_hi), ""));
    }
  }
  constexpr std::string_view kSelect = "_sel:BYTE_";
  for (const std::string_view word : split_words(i.text)) {
    if (!word.starts_with("src") || word.find(kSelect) == word.npos) continue;
    const char byte = static_cast<char>('0' + (word.back() - '0' + 1) % 4);
    texts.push_back(with(i.text, word, std::string(word.substr(0, word.size() - 1)) + byte));
  }
  return texts;
}

/// Whether the first use of a result is in a maximum or a sum over lanes. Why no mutants of such:
/// they are no scales; neighbours hold the same part of a sum, and a softmax takes any bound of its
/// logits.
bool is_for_reduction(const KernelCode& kernel, size_t n) {
  constexpr std::string_view kReductions[] = {"v_max_f32", "v_cmp_gt_f32", "v_add_f32",
                                              "v_add_u32_e32"};
  const Operand& result = kernel.instructions[n].operand(0);
  const auto uses = [&](const Instruction& i) {
    return std::any_of(i.uses, i.uses + i.num_uses, [&](const Range& range) {
      return range.file == Range::File::kVector && range.first == result.first;
    });
  };
  const auto begin = kernel.instructions.begin() + static_cast<std::ptrdiff_t>(n) + 1;
  const auto first = std::find_if(begin, kernel.instructions.end(), uses);
  return first != kernel.instructions.end() &&
         std::any_of(std::begin(kReductions), std::end(kReductions),
                     [&](std::string_view begin) { return first->text.starts_with(begin); });
}

/// Scales of a scaled matrix instruction turned by a lane among 16, and back behind it; what a lane
/// takes from another, from the next one.
Texts other_lanes(const KernelCode& kernel, size_t n) {
  const Instruction& i = kernel.instructions[n];
  Texts texts;
  if (is_scaled(i)) {
    for (const int n : {4, 5}) {
      const auto turn = [&](int lanes) {
        return fmt::format("v_mov_b32_dpp v{0}, v{0} row_ror:{1} row_mask:0xf bank_mask:0xf",
                           i.operand(n).first, lanes);
      };
      texts.push_back(turn(1) + "; " + i.text + "; " + turn(15));
    }
  }
  const bool takes = i.text.starts_with("ds_bpermute_b32") && i.modifiers.offset == 0;
  if (takes && !is_for_reduction(kernel, n)) {
    texts.push_back(i.text + " offset:4");
  }
  return texts;
}

/// An operand that is the scale of another matrix instruction, or the other operand's.
Texts other_scales(const Instruction& i, const KernelCode& kernel) {
  if (!is_scaled(i)) return {};
  Texts texts{swapped(i.text, 5, 6)};
  const auto words = split_words(i.text);
  for (const size_t n : {5, 6}) {
    for (const Instruction& other : kernel.instructions) {
      if (!is_scaled(other)) continue;
      const auto theirs = split_words(other.text);
      if (theirs[5] == words[n] || theirs[6] == words[n]) continue;
      texts.push_back(with(i.text, words[n], theirs[n]));
      break;
    }
  }
  return texts;
}

// ---- Constants of addresses ----
/// A constant of shifts and factors becomes one more; one of bits and sums loses its lowest.
std::optional<int64_t> other_constant(std::string_view mnemonic, int64_t value) {
  for (const std::string_view more :
       {"v_lshlrev_b32", "v_lshrrev_b32", "v_mul_u32_u24", "v_mul_lo_u32", "v_mad_u32_u24",
        "v_lshl_add_u32", "v_lshl_or_b32", "v_bfe_u32", "v_add_lshl_u32"}) {
    if (mnemonic.starts_with(more)) return value + 1;
  }
  for (const std::string_view less :
       {"v_and_b32", "v_or_b32", "v_xor_b32", "v_and_or_b32", "v_or3_b32", "v_add_u32",
        "v_add3_u32", "v_bitop3_b32", "v_xad_u32", "v_sub_u32", "v_subrev_u32"}) {
    if (mnemonic.starts_with(less) && value != 0) return value & (value - 1);
  }
  return std::nullopt;
}

Texts other_constants(const Instruction& i) {
  const auto words = split_words(i.text);
  for (size_t n = 2; n < words.size(); ++n) {
    const auto operand = parse_operand(words[n], LiteralType::kBits64);
    if (!operand || operand->kind != OperandKind::kLiteral) continue;
    const auto value = static_cast<int32_t>(operand->literal);
    const auto other = other_constant(words[0], value);
    if (!other) return {};
    return {with(i.text, words[n], fmt::format("{:#x}", static_cast<uint32_t>(*other)))};
  }
  return {};
}

/// One element on; at the end of what an offset can say, one back.
Texts other_offsets(const Instruction& i) {
  if (!i.text.starts_with("ds_read")) return {};
  const bool two = i.text.starts_with("ds_read2");
  const Modifiers& m = i.modifiers;
  const int unit = two ? 1 : i.operand(0).count * 4;
  const int from = two ? m.offset1 : m.offset, most = two ? 255 : 65535;
  const std::string name = two ? " offset1:" : " offset:";
  const std::string other = name + std::to_string(from + unit <= most ? from + unit : from - unit);
  const size_t at = i.text.find(name);
  if (at == i.text.npos) return {i.text + other};
  const size_t end = std::min(i.text.find(' ', at + 1), i.text.size());
  return {i.text.substr(0, at) + other + i.text.substr(end)};
}

Texts texts_of(const KernelCode& kernel, size_t n, uint8_t access, MutantKind kind) {
  const Instruction& i = kernel.instructions[n];
  switch (kind) {
    case MutantKind::kWaits:
      return without(i);
    case MutantKind::kOperands:
      return swap_operands(i);
    case MutantKind::kScaleBytes:
      return other_bytes(i);
    case MutantKind::kScaleLanes:
      return other_lanes(kernel, n);
    case MutantKind::kScaleRegisters:
      return other_scales(i, kernel);
    case MutantKind::kReadSwizzles:
      return access == kReadsLds ? other_constants(i) : Texts{};
    case MutantKind::kReadRows:
      return (access & kLoads) != 0 ? other_constants(i) : Texts{};
    case MutantKind::kWrittenRows:
      return (access & kLoads) == 0 && ((access & kStores) != 0 || access == kWritesLds)
                 ? other_constants(i)
                 : Texts{};
    case MutantKind::kLdsOffsets:
      return other_offsets(i);
  }
  return {};
}

}  // namespace

const char* name_of(MutantKind kind) {
  constexpr std::array kNames{"waits",       "operands",        "scale bytes",
                              "scale lanes", "scale registers", "read swizzles",
                              "rows read",   "rows written",    "LDS offsets"};
  return kNames[static_cast<size_t>(kind)];
}

std::vector<Mutant> mutants_of(const KernelCode& kernel, MutantKind kind,
                               const std::vector<uint8_t>& executed) {
  const std::vector<uint8_t> accesses = accesses_of_results(kernel, executed);
  std::vector<Mutant> mutants;
  for (size_t n = 0; n < kernel.instructions.size(); ++n) {
    const Instruction& i = kernel.instructions[n];
    for (std::string& text : texts_of(kernel, n, accesses[n], kind)) {
      decode_alteration(kernel, {Alteration::Use::kReplace, i.address, text});
      mutants.push_back({n, i.address, std::move(text), i.text});
    }
  }
  return mutants;
}

}  // namespace octet::amdgcn
