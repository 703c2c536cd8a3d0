#include <polyshm/view.h>

#include "bulk.h"
#include "view.h"

#include <inttypes.h>
#include <stdlib.h>

polyshm_status polyshm_segment_view(polyshm_segment *segment, polyshm_dtype dtype, int64_t offset,
                                    int64_t count, polyshm_view **out) {
  if (!out)
    return polyshm__no_result("view");
  *out = NULL;
  int64_t itemsize = polyshm_dtype_itemsize(dtype);
  if (!itemsize)
    return polyshm_fail(POLYSHM_ARGUMENT, "view: %" PRId32 " is not a dtype", dtype);
  polyshm_status status = polyshm__segment_range(segment, "view", offset, 0, &(uint8_t *){NULL});
  if (status)
    return status;
  const char *name = segment->name, *dtype_name = polyshm_dtype_name(dtype);
  int64_t room = (polyshm__segment_size(segment) - offset) / itemsize;
  if (count == -1)
    count = room;
  if (count < 0 || count > room)
    return polyshm_fail(POLYSHM_INDEX,
                        "view \"%s\": %" PRId64 " elements of %s from byte %" PRId64
                        " on do not fit: there is room for %" PRId64,
                        name, count, dtype_name, offset, room);
  if (offset % itemsize)
    return polyshm_fail(POLYSHM_ARGUMENT,
                        "view \"%s\": offset %" PRId64 " is no multiple of %" PRId64
                        ", as %s needs; get_value and set_value work anywhere",
                        name, offset, itemsize, dtype_name);
  polyshm_view *view = malloc(sizeof *view);
  if (!view)
    return polyshm_fail(POLYSHM_ENOMEM, "view \"%s\": %s", name, polyshm_status_text(POLYSHM_ENOMEM));
  polyshm__segment_retain(segment);
  *view = (polyshm_view){
      .segment = segment, .offset = offset, .count = count, .itemsize = itemsize, .dtype = dtype};
  *out = view;
  return POLYSHM_OK;
}

polyshm_status polyshm_view_close(polyshm_view *view) {
  if (view)
    atomic_store_explicit(&view->closed, true, memory_order_release);
  return POLYSHM_OK;
}

void polyshm_view_free(polyshm_view *view) {
  if (!view)
    return;
  polyshm_segment_free(view->segment);
  free(view);
}

bool polyshm_view_closed(const polyshm_view *view) {
  return !view || atomic_load_explicit(&view->closed, memory_order_acquire) ||
         polyshm_segment_closed(view->segment);
}

polyshm_dtype polyshm_view_dtype(const polyshm_view *view) {
  return view ? view->dtype : -1;
}

int64_t polyshm_view_count(const polyshm_view *view) {
  return view ? view->count : 0;
}

int64_t polyshm_view_offset(const polyshm_view *view) {
  return view ? view->offset : 0;
}

polyshm_status polyshm__view_refuse(const polyshm_view *view, const char *verb, int64_t index,
                                    int64_t count) {
  if (!view)
    return polyshm__missing(verb, "view");
  const char *name = view->segment->name;
  if (atomic_load_explicit(&view->closed, memory_order_acquire))
    return polyshm_fail(POLYSHM_CLOSED, "%s \"%s\": the view is closed", verb, name);
  if (polyshm_segment_closed(view->segment))
    return polyshm__segment_closed_error(view->segment, verb);
  if (polyshm__within(index, count, view->count)) {
    int64_t size = polyshm__segment_size(view->segment);
    if (view->offset + (index + count) * view->itemsize <= size)
      return polyshm_fail(POLYSHM_ARGUMENT, "%s \"%s\": no data was given", verb, name);
    return polyshm_fail(POLYSHM_INDEX, "%s \"%s\": the segment was cut to %" PRId64 " bytes under the view",
                        verb, name, size);
  }
  if (count == 1)
    return polyshm_fail(POLYSHM_INDEX,
                        "%s \"%s\": index %" PRId64 " is outside a view of %" PRId64
                        " elements, which count from 0",
                        verb, name, index, view->count);
  return polyshm_fail(POLYSHM_INDEX,
                      "%s \"%s\": %" PRId64 " elements from index %" PRId64
                      " on lie outside a view of %" PRId64 ", which count from 0",
                      verb, name, count, index, view->count);
}

