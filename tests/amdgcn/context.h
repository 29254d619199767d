// A switch of stacks: what fibers stand on.
#pragma once

#include <cstddef>

#if defined(__x86_64__)

namespace octet::amdgcn {

/// A stack that is not running: its pointer, with the registers that a call must keep on top.
struct Context {
  void* stack_pointer = nullptr;
};

}  // namespace octet::amdgcn

#else
#include <ucontext.h>

namespace octet::amdgcn {
using Context = ucontext_t;
}  // namespace octet::amdgcn
#endif

namespace octet::amdgcn {

/// The first switch to `context` calls entry(), which never returns.
void make_context(Context& context, std::byte* stack, size_t bytes, void (*entry)());
/// Leaves this stack in `from` and goes on with `to`.
void switch_context(Context& from, Context& to);

}  // namespace octet::amdgcn
