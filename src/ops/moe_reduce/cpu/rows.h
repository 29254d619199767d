// The loop of every CPU kernel of moe_reduce over an engine: a struct of vector operations.
//
// Method     the rows of a token are found once, then read side by side, a vector of each
// Numerics   float32 sums from 0 on, in the order of the choices; one rounding to y
// Engine     kWidth, Float, zero, add, load<Type>, store<Type>: see generic_ref.cpp
#pragma once

#include <string.h>

#include "src/ops/moe_reduce/cpu/kernel.h"

namespace octet::ops::moe_reduce::cpu {
namespace {

/// The rows of a token that are there.
struct Rows {
  Rows(const Task& t, int64_t token) {
    for (int32_t j = 0; j < t.topk; ++j) {
      const int64_t choice = token * t.topk + j;
      if (!has_row(t, choice)) continue;
      row[count++] = static_cast<const char*>(t.x) + choice * t.x_stride * bytes_of(t.input);
    }
  }
  const char* row[kMostTopk];
  int32_t count = 0;
};

/// Columns at .. at + kWidth of all rows.
template <class E, Type kInput>
typename E::Float sum_of(const Rows& rows, int64_t at) {
  typename E::Float sum = E::zero();
  for (int32_t i = 0; i < rows.count; ++i) {
    sum = E::add(sum, E::template load<kInput>(rows.row[i], at));
  }
  return sum;
}

/// The last columns, fewer than kWidth, by way of buffers of a whole vector.
template <class E, Type kInput, Type kOutput>
void reduce_tail(const Rows& rows, char* y, int64_t at, int64_t count) {
  constexpr int64_t kInputBytes = bytes_of(kInput), kOutputBytes = bytes_of(kOutput);
  typename E::Float sum = E::zero();
  for (int32_t i = 0; i < rows.count; ++i) {
    alignas(64) char buffer[E::kWidth * 4] = {};
    memcpy(buffer, rows.row[i] + at * kInputBytes, static_cast<size_t>(count * kInputBytes));
    sum = E::add(sum, E::template load<kInput>(buffer, 0));
  }
  alignas(64) char rounded[E::kWidth * 4];
  E::template store<kOutput>(sum, rounded, 0);
  memcpy(y + at * kOutputBytes, rounded, static_cast<size_t>(count * kOutputBytes));
}

template <class E, Type kInput, Type kOutput>
void run_types(const Task& t, int64_t begin, int64_t end) {
  for (int64_t token = begin; token < end; ++token) {
    const Rows rows(t, token);
    char* y = static_cast<char*>(t.y) + token * t.y_stride * bytes_of(kOutput);
    int64_t at = 0;
    for (; at + E::kWidth <= t.cols; at += E::kWidth) {
      E::template store<kOutput>(sum_of<E, kInput>(rows, at), y, at);
    }
    if (at < t.cols) reduce_tail<E, kInput, kOutput>(rows, y, at, t.cols - at);
  }
}

template <class E, Type kInput>
void run_input(const Task& t, int64_t begin, int64_t end) {
  if (t.output == Type::kF32) return run_types<E, kInput, Type::kF32>(t, begin, end);
  if (t.output == Type::kBf16) return run_types<E, kInput, Type::kBf16>(t, begin, end);
  run_types<E, kInput, Type::kF16>(t, begin, end);
}

template <class E>
void run(const Task& t, int64_t begin, int64_t end) {
  if (t.input == Type::kF32) return run_input<E, Type::kF32>(t, begin, end);
  if (t.input == Type::kBf16) return run_input<E, Type::kBf16>(t, begin, end);
  run_input<E, Type::kF16>(t, begin, end);
}

}  // namespace
}  // namespace octet::ops::moe_reduce::cpu
