// Tables of mnemonics, one for each family of instructions.
#pragma once

#include <span>

#include "tests/amdgcn/instruction.h"

namespace octet::amdgcn {

std::span<const Entry> scalar_entries();          // alu_scalar.cpp
std::span<const Entry> scalar_logic_entries();    // alu_scalar_logic.cpp
std::span<const Entry> scalar_control_entries();  // alu_scalar_control.cpp
std::span<const Entry> integer_entries();         // alu_integer.cpp
std::span<const Entry> wide_integer_entries();    // alu_integer_wide.cpp
std::span<const Entry> integer_part_entries();    // alu_integer_parts.cpp
std::span<const Entry> float_entries();           // alu_float.cpp
std::span<const Entry> compare_entries();         // compare.cpp
std::span<const Entry> packed_entries();          // packed.cpp
std::span<const Entry> convert_entries();         // convert.cpp
std::span<const Entry> lane_entries();            // lanes.cpp
std::span<const Entry> scalar_memory_entries();   // memory_scalar.cpp
std::span<const Entry> vector_memory_entries();   // memory_vector.cpp
std::span<const Entry> atomic_entries();          // atomics.cpp
std::span<const Entry> lds_entries();             // memory_lds.cpp
std::span<const Entry> matrix_entries();          // mfma.cpp

}  // namespace octet::amdgcn
