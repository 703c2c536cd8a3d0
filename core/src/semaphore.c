#include <polyshm/semaphore.h>

#include "object_internal.h"

#include <inttypes.h>

/*
 * A permit is a word: 0 when it is free, else the id of its holder. So a dead holder's permit is found and
 * taken over, as a lock's word is. Who finds none sleeps on one word for all of them, an eventcount: it
 * announces itself there, looks at the permits once more, and sleeps unless a release has changed that word
 * meanwhile. A release wakes one sleeper for its one permit. Should that one die on its way, another finds
 * the permit when its slice ends; should it give up, it wakes the next.
 */
#define SLEEPERS 1U /* somebody may sleep on `changes` */
#define CHANGE 2U

/* How many permits' holders a sleeper asks for after each slice: the kernel takes the longer for an answer
 * the more participants there are. */
#define ASKED 16

/* Where permits go round, a sleeper need not look as often for the dead: others are served meanwhile, and in
 * a long queue all these looks take more of the processor than all else. But no slice is longer than 50 ms:
 * it also lets interrupts in. */
#define SLICE_AMONG_RELEASES INT64_C(48000000)

typedef struct semaphore_body {
  _Atomic uint32_t changes;
  char tag[4];
  uint32_t count;
  uint32_t reserved[13];
  _Atomic uint32_t permits[];
} semaphore_body;

static_assert(offsetof(semaphore_body, tag) == POLYSHM__TAG_OFFSET && offsetof(semaphore_body, count) == 8 &&
                  offsetof(semaphore_body, permits) == 64,
              "docs/layouts.md");

struct polyshm_semaphore {
  polyshm__object object;
  _Atomic int64_t last; /* the permit that was taken last: where to look first for one to release */
};

static int64_t body_bytes(int64_t count) {
  return (int64_t)sizeof(semaphore_body) + count * (int64_t)sizeof(uint32_t);
}

static semaphore_body *body_of(const polyshm_semaphore *semaphore) {
  return semaphore->object.body;
}

static _Atomic uint32_t *permit(const polyshm_semaphore *semaphore, int64_t index) {
  return &body_of(semaphore)->permits[index];
}

/* ---- handles ---- */

static void write_body(void *body, int64_t count) {
  ((semaphore_body *)body)->count = (uint32_t)count;
}

static bool is_body(const polyshm__object *object, int64_t body_size) {
  uint32_t count = ((const semaphore_body *)object->body)->count;
  return count >= 1 && count <= POLYSHM_SEMAPHORE_MAX && body_size == body_bytes(count);
}

static const polyshm__class semaphore_class = {.kind = POLYSHM__KIND_SEMAPHORE,
                                               .tag = "SEM1",
                                               .owned = true,
                                               .handle_size = sizeof(polyshm_semaphore),
                                               .body_size = sizeof(semaphore_body),
                                               .write = write_body,
                                               .check = is_body};

static polyshm_status check_count(const char *verb, int64_t count) {
  if (count >= 1 && count <= POLYSHM_SEMAPHORE_MAX)
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_RANGE, "%s: count %" PRId64 " is outside 1 ... %d permits", verb, count,
                      POLYSHM_SEMAPHORE_MAX);
}

polyshm_status polyshm_semaphore_create(const char *name, int64_t count, int64_t mode,
                                        polyshm_semaphore **out) {
  polyshm__object *object = NULL;
  polyshm_status status = check_count("create", count);
  if (!status)
    status =
        polyshm__object_create(&semaphore_class, name, body_bytes(count), count, mode, out ? &object : NULL);
  if (out)
    *out = (polyshm_semaphore *)object;
  return status;
}

polyshm_status polyshm_semaphore_open(const char *name, int64_t count, int64_t mode, int64_t flags,
                                      polyshm_semaphore **out) {
  polyshm__object *object = NULL;
  polyshm_status status = check_count("open", count);
  if (!status)
    status = polyshm__object_open(&semaphore_class, name, body_bytes(count), count, mode, flags,
                                  out ? &object : NULL);
  if (out)
    *out = (polyshm_semaphore *)object;
  return status;
}

POLYSHM__OBJECT_VERBS(semaphore)

int64_t polyshm_semaphore_count(const polyshm_semaphore *semaphore) {
  /* Its own memory, not the shared one: a peer cannot make it larger. */
  return semaphore
             ? (polyshm__segment_size(semaphore->object.segment) - POLYSHM__BODY_OFFSET - body_bytes(0)) /
                   (int64_t)sizeof(uint32_t)
             : 0;
}

/* ---- permits ---- */

static bool take(polyshm_semaphore *semaphore, int64_t index, uint32_t seen, uint32_t id) {
  if (!atomic_compare_exchange_strong(permit(semaphore, index), &seen, id))
    return false;
  atomic_store_explicit(&semaphore->last, index, memory_order_relaxed);
  return true;
}

/* Sequentially consistent, as the announcement before it and the release that it may have missed. */
static bool take_free(polyshm_semaphore *semaphore, uint32_t id) {
  const int64_t count = polyshm_semaphore_count(semaphore);
  for (int64_t i = 0; i < count; i++)
    if (atomic_load(permit(semaphore, i)) == 0 && take(semaphore, i, 0, id))
      return true;
  return false;
}

/* Whether a permit's holder lives; asked once for each of a run of permits with one holder. */
typedef struct known_holder {
  uint32_t id;
  bool alive;
} known_holder;

static bool holder_alive(polyshm_semaphore *semaphore, uint32_t holder, known_holder *known) {
  if (known->id != holder)
    *known = (known_holder){holder, polyshm__object_alive(&semaphore->object, holder)};
  return known->alive;
}

