// Rows of attention in double precision: what the reference computes and every check compares with.
#pragma once

#include <vector>

#include "src/ops/attn_decode/cpu/view.h"

namespace octet::ops::attn_decode {

/// A head of a query token of a sequence.
struct RowAt {
  int64_t sequence = 0, token = 0, head = 0;
};

struct ExactRow {
  TokenRange seen;
  std::vector<double> logit;      // of each token seen, capped
  std::vector<double> magnitude;  // of its terms before the cap: scale * sum |q * k|
  std::vector<double> weight;     // exp(logit - most)
  double most = 0;                // the largest logit, or the sink
  double sum = 0;                 // of the weights, and the sink's
  double lse = 0;                 // -infinity where nothing has a weight
};

ExactRow exact_row(const AttnDecodeArgs& args, RowAt at);

/// v[n] of the row's KV head, and of each element the sum of the magnitudes of its two terms.
void exact_values(const AttnDecodeArgs& args, RowAt at, int64_t n, double* value,
                  double* magnitude);

/// The row of out before rounding: `args.q.dim` elements.
std::vector<double> exact_out(const AttnDecodeArgs& args, RowAt at, const ExactRow& row);

}  // namespace octet::ops::attn_decode
