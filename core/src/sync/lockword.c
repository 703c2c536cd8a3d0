#include "lockword.h"

#define SLEEPERS POLYSHM__LOCKWORD_SLEEPERS
#define RESERVED POLYSHM__LOCKWORD_RESERVED
#define OWNER(word) ((word)&POLYSHM__ID_BITS)

#define SPINS 100 /* before the first sleep: about a microsecond, what a short critical section takes */
#define TRIES                                                                                                \
  1000 /* of a change that fails only because others change the bits; who does that so often attacks */
/* nanoseconds */
#define LONG_ENOUGH INT64_C(1000000) /* who has waited so long reserves the lock */
#define GRACE INT64_C(4000000)       /* so long a reserved lock is left to others */

static bool change(_Atomic uint32_t *word, uint32_t seen, uint32_t next) {
  return atomic_compare_exchange_strong_explicit(word, &seen, next, memory_order_acq_rel,
                                                 memory_order_relaxed);
}

/* Free, but left to those who have slept. Other bits without an owner were written by somebody who is none.
 */
static bool is_reserved(uint32_t seen) {
  return seen == (SLEEPERS | RESERVED);
}

static bool is_dead(uint32_t owner, const polyshm__peers *peers) {
  return owner == 0 || owner == POLYSHM__ID_OF_THE_DEAD || !peers->alive(peers->context, owner);
}

static bool spin(_Atomic uint32_t *word, uint32_t id) {
  for (int i = 0; i < SPINS && polyshm__spin(); i++)
    if (atomic_load_explicit(word, memory_order_relaxed) == 0 && polyshm__lockword_try(word, id))
      return true;
  return false;
}

/* A waiter that goes away takes back its own reservation, which would keep whoever comes next out for a
 * moment. If others have waited for long as well, they make theirs when they look next; if it is unlocked
 * already, one of them is woken, because it may have seen it reserved. */
static void take_reservation_back(_Atomic uint32_t *word) {
  for (int tries = 0; tries < TRIES; tries++) {
    const uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
    if (!(seen & RESERVED) || (!OWNER(seen) && !is_reserved(seen)))
      return;
    if (!change(word, seen, is_reserved(seen) ? 0 : seen & ~RESERVED))
      continue;
    if (is_reserved(seen))
      (void)polyshm__wake(word, 1);
    return;
  }
}

/*
 * Who has slept takes the lock with the bit for sleepers set, because others may sleep still: only one was
 * woken. Liveness is asked before the first sleep: where all die young, none would live to ask after it.
 *
 * Who was woken is no longer asleep, and cannot be told from one that died on its way to a reserved lock. So
 * those who come new leave it a moment's grace, even if they only try, and then take the lock themselves.
 */
polyshm_status polyshm__lockword_wait(_Atomic uint32_t *word, uint32_t id, int64_t timeout,
                                      const polyshm__peers *peers, polyshm__lockword_outcome *outcome) {
  *outcome = POLYSHM__TAKEN;
  if (timeout && spin(word, id))
    return POLYSHM_OK;
  polyshm__wait wait = polyshm__wait_begin(timeout ? timeout : GRACE);
  polyshm_status status = POLYSHM_OK;
  bool woken = false, has_slept = false, has_reserved = false;
  while (!status && !peers->closed(peers->context)) {
    uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
    const uint32_t owner = OWNER(seen), sleepers = has_slept ? SLEEPERS : seen & SLEEPERS;
    const int64_t waited = polyshm__waited(&wait);
    const uint32_t announced = seen | SLEEPERS | (waited >= LONG_ENOUGH ? RESERVED : 0);
    if (seen == 0 || (is_reserved(seen) && (woken || waited >= GRACE))) {
      if (change(word, seen, id | sleepers))
        return POLYSHM_OK;
    } else if (!is_reserved(seen) && owner != id && is_dead(owner, peers)) {
      if (change(word, seen, id | SLEEPERS)) {
        *outcome = POLYSHM__TAKEN_FROM_THE_DEAD;
        return POLYSHM_OK;
      }
    } else if (!timeout && !is_reserved(seen)) {
      status = POLYSHM_ETIMEDOUT;
      continue;
    } else if (seen == announced) {
      status = polyshm__wait_word(&wait, word, seen, &woken);
      has_slept = true;
      continue;
    } else if (change(word, seen, announced)) {
      has_reserved |= (announced & ~seen & RESERVED) != 0;
    }
    status = polyshm__wait_go(&wait); /* the word has changed: look again */
  }
  if (status == POLYSHM_ETIMEDOUT && change(word, SLEEPERS | RESERVED, id | SLEEPERS))
    return POLYSHM_OK;
  if (has_reserved)
    take_reservation_back(word);
  if (woken) /* for nothing: the next sleeper must not wait for a slice's end */
    (void)polyshm__wake(word, 1);
  *outcome = POLYSHM__NOT_TAKEN;
  return status ? status : POLYSHM_CLOSED;
}

/* Nobody but the owner takes the bits off while the lock is owned. */
bool polyshm__lockword_release_waking(_Atomic uint32_t *word, uint32_t id) {
  for (int tries = 0; tries < TRIES; tries++) {
    const uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
    if (OWNER(seen) != id)
      return false;
    if (change(word, seen, seen & RESERVED ? SLEEPERS | RESERVED : 0)) {
      (void)polyshm__wake(word, 1);
      return true;
    }
  }
  return false;
}

void polyshm__lockword_abandon(_Atomic uint32_t *word, uint32_t id) {
  for (int tries = 0; tries < TRIES; tries++) {
    const uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
    if (OWNER(seen) != id)
      return;
    if (change(word, seen, (seen & ~POLYSHM__ID_BITS) | POLYSHM__ID_OF_THE_DEAD)) {
      (void)polyshm__wake(word, 1);
      return;
    }
  }
}

bool polyshm__lockword_held(const _Atomic uint32_t *word, const polyshm__peers *peers) {
  const uint32_t owner = polyshm__lockword_owner(word);
  return !is_dead(owner, peers);
}
