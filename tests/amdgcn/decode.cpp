// From a mnemonic to its handler, and from operands to the registers that are read and written.
#include <unordered_map>

#include "tests/amdgcn/error.h"
#include "tests/amdgcn/families.h"
#include "tests/amdgcn/parse.h"

namespace octet::amdgcn {
namespace {

const Entry* find_entry(std::string_view base) {
  static const auto table = [] {
    std::unordered_map<std::string_view, Entry> all;
    for (const auto family :
         {scalar_entries, scalar_logic_entries, scalar_control_entries, integer_entries,
          wide_integer_entries, integer_part_entries, float_entries, compare_entries,
          packed_entries, convert_entries, lane_entries, scalar_memory_entries,
          vector_memory_entries, atomic_entries, lds_entries, matrix_entries}) {
      for (const Entry& entry : family()) {
        if (!all.emplace(entry.mnemonic, entry).second) fail("two entries {}", entry.mnemonic);
      }
    }
    return all;
  }();
  const auto found = table.find(base);
  return found == table.end() ? nullptr : &found->second;
}

/// Without the suffix of the encoding.
std::string_view base_of(std::string_view mnemonic) {
  for (const std::string_view suffix : {"_e32", "_e64", "_sdwa", "_dpp"}) {
    if (mnemonic.ends_with(suffix)) return mnemonic.substr(0, mnemonic.size() - suffix.size());
  }
  return mnemonic;
}

void add_use(Instruction& i, Range range) { i.uses[i.num_uses++] = range; }

void add_use(Instruction& i, const Operand& operand) {
  if (operand.kind == OperandKind::kVector) {
    add_use(i, {Range::File::kVector, operand.count, operand.first});
  } else if (operand.kind == OperandKind::kScalar) {
    const bool mask = (i.flags & kLaneMask) != 0 && operand.count == 2;
    add_use(i, {mask ? Range::File::kMask : Range::File::kScalar, operand.count, operand.first});
  }
}

void add_def(Instruction& i, const Operand& operand) {
  const bool vector = operand.kind == OperandKind::kVector;
  if (!vector && operand.kind != OperandKind::kScalar) return;
  i.defs[i.num_defs++] = {vector ? Range::File::kVector : Range::File::kScalar, operand.count,
                          operand.first};
}

/// Source `n` of a pair: the one register that both results take, or both.
void add_pair_use(Instruction& i, const Operand& operand, int n) {
  const bool low = (i.modifiers.op_sel >> n & 1) != 0, high = (i.modifiers.op_sel_hi >> n & 1) != 0;
  if (operand.kind != OperandKind::kVector || low != high) return add_use(i, operand);
  add_use(i, {Range::File::kVector, 1, static_cast<uint16_t>(operand.first + (low ? 1 : 0))});
}

int num_results(const Instruction& i) {
  if ((i.flags & kReturnsBySc0) != 0) return i.modifiers.sc0 ? 1 : 0;
  if ((i.flags & kNoResult) != 0 || i.modifiers.lds) return 0;
  return (i.flags & kTwoResults) != 0 ? 2 : 1;
}

void find_uses(Instruction& i) {
  const int results = num_results(i);
  for (int n = 0; n < i.num_operands; ++n) {
    if (n < results) add_def(i, i.operands[n]);
    if ((i.flags & kPairs) != 0 && n > 0) {
      add_pair_use(i, i.operands[n], n - 1);
    } else if (n >= results || (n == 0 && (i.flags & kAccumulates) != 0))
      add_use(i, i.operands[n]);
  }
  if ((i.flags & kReadsVcc) != 0) add_use(i, {Range::File::kMask, 2, kVcc});
  if ((i.flags & kReadsM0) != 0) add_use(i, {Range::File::kScalar, 1, kM0});
  if ((i.flags & kWritesVcc) != 0) i.defs[i.num_defs++] = {Range::File::kScalar, 2, kVcc};
}

/// Empty, or which modifier the handler does not know.
std::string unknown_group(const Instruction& i) {
  const uint8_t used = i.modifiers.used;
  const auto has = [&](Flag flag) { return (i.flags & flag) != 0; };
  if ((used & kGroupSelect) != 0 && !has(kSelect) && !has(kHalf)) return "op_sel";
  if ((used & kGroupOutput) != 0 && !has(kOutput)) return "clamp or output scale";
  if ((used & kGroupMatrix) != 0 && !has(kMatrix)) return "cbsz, abid or blgp";
  if ((used & kGroupMemory) != 0 && !has(kMemoryAccess)) return "offset";
  return {};
}

void add_words(Instruction& i, const std::vector<std::string_view>& words, LiteralType type) {
  for (size_t n = 1; n < words.size(); ++n) {
    const auto operand = parse_operand(words[n], type);
    if (operand) {
      if (i.num_operands == std::size(i.operands)) fail("too many operands");
      i.operands[i.num_operands++] = *operand;
    } else if (!parse_modifier(words[n], i.modifiers)) {
      fail("operand or modifier {} is not known", words[n]);
    }
  }
}

}  // namespace

Instruction decode(std::string_view text) {
  Instruction i;
  i.text = text;
  const auto words = split_words(text);
  if (words.empty()) fail("empty instruction");
  const std::string_view base = base_of(words[0]);
  const Entry* entry = find_entry(base);
  if (entry == nullptr) {
    i.problem = fmt::format("unknown instruction {}", words[0]);
    return i;
  }
  i.run = entry->run;
  i.flags = entry->flags | (base.starts_with("s_") ? 0u : kVectorOp);
  try {
    add_words(i, words, literal_type(base));
    find_uses(i);
    const std::string group = unknown_group(i);
    if (!group.empty()) i.problem = fmt::format("{} of {} is not known", group, words[0]);
  } catch (const std::exception& error) {
    i.problem = fmt::format("{}: {}", text, error.what());
  }
  return i;
}

}  // namespace octet::amdgcn
