#include <polyshm/lock.h>

#include "../raw/companion.h"
#include "../sync/lockword.h"
#include "object.h"

typedef struct lock_body {
  _Atomic uint32_t word;
  char tag[4];
  _Atomic uint32_t epoch; /* how often it was taken over from the dead */
  _Atomic uint32_t dirty; /* 1 from such a moment until an owner says repaired */
  polyshm__record record; /* of the segment it goes with */
  uint32_t reserved[8];
} lock_body;

static_assert(offsetof(lock_body, record) == POLYSHM__RECORD_OFFSET &&
                  offsetof(lock_body, tag) == POLYSHM__TAG_OFFSET && offsetof(lock_body, epoch) == 8 &&
                  offsetof(lock_body, dirty) == 12 && sizeof(lock_body) == 64,
              "docs/layouts.md");

#define NO_THREAD UINT64_MAX

struct polyshm_lock {
  polyshm__object object;
  _Atomic uint64_t holder;  /* the thread of this process that owns the lock through this handle */
  _Atomic uint32_t held_as; /* the holder's id: a child of fork(2) finds its parent's holder here */
  polyshm__thread_watch watch;
};

static void before_free(polyshm__object *object);

static const polyshm__class lock_class = {.kind = POLYSHM__KIND_LOCK,
                                          .tag = "LCK1",
                                          .owned = true,
                                          .handle_size = sizeof(polyshm_lock),
                                          .body_size = sizeof(lock_body),
                                          .before_free = before_free};

const polyshm__class *polyshm__lock_class(void) {
  return &lock_class;
}

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

/* ---- the handle ---- */

polyshm_status polyshm_lock_create(const char *name, int64_t mode, polyshm_lock **out) {
  return polyshm__object_make(
      &(polyshm__request){.class = &lock_class, .way = POLYSHM__CREATE, .name = name, .mode = mode}, out);
}

polyshm_status polyshm_lock_attach(const char *name, int64_t flags, int64_t timeout, polyshm_lock **out) {
  return polyshm__object_make(
      &(polyshm__request){
          .class = &lock_class, .way = POLYSHM__ATTACH, .name = name, .flags = flags, .timeout = timeout},
      out);
}

polyshm_status polyshm_lock_open(const char *name, int64_t mode, int64_t flags, polyshm_lock **out) {
  return polyshm__object_make(
      &(polyshm__request){
          .class = &lock_class, .way = POLYSHM__OPEN, .name = name, .mode = mode, .flags = flags},
      out);
}

polyshm_status polyshm_lock_close(polyshm_lock *lock) {
  return polyshm__object_close((polyshm__object *)lock);
}

void polyshm_lock_free(polyshm_lock *lock) {
  polyshm__object_free((polyshm__object *)lock);
}

polyshm_status polyshm_lock_unlink(const polyshm_lock *lock) {
  return polyshm__object_unlink(&lock_class, (const polyshm__object *)lock);
}

bool polyshm_lock_closed(const polyshm_lock *lock) {
  return !lock || polyshm__object_closed(&lock->object);
}

const char *polyshm_lock_name(const polyshm_lock *lock) {
  return polyshm__object_name((const polyshm__object *)lock);
}

polyshm_status polyshm_lock_stale(const polyshm_lock *lock, bool *out) {
  return polyshm__object_stale(&lock_class, (const polyshm__object *)lock, out);
}

/* ---- owners ---- */

/* A thread without a number, which is 0, is no holder: where held_as is an id, the holder has a number or is
 * NO_THREAD. */
static bool is_holder(const polyshm_lock *lock, uint32_t id) {
  return id && atomic_load_explicit(&lock->held_as, memory_order_acquire) == id &&
         atomic_load_explicit(&lock->holder, memory_order_relaxed) == polyshm__thread_number;
}

static bool owned_by(const polyshm_lock *lock, uint32_t id) {
  return polyshm__lockword_owner(&body_of(lock)->word) == id && is_holder(lock, id);
}

/* A thread that ends while it owns the lock is dead for it, though its process lives on. What a parent's
 * thread has locked is not its child's to give up. */
static void thread_ended(polyshm__thread_watch *watch, uint64_t number) {
  polyshm_lock *lock = (polyshm_lock *)(void *)((char *)watch - offsetof(polyshm_lock, watch));
  const uint32_t id = polyshm__object_id(&lock->object);
  if (atomic_load_explicit(&lock->holder, memory_order_relaxed) != number ||
      atomic_load_explicit(&lock->held_as, memory_order_relaxed) != id || !id)
    return;
  atomic_store_explicit(&lock->holder, NO_THREAD, memory_order_relaxed);
  polyshm__lockword_abandon(&body_of(lock)->word, id);
}

void polyshm_thread_end(void) {
  polyshm__thread_end();
}

static void before_free(polyshm__object *object) {
  polyshm__unwatch_threads(&((polyshm_lock *)object)->watch);
}

