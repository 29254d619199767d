// The reference of gemm_batched: one result at a time, in double.
#include "src/ops/gemm_batched/cpu/generic_ref.h"

#include <algorithm>

#include "src/cpu/store.h"
#include "src/ops/gemm_batched/cpu/exact.h"
#include "src/ops/gemm_batched/cpu/task.h"

namespace octet::ops::gemm_batched {
namespace {

constexpr int64_t kRowsAtOnce = 64;

/// A matrix's columns `begin` to `end`, for rows whose exact values are `a`, from row `first` on.
void columns(const Task& t, int64_t batch, int64_t begin, int64_t end, int64_t first,
             const std::vector<std::vector<double>>& a) {
  cpu::Task to{};
  to.d_stride = t.d_row_stride;
  to.output = t.output;
  const int64_t width = t.output == cpu::Output::kF32 ? 4 : 2;
  to.d = static_cast<uint8_t*>(t.d) + batch * t.d_batch_stride * width;
  for (int64_t n = begin; n < end; ++n) {
    const std::vector<double> b = exact_row(t.b, t.k, batch, n);
    for (size_t i = 0; i < a.size(); ++i) {
      const int64_t m = first + static_cast<int64_t>(i);
      cpu::store_rounded(to, m, n, exact_element(t, a[i], b, batch, m, n).value);
    }
  }
}

/// A thread takes a range of columns of every matrix.
void work(void* context, int thread, int threads) {
  const Task& t = *static_cast<const Task*>(context);
  const int64_t begin = t.n * thread / threads, end = t.n * (thread + 1) / threads;
  for (int64_t batch = 0; batch < t.batch && begin < end; ++batch) {
    for (int64_t first = 0; first < t.m; first += kRowsAtOnce) {
      std::vector<std::vector<double>> a;
      for (int64_t m = first; m < std::min(first + kRowsAtOnce, t.m); ++m) {
        a.push_back(exact_row(t.a, t.k, batch, m));
      }
      columns(t, batch, begin, end, first, a);
    }
  }
}

}  // namespace

Status GenericRef::run(const GemmBatchedArgs& args, Stream& stream) {
  Task task = make_task(args);
  stream.parallel(work, &task);
  return Status::Ok();
}

}  // namespace octet::ops::gemm_batched
