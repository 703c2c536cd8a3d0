#include <polyshm/lock.h>

#include "object_internal.h"

/* The word is 0 when the lock is free, else its owner's id, and this bit if somebody may sleep on it. */
#define SLEEPERS 0x80000000U

#define SPINS 100 /* before the first sleep: about a microsecond, what a short critical section takes */

/* Out of the way of the few instructions that a free lock takes. */
#define COLD __attribute__((noinline))

typedef struct lock_body {
  _Atomic uint32_t word;
  char tag[4];
  _Atomic uint32_t epoch; /* how often it was taken over from the dead */
  _Atomic uint32_t dirty; /* 1 from such a moment until an owner says repaired */
  uint32_t reserved[12];
} lock_body;

static_assert(offsetof(lock_body, tag) == POLYSHM__TAG_OFFSET && offsetof(lock_body, epoch) == 8 &&
                  offsetof(lock_body, dirty) == 12 && sizeof(lock_body) == 64,
              "docs/layouts.md");

struct polyshm_lock {
  polyshm__object object;
  _Atomic uintptr_t holder; /* the thread of this process that owns the lock through this handle, or 0 */
  _Atomic uint32_t held_as; /* the holder's id: a child of fork(2) finds its parent's holder here */
};

static const polyshm__class lock_class = {.kind = POLYSHM__KIND_LOCK,
                                          .tag = "LCK1",
                                          .owned = true,
                                          .handle_size = sizeof(polyshm_lock),
                                          .body_size = sizeof(lock_body)};

static lock_body *body_of(const polyshm_lock *lock) {
  return lock->object.body;
}

const char *polyshm_lock_outcome_name(polyshm_lock_outcome outcome) {
  switch (outcome) {
#define NAME(name, number, text)                                                                             \
  case POLYSHM_##name:                                                                                       \
    return text;
    POLYSHM_LOCK_OUTCOME_MAP(NAME)
#undef NAME
  default:
    return "unknown";
  }
}

POLYSHM__OBJECT_CREATION(lock)
POLYSHM__OBJECT_VERBS(lock)

/* ---- owners ---- */

/* One of the living threads, in one instruction: a call to find it out, as thread-local variables need in a
 * shared library, takes as long as half of lock and unlock. When a thread has ended in possession of the
 * lock, a later one may be taken for it. */
static uintptr_t this_thread(void) {
#if defined(__has_builtin)
#if __has_builtin(__builtin_thread_pointer)
  return (uintptr_t)__builtin_thread_pointer();
#endif
#endif
  return (uintptr_t)pthread_self();
}

static bool is_holder(const polyshm_lock *lock, uint32_t id) {
  return id && atomic_load_explicit(&lock->holder, memory_order_relaxed) == this_thread() &&
         atomic_load_explicit(&lock->held_as, memory_order_relaxed) == id;
}

static bool owned_by(const polyshm_lock *lock, uint32_t id) {
  uint32_t word = atomic_load_explicit(&body_of(lock)->word, memory_order_relaxed);
  return (word & ~SLEEPERS) == id && is_holder(lock, id);
}

static bool take(polyshm_lock *lock, uint32_t seen, uint32_t word) {
  return atomic_compare_exchange_strong_explicit(&body_of(lock)->word, &seen, word, memory_order_acquire,
                                                 memory_order_relaxed);
}

static polyshm_status taken(polyshm_lock *lock, uint32_t id, polyshm_lock_outcome *out) {
  atomic_store_explicit(&lock->held_as, id, memory_order_relaxed);
  atomic_store_explicit(&lock->holder, this_thread(), memory_order_relaxed);
  bool dirty = atomic_load_explicit(&body_of(lock)->dirty, memory_order_relaxed);
  *out = dirty ? POLYSHM_RECOVERED : POLYSHM_LOCKED;
  return polyshm__object_done(&lock->object, "lock");
}

static polyshm_status taken_over(polyshm_lock *lock, uint32_t id, polyshm_lock_outcome *out) {
  /* Should this owner die before the next line, the one after it takes over from the dead as well. */
  atomic_store_explicit(&body_of(lock)->dirty, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&body_of(lock)->epoch, 1, memory_order_relaxed);
  return taken(lock, id, out);
}

/* ---- lock ---- */

static bool spin(polyshm_lock *lock, uint32_t id) {
  for (int i = 0; i < SPINS && polyshm__spin(); i++)
    if (atomic_load_explicit(&body_of(lock)->word, memory_order_relaxed) == 0 && take(lock, 0, id))
      return true;
  return false;
}

/*
 * After a sleep the lock is taken with the bit for sleepers set, because others may sleep still: only one was
 * woken. Liveness is asked before the first sleep: where all die young, none would live to ask after it.
 */
