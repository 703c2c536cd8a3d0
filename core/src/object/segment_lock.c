/*
 * The lock that goes with a segment: who makes it, and which file of that name is it.
 *
 * It belongs to the segment's owner, who could not remove anybody else's file from the sticky directory, and
 * goes with the segment's name: companion.h. It is made only while the segment has that name, and
 * looks again afterwards: whoever unlinks the segment looks for the lock after that, so one of the two sees
 * the other.
 */
#include <polyshm/lock.h>

#include "../raw/companion.h"
#include "object.h"

#include <inttypes.h>
#include <string.h>

#define TRIES 1000

static polyshm__object *object_of(polyshm_lock *lock) {
  return (polyshm__object *)(void *)lock; /* the first member of every handle */
}

/* ---- words ---- */

static polyshm_status nameless(const polyshm_segment *segment) {
  return polyshm_fail(
      POLYSHM_ESTALE,
      "lock \"%s\": the segment's name is gone or means another one, and its lock went with it",
      segment->name);
}

static polyshm_status cannot_make(const polyshm_segment *segment, polyshm_status status, const char *why) {
  return polyshm_fail(status,
                      "lock \"%s\": %s; its owner (user %" PRIu32
                      ") or root makes the segment's lock, on a handle that is not readonly",
                      segment->name, why, segment->owner);
}

/* ---- who and how ---- */

static bool may_make(const polyshm_segment *segment) {
  return !segment->readonly && (polyshm__user() == segment->owner || polyshm__user() == 0);
}

/* Everybody who takes part in the lock writes to it; a user who may only read the segment takes no part. */
static int64_t mode_of_lock(const polyshm_segment *segment) {
  const int64_t group = (segment->mode & 060) == 060 ? 060 : 0, others = (segment->mode & 06) == 06 ? 06 : 0;
  return 0600 | group | others;
}

static void write_record(void *body, const polyshm_segment *segment) {
  const polyshm__record record = polyshm__record_of(&segment->identity);
  memcpy((uint8_t *)body + POLYSHM__RECORD_OFFSET, &record, sizeof record);
}

static polyshm__companion sort_of(const polyshm__object *object, const polyshm_segment *segment) {
  polyshm__record record;
  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it does not see that success comes with an object */
  memcpy(&record, (const uint8_t *)object->body + POLYSHM__RECORD_OFFSET, sizeof record);
  return polyshm__companion_is(&record, &segment->identity);
}

/* ---- open ---- */

static polyshm_status attach_lock(const polyshm_segment *segment, const char *name, polyshm__object **out) {
  polyshm_status status =
      polyshm__object_make(&(polyshm__request){.class = polyshm__lock_class(),
                                               .way = POLYSHM__ATTACH,
                                               .name = name,
                                               .flags = segment->any_owner ? POLYSHM_FLAG_ANY_OWNER : 0},
                           out);
  if (status == POLYSHM_EACCES)
    return polyshm_fail(status,
                        "lock \"%s\": the mode of \"%s\" keeps this user out: who may read and write the "
                        "segment when its lock is made takes part in it",
                        segment->name, name);
  if (status)
    return status;
  const uint32_t owner = (*out)->segment->owner;
  if (owner == segment->owner || owner == 0 || owner == polyshm__user())
    return POLYSHM_OK;
  polyshm__object_free(*out);
  *out = NULL;
  return polyshm_fail(POLYSHM_EPERM,
                      "lock \"%s\": not trusted: \"%s\" belongs to user %" PRIu32
                      ", and the segment to user %" PRIu32,
                      segment->name, name, owner, segment->owner);
}

static polyshm_status make_lock(const polyshm_segment *segment, const char *name, polyshm__object **out) {
  bool named = false;
  if (!may_make(segment))
    return cannot_make(segment, POLYSHM_ENOENT, "there is no lock yet");
  polyshm_status status = polyshm__segment_named(segment, &named);
  if (!status && !named)
    return nameless(segment);
  if (!status)
    status = polyshm__object_make(&(polyshm__request){.class = polyshm__lock_class(),
                                                      .way = POLYSHM__CREATE,
                                                      .verb = "lock",
                                                      .name = name,
                                                      .mode = mode_of_lock(segment),
                                                      .segment = segment,
                                                      .write_more = write_record},
                                  out);
  if (status || (polyshm__segment_named(segment, &named) == POLYSHM_OK && named))
    return status;
  (void)polyshm__companion_unlink(segment->name, &segment->identity, POLYSHM__COMPANION_OURS);
  polyshm__object_free(*out);
  *out = NULL;
  return nameless(segment);
}

/* The lock of a segment that had the name before stands in the way of a new one. */
static polyshm_status replace_lock(const polyshm_segment *segment) {
  bool named = false;
  if (!may_make(segment))
    return cannot_make(segment, POLYSHM_ESTALE, "the lock of that name is of an earlier segment");
  polyshm_status status = polyshm__segment_named(segment, &named);
  if (!status && !named)
    return nameless(segment);
  if (!status)
    status = polyshm__companion_unlink(segment->name, &segment->identity, POLYSHM__COMPANION_STALE);
  if (status == POLYSHM_EBUSY) { /* another process is replacing it in this moment */
    polyshm__moment();
    return POLYSHM_OK;
  }
  if (status)
    return polyshm_fail(status, "lock \"%s\": the lock of an earlier segment has its name and stays: %s",
                        segment->name, polyshm__words(status));
  return POLYSHM_OK;
}

static polyshm_status find_or_make(const polyshm_segment *segment, polyshm__object **out) {
  char name[POLYSHM__COMPANION_NAME_BYTES];
  polyshm__companion_name(name, segment->name);
  for (int tries = 0; tries < TRIES; tries++) {
    polyshm_status status = attach_lock(segment, name, out);
    if (!status && sort_of(*out, segment) != POLYSHM__COMPANION_STALE)
      return POLYSHM_OK;
    if (!status) {
      polyshm__object_free(*out);
      *out = NULL;
      status = replace_lock(segment);
    } else if (status == POLYSHM_ENOENT) {
      status = make_lock(segment, name, out);
      if (status != POLYSHM_EEXIST)
        return status;
      status = POLYSHM_OK;
    }
    if (status)
      return status;
  }
  return polyshm_fail(POLYSHM_EAGAIN, "lock \"%s\": %s", segment->name, polyshm__words(POLYSHM_EAGAIN));
}

/* Called with the segment's mutex held. */
static polyshm_status open_lock_of(polyshm_segment *segment) {
  if (polyshm_segment_closed(segment))
    return polyshm__segment_closed_error(segment, "lock");
  if (!polyshm_lock_closed(segment->lock))
    return POLYSHM_OK;
  polyshm__object *object = NULL;
  polyshm_status status = find_or_make(segment, &object);
  if (status)
    return status;
  polyshm_lock *old = segment->lock;
  segment->free_lock = polyshm_lock_free;
  segment->lock = (polyshm_lock *)(void *)object;
  polyshm_lock_free(old); /* last: a child of fork(2) at any moment finds a lock that is there */
  return POLYSHM_OK;
}

polyshm_status polyshm_segment_lock(polyshm_segment *segment, polyshm_lock **out) {
  if (!segment)
    return polyshm__no_segment("lock");
  if (!out)
    return polyshm__no_result("lock");
  *out = NULL;
  polyshm__mutex_lock(&segment->change);
  polyshm_status status = open_lock_of(segment);
  if (!status) {
    atomic_fetch_add_explicit(&object_of(segment->lock)->references, 1, memory_order_relaxed);
    *out = segment->lock;
  }
  polyshm__mutex_unlock(&segment->change);
  return status;
}
