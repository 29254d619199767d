#include "src/harness/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace octet::harness {
namespace {

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Why not fmt::print: it throws on a full disk.
void write(std::FILE* out, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
}

}  // namespace

Progress::Progress(std::FILE* out, Clock clock, double log_every_s)
    : out_(out),
      clock_(clock ? std::move(clock) : Clock(now_s)),
      terminal_(::isatty(::fileno(out)) != 0),
      log_every_s_(log_every_s),
      begin_(clock_()),
      logged_(begin_) {}

void Progress::clear() {
  if (terminal_) write(out_, "\r\x1b[K");
}

void Progress::show(int64_t done, int64_t total, const std::string& what) {
  if (!terminal_) {
    const double now = clock_();
    if (log_every_s_ <= 0 || now - logged_ < log_every_s_) return;
    logged_ = now;
    return write(out_, fmt::format("octet: {}/{} {}\n", done, total, what));
  }
  constexpr int kWidth = 24;
  const double share = static_cast<double>(done) / static_cast<double>(std::max<int64_t>(1, total));
  const double spent = clock_() - begin_;
  const std::string left = done == 0 ? "" : fmt::format("{:.0f} s left", spent / share - spent);
  const auto filled = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * kWidth);
  write(out_, fmt::format("\r\x1b[K[{}{}] {}/{} {}  {}", std::string(filled, '#'),
                          std::string(kWidth - filled, '.'), done, total, left, what));
}

}  // namespace octet::harness
