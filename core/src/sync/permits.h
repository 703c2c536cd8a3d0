/*
 * permits.h: a number of permits, as an algorithm on as many words, which may stand inside any object. A
 * permit's word is 0 when it is free, else its holder's id: so a dead holder's permit is found and taken
 * over, as a lock's word is. Who finds none sleeps on one word for all of them, an eventcount.
 *
 * tests/model/semaphore.pml goes through every order of events, with deaths at each step.
 */
#ifndef POLYSHM_SYNC_PERMITS_H
#define POLYSHM_SYNC_PERMITS_H

#include "eventcount.h"
#include "peers.h"

/** The most permits that belong together. */
#define POLYSHM__PERMITS_MOST 1024

/** Where they are. */
typedef struct polyshm__permits {
  _Atomic uint32_t *words;
  int64_t count;
  _Atomic uint32_t *changes; /**< the eventcount */
  _Atomic int64_t *last; /**< private: the one that was taken last, where to look first for one to release */
} polyshm__permits;

static inline bool polyshm__permits_take(const polyshm__permits *permits, int64_t index, uint32_t seen,
                                         uint32_t id) {
  if (!atomic_compare_exchange_strong(&permits->words[index], &seen, id))
    return false;
  atomic_store_explicit(permits->last, index, memory_order_relaxed);
  return true;
}

/** Takes a free one. Sequentially consistent, as the announcement before it and the release that it may have
 * missed. */
static inline bool polyshm__permits_take_free(const polyshm__permits *permits, uint32_t id) {
  for (int64_t i = 0; i < permits->count; i++)
    if (atomic_load(&permits->words[i]) == 0 && polyshm__permits_take(permits, i, 0, id))
      return true;
  return false;
}

/** Gives one of this id's permits back, the one taken last if it still is; false: it has none. */
static inline bool polyshm__permits_release(const polyshm__permits *permits, uint32_t id) {
  const int64_t count = permits->count, last = atomic_load_explicit(permits->last, memory_order_relaxed);
  for (int64_t i = 0; i < count; i++) {
    _Atomic uint32_t *one = &permits->words[last + i < count ? last + i : last + i - count];
    uint32_t seen = atomic_load_explicit(one, memory_order_relaxed);
    if (seen == id && atomic_compare_exchange_strong(one, &seen, 0)) {
      polyshm__eventcount_wake_one(permits->changes);
      return true;
    }
  }
  return false;
}

/** The rest of taking one: asks which holders are dead, and waits for up to @p timeout nanoseconds (0: does
 * not wait; negative: for ever). ETIMEDOUT, EINTR, CLOSED: none was taken. */
polyshm_status polyshm__permits_wait(const polyshm__permits *permits, uint32_t id, int64_t timeout,
                                     const polyshm__peers *peers);

/** How many are free, or their holder is dead. */
int64_t polyshm__permits_free(const polyshm__permits *permits, uint32_t id, const polyshm__peers *peers);

#endif
