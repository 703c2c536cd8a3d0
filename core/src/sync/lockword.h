/*
 * lockword.h: the robust lock as an algorithm on one word, which may stand inside any object that has
 * participants. The word is 0 when the lock is free, else the id of its owner, and two bits:
 *
 *   SLEEPERS   somebody may sleep on the word: unlock wakes one;
 *   RESERVED   somebody has waited for long, so the lock is left, when it is unlocked, to those who have
 * slept.
 *
 * Nobody is ever handed a lock while asleep, because a sleeper may be dead: RESERVED only keeps those out for
 * a while who have just come. When none of the others has taken the lock by then, the reservation means
 * nothing.
 *
 * An owner that died is found by its id: the caller says who is alive. A participant's id is not used again
 * before 2^30 others were drawn, so a compare-and-swap of the exact dead word is a safe take-over. A word
 * that somebody wrote over means, at worst, a dead owner.
 *
 * tests/model/lock.pml goes through every order of events, with deaths at each step.
 * Source: owner words as in "Futexes Are Tricky" (U. Drepper, 2011) and pthread's robust mutexes; eventual
 * fairness after a millisecond as in WebKit's WTF::Lock (F. Pizlo, "Locking in WebKit", 2016).
 */
#ifndef POLYSHM_SYNC_LOCKWORD_H
#define POLYSHM_SYNC_LOCKWORD_H

#include "../platform/platform.h"
#include "peers.h"

#define POLYSHM__LOCKWORD_SLEEPERS 0x80000000U
#define POLYSHM__LOCKWORD_RESERVED 0x40000000U

typedef enum polyshm__lockword_outcome {
  POLYSHM__NOT_TAKEN,
  POLYSHM__TAKEN,
  POLYSHM__TAKEN_FROM_THE_DEAD
} polyshm__lockword_outcome;

/** The owner's id, or 0. */
static inline uint32_t polyshm__lockword_owner(const _Atomic uint32_t *word) {
  return atomic_load_explicit(word, memory_order_relaxed) & POLYSHM__ID_BITS;
}

/** Takes a lock that nobody has, sleeps on or has reserved. Acquire: what the one before did is seen. */
static inline bool polyshm__lockword_try(_Atomic uint32_t *word, uint32_t id) {
  uint32_t nobody = 0;
  return atomic_compare_exchange_strong_explicit(word, &nobody, id, memory_order_acquire,
                                                 memory_order_relaxed);
}

/** Gives back a lock that nobody waits for. Release: the next one sees what this one did. */
static inline bool polyshm__lockword_release(_Atomic uint32_t *word, uint32_t id) {
  return atomic_compare_exchange_strong_explicit(word, &id, 0, memory_order_release, memory_order_relaxed);
}

/** The rest of taking it: looks for a dead owner, and waits for a living one, for up to @p timeout
 * nanoseconds (0: does not wait; negative: for ever). ETIMEDOUT, EINTR, CLOSED: it was not taken. */
polyshm_status polyshm__lockword_wait(_Atomic uint32_t *word, uint32_t id, int64_t timeout,
                                      const polyshm__peers *peers, polyshm__lockword_outcome *outcome);

/** The rest of giving it back: wakes who waits. false: the word was written over, and is not this one's. */
bool polyshm__lockword_release_waking(_Atomic uint32_t *word, uint32_t id);

/** Leaves it as a dead owner would: for a thread that ends while it owns the lock. */
void polyshm__lockword_abandon(_Atomic uint32_t *word, uint32_t id);

/** Whether a living participant has it. */
bool polyshm__lockword_held(const _Atomic uint32_t *word, const polyshm__peers *peers);

#endif
