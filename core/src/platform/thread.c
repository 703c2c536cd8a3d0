/*
 * A thread has a number, drawn when it first needs one and never used again in the process: the address of a
 * thread, which pthread_self() tells, is soon another one's.
 */
#include "platform.h"

#include <pthread.h>

_Thread_local uint64_t polyshm__thread_number;

static pthread_key_t key; /* its value is not NULL in threads that have a number: their end is to be told */
static bool ends_are_told;
static polyshm__thread_watch *watches; /* guarded by polyshm__hold_forks() */

void polyshm__thread_end(void) {
  const uint64_t number = polyshm__thread_number;
  if (!number)
    return;
  polyshm__hold_forks(); /* a child must not find the list half-changed */
  for (polyshm__thread_watch *watch = watches; watch; watch = watch->next)
    watch->ended(watch, number);
  polyshm__allow_forks();
  polyshm__thread_number = 0;
}

static void at_end(void *value) {
  (void)value;
  polyshm__thread_end();
}

/* The library is never unloaded, so that the key's function stays: core/CMakeLists.txt. */
__attribute__((constructor)) static void make_key(void) {
  ends_are_told = pthread_key_create(&key, at_end) == 0;
}

polyshm_status polyshm__thread_begin(void) {
  static _Atomic uint64_t last;
  if (polyshm__thread_number)
    return POLYSHM_OK;
  if (!ends_are_told || pthread_setspecific(key, &key))
    return POLYSHM_ENOMEM;
  polyshm__thread_number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
  return POLYSHM_OK;
}

void polyshm__watch_threads(polyshm__thread_watch *watch,
                            void (*ended)(polyshm__thread_watch *watch, uint64_t number)) {
  polyshm__hold_forks();
  if (!watch->place) {
    watch->ended = ended;
    watch->next = watches;
    watch->place = &watches;
    if (watches)
      watches->place = &watch->next;
    watches = watch;
  }
  polyshm__allow_forks();
}

void polyshm__unwatch_threads(polyshm__thread_watch *watch) {
  polyshm__hold_forks();
  if (watch->place) {
    *watch->place = watch->next;
    if (watch->next)
      watch->next->place = watch->place;
    watch->place = NULL;
  }
  polyshm__allow_forks();
}