COLD static polyshm_status lock_slowly(polyshm_lock *lock, int64_t timeout, polyshm_lock_outcome *out) {
  uint32_t id = 0;
  polyshm_status status = polyshm__object_join(&lock->object, "lock", &id);
  if (status)
    return status;
  if (timeout && owned_by(lock, id))
    return polyshm__object_fail(&lock->object, POLYSHM_DEADLOCK, "lock",
                                "this thread has locked it already, and would wait for itself");
  if (timeout && spin(lock, id))
    return taken(lock, id, out);
  polyshm__wait wait = polyshm__wait_begin(timeout);
  bool woken = false;
  while (!status && !polyshm__object_closed(&lock->object)) {
    uint32_t seen = atomic_load_explicit(&body_of(lock)->word, memory_order_relaxed);
    const uint32_t owner = seen & ~SLEEPERS;
    if (seen == 0) {
      if (take(lock, seen, timeout ? id | SLEEPERS : id))
        return taken(lock, id, out);
    } else if (owner != id && !polyshm__object_alive(&lock->object, owner)) {
      if (take(lock, seen, id | SLEEPERS))
        return taken_over(lock, id, out);
    } else if (timeout && !(seen & SLEEPERS)) {
      (void)take(lock, seen, seen | SLEEPERS);
    } else {
      status = polyshm__wait_word(&wait, &body_of(lock)->word, seen, &woken);
      continue;
    }
    status = polyshm__wait_go(&wait); /* the word has changed: look again */
  }
  if (status == POLYSHM_ETIMEDOUT) {
    *out = POLYSHM_LOCK_TIMED_OUT;
    return POLYSHM_OK;
  }
  return polyshm__object_fail(&lock->object, status ? status : POLYSHM_CLOSED, "lock", NULL);
}

polyshm_status polyshm_lock_lock(polyshm_lock *lock, int64_t timeout, polyshm_lock_outcome *out) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "lock");
  if (!out)
    return polyshm__object_no_result("lock");
  *out = POLYSHM_LOCK_TIMED_OUT;
  uint32_t id = polyshm__object_id(&lock->object);
  if (polyshm__object_closed(&lock->object))
    return polyshm__object_fail(&lock->object, POLYSHM_CLOSED, "lock", NULL);
  return id && take(lock, 0, id) ? taken(lock, id, out) : lock_slowly(lock, timeout, out);
}

/* ---- unlock ---- */

COLD static polyshm_status not_owner(const polyshm_lock *lock, const char *verb) {
  polyshm_status status = polyshm__object_done(&lock->object, verb);
  return status ? status
                : polyshm__object_fail(&lock->object, POLYSHM_NOT_OWNER, verb,
                                       "this thread has not locked it through this handle");
}

static bool release(polyshm_lock *lock, uint32_t word) {
  return atomic_compare_exchange_strong_explicit(&body_of(lock)->word, &word, 0, memory_order_release,
                                                 memory_order_relaxed);
}

/* Nobody takes the bit for sleepers off while the lock is owned. */
COLD static polyshm_status unlock_waking(polyshm_lock *lock, uint32_t id) {
  if (release(lock, id | SLEEPERS)) {
    (void)polyshm__wake(&body_of(lock)->word, 1);
    return polyshm__object_done(&lock->object, "unlock");
  }
  polyshm_status status = polyshm__object_done(&lock->object, "unlock");
  return status ? status
                : polyshm__object_fail(&lock->object, POLYSHM_CORRUPT, "unlock",
                                       "somebody wrote over the lock while this thread owned it");
}

polyshm_status polyshm_lock_unlock(polyshm_lock *lock) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "unlock");
  const uint32_t id = polyshm__object_id(&lock->object);
  if (!is_holder(lock, id))
    return not_owner(lock, "unlock");
  atomic_store_explicit(&lock->holder, 0, memory_order_relaxed);
  return release(lock, id) ? polyshm__object_done(&lock->object, "unlock") : unlock_waking(lock, id);
}

/* ---- what is known of it ---- */

polyshm_status polyshm_lock_owned(const polyshm_lock *lock, bool *out) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "owned");
  if (!out)
    return polyshm__object_no_result("owned");
  *out = owned_by(lock, polyshm__object_id(&lock->object));
  return polyshm__object_done(&lock->object, "owned");
}

polyshm_status polyshm_lock_locked(polyshm_lock *lock, bool *out) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "locked");
  if (!out)
    return polyshm__object_no_result("locked");
  uint32_t owner = atomic_load_explicit(&body_of(lock)->word, memory_order_relaxed) & ~SLEEPERS;
  *out = owner && (owner == polyshm__object_id(&lock->object) || polyshm__object_alive(&lock->object, owner));
  return polyshm__object_done(&lock->object, "locked");
}

polyshm_status polyshm_lock_dirty(const polyshm_lock *lock, bool *out) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "dirty");
  if (!out)
    return polyshm__object_no_result("dirty");
  *out = atomic_load_explicit(&body_of(lock)->dirty, memory_order_relaxed);
  return polyshm__object_done(&lock->object, "dirty");
}

polyshm_status polyshm_lock_repaired(polyshm_lock *lock) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "repaired");
  if (!owned_by(lock, polyshm__object_id(&lock->object)))
    return not_owner(lock, "repaired");
  atomic_store_explicit(&body_of(lock)->dirty, 0, memory_order_relaxed);
  return polyshm__object_done(&lock->object, "repaired");
}
