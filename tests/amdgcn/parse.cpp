#include "tests/amdgcn/parse.h"

#include <bit>
#include <charconv>
#include <cstdlib>
#include <map>

#include "src/core/formats.h"
#include "tests/amdgcn/error.h"

namespace octet::amdgcn {
namespace {

/// Decimal or 0x hexadecimal, whole word.
std::optional<int64_t> parse_integer(std::string_view word) {
  const bool negative = word.starts_with('-');
  if (negative) word.remove_prefix(1);
  const bool hex = word.starts_with("0x");
  if (hex) word.remove_prefix(2);
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), value, hex ? 16 : 10);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
}

/// "7" or "[4:7]".
std::optional<Operand> registers(OperandKind kind, std::string_view numbers, uint16_t first) {
  Operand operand{.kind = kind};
  std::optional<int64_t> low, high;
  if (numbers.starts_with('[') && numbers.ends_with(']')) {
    const size_t colon = numbers.find(':');
    if (colon == numbers.npos) return std::nullopt;
    low = parse_integer(numbers.substr(1, colon - 1));
    high = parse_integer(numbers.substr(colon + 1, numbers.size() - colon - 2));
  } else {
    low = high = parse_integer(numbers);
  }
  if (!low || !high || *high < *low || *high > 255) return std::nullopt;
  operand.first = static_cast<uint16_t>(first + *low);
  operand.count = static_cast<uint8_t>(*high - *low + 1);
  return operand;
}

std::optional<Operand> named(std::string_view word) {
  static const std::map<std::string_view, Operand> names = {
      {"vcc", {.kind = OperandKind::kScalar, .count = 2, .first = kVcc}},
      {"vcc_lo", {.kind = OperandKind::kScalar, .first = kVcc}},
      {"vcc_hi", {.kind = OperandKind::kScalar, .first = kVcc + 1}},
      {"exec", {.kind = OperandKind::kScalar, .count = 2, .first = kExec}},
      {"exec_lo", {.kind = OperandKind::kScalar, .first = kExec}},
      {"exec_hi", {.kind = OperandKind::kScalar, .first = kExec + 1}},
      {"m0", {.kind = OperandKind::kScalar, .first = kM0}},
      {"src_scc", {.kind = OperandKind::kScc}},
      {"off", {.kind = OperandKind::kOff}},
  };
  const auto found = names.find(word);
  if (found == names.end()) return std::nullopt;
  return found->second;
}

std::optional<Operand> literal(std::string_view word, LiteralType type) {
  if (word.starts_with("lit(") && word.ends_with(')')) word = word.substr(4, word.size() - 5);
  Operand operand{.kind = OperandKind::kLiteral};
  if (const auto integer = parse_integer(word)) {
    const bool hex = word.starts_with("0x");
    const auto low = static_cast<uint32_t>(*integer);
    operand.literal = static_cast<uint64_t>(*integer);
    if (hex && type == LiteralType::kF64) operand.literal = uint64_t{low} << 32;
    if (hex && type == LiteralType::kInt64) {
      operand.literal = static_cast<uint64_t>(int64_t{static_cast<int32_t>(low)});
    }
    return operand;
  }
  if (word.find('.') == word.npos) return std::nullopt;
  const double value = std::strtod(std::string(word).c_str(), nullptr);
  if (type == LiteralType::kF16) {
    operand.literal = encode(kF16Format, static_cast<float>(value));
  } else if (type == LiteralType::kF32) {
    operand.literal = std::bit_cast<uint32_t>(static_cast<float>(value));
  } else {
    operand.literal = std::bit_cast<uint64_t>(value);
  }
  return operand;
}

}  // namespace

LiteralType literal_type(std::string_view base) {
  const auto ends = [&](std::string_view suffix) { return base.ends_with(suffix); };
  if (ends("_f16")) return LiteralType::kF16;
  if (ends("_f64")) return LiteralType::kF64;
  if (ends("_i64")) return LiteralType::kInt64;
  if (ends("_b64") || ends("_u64")) return LiteralType::kBits64;
  return LiteralType::kF32;
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  const auto close = [&](size_t end) {
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (depth == 0 && !quoted && (c == ' ' || c == ',')) close(i);
  }
  close(text.size());
  return words;
}