/* Looks at `many` permits from `first` on, and round. */
static bool take_from_dead(polyshm_semaphore *semaphore, uint32_t id, int64_t first, int64_t many) {
  const int64_t count = polyshm_semaphore_count(semaphore);
  known_holder known = {id, true};
  for (int64_t i = 0; i < many && i < count; i++) {
    const int64_t index = (first + i) % count;
    uint32_t holder = atomic_load_explicit(permit(semaphore, index), memory_order_relaxed);
    if (holder && !holder_alive(semaphore, holder, &known) && take(semaphore, index, holder, id))
      return true;
  }
  return false;
}

static polyshm_status acquire_slowly(polyshm_semaphore *semaphore, uint32_t id, int64_t timeout, bool *out) {
  _Atomic uint32_t *changes = &body_of(semaphore)->changes;
  polyshm__wait wait = polyshm__wait_begin(timeout);
  polyshm_status status = POLYSHM_OK;
  int64_t next = id;      /* the sleepers begin to ask at different permits */
  uint32_t last_seen = 0; /* of `changes` */
  bool woken = false, first = true;
  *out = take_from_dead(semaphore, id, 0, POLYSHM_SEMAPHORE_MAX);
  while (!*out && !status && !polyshm__object_closed(&semaphore->object)) {
    /* A release between the last look and the announcement woke nobody. */
    const uint32_t seen = timeout ? atomic_fetch_or(changes, SLEEPERS) | SLEEPERS : 0;
    *out = take_free(semaphore, id);
    if (*out)
      break;
    wait.slice = first || seen == last_seen ? POLYSHM__LONGEST_SLICE : SLICE_AMONG_RELEASES;
    last_seen = seen;
    first = false;
    status = polyshm__wait_word(&wait, changes, seen, &woken);
    if (!status && !woken) {
      *out = take_from_dead(semaphore, id, next, ASKED);
      next += ASKED;
    }
  }
  if (*out)
    return polyshm__object_done(&semaphore->object, "acquire");
  if (woken) /* for a permit that somebody else must take now */
    (void)polyshm__wake(changes, 1);
  if (status == POLYSHM_ETIMEDOUT)
    return polyshm__object_done(&semaphore->object, "acquire");
  return polyshm__object_fail(&semaphore->object, status ? status : POLYSHM_CLOSED, "acquire", NULL);
}

polyshm_status polyshm_semaphore_acquire(polyshm_semaphore *semaphore, int64_t timeout, bool *out) {
  if (!semaphore)
    return polyshm__object_missing(&semaphore_class, "acquire");
  if (!out)
    return polyshm__object_no_result("acquire");
  *out = false;
  if (polyshm__object_closed(&semaphore->object))
    return polyshm__object_fail(&semaphore->object, POLYSHM_CLOSED, "acquire", NULL);
  uint32_t id = 0;
  polyshm_status status = polyshm__object_join(&semaphore->object, "acquire", &id);
  if (status)
    return status;
  *out = take_free(semaphore, id);
  return *out ? polyshm__object_done(&semaphore->object, "acquire")
              : acquire_slowly(semaphore, id, timeout, out);
}

/* Gives one of this id's permits back, the one taken last if it still is. */
static bool release_one(polyshm_semaphore *semaphore, uint32_t id) {
  const int64_t count = polyshm_semaphore_count(semaphore);
  const int64_t last = atomic_load_explicit(&semaphore->last, memory_order_relaxed);
  for (int64_t i = 0; i < count; i++) {
    _Atomic uint32_t *one = permit(semaphore, last + i < count ? last + i : last + i - count);
    uint32_t seen = atomic_load_explicit(one, memory_order_relaxed);
    if (seen == id && atomic_compare_exchange_strong(one, &seen, 0))
      return true;
  }
  return false;
}

/* The bit goes when nobody sleeps any more. Who has announced itself meanwhile finds the word changed, and
 * does it anew. */
static void wake_one(_Atomic uint32_t *changes) {
  uint32_t left = atomic_fetch_add(changes, CHANGE) + CHANGE;
  if (polyshm__wake(changes, 1) == 0)
    (void)atomic_compare_exchange_strong(changes, &left, left & ~SLEEPERS);
}

polyshm_status polyshm_semaphore_release(polyshm_semaphore *semaphore) {
  if (!semaphore)
    return polyshm__object_missing(&semaphore_class, "release");
  if (polyshm__object_closed(&semaphore->object))
    return polyshm__object_fail(&semaphore->object, POLYSHM_CLOSED, "release", NULL);
  uint32_t id = polyshm__object_id(&semaphore->object);
  if (!id || !release_one(semaphore, id)) {
    polyshm_status status = polyshm__object_done(&semaphore->object, "release");
    return status ? status
                  : polyshm__object_fail(&semaphore->object, POLYSHM_NOT_OWNER, "release",
                                         "this handle has acquired none, or released them all");
  }
  /* Who announced itself and did not see this permit free is seen here: all four accesses are in one order.
   */
  _Atomic uint32_t *changes = &body_of(semaphore)->changes;
  if (atomic_load(changes) & SLEEPERS)
    wake_one(changes);
  return polyshm__object_done(&semaphore->object, "release");
}

polyshm_status polyshm_semaphore_value(polyshm_semaphore *semaphore, int64_t *out) {
  if (!semaphore)
    return polyshm__object_missing(&semaphore_class, "value");
  if (!out)
    return polyshm__object_no_result("value");
  const int64_t count = polyshm_semaphore_count(semaphore);
  known_holder known = {polyshm__object_id(&semaphore->object), true};
  *out = 0;
  for (int64_t i = 0; i < count; i++) {
    uint32_t holder = atomic_load_explicit(permit(semaphore, i), memory_order_relaxed);
    *out += !holder || !holder_alive(semaphore, holder, &known);
  }
  return polyshm__object_done(&semaphore->object, "value");
}
