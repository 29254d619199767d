// The text of operands and modifiers, as llvm-objdump prints it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/amdgcn/instruction.h"

namespace octet::amdgcn {

/// How a literal such as 1.0 is written in bits.
enum class LiteralType : uint8_t { kF16, kF32, kF64, kInt64, kBits64 };
LiteralType literal_type(std::string_view base_mnemonic);

/// The words of a line: the mnemonic, then operands and modifiers. Brackets and quotes hold
/// together.
std::vector<std::string_view> split_words(std::string_view text);

std::optional<Operand> parse_operand(std::string_view word, LiteralType type);

/// Enters a modifier; false where it is not known.
bool parse_modifier(std::string_view word, Modifiers& modifiers);

}  // namespace octet::amdgcn
