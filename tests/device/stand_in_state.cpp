// What the stand-ins remember, and how a test asks for it.
#include "device/stand_in_state.h"

#include <cstdlib>

namespace octet::stand_in {

State& state() {
  static State& s = *[] {  // never destroyed: callers end their streams late
    auto* made = new State;
    if (const char* fault = std::getenv("OCTET_STAND_IN_FAULT")) made->fault = fault;
    made->streams[nullptr];
    return made;
  }();
  return s;
}

Counter::Counter(const char* function) : name(function) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.counts[function] = &calls;
}

int Counter::enter() {
  calls.fetch_add(1, std::memory_order_relaxed);
  const State& s = state();
  const std::lock_guard lock(s.mutex);
  const std::string wanted = "fail:" + name + ":";
  return s.fault.starts_with(wanted) ? std::stoi(s.fault.substr(wanted.size())) : 0;
}

thread_local void* current = nullptr;
thread_local int captures_of_thread = 0;

int ready(const State& s) {
  if (!s.initialized) return kNotInitialized;
  if (current == nullptr && !kStandsInForHip) return kInvalidContext;
  return s.broken ? kIllegalAddress : kSuccess;
}

int current_device(const State& s) {
  return current == nullptr ? 0 : static_cast<int>(static_cast<const int*>(current) - s.context);
}

int ready_outside_capture(State& s) {
  if (const int code = ready(s)) return code;
  if (captures_of_thread == 0) return kSuccess;
  for (auto& [handle, stream] : s.streams) stream.invalidated |= stream.capturing;
  return kCaptureUnsupported;
}

namespace {

class ControlImpl : public Control {
 public:
  void reset() override {
    State& s = state();
    const std::lock_guard lock(s.mutex);
    s.fault.clear();
    s.broken = false;
    s.record = s.execute = true;
    s.launches.clear();
    s.executed.clear();
    for (auto& [name, count] : s.counts) count->store(0);
  }
  void set_fault(const std::string& fault) override {
    const std::lock_guard lock(state().mutex);
    state().fault = fault;
  }
  void set_work(bool record, bool execute) override {
    const std::lock_guard lock(state().mutex);
    state().record = record;
    state().execute = execute;
  }
  int64_t count(const std::string& function) const override {
    const std::lock_guard lock(state().mutex);
    const auto found = state().counts.find(function);
    return found == state().counts.end() ? 0 : found->second->load();
  }
  std::vector<Launch> launches() const override {
    const std::lock_guard lock(state().mutex);
    return state().launches;
  }
  std::vector<uint8_t> executed(const std::string& entry) const override {
    const std::lock_guard lock(state().mutex);
    const auto found = state().executed.find(entry);
    return found == state().executed.end() ? std::vector<uint8_t>() : found->second;
  }
  int64_t bytes_allocated() const override {
    const std::lock_guard lock(state().mutex);
    int64_t bytes = 0;
    for (const auto& [address, block] : state().memory) bytes += static_cast<int64_t>(block.bytes);
    return bytes;
  }
  int64_t objects() const override {
    const State& s = state();
    const std::lock_guard lock(s.mutex);
    return static_cast<int64_t>(s.streams.size() - 1 + s.events.size() + s.graphs.size() +
                                s.executables.size());
  }
};

}  // namespace
}  // namespace octet::stand_in

extern "C" __attribute__((visibility("default"))) octet::stand_in::Control* octet_stand_in() {
  static octet::stand_in::ControlImpl control;
  return &control;
}
