/*
 * eventcount.h: how to sleep until something comes free elsewhere, as an algorithm on one word, which may
 * stand inside any object. The word says whether somebody may sleep on it, and counts changes.
 *
 * Who waits: looks for what it wants; announces itself; looks once more; sleeps on the word as announce()
 * left it; and begins anew. Who frees one thing: frees it by a sequentially consistent read-modify-write, and
 * then calls wake_one(), which wakes one sleeper, or makes one that has announced itself look again.
 *
 * Nobody is given anything while asleep, because a sleeper may be dead. One that was woken and then dies is
 * like one that was not woken: another finds what is free when its slice ends. One that was woken and gives
 * up calls pass_on().
 *
 * tests/model/semaphore.pml goes through every order of events, with deaths at each step.
 * Source: eventcounts, "Synchronization with Eventcounts and Sequencers" (D. Reed, R. Kanodia, 1979).
 */
#ifndef POLYSHM_SYNC_EVENTCOUNT_H
#define POLYSHM_SYNC_EVENTCOUNT_H

#include "../platform/platform.h"

/** Says that the caller may sleep; returns the word on which it then sleeps. What it looks at next it must
 * load sequentially consistently: either it sees what was freed, or who frees sees the announcement. */
uint32_t polyshm__eventcount_announce(_Atomic uint32_t *word);

#define POLYSHM__EVENTCOUNT_SLEEPERS 1U /* somebody may sleep on the word */

/** The rest of wake_one(), where somebody has announced itself. */
void polyshm__eventcount_wake_announced(_Atomic uint32_t *word);

/** Wakes one for what was freed just now. Costs a load when nobody has announced itself. */
static inline void polyshm__eventcount_wake_one(_Atomic uint32_t *word) {
  if (atomic_load(word) & POLYSHM__EVENTCOUNT_SLEEPERS)
    polyshm__eventcount_wake_announced(word);
}

/** Wakes the next one, for what the caller was woken for and does not take. */
void polyshm__eventcount_pass_on(_Atomic uint32_t *word);

#endif
