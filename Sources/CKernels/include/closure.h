/* What a thread pool in Swift needs from C: a closure that may be lent to another thread without a copy on the heap,
 * and a hint to the processor. */
#ifndef ROTE_CLOSURE_H
#define ROTE_CLOSURE_H

#include <stdint.h>

/* A Swift closure (Int, Int) -> Void in its two words, as the calling convention passes it
 * (https://github.com/swiftlang/swift/blob/main/docs/ABI/CallingConvention.rst). It does not own the context. */
struct rote_closure {
  const void *_Nullable function;
  const void *_Nullable context;
};

#define ROTE_SWIFT __attribute__((swiftcall))

/* Declared in Swift with `function` and `context` as one parameter, a closure that does not escape. */
ROTE_SWIFT void rote_borrow_closure(const void *_Nullable function, const void *_Nullable context,
                                    struct rote_closure *_Nonnull words);

static inline void rote_call(struct rote_closure closure, intptr_t a, intptr_t b) {
  typedef ROTE_SWIFT void function(intptr_t, intptr_t, __attribute__((swift_context)) const void *_Nullable);
  ((function *)closure.function)(a, b, closure.context);
}

/* Tells the processor that this thread waits in a loop. */
static inline void rote_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
