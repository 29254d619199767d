// robust: is a row slower, faster or the same, with what confidence; AMBIGUOUS where the
// measurements cannot tell.
//
// Method     logarithms of the repetitions' medians. The change of a row is the difference of the
//            means, or the mean of the pairs' differences where the two files were measured in
//            turn. Its standard error comes from the scatter of the row's own repetitions blended
//            with that of all rows (an empirical Bayes estimate: Smyth 2004), because two or three
//            repetitions may agree by chance; from its own alone where that is kApart times as
//            large. The interval is Student's, shared among rows after Bonferroni, and widened by
//            what the read floors of the two files differ by, which is the machine's doing.
// Verdict    SLOWER or FASTER: the interval excludes no change, and the change is kLeastChange or
//            more; SAME: the interval excludes kSameChange either way; else AMBIGUOUS.
// Assumes    repetitions of a row are independent and about log-normal; a change of the machine
//            between two files moves the read floor too.
#pragma once

#include <span>

#include "src/harness/compare/rule.h"

namespace octet::harness {

inline constexpr double kFalseAlarm = 0.01;      // of any row of a comparison, identical builds
inline constexpr double kLeastChange = 0.01;     // that is called one
inline constexpr double kSameChange = 0.03;      // that SAME excludes
inline constexpr double kUnknownScatter = 0.01;  // between runs, of files without repetitions
inline constexpr double kApart = 4;     // times the typical scatter: a row is not like the others
inline constexpr int kPriorWeight = 8;  // repetitions that the scatter of all rows counts for

struct Pair {
  const Measurement* base = nullptr;
  const Measurement* next = nullptr;
};

/// What the rows of a comparison have in common.
struct Noise {
  bool in_turn = false;  // repetition i of both sides ran back to back
  int rows = 0;          // that share the risk of a false alarm
  double scatter = 0;    // typical, of one repetition (in turn: of one difference), relative
  bool assumed = false;  // kUnknownScatter: there are no repetitions
  double shift = 0;      // log of new / base of the read floors, the median of all; in turn: 0
};
Noise noise_of(std::span<const Pair> pairs, bool in_turn);

/// new / base, and where it lies with the confidence asked for.
struct Interval {
  double ratio = 1, low = 1, high = 1;
  bool known() const { return high > low; }
};
Interval interval_of(const Pair& pair, const Noise& noise);

State judge_robust(const Interval& interval);

/// t such that Student's distribution of `freedom` degrees has `tail` above it; tail < 0.5.
double student_quantile(double tail, int freedom);

}  // namespace octet::harness
