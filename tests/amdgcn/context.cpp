#include "tests/amdgcn/context.h"

#include <cstdint>

#if defined(__x86_64__)

// Why not swapcontext: it asks the kernel for the signal mask, 0.5 us a switch instead of 5 ns.
extern "C" void octet_switch_stack(void** from, void* to);
asm(R"(
.text
.globl octet_switch_stack
.hidden octet_switch_stack
.type octet_switch_stack, @function
octet_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size octet_switch_stack, .-octet_switch_stack
)");

namespace octet::amdgcn {

void make_context(Context& context, std::byte* stack, size_t bytes, void (*entry)()) {
  constexpr uintptr_t kAlignment = 16;
  constexpr int kSavedRegisters = 6;
  auto** top =
      reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(stack + bytes) & ~(kAlignment - 1));
  *--top = nullptr;  // the return address of entry(): the stack is aligned as after a call
  *--top = reinterpret_cast<void*>(entry);
  for (int n = 0; n < kSavedRegisters; ++n) *--top = nullptr;
  context.stack_pointer = top;
}

void switch_context(Context& from, Context& to) {
  octet_switch_stack(&from.stack_pointer, to.stack_pointer);
}

}  // namespace octet::amdgcn

#else

namespace octet::amdgcn {

void make_context(Context& context, std::byte* stack, size_t bytes, void (*entry)()) {
  getcontext(&context);
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = bytes;
  context.uc_link = nullptr;
  makecontext(&context, entry, 0);
}

void switch_context(Context& from, Context& to) { swapcontext(&from, &to); }

}  // namespace octet::amdgcn

#endif