polyshm_status polyshm__view_read_only(const polyshm_view *view, const char *verb) {
  return polyshm_fail(POLYSHM_READONLY, "%s \"%s\": %s", verb, view->segment->name,
                      polyshm_status_text(POLYSHM_READONLY));
}

polyshm_status polyshm_view_get(const polyshm_view *view, int64_t index, polyshm_value *out) {
  const uint8_t *from = polyshm__view_elements(view, index, 1);
  if (!from || !out)
    return polyshm__view_refuse(view, "get", index, 1);
  polyshm__element_get(view->dtype, from, out);
  return polyshm__segment_done(view->segment, "get");
}

polyshm_status polyshm_view_set(polyshm_view *view, int64_t index, const polyshm_value *value) {
  uint8_t *to = polyshm__view_elements(view, index, 1);
  if (!to || !value)
    return polyshm__view_refuse(view, "set", index, 1);
  if (view->segment->readonly)
    return polyshm__view_read_only(view, "set");
  polyshm_status status = polyshm__element_set(view->dtype, to, value);
  if (status)
    return status;
  return polyshm__segment_done(view->segment, "set");
}

polyshm_status polyshm_view_read(const polyshm_view *view, int64_t index, int64_t count, void *elements) {
  const uint8_t *from = polyshm__view_elements(view, index, count);
  if (!from || (!elements && count))
    return polyshm__view_refuse(view, "read", index, count);
  polyshm_status status = polyshm__copy_bytes(view->segment, "read", elements, from, count * view->itemsize);
  return status ? status : polyshm__segment_done(view->segment, "read");
}

polyshm_status polyshm_view_walk(const polyshm_view *view, int64_t index, int64_t count,
                                 polyshm_view_visit *visit, void *context) {
  if (!polyshm__view_elements(view, index, count) || !visit)
    return polyshm__view_refuse(view, "read", index, count);
  const int64_t most = 4096 / view->itemsize;
  for (int64_t done = 0, length; done < count; done += length) {
    length = count - done < most ? count - done : most;
    const uint8_t *from = polyshm__view_elements(view, index + done, length);
    if (!from)
      return polyshm__view_refuse(view, "read", index + done, length);
    polyshm_status status = visit(from, length, context);
    if (!status)
      status = polyshm__segment_done(view->segment, "read");
    if (status)
      return status;
  }
  return POLYSHM_OK;
}

polyshm_status polyshm_view_assign(polyshm_view *view, int64_t index, const void *elements, int64_t count) {
  uint8_t *to = polyshm__view_elements(view, index, count);
  if (!to || (!elements && count))
    return polyshm__view_refuse(view, "assign", index, count);
  if (view->segment->readonly)
    return polyshm__view_read_only(view, "assign");
  polyshm_status status = polyshm__copy_bytes(view->segment, "assign", to, elements, count * view->itemsize);
  return status ? status : polyshm__segment_done(view->segment, "assign");
}

polyshm_status polyshm_view_fill(polyshm_view *view, const polyshm_value *value, int64_t index,
                                 int64_t count) {
  uint8_t *to = polyshm__view_elements(view, index, count);
  if (!to || !value)
    return polyshm__view_refuse(view, "fill", index, count);
  if (view->segment->readonly)
    return polyshm__view_read_only(view, "fill");
  uint64_t element = 0;
  polyshm_status status = polyshm_dtype_pack(view->dtype, value, &element);
  if (status)
    return status;
  status = polyshm__fill_elements(view->segment, to, element, view->itemsize, count * view->itemsize);
  return status ? status : polyshm__segment_done(view->segment, "fill");
}
