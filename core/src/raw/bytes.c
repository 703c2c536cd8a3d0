/* These are the calls on a segment's bytes. */
#include "bulk.h"
#include "segment.h"

#include <inttypes.h>

polyshm_status polyshm__segment_range(const polyshm_segment *segment, const char *verb, int64_t offset,
                                      int64_t length, uint8_t **data) {
  if (!segment)
    return polyshm__no_segment(verb);
  if (polyshm_segment_closed(segment))
    return polyshm__segment_closed_error(segment, verb);
  int64_t size = polyshm__segment_size(segment);
  if (!polyshm__within(offset, length, size))
    return polyshm_fail(POLYSHM_INDEX,
                        "%s \"%s\": %" PRId64 " bytes from offset %" PRId64 " on lie outside its %" PRId64
                        " bytes, which count from 0",
                        verb, segment->name, length, offset, size);
  *data = polyshm__segment_base(segment) + offset;
  return POLYSHM_OK;
}

polyshm_status polyshm__segment_writable(const polyshm_segment *segment, const char *verb, int64_t offset,
                                         int64_t length, uint8_t **data) {
  polyshm_status status = polyshm__segment_range(segment, verb, offset, length, data);
  if (!status && segment->readonly)
    status = polyshm__segment_fail(POLYSHM_READONLY, verb, segment->name);
  return status;
}

polyshm_status polyshm_segment_read(const polyshm_segment *segment, int64_t offset, void *data,
                                    int64_t length) {
  uint8_t *from = NULL;
  polyshm_status status = polyshm__segment_range(segment, "read", offset, length, &from);
  if (status)
    return status;
  if (!data && length)
    return polyshm__no_data("read");
  status = polyshm__copy_bytes(segment, "read", data, from, length);
  return status ? status : polyshm__segment_done(segment, "read");
}

polyshm_status polyshm_segment_borrow(const polyshm_segment *segment, int64_t offset, int64_t length,
                                      const void **data) {
  if (!data)
    return polyshm__no_result("read");
  uint8_t *from = NULL;
  polyshm_status status = polyshm__segment_range(segment, "read", offset, length, &from);
  *data = from;
  return status;
}

polyshm_status polyshm_segment_write(polyshm_segment *segment, int64_t offset, const void *data,
                                     int64_t length) {
  uint8_t *to = NULL;
  polyshm_status status = polyshm__segment_writable(segment, "write", offset, length, &to);
  if (status)
    return status;
  if (!data && length)
    return polyshm__no_data("write");
  status = polyshm__copy_bytes(segment, "write", to, data, length);
  return status ? status : polyshm__segment_done(segment, "write");
}

polyshm_status polyshm_segment_fill(polyshm_segment *segment, int64_t byte, int64_t offset, int64_t length) {
  uint8_t *to = NULL;
  polyshm_status status = polyshm__segment_writable(segment, "fill", offset, length, &to);
  if (status)
    return status;
  if (byte < 0 || byte > 255)
    return polyshm_fail(POLYSHM_RANGE, "fill \"%s\": %" PRId64 " is no byte, which is 0 ... 255",
                        segment->name, byte);
  status = polyshm__fill_bytes(segment, to, (int)byte, length);
  return status ? status : polyshm__segment_done(segment, "fill");
}

polyshm_status polyshm_segment_copy(polyshm_segment *segment, const polyshm_segment *source, int64_t offset,
                                    int64_t length, int64_t source_offset) {
  uint8_t *to = NULL, *from = NULL;
  polyshm_status status = polyshm__segment_writable(segment, "copy", offset, length, &to);
  if (!status)
    status = polyshm__segment_range(source, "copy", source_offset, length, &from);
  if (!status)
    status = polyshm__move_bytes(&(polyshm__move){segment, source, to, from, offset, source_offset}, length);
  if (!status)
    status = polyshm__segment_done(source, "copy");
  return status ? status : polyshm__segment_done(segment, "copy");
}

static polyshm_status check_dtype(const char *verb, polyshm_dtype dtype) {
  if (polyshm_dtype_itemsize(dtype))
    return POLYSHM_OK;
  return polyshm_fail(POLYSHM_ARGUMENT, "%s: %" PRId32 " is not a dtype", verb, dtype);
}

polyshm_status polyshm_segment_get_value(const polyshm_segment *segment, polyshm_dtype dtype, int64_t offset,
                                         polyshm_value *out) {
  uint8_t *from = NULL;
  int64_t itemsize = polyshm_dtype_itemsize(dtype);
  polyshm_status status = check_dtype("get_value", dtype);
  if (!status)
    status = polyshm__segment_range(segment, "get_value", offset, itemsize, &from);
  if (status)
    return status;
  if (!out)
    return polyshm__no_result("get_value");
  polyshm__element_get(dtype, from, out);
  return polyshm__segment_done(segment, "get_value");
}

polyshm_status polyshm_segment_set_value(polyshm_segment *segment, polyshm_dtype dtype, int64_t offset,
                                         const polyshm_value *value) {
  uint8_t *to = NULL;
  int64_t itemsize = polyshm_dtype_itemsize(dtype);
  polyshm_status status = check_dtype("set_value", dtype);
  if (!status)
    status = polyshm__segment_writable(segment, "set_value", offset, itemsize, &to);
  if (status)
    return status;
  if (!value)
    return polyshm__no_data("set_value");
  status = polyshm__element_set(dtype, to, value);
  if (status)
    return status;
  return polyshm__segment_done(segment, "set_value");
}
