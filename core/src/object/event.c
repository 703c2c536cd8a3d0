#include <polyshm/event.h>

#include "object.h"

#include <stdlib.h>
#include <string.h>

/*
 * One word holds all: two bits, and above them a generation that each set() of a clear event raises. Who
 * waits compares generations, and so is not lost when the event is cleared before it wakes.
 */
#define SLEEPERS 1U /* somebody may sleep on the word */
#define SET 2U
#define FLAGS (SLEEPERS | SET)
#define GENERATION 4U

typedef struct event_body {
  _Atomic uint32_t word;
  char tag[4];
  uint32_t reserved[14];
} event_body;

static_assert(offsetof(event_body, tag) == POLYSHM__TAG_OFFSET && sizeof(event_body) == 64,
              "docs/layouts.md");

struct polyshm_event {
  polyshm__object object;
};

static const polyshm__class event_class = {.kind = POLYSHM__KIND_EVENT,
                                           .tag = "EVT1",
                                           .handle_size = sizeof(polyshm_event),
                                           .body_size = sizeof(event_body)};

static _Atomic uint32_t *word_of(const polyshm_event *event) {
  event_body *body = event->object.body;
  return &body->word;
}

/* ---- the handle ---- */

polyshm_status polyshm_event_create(const char *name, int64_t mode, polyshm_event **out) {
  return polyshm__object_make(
      &(polyshm__request){.class = &event_class, .way = POLYSHM__CREATE, .name = name, .mode = mode}, out);
}

polyshm_status polyshm_event_attach(const char *name, int64_t flags, int64_t timeout, polyshm_event **out) {
  return polyshm__object_make(
      &(polyshm__request){
          .class = &event_class, .way = POLYSHM__ATTACH, .name = name, .flags = flags, .timeout = timeout},
      out);
}

polyshm_status polyshm_event_open(const char *name, int64_t mode, int64_t flags, polyshm_event **out) {
  return polyshm__object_make(
      &(polyshm__request){
          .class = &event_class, .way = POLYSHM__OPEN, .name = name, .mode = mode, .flags = flags},
      out);
}

polyshm_status polyshm_event_close(polyshm_event *event) {
  return polyshm__object_close((polyshm__object *)event);
}

void polyshm_event_free(polyshm_event *event) {
  polyshm__object_free((polyshm__object *)event);
}

polyshm_status polyshm_event_unlink(const polyshm_event *event) {
  return polyshm__object_unlink(&event_class, (const polyshm__object *)event);
}

bool polyshm_event_closed(const polyshm_event *event) {
  return !event || polyshm__object_closed(&event->object);
}

const char *polyshm_event_name(const polyshm_event *event) {
  return polyshm__object_name((const polyshm__object *)event);
}

polyshm_status polyshm_event_stale(const polyshm_event *event, bool *out) {
  return polyshm__object_stale(&event_class, (const polyshm__object *)event, out);
}

/* ---- the flag ---- */

/* CLOSED, or OK: asked before and after, because set and clear write. */
static polyshm_status check_open(const polyshm_event *event, const char *verb) {
  if (!event)
    return polyshm__object_missing(&event_class, verb);
  return polyshm__object_done(&event->object, verb);
}

polyshm_status polyshm_event_set(polyshm_event *event) {
  polyshm_status status = check_open(event, "set");
  if (status)
    return status;
  /* It is written even where it is set: who clears it and then looks at what was written before this set()
   * must find it, and only two writes of one word are sure to be in one order. */
  uint32_t seen = atomic_load(word_of(event)), word;
  do
    word = seen & SET ? seen : ((seen & ~FLAGS) + GENERATION) | SET;
  while (!atomic_compare_exchange_weak(word_of(event), &seen, word));
  if (word != seen && seen & SLEEPERS)
    (void)polyshm__wake(word_of(event), INT64_MAX); /* all: the bit is gone, nobody would wake those left */
  return polyshm__object_done(&event->object, "set");
}

polyshm_status polyshm_event_clear(polyshm_event *event) {
  polyshm_status status = check_open(event, "clear");
  if (status)
    return status;
  (void)atomic_fetch_and(word_of(event), ~SET);
  return polyshm__object_done(&event->object, "clear");
}

polyshm_status polyshm_event_is_set(const polyshm_event *event, bool *out) {
  if (!event)
    return polyshm__object_missing(&event_class, "is_set");
  if (!out)
    return polyshm__no_result("is_set");
  *out = atomic_load(word_of(event)) & SET;
  return polyshm__object_done(&event->object, "is_set");
}

polyshm_status polyshm_event_wait(polyshm_event *event, int64_t timeout, bool *out) {
  if (!event)
    return polyshm__object_missing(&event_class, "wait");
  if (!out)
    return polyshm__no_result("wait");
  polyshm__wait wait = polyshm__wait_begin(timeout);
  uint32_t seen = atomic_load(word_of(event));
  const uint32_t generation = seen & ~FLAGS;
  polyshm_status status = POLYSHM_OK;
  bool woken;
  *out = false;
  while (!status && !polyshm__object_closed(&event->object)) {
    if (seen & SET || (seen & ~FLAGS) != generation) {
      *out = true;
      return polyshm__object_done(&event->object, "wait");
    }
    if (!timeout || seen & SLEEPERS || atomic_compare_exchange_strong(word_of(event), &seen, seen | SLEEPERS))
      status = polyshm__wait_word(&wait, word_of(event), seen | SLEEPERS, &woken);
    else
      status = polyshm__wait_go(&wait);
    if (!status)
      seen = atomic_load(word_of(event));
  }
  if (status == POLYSHM_ETIMEDOUT)
    return polyshm__object_done(&event->object, "wait");
  return polyshm__object_fail(&event->object, status ? status : POLYSHM_CLOSED, "wait", NULL);
}
