#include <polyshm/semaphore.h>

#include "../sync/eventcount.h"
#include "object.h"

#include <inttypes.h>

/*
 * A permit is a word: 0 when it is free, else the id of its holder. So a dead holder's permit is found and
 * taken over, as a lock's word is. Who finds none sleeps on one word for all of them, an eventcount.
 */

/* How many holders a wait asks for before it sleeps, and after each slice: the kernel takes the longer for an
 * answer the more participants there are. */
#define QUESTIONS 16

/*
 * Nanoseconds until a sleeper looks for the dead. A release wakes, so there is nothing else to look for, and
 * in a long queue these looks take more of the processor than all the rest. Where permits go round, whoever
 * comes new looks, too, and the slice is as long as may be for one that also lets interrupts and a close in.
 */
enum { SLICE = POLYSHM__SLICE, SLICE_AMONG_RELEASES = 48000000 };

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

static const int64_t PERMIT_BYTES = sizeof(uint32_t);

static semaphore_body *body_of(const polyshm_semaphore *semaphore) {
  return semaphore->object.body;
}

static _Atomic uint32_t *permit(const polyshm_semaphore *semaphore, int64_t index) {
  return &body_of(semaphore)->permits[index];
}

/* ---- the class ---- */

static void write_body(void *body, int64_t count) {
  ((semaphore_body *)body)->count = (uint32_t)count;
}

static bool is_body(const polyshm__object *object, int64_t body_size) {
  uint32_t count = ((const semaphore_body *)object->body)->count;
  return count >= 1 && count <= POLYSHM_SEMAPHORE_MAX &&
         body_size == (int64_t)sizeof(semaphore_body) + count * PERMIT_BYTES;
}

static const polyshm__class semaphore_class = {.kind = POLYSHM__KIND_SEMAPHORE,
                                               .tag = "SEM1",
                                               .owned = true,
                                               .handle_size = sizeof(polyshm_semaphore),
                                               .body_size = sizeof(semaphore_body),
                                               .item_size = sizeof(uint32_t),
                                               .write = write_body,
                                               .check = is_body};

static polyshm_status check_count(const char *verb, int64_t count) {
  if (count >= 1 && count <= POLYSHM_SEMAPHORE_MAX)
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_RANGE, "%s: count %" PRId64 " is outside 1 ... %d permits", verb, count,
                      POLYSHM_SEMAPHORE_MAX);
}

/* ---- the handle ---- */

polyshm_status polyshm_semaphore_create(const char *name, int64_t count, int64_t mode,
                                        polyshm_semaphore **out) {
  polyshm_status status = check_count("create", count);
  if (status && out)
    *out = NULL;
  return status ? status
                : polyshm__object_make(&(polyshm__request){.class = &semaphore_class,
                                                           .way = POLYSHM__CREATE,
                                                           .name = name,
                                                           .count = count,
                                                           .mode = mode},
                                       out);
}

polyshm_status polyshm_semaphore_open(const char *name, int64_t count, int64_t mode, int64_t flags,
                                      polyshm_semaphore **out) {
  polyshm_status status = check_count("open", count);
  if (status && out)
    *out = NULL;
  return status ? status
                : polyshm__object_make(&(polyshm__request){.class = &semaphore_class,
                                                           .way = POLYSHM__OPEN,
                                                           .name = name,
                                                           .count = count,
                                                           .mode = mode,
                                                           .flags = flags},
                                       out);
}

polyshm_status polyshm_semaphore_attach(const char *name, int64_t flags, int64_t timeout,
                                        polyshm_semaphore **out) {
  return polyshm__object_make(&(polyshm__request){.class = &semaphore_class,
                                                  .way = POLYSHM__ATTACH,
                                                  .name = name,
                                                  .flags = flags,
                                                  .timeout = timeout},
                              out);
}

polyshm_status polyshm_semaphore_close(polyshm_semaphore *semaphore) {
  return polyshm__object_close((polyshm__object *)semaphore);
}

void polyshm_semaphore_free(polyshm_semaphore *semaphore) {
  polyshm__object_free((polyshm__object *)semaphore);
}

polyshm_status polyshm_semaphore_unlink(const polyshm_semaphore *semaphore) {
  return polyshm__object_unlink(&semaphore_class, (const polyshm__object *)semaphore);
}

bool polyshm_semaphore_closed(const polyshm_semaphore *semaphore) {
  return !semaphore || polyshm__object_closed(&semaphore->object);
}

const char *polyshm_semaphore_name(const polyshm_semaphore *semaphore) {
  return polyshm__object_name((const polyshm__object *)semaphore);
}

polyshm_status polyshm_semaphore_stale(const polyshm_semaphore *semaphore, bool *out) {
  return polyshm__object_stale(&semaphore_class, (const polyshm__object *)semaphore, out);
}

