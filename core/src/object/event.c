#include <polyshm/event.h>

#include "../sync/flagword.h"
#include "object.h"

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
  polyshm__flagword_set(word_of(event));
  return polyshm__object_done(&event->object, "set");
}

polyshm_status polyshm_event_clear(polyshm_event *event) {
  polyshm_status status = check_open(event, "clear");
  if (status)
    return status;
  polyshm__flagword_clear(word_of(event));
  return polyshm__object_done(&event->object, "clear");
}

polyshm_status polyshm_event_is_set(const polyshm_event *event, bool *out) {
  if (!event)
    return polyshm__object_missing(&event_class, "is_set");
  if (!out)
    return polyshm__no_result("is_set");
  *out = polyshm__flagword_is_set(word_of(event));
  return polyshm__object_done(&event->object, "is_set");
}

polyshm_status polyshm_event_wait(polyshm_event *event, int64_t timeout, bool *out) {
  if (!event)
    return polyshm__object_missing(&event_class, "wait");
  if (!out)
    return polyshm__no_result("wait");
  const polyshm__peers peers = polyshm__object_peers(&event->object);
  polyshm_status status = polyshm__flagword_wait(word_of(event), timeout, &peers);
  *out = status == POLYSHM_OK;
  return *out || status == POLYSHM_ETIMEDOUT ? polyshm__object_done(&event->object, "wait")
                                             : polyshm__object_fail(&event->object, status, "wait", NULL);
}
