/* These calls let a segment grow, and notice that others did. */
#include "segment.h"

#include <inttypes.h>

/* A handle keeps no descriptor: the file is found by its name. */
static polyshm_status open_file(const polyshm_segment *segment, const char *verb, int *fd, int64_t *size) {
  polyshm__facts facts;
  polyshm_status status =
      polyshm__file_open_same(segment->name, segment->readonly, &segment->identity, fd, &facts);
  *size = facts.size;
  return status ? polyshm__segment_fail(status, verb, segment->name) : POLYSHM_OK;
}

static void set_size(polyshm_segment *segment, int64_t size) {
  atomic_store_explicit(&segment->base, polyshm__map_newest(&segment->mapping)->base, memory_order_release);
  atomic_store_explicit(&segment->size, size, memory_order_release);
}

/* Mapped before the file grows: a resize that fails leaves it as it was. */
static polyshm_status prepare_growth(polyshm_segment *segment, int fd, int64_t found, int64_t size) {
  if (size < found)
    return POLYSHM_RANGE;
  polyshm_status status = polyshm__file_room(fd, found, size);
  return status ? status : polyshm__map_reach(&segment->mapping, fd, size);
}

static polyshm_status prepare_growth_locked(polyshm_segment *segment, int fd, int64_t found, int64_t size) {
  polyshm__mutex_lock(&segment->change);
  polyshm_status status =
      polyshm_segment_closed(segment) ? POLYSHM_CLOSED : prepare_growth(segment, fd, found, size);
  polyshm__mutex_unlock(&segment->change);
  return status;
}

/* Another thread's resize may have gone further meanwhile. */
static polyshm_status take_growth_over(polyshm_segment *segment, int64_t before, int64_t size) {
  polyshm__mutex_lock(&segment->change);
  const bool closed = polyshm_segment_closed(segment);
  const int64_t now = polyshm__segment_size(segment);
  if (!closed && (now == before || now < size))
    set_size(segment, size);
  polyshm__mutex_unlock(&segment->change);
  return closed ? POLYSHM_CLOSED : POLYSHM_OK;
}

/* Without the mutex while it may take long: others may close the segment then. */
static polyshm_status grow(polyshm_segment *segment, int64_t size) {
  int fd;
  int64_t found;
  const int64_t before = polyshm__segment_size(segment);
  polyshm_status status = open_file(segment, "resize", &fd, &found);
  if (status)
    return status;
  status = prepare_growth_locked(segment, fd, found, size);
  if (!status)
    status = polyshm__file_grow(fd, size, &found);
  polyshm__file_close(fd);
  if (!status)
    status = take_growth_over(segment, before, size);
  if (status == POLYSHM_CLOSED)
    return polyshm__segment_closed_error(segment, "resize");
  if (status == POLYSHM_RANGE)
    return polyshm_fail(status,
                        "resize \"%s\": size %" PRId64 " would shrink it, and it is %" PRId64
                        " bytes long: segments only grow",
                        segment->name, size, found);
  return status ? polyshm__segment_fail_to_allocate(status, "resize", segment->name, size - found)
                : POLYSHM_OK;
}

/* A smaller size was cut by a peer: what lies beyond would be a bus error, and is out of bounds from now on.
 */
static polyshm_status take_size_over(polyshm_segment *segment) {
  int fd;
  int64_t found;
  if (polyshm_segment_closed(segment))
    return polyshm__segment_closed_error(segment, "refresh");
  polyshm_status status = open_file(segment, "refresh", &fd, &found);
  if (status)
    return status;
  status = polyshm__map_reach(&segment->mapping, fd, found);
  polyshm__file_close(fd);
  if (status)
    return polyshm__segment_fail(status, "refresh", segment->name);
  set_size(segment, found);
  return POLYSHM_OK;
}

polyshm_status polyshm_segment_resize(polyshm_segment *segment, int64_t size) {
  if (!segment)
    return polyshm__no_segment("resize");
  if (polyshm_segment_closed(segment))
    return polyshm__segment_closed_error(segment, "resize");
  polyshm_status status = polyshm__segment_check_size("resize", segment->name, size);
  if (status)
    return status;
  if (segment->readonly)
    return polyshm__segment_fail(POLYSHM_READONLY, "resize", segment->name);
  return grow(segment, size);
}

polyshm_status polyshm_segment_refresh(polyshm_segment *segment) {
  if (!segment)
    return polyshm__no_segment("refresh");
  polyshm__mutex_lock(&segment->change);
  polyshm_status status = take_size_over(segment);
  polyshm__mutex_unlock(&segment->change);
  return status;
}