int64_t polyshm_semaphore_count(const polyshm_semaphore *semaphore) {
  /* Its own memory, not the shared one: a peer cannot make it larger. */
  return semaphore ? (polyshm__segment_size(semaphore->object.segment) - POLYSHM__BODY_OFFSET -
                      (int64_t)sizeof(semaphore_body)) /
                         PERMIT_BYTES
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

/* ---- holders ---- */

/* Who was asked for, and so need not be asked for again: one holder may have many permits. */
enum { PLACES = 2 * POLYSHM_SEMAPHORE_MAX };

typedef struct census {
  int64_t questions; /* how many may still be asked */
  struct {
    uint32_t id; /* 0: nobody */
    bool dead;
  } known[PLACES]; /* each from the place of its hash on */
  uint32_t places; /* as many as are used: a power of two */
} census;

static void census_begin(census *of, int64_t questions) {
  of->questions = questions;
  for (of->places = 4; of->places < 2 * questions; of->places *= 2) {
  }
  for (uint32_t i = 0; i < of->places; i++)
    of->known[i].id = 0;
}

static bool is_dead(polyshm_semaphore *semaphore, uint32_t holder, census *of) {
  uint32_t place = holder * 2654435769U % of->places;
  for (; of->known[place].id; place = (place + 1) % of->places)
    if (of->known[place].id == holder)
      return of->known[place].dead;
  if (of->questions == 0)
    return false;
  of->questions--;
  of->known[place].id = holder;
  of->known[place].dead = !polyshm__object_alive(&semaphore->object, holder);
  return of->known[place].dead;
}

/* From *next on, and round, until the questions are used up; *next is where to go on then. */
static bool take_from_dead(polyshm_semaphore *semaphore, uint32_t id, int64_t questions, int64_t *next) {
  const int64_t count = polyshm_semaphore_count(semaphore);
  census asked;
  census_begin(&asked, questions);
  for (int64_t i = 0; i < count && asked.questions; i++, *next = (*next + 1) % count) {
    uint32_t holder = atomic_load_explicit(permit(semaphore, *next), memory_order_relaxed);
    if (holder && holder != id && is_dead(semaphore, holder, &asked) && take(semaphore, *next, holder, id))
      return true;
  }
  return false;
}

/* ---- acquire ---- */

/* A try asks for every holder, once: what it says is so. A wait asks for some of them at a time, beginning
 * where others do not, and comes to all. It asks before its first sleep: where all die young, none would live
 * to ask after it. */
static bool take_after_questions(polyshm_semaphore *semaphore, uint32_t id, int64_t timeout, int64_t *next) {
  const int64_t count = polyshm_semaphore_count(semaphore);
  *next = (int64_t)id * QUESTIONS % count;
  return take_from_dead(semaphore, id, timeout ? QUESTIONS : count, next);
}

static polyshm_status acquire_slowly(polyshm_semaphore *semaphore, uint32_t id, int64_t timeout, bool *out) {
  _Atomic uint32_t *changes = &body_of(semaphore)->changes;
  polyshm__wait wait = polyshm__wait_begin(timeout);
  polyshm_status status = POLYSHM_OK;
  int64_t next;
  uint32_t seen = 0, last_seen = 0;
  bool woken = false, first = true;
  *out = take_after_questions(semaphore, id, timeout, &next);
  while (!*out && !status && !polyshm__object_closed(&semaphore->object)) {
    if (timeout)
      seen = polyshm__eventcount_announce(changes);
    *out = take_free(semaphore, id);
    if (*out)
      break;
    polyshm__wait_slice_is(&wait, first || seen == last_seen ? SLICE : SLICE_AMONG_RELEASES);
    last_seen = seen;
    first = false;
    status = polyshm__wait_word(&wait, changes, seen, &woken);
    if (!status && !woken)
      *out = take_from_dead(semaphore, id, QUESTIONS, &next);
  }
  if (*out)
    return polyshm__object_done(&semaphore->object, "acquire");
  if (woken)
    polyshm__eventcount_pass_on(changes);
  if (status == POLYSHM_ETIMEDOUT)
    return polyshm__object_done(&semaphore->object, "acquire");
  return polyshm__object_fail(&semaphore->object, status ? status : POLYSHM_CLOSED, "acquire", NULL);
}

polyshm_status polyshm_semaphore_acquire(polyshm_semaphore *semaphore, int64_t timeout, bool *out) {
  if (!semaphore)
    return polyshm__object_missing(&semaphore_class, "acquire");
  if (!out)
    return polyshm__no_result("acquire");
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
  polyshm__eventcount_wake_one(&body_of(semaphore)->changes);
  return polyshm__object_done(&semaphore->object, "release");
}

polyshm_status polyshm_semaphore_value(polyshm_semaphore *semaphore, int64_t *out) {
  if (!semaphore)
    return polyshm__object_missing(&semaphore_class, "value");
  if (!out)
    return polyshm__no_result("value");
  const int64_t count = polyshm_semaphore_count(semaphore);
  const uint32_t id = polyshm__object_id(&semaphore->object);
  census asked;
  census_begin(&asked, count);
  *out = 0;
  for (int64_t i = 0; i < count; i++) {
    uint32_t holder = atomic_load_explicit(permit(semaphore, i), memory_order_relaxed);
    *out += !holder || (holder != id && is_dead(semaphore, holder, &asked));
  }
  return polyshm__object_done(&semaphore->object, "value");
}
