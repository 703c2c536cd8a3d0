#include "permits.h"

/* How many holders a wait asks for before it sleeps, and after each slice: the kernel takes the longer for an
 * answer the more participants there are. */
#define QUESTIONS 16

/*
 * Nanoseconds until a sleeper looks for the dead. A release wakes, so there is nothing else to look for, and
 * in a long queue these looks take more of the processor than all the rest. Where permits go round, whoever
 * comes new looks, too, and the slice is as long as may be for one that also lets interrupts and a close in.
 */
enum { SLICE = POLYSHM__SLICE, SLICE_AMONG_RELEASES = 48000000 };

/* ---- holders ---- */

/* A census remembers who was asked for, as one holder may have many permits. */
enum { PLACES = 2 * POLYSHM__PERMITS_MOST };

typedef struct census {
  const polyshm__peers *peers;
  int64_t questions; /* how many may still be asked */
  struct {
    uint32_t id; /* 0: nobody */
    bool dead;
  } known[PLACES]; /* each from the place of its hash on */
  uint32_t places; /* as many as are used: a power of two */
} census;

static void census_begin(census *of, const polyshm__peers *peers, int64_t questions) {
  of->peers = peers;
  of->questions = questions;
  for (of->places = 4; of->places < 2 * questions; of->places *= 2) {
  }
  for (uint32_t i = 0; i < of->places; i++)
    of->known[i].id = 0;
}

static bool is_dead(uint32_t holder, census *of) {
  uint32_t place = holder * 2654435769U % of->places;
  for (; of->known[place].id; place = (place + 1) % of->places)
    if (of->known[place].id == holder)
      return of->known[place].dead;
  if (of->questions == 0)
    return false;
  of->questions--;
  of->known[place].id = holder;
  of->known[place].dead = !of->peers->alive(of->peers->context, holder);
  return of->known[place].dead;
}

static uint32_t holder_of(const polyshm__permits *permits, int64_t index) {
  return atomic_load_explicit(&permits->words[index], memory_order_relaxed);
}

/* From *next on, and round, until the questions are used up; *next is where to go on then. */
static bool take_from_dead(const polyshm__permits *permits, uint32_t id, const polyshm__peers *peers,
                           int64_t questions, int64_t *next) {
  census asked;
  census_begin(&asked, peers, questions);
  for (int64_t i = 0; i < permits->count && asked.questions; i++, *next = (*next + 1) % permits->count) {
    const uint32_t holder = holder_of(permits, *next);
    if (holder && holder != id && is_dead(holder, &asked) &&
        polyshm__permits_take(permits, *next, holder, id))
      return true;
  }
  return false;
}

/* A try asks for every holder, once: what it says is so. A wait asks for some of them at a time, beginning
 * where others do not, and comes to all. It asks before its first sleep: where all die young, none would live
 * to ask after it. */
static bool take_after_questions(const polyshm__permits *permits, uint32_t id, const polyshm__peers *peers,
                                 int64_t timeout, int64_t *next) {
  *next = (int64_t)id * QUESTIONS % permits->count;
  return take_from_dead(permits, id, peers, timeout ? QUESTIONS : permits->count, next);
}

/* ---- the wait ---- */

polyshm_status polyshm__permits_wait(const polyshm__permits *permits, uint32_t id, int64_t timeout,
                                     const polyshm__peers *peers) {
  polyshm__wait wait = polyshm__wait_begin(timeout);
  polyshm_status status = POLYSHM_OK;
  int64_t next;
  uint32_t seen = 0, last_seen = 0;
  bool woken = false, first = true;
  if (take_after_questions(permits, id, peers, timeout, &next))
    return POLYSHM_OK;
  while (!status && !peers->closed(peers->context)) {
    if (timeout)
      seen = polyshm__eventcount_announce(permits->changes);
    if (polyshm__permits_take_free(permits, id))
      return POLYSHM_OK;
    polyshm__wait_slice_is(&wait, first || seen == last_seen ? SLICE : SLICE_AMONG_RELEASES);
    last_seen = seen;
    first = false;
    status = polyshm__wait_word(&wait, permits->changes, seen, &woken);
    if (!status && !woken && take_from_dead(permits, id, peers, QUESTIONS, &next))
      return POLYSHM_OK;
  }
  if (woken)
    polyshm__eventcount_pass_on(permits->changes);
  return status ? status : POLYSHM_CLOSED;
}

int64_t polyshm__permits_free(const polyshm__permits *permits, uint32_t id, const polyshm__peers *peers) {
  census asked;
  census_begin(&asked, peers, permits->count);
  int64_t count = 0;
  for (int64_t i = 0; i < permits->count; i++) {
    const uint32_t holder = holder_of(permits, i);
    count += !holder || (holder != id && is_dead(holder, &asked));
  }
  return count;
}
