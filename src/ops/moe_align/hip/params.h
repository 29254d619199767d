// What the host passes to the AMD kernels of moe_align, by value, and the shape of their launches.
//
// gfx942_sort's workgroups never wait for each other: each counts all choices and places those of
// its own range. gfx942_few is one workgroup.
#pragma once

#include "src/ops/moe_align/slots.h"

namespace octet::ops::moe_align {

inline constexpr int kLanes = 64;
inline constexpr int kSortThreads = 512, kSortWaves = kSortThreads / kLanes;
inline constexpr int kFewThreads = 256;
inline constexpr int kMostFew = kLanes;         // choices that gfx942_few takes: one a lane
inline constexpr int kMostHipExperts = 1024;    // two a work item of gfx942_sort in its scan
inline constexpr int kMostSortWorkgroups = 32;  // all choices are counted by each

struct HipParams {
  Task task;
  int32_t workgroups;
  int32_t of_wave;  // choices that each wave of the launch takes, in order
};

constexpr int32_t sort_workgroups(int32_t choices) {
  constexpr int32_t kEach = 4096;  // choices: eight a lane
  const int32_t wanted = choices / kEach + (choices % kEach != 0);
  return wanted < 1 ? 1 : wanted < kMostSortWorkgroups ? wanted : kMostSortWorkgroups;
}

/// Choices of each wave, whole groups of lanes.
constexpr int32_t choices_of_wave(int32_t choices, int32_t waves) {
  const int32_t groups = (choices + kLanes - 1) / kLanes;
  return (groups + waves - 1) / waves * kLanes;
}

}  // namespace octet::ops::moe_align
