// A small pool of spinning threads for calls of 50 us and up.
//
// Why: a condition variable wakes a thread of a virtual machine in about 68 us, a spinning one in
// 0.14 us; a whole decode GEMV lasts 150 us. Workers spin for a while between calls, then sleep.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace octet {

class ThreadPool {
 public:
  using Function = void (*)(void* context, int thread, int threads);

  /// `threads` in all: the caller's and `threads - 1` workers, or as many as the system starts:
  /// `refused()` says why there are fewer.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }
  const std::error_code& refused() const { return refused_; }  // false: every thread was started
  void run(Function function, void* context);

 private:
  void work(int thread);
  unsigned wait_for_round(unsigned seen);

  std::vector<std::thread> workers_;
  std::error_code refused_;
  Function function_ = nullptr;
  void* context_ = nullptr;
  std::atomic<unsigned> round_{0};
  std::atomic<int> pending_{0};
  std::atomic<int> sleeping_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
};

/// Meets `threads` threads; usable again at once.
class SpinBarrier {
 public:
  explicit SpinBarrier(int threads) : threads_(threads) {}
  void wait();

 private:
  const int threads_;
  std::atomic<int> arrived_{0};
  std::atomic<int> generation_{0};
};

}  // namespace octet
