/*
 * The lock that goes with a segment: "<name>.lock", which polyshm_segment_lock() opens or makes at its first
 * call.
 */
#include <polyshm/lock.h>

#include "object_internal.h"

#include <stdio.h>

static polyshm__object *object_of(polyshm_lock *lock) {
  return (polyshm__object *)(void *)lock; /* the first member of every handle */
}

/* Called with the segment's mutex held. */
static polyshm_status open_lock_of(polyshm_segment *segment) {
  if (polyshm_segment_closed(segment))
    return polyshm__segment_closed_error(segment, "lock");
  if (!polyshm_lock_closed(segment->lock))
    return POLYSHM_OK;
  char name[sizeof segment->name + sizeof ".lock"];
  (void)snprintf(name, sizeof name, "%s.lock", segment->name);
  polyshm_lock *lock = NULL;
  polyshm_status status =
      polyshm_lock_open(name, (int64_t)segment->mode, segment->any_owner ? POLYSHM_FLAG_ANY_OWNER : 0, &lock);
  if (status)
    return status;
  polyshm_lock_free(segment->lock);
  segment->free_lock = polyshm_lock_free;
  segment->lock = lock;
  return POLYSHM_OK;
}

polyshm_status polyshm_segment_lock(polyshm_segment *segment, polyshm_lock **out) {
  if (!segment)
    return polyshm_fail(POLYSHM_ARGUMENT, "lock: no segment was given");
  if (!out)
    return polyshm__object_no_result("lock");
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
