#include <polyshm/semaphore.h>

#include "../sync/permits.h"
#include "object.h"

#include <inttypes.h>

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
static_assert(POLYSHM_SEMAPHORE_MAX == POLYSHM__PERMITS_MOST, "a semaphore is as large as its words allow");

struct polyshm_semaphore {
  polyshm__object object;
  _Atomic int64_t last; /* the permit that was taken last: where to look first for one to release */
};

enum { PERMIT_BYTES = sizeof(uint32_t) };

static semaphore_body *body_of(const polyshm_semaphore *semaphore) {
  return semaphore->object.body;
}

/* ---- the class ---- */

static void write_body(void *body, int64_t count) {
  ((semaphore_body *)body)->count = (uint32_t)count;
}

static bool is_body(const polyshm__object *object, int64_t body_size) {
  uint32_t count = ((const semaphore_body *)object->body)->count;
  return count >= 1 && count <= POLYSHM_SEMAPHORE_MAX &&
         body_size == (int64_t)sizeof(semaphore_body) + (int64_t)count * PERMIT_BYTES;
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

static polyshm__permits permits_of(polyshm_semaphore *semaphore) {
  semaphore_body *body = body_of(semaphore);
  return (polyshm__permits){body->permits, polyshm_semaphore_count(semaphore), &body->changes,
                            &semaphore->last};
}

POLYSHM__COLD static polyshm_status acquire_slowly(polyshm_semaphore *semaphore, uint32_t id, int64_t timeout,
                                                   bool *out) {
  const polyshm__permits permits = permits_of(semaphore);
  const polyshm__peers peers = polyshm__object_peers(&semaphore->object);
  polyshm_status status = polyshm__permits_wait(&permits, id, timeout, &peers);
  *out = status == POLYSHM_OK;
  return *out || status == POLYSHM_ETIMEDOUT
             ? polyshm__object_done(&semaphore->object, "acquire")
             : polyshm__object_fail(&semaphore->object, status, "acquire", NULL);
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
  const polyshm__permits permits = permits_of(semaphore);
  *out = polyshm__permits_take_free(&permits, id);
  return *out ? polyshm__object_done(&semaphore->object, "acquire")
              : acquire_slowly(semaphore, id, timeout, out);
}

polyshm_status polyshm_semaphore_release(polyshm_semaphore *semaphore) {
  if (!semaphore)
    return polyshm__object_missing(&semaphore_class, "release");
  if (polyshm__object_closed(&semaphore->object))
    return polyshm__object_fail(&semaphore->object, POLYSHM_CLOSED, "release", NULL);
  const uint32_t id = polyshm__object_id(&semaphore->object);
  const polyshm__permits permits = permits_of(semaphore);
  const bool released = id && polyshm__permits_release(&permits, id);
  polyshm_status status = polyshm__object_done(&semaphore->object, "release");
  return released || status ? status
                            : polyshm__object_fail(&semaphore->object, POLYSHM_NOT_OWNER, "release",
                                                   "this handle has acquired none, or released them all");
}

polyshm_status polyshm_semaphore_value(polyshm_semaphore *semaphore, int64_t *out) {
  if (!semaphore)
    return polyshm__object_missing(&semaphore_class, "value");
  if (!out)
    return polyshm__no_result("value");
  const polyshm__permits permits = permits_of(semaphore);
  const polyshm__peers peers = polyshm__object_peers(&semaphore->object);
  *out = polyshm__permits_free(&permits, polyshm__object_id(&semaphore->object), &peers);
  return polyshm__object_done(&semaphore->object, "value");
}
