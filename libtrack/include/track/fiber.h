/* fiber.h: stackful coroutines (fibers) that a scheduler of the program's own makes and switches.
 *
 * Stacks that makecontext or the shared Boost.Context library prepare are followed without this.
 * For a switch written by hand, in assembly or with a context of one's own, three calls tell what
 * cannot be seen:
 *
 *   fiber->told = track_fiber_create(stack, stack_bytes, (void*)entry);    once it has a stack
 *   ...
 *   track_fiber_switch(fiber->told);      right before the switch to it; in the same function
 *   my_switch(&from->context, &fiber->context);
 *   ...
 *   track_fiber_destroy(fiber->told);     before its stack is freed, or used for another one
 *
 * Then `track ps`, `hang` and `leaks` show each fiber with its stack, where it waits and since
 * when, what locks it holds, and who created it.
 *
 * Without libtrack.so each call is the test of a null pointer; with it a switch costs
 * some 40 ns more (a time stamp, two look-ups and some stores). With TRACK_DISABLE defined before
 * this header nothing is left. C and C++; may be called from any thread; nothing here blocks,
 * allocates from the program's heap, or touches errno. Not for signal handlers.
 *
 * That a switch is announced just before it, by who makes it, is how AddressSanitizer's
 * __sanitizer_start_switch_fiber and ThreadSanitizer's __tsan_switch_to_fiber have it: where those
 * are called is the place for these.
 */
#ifndef TRACK_FIBER_H_
#define TRACK_FIBER_H_

#include <stddef.h>
#include <stdint.h>

/* A fiber as the tracker knows it; TRACK_NO_FIBER: it does not, and need not be told more. */
typedef uint64_t track_fiber;
#define TRACK_NO_FIBER ((track_fiber)0)

#ifndef TRACK_DISABLE

#ifdef __cplusplus
extern "C" {
#endif

#ifndef TRACK_WEAK
#define TRACK_WEAK __attribute__((weak))
#endif

/* What libtrack.so exports; use the functions below. Weak: null where it is not. */
TRACK_WEAK uint64_t track_abi_fiber_created(void* stack, size_t stack_bytes, void* entry);
TRACK_WEAK void track_abi_fiber_switching(uint64_t to);
TRACK_WEAK void track_abi_fiber_destroyed(uint64_t fiber);

#ifdef __cplusplus
}
#endif

#define TRACK_FIBER_INLINE_ static inline __attribute__((always_inline, unused))

/* A fiber exists on the stack [stack, stack + stack_bytes), and will begin in `entry` (null: not
 * said). The calling thread is its creator, the call's stack its creation stack. Another fiber that
 * lay there is over. TRACK_NO_FIBER when it is not recorded. */
TRACK_FIBER_INLINE_ track_fiber track_fiber_create(void* stack, size_t stack_bytes, void* entry) {
  return track_abi_fiber_created != 0 ? track_abi_fiber_created(stack, stack_bytes, entry)
                                      : TRACK_NO_FIBER;
}

/* The calling thread leaves the stack that it is on for that of `to`; TRACK_NO_FIBER: for its own,
 * or one that nothing is known of. The fiber that is left, if it is one, counts as suspended from
 * here on, where this call is: so the function that calls must be the one that switches, and must
 * not return in between. A fiber that never comes back (it ends) announces its last switch like any
 * other, and is destroyed by whoever runs next. */
TRACK_FIBER_INLINE_ void track_fiber_switch(track_fiber to) {
  if (track_abi_fiber_switching != 0) track_abi_fiber_switching(to);
}

/* It is over: its stack will be freed, or used anew. Freeing or unmapping the stack says the same
 * where that is a whole block or mapping. Nothing for one that is over already. */
TRACK_FIBER_INLINE_ void track_fiber_destroy(track_fiber fiber) {
  if (fiber != TRACK_NO_FIBER && track_abi_fiber_destroyed != 0) track_abi_fiber_destroyed(fiber);
}

#else /* TRACK_DISABLE */

#define track_fiber_create(stack, stack_bytes, entry) \
  ((void)(stack), (void)(stack_bytes), (void)(entry), TRACK_NO_FIBER)
#define track_fiber_switch(to) ((void)(to))
#define track_fiber_destroy(fiber) ((void)(fiber))

#endif

#endif /* TRACK_FIBER_H_ */
