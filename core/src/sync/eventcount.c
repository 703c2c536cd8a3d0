#include "eventcount.h"

#define SLEEPERS POLYSHM__EVENTCOUNT_SLEEPERS
#define CHANGE 2U

uint32_t polyshm__eventcount_announce(_Atomic uint32_t *word) {
  return atomic_fetch_or(word, SLEEPERS) | SLEEPERS;
}

/*
 * The change comes before the wake: who has announced itself and is not asleep yet does not sleep on the word
 * as it was. The bit stays while it wakes somebody, as others may sleep still. When it woke nobody the bit
 * goes; but whoever announced itself and fell asleep since the wake did so under the bit, and nobody would
 * wake it any more, so all those are woken, to announce themselves anew.
 */
void polyshm__eventcount_wake_announced(_Atomic uint32_t *word) {
  (void)atomic_fetch_add(word, CHANGE);
  if (polyshm__wake(word, 1) == 0) {
    (void)atomic_fetch_and(word, ~SLEEPERS);
    (void)polyshm__wake(word, INT64_MAX);
  }
}

/* Whoever is not asleep looks at what is free anyway. */
void polyshm__eventcount_pass_on(_Atomic uint32_t *word) {
  (void)polyshm__wake(word, 1);
}
