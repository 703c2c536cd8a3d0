/* view.h: what the core's other files may know of a view. */
#ifndef POLYSHM_RAW_VIEW_H
#define POLYSHM_RAW_VIEW_H

#include "segment.h"

#include <polyshm/view.h>

struct polyshm_view {
  polyshm_segment *segment;
  int64_t offset, count, itemsize;
  polyshm_dtype dtype;
  atomic_bool closed;
};

/** Why a range cannot be had: off the hot path. */
polyshm_status polyshm__view_refuse(const polyshm_view *view, const char *verb, int64_t index, int64_t count);
polyshm_status polyshm__view_read_only(const polyshm_view *view, const char *verb);

/** The address of a range of elements, or NULL. The segment's size is asked each time: refresh may have found
 * it cut. */
static inline uint8_t *polyshm__view_elements(const polyshm_view *view, int64_t index, int64_t count) {
  if (!view || !polyshm__within(index, count, view->count))
    return NULL;
  if (atomic_load_explicit(&view->closed, memory_order_relaxed))
    return NULL;
  int64_t start = view->offset + index * view->itemsize;
  int64_t size = polyshm__segment_size(view->segment);
  if (start + count * view->itemsize > size)
    return NULL;
  if (atomic_load_explicit(&view->segment->closed, memory_order_relaxed))
    return NULL;
  return polyshm__segment_base(view->segment) + start;
}

#endif
