#include "src/device/thread_pool.h"

#include <sched.h>

#include <chrono>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace octet {
namespace {

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

/// Spins on `done` and hands the core over now and then, so that an oversubscribed machine still
/// moves.
template <class Predicate>
void spin_until(Predicate done) {
  for (int spins = 1; !done(); ++spins) {
    relax();
    if (spins % 4096 == 0) sched_yield();
  }
}

constexpr auto kSpinTime = std::chrono::microseconds(200);

}  // namespace

ThreadPool::ThreadPool(int threads) {
  try {
    for (int thread = 1; thread < threads; ++thread) {
      workers_.emplace_back([this, thread] { work(thread); });
    }
  } catch (const std::system_error& error) {  // a limit on processes or memory (EAGAIN)
    refused_ = error.code();
  }
}

ThreadPool::~ThreadPool() {
  stop_ = true;
  {
    const std::lock_guard lock(mutex_);
    round_.fetch_add(1);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(Function function, void* context) {
  if (workers_.empty()) return function(context, 0, 1);
  function_ = function;
  context_ = context;
  pending_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  round_.fetch_add(1);
  if (sleeping_.load() > 0) {
    const std::lock_guard lock(
        mutex_);  // Why: a worker between its last look and its sleep holds it
    wake_.notify_all();
  }
  function(context, 0, threads());
  spin_until([this] { return pending_.load(std::memory_order_acquire) == 0; });
}

unsigned ThreadPool::wait_for_round(unsigned seen) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  for (int spins = 1;; ++spins) {
    if (round_.load(std::memory_order_acquire) != seen) return round_.load();
    relax();
    if (spins % 256 == 0 && std::chrono::steady_clock::now() > deadline) break;
  }
  std::unique_lock lock(mutex_);
  sleeping_.fetch_add(1);
  wake_.wait(lock, [&] { return round_.load() != seen; });
  sleeping_.fetch_sub(1);
  return round_.load();
}

void ThreadPool::work(int thread) {
  unsigned seen = 0;
  for (;;) {
    seen = wait_for_round(seen);
    if (stop_.load()) return;
    function_(context_, thread, threads());
    pending_.fetch_sub(1, std::memory_order_release);
  }
}

void SpinBarrier::wait() {
  const int generation = generation_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.fetch_add(1, std::memory_order_release);
    return;
  }
  spin_until([&] { return generation_.load(std::memory_order_acquire) != generation; });
}

}  // namespace octet