std::optional<Operand> parse_operand(std::string_view word, LiteralType type) {
  Operand outer;
  const auto is_register = [](std::string_view w) {
    return w.size() > 1 && (w[0] == 'v' || w[0] == 's' || w[0] == 'a') &&
           (w[1] == '[' || (w[1] >= '0' && w[1] <= '9'));
  };
  if (word.size() > 1 && word[0] == '-' && (word[1] == '|' || is_register(word.substr(1)))) {
    outer.negate = true;
    word.remove_prefix(1);
  }
  if (word.size() > 2 && word.starts_with('|') && word.ends_with('|')) {
    outer.absolute = true;
    word = word.substr(1, word.size() - 2);
  } else if (word.starts_with("sext(") && word.ends_with(')')) {
    outer.sign_extend = true;
    word = word.substr(5, word.size() - 6);
  }
  std::optional<Operand> operand = named(word);
  if (!operand && is_register(word)) {
    const auto kind = word[0] == 's' ? OperandKind::kScalar : OperandKind::kVector;
    operand = registers(kind, word.substr(1), word[0] == 'a' ? kFirstAccumulator : 0);
  }
  if (!operand) operand = literal(word, type);
  if (!operand) return std::nullopt;
  operand->negate = outer.negate;
  operand->absolute = outer.absolute;
  operand->sign_extend = outer.sign_extend;
  return operand;
}

