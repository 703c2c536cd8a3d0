/*
 * A mutex for threads, which a child of fork(2) finds free: its word holds the number of the process whose
 * thread has locked it, and the number of another process counts as none. pthread's would stay locked for
 * ever where a thread that the child does not have had locked it, and atfork handlers do not see clone(2).
 *
 * The mechanism is the second mutex of "Futexes Are Tricky" (U. Drepper, 2011). What is locked here is locked
 * seldom, and for a system call or more: nobody spins.
 */
#include "platform.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLEEPERS 0x80000000U
#define NO_NUMBER 0x7fffffffU /* a process that could not get a number: then a child takes it for its own */

/* linux/futex.h, which comes with the kernel's headers and not with every libc. The time is NULL, of whatever
 * width it would be. */
enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

static void futex(const _Atomic uint32_t *word, int operation, uint32_t value) {
#if defined(SYS_futex)
  (void)syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
#else
  (void)syscall(SYS_futex_time64, word, operation, value, NULL, NULL, 0);
#endif
}

static uint32_t my_number(void) {
  uint32_t number;
  return polyshm__process_numbered(&number) ? NO_NUMBER : number & ~SLEEPERS;
}

void polyshm__mutex_lock(polyshm__mutex *mutex) {
  const uint32_t mine = my_number();
  uint32_t taken = mine, seen = atomic_load_explicit(&mutex->word, memory_order_relaxed);
  for (;;) {
    if ((seen & ~SLEEPERS) != mine) {
      if (atomic_compare_exchange_weak_explicit(&mutex->word, &seen, taken, memory_order_acquire,
                                                memory_order_relaxed))
        return;
    } else if (seen & SLEEPERS ||
               atomic_compare_exchange_weak_explicit(&mutex->word, &seen, seen | SLEEPERS,
                                                     memory_order_relaxed, memory_order_relaxed)) {
      futex(&mutex->word, FUTEX_WAIT_PRIVATE, mine | SLEEPERS);
      taken = mine | SLEEPERS; /* others may sleep still: only one is woken */
      seen = atomic_load_explicit(&mutex->word, memory_order_relaxed);
    }
  }
}

void polyshm__mutex_unlock(polyshm__mutex *mutex) {
  if (atomic_exchange_explicit(&mutex->word, 0, memory_order_release) & SLEEPERS)
    futex(&mutex->word, FUTEX_WAKE_PRIVATE, 1);
}