/* ---- lock ---- */

static polyshm_status taken(polyshm_lock *lock, uint32_t id, uint64_t thread, polyshm_lock_outcome *out) {
  atomic_store_explicit(&lock->holder, thread, memory_order_relaxed);
  atomic_store_explicit(&lock->held_as, id, memory_order_release); /* is_holder() reads it first */
  bool dirty = atomic_load_explicit(&body_of(lock)->dirty, memory_order_relaxed);
  *out = dirty ? POLYSHM_RECOVERED : POLYSHM_LOCKED;
  return polyshm__object_done(&lock->object, "lock");
}

static polyshm_status taken_over(polyshm_lock *lock, uint32_t id, polyshm_lock_outcome *out) {
  /* Should this owner die before the next line, the one after it takes over from the dead as well. */
  atomic_store_explicit(&body_of(lock)->dirty, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&body_of(lock)->epoch, 1, memory_order_relaxed);
  return taken(lock, id, polyshm__thread_number, out);
}

POLYSHM__COLD static polyshm_status lock_slowly(polyshm_lock *lock, int64_t timeout,
                                                polyshm_lock_outcome *out) {
  uint32_t id = polyshm__object_id(&lock->object);
  polyshm_status status = polyshm__thread_begin();
  if (status)
    return polyshm__object_fail(&lock->object, status, "lock", NULL);
  if (!id) /* before there is one: with it, other threads may lock, and end */
    polyshm__watch_threads(&lock->watch, thread_ended);
  status = polyshm__object_join(&lock->object, "lock", &id);
  if (status)
    return status;
  if (timeout && owned_by(lock, id))
    return polyshm__object_fail(&lock->object, POLYSHM_DEADLOCK, "lock",
                                "this thread has locked it already, and would wait for itself");
  const polyshm__peers peers = polyshm__object_peers(&lock->object);
  polyshm__lockword_outcome outcome;
  status = polyshm__lockword_wait(&body_of(lock)->word, id, timeout, &peers, &outcome);
  if (outcome == POLYSHM__TAKEN)
    return taken(lock, id, polyshm__thread_number, out);
  if (outcome == POLYSHM__TAKEN_FROM_THE_DEAD)
    return taken_over(lock, id, out);
  if (status == POLYSHM_ETIMEDOUT)
    return POLYSHM_OK; /* *out says so */
  return polyshm__object_fail(&lock->object, status, "lock", NULL);
}

polyshm_status polyshm_lock_lock(polyshm_lock *lock, int64_t timeout, polyshm_lock_outcome *out) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "lock");
  if (!out)
    return polyshm__no_result("lock");
  *out = POLYSHM_LOCK_TIMED_OUT;
  const uint32_t id = polyshm__object_id(&lock->object);
  if (polyshm__object_closed(&lock->object))
    return polyshm__object_fail(&lock->object, POLYSHM_CLOSED, "lock", NULL);
  const uint64_t thread = polyshm__thread_number;
  if (id && thread && polyshm__lockword_try(&body_of(lock)->word, id))
    return taken(lock, id, thread, out);
  return lock_slowly(lock, timeout, out);
}

/* ---- unlock ---- */

POLYSHM__COLD static polyshm_status not_owner(const polyshm_lock *lock, const char *verb) {
  polyshm_status status = polyshm__object_done(&lock->object, verb);
  return status ? status
                : polyshm__object_fail(&lock->object, POLYSHM_NOT_OWNER, verb,
                                       "this thread has not locked it through this handle");
}

POLYSHM__COLD static polyshm_status unlock_waking(polyshm_lock *lock, uint32_t id) {
  if (polyshm__lockword_release_waking(&body_of(lock)->word, id))
    return polyshm__object_done(&lock->object, "unlock");
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
  atomic_store_explicit(&lock->holder, NO_THREAD, memory_order_relaxed);
  return polyshm__lockword_release(&body_of(lock)->word, id) ? polyshm__object_done(&lock->object, "unlock")
                                                             : unlock_waking(lock, id);
}

/* ---- what is known of it ---- */

polyshm_status polyshm_lock_owned(const polyshm_lock *lock, bool *out) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "owned");
  if (!out)
    return polyshm__no_result("owned");
  *out = owned_by(lock, polyshm__object_id(&lock->object));
  return polyshm__object_done(&lock->object, "owned");
}

polyshm_status polyshm_lock_locked(polyshm_lock *lock, bool *out) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "locked");
  if (!out)
    return polyshm__no_result("locked");
  const polyshm__peers peers = polyshm__object_peers(&lock->object);
  *out = polyshm__lockword_held(&body_of(lock)->word, &peers);
  return polyshm__object_done(&lock->object, "locked");
}

polyshm_status polyshm_lock_dirty(const polyshm_lock *lock, bool *out) {
  if (!lock)
    return polyshm__object_missing(&lock_class, "dirty");
  if (!out)
    return polyshm__no_result("dirty");
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