namespace {

/// "[1,0,1]" as bits, the first in bit 0.
uint8_t bits_of(std::string_view list) {
  uint8_t bits = 0;
  int place = 0;
  for (const char c : list) {
    if (c == '1') bits = static_cast<uint8_t>(bits | 1 << place);
    if (c == '0' || c == '1') ++place;
  }
  return bits;
}

Part part_of(std::string_view name) {
  static const std::map<std::string_view, Part> parts = {
      {"DWORD", Part::kDword},  {"WORD_0", Part::kWord0}, {"WORD_1", Part::kWord1},
      {"BYTE_0", Part::kByte0}, {"BYTE_1", Part::kByte1}, {"BYTE_2", Part::kByte2},
      {"BYTE_3", Part::kByte3}};
  return parts.at(name);
}

int number(std::string_view value) {
  const auto parsed = parse_integer(value);
  if (!parsed) fail("number {}", value);
  return static_cast<int>(*parsed);
}

void set_dpp(Modifiers& m, DppControl control, int amount) {
  m.dpp = control;
  m.dpp_amount = static_cast<uint8_t>(amount);
}

/// ds_swizzle's macros, as the offset's bits.
int swizzle_offset(std::string_view value) {
  if (!value.starts_with("swizzle(")) return number(value);
  const auto words = split_words(value.substr(8, value.size() - 9));
  const std::string_view mode = words.at(0);
  if (mode == "QUAD_PERM") {
    int bits = 0x8000;
    for (size_t i = 0; i < 4; ++i) bits |= number(words.at(i + 1)) << (2 * i);
    return bits;
  }
  if (mode == "SWAP") return number(words.at(1)) << 10 | 0x1f;
  if (mode == "REVERSE") return (number(words.at(1)) - 1) << 10 | 0x1f;
  if (mode == "BROADCAST") return number(words.at(2)) << 5 | (32 - number(words.at(1)));
  if (mode != "BITMASK_PERM") fail("swizzle mode {}", mode);
  int keep = 0, set = 0, flip = 0;
  for (const char c : words.at(1).substr(1, 5)) {  // from bit 4 down
    keep = keep << 1 | (c == 'p' || c == 'i');
    set = set << 1 | (c == '1');
    flip = flip << 1 | (c == 'i');
  }
  return flip << 10 | set << 5 | keep;
}

using Setter = void (*)(Modifiers&, std::string_view);
struct Known {
  uint8_t group;
  Setter set;
};

const std::map<std::string_view, Known>& known_modifiers() {
  using V = std::string_view;
  static const std::map<V, Known> map = {
      {"offset", {kGroupMemory, [](Modifiers& m, V v) { m.offset = swizzle_offset(v); }}},
      {"offset0", {kGroupMemory, [](Modifiers& m, V v) { m.offset0 = number(v); }}},
      {"offset1", {kGroupMemory, [](Modifiers& m, V v) { m.offset1 = number(v); }}},
      {"offen", {kGroupMemory, [](Modifiers& m, V) { m.offen = true; }}},
      {"lds", {kGroupMemory, [](Modifiers& m, V) { m.lds = true; }}},
      {"sc0", {kGroupMemory, [](Modifiers& m, V) { m.sc0 = true; }}},
      {"sc1", {kGroupMemory, [](Modifiers&, V) {}}},
      {"nt", {kGroupMemory, [](Modifiers&, V) {}}},
      {"op_sel", {kGroupSelect, [](Modifiers& m, V v) { m.op_sel = bits_of(v); }}},
      {"op_sel_hi", {kGroupSelect, [](Modifiers& m, V v) { m.op_sel_hi = bits_of(v); }}},
      {"neg_lo", {kGroupSelect, [](Modifiers& m, V v) { m.neg_lo = bits_of(v); }}},
      {"neg_hi", {kGroupSelect, [](Modifiers& m, V v) { m.neg_hi = bits_of(v); }}},
      {"clamp", {kGroupOutput, [](Modifiers& m, V) { m.clamp = true; }}},
      {"mul",
       {kGroupOutput, [](Modifiers& m, V v) { m.output_scale = static_cast<float>(number(v)); }}},
      {"div",
       {kGroupOutput,
        [](Modifiers& m, V v) { m.output_scale = 1 / static_cast<float>(number(v)); }}},
      {"cbsz", {kGroupMatrix, [](Modifiers& m, V v) { m.cbsz = static_cast<uint8_t>(number(v)); }}},
      {"abid", {kGroupMatrix, [](Modifiers& m, V v) { m.abid = static_cast<uint8_t>(number(v)); }}},
      {"blgp", {kGroupMatrix, [](Modifiers& m, V v) { m.blgp = static_cast<uint8_t>(number(v)); }}},
      {"bitop3", {0, [](Modifiers& m, V v) { m.bitop3 = static_cast<uint8_t>(number(v)); }}},
      {"row_shl",
       {kGroupLane, [](Modifiers& m, V v) { set_dpp(m, DppControl::kRowShl, number(v)); }}},
      {"row_shr",
       {kGroupLane, [](Modifiers& m, V v) { set_dpp(m, DppControl::kRowShr, number(v)); }}},
      {"row_ror",
       {kGroupLane, [](Modifiers& m, V v) { set_dpp(m, DppControl::kRowRor, number(v)); }}},
      {"row_mirror", {kGroupLane, [](Modifiers& m, V) { set_dpp(m, DppControl::kRowMirror, 0); }}},
      {"row_half_mirror",
       {kGroupLane, [](Modifiers& m, V) { set_dpp(m, DppControl::kRowHalfMirror, 0); }}},
      {"row_bcast",
       {kGroupLane, [](Modifiers& m, V v) { set_dpp(m, DppControl::kRowBroadcast, number(v)); }}},
      {"row_newbcast",
       {kGroupLane,
        [](Modifiers& m, V v) { set_dpp(m, DppControl::kRowNewBroadcast, number(v)); }}},
      {"wave_shl", {kGroupLane, [](Modifiers& m, V) { set_dpp(m, DppControl::kWaveShift, 1); }}},
      {"wave_shr", {kGroupLane, [](Modifiers& m, V) { set_dpp(m, DppControl::kWaveShift, 255); }}},
      {"quad_perm",
       {kGroupLane,
        [](Modifiers& m, V v) {
          set_dpp(m, DppControl::kQuadPerm, 0);
          for (size_t i = 0; i < 4; ++i) m.quad_perm[i] = static_cast<uint8_t>(v[1 + 2 * i] - '0');
        }}},
      {"row_mask",
       {kGroupLane, [](Modifiers& m, V v) { m.row_mask = static_cast<uint8_t>(number(v)); }}},
      {"bank_mask",
       {kGroupLane, [](Modifiers& m, V v) { m.bank_mask = static_cast<uint8_t>(number(v)); }}},
      {"bound_ctrl", {kGroupLane, [](Modifiers& m, V v) { m.bound_control = number(v) == 1; }}},
      {"dst_sel", {kGroupLane, [](Modifiers& m, V v) { m.sdwa = true, m.dst_sel = part_of(v); }}},
      {"dst_unused",
       {kGroupLane,
        [](Modifiers& m, V v) {
          m.dst_unused = v == "UNUSED_PRESERVE" ? Unused::kPreserve
                         : v == "UNUSED_SEXT"   ? Unused::kSext
                                                : Unused::kPad;
        }}},
      {"src0_sel",
       {kGroupLane, [](Modifiers& m, V v) { m.sdwa = true, m.src_sel[0] = part_of(v); }}},
      {"src1_sel",
       {kGroupLane, [](Modifiers& m, V v) { m.sdwa = true, m.src_sel[1] = part_of(v); }}},
      {"vmcnt", {0, [](Modifiers& m, V v) { m.vmcnt = static_cast<uint8_t>(number(v)); }}},
      {"lgkmcnt", {0, [](Modifiers& m, V v) { m.lgkmcnt = static_cast<uint8_t>(number(v)); }}},
      {"expcnt", {0, [](Modifiers&, V) {}}},
  };
  return map;
}

}  // namespace

bool parse_modifier(std::string_view word, Modifiers& modifiers) {
  const size_t end = word.find_first_of(":(");
  const auto found = known_modifiers().find(word.substr(0, end));
  if (found == known_modifiers().end()) return false;
  std::string_view value = end == word.npos ? std::string_view() : word.substr(end + 1);
  if (end != word.npos && word[end] == '(') value.remove_suffix(1);  // "vmcnt(3)"
  found->second.set(modifiers, value);
  modifiers.used |= found->second.group;
  return true;
}

}  // namespace octet::amdgcn
