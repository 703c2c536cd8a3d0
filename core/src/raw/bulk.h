/*
 * bulk.h: many bytes at once. What is more than POLYSHM_LARGE goes in steps, through the thread's
 * wait hook: between them a language looks for interrupts, and other threads may close the segment.
 * POLYSHM_EINTR, or POLYSHM_CLOSED: a part of it was done.
 */
#ifndef POLYSHM_RAW_BULK_H
#define POLYSHM_RAW_BULK_H

#include "segment.h"

polyshm_status polyshm__copy_many(const polyshm_segment *segment, const char *verb, void *to,
                                  const void *from, int64_t length);

/** memcpy(), between the segment and memory that is not in any. */
static inline polyshm_status polyshm__copy_bytes(const polyshm_segment *segment, const char *verb, void *to,
                                                 const void *from, int64_t length) {
  if (length > POLYSHM_LARGE)
    return polyshm__copy_many(segment, verb, to, from, length);
  if (length)
    __builtin_memcpy(to, from, (size_t)length);
  return POLYSHM_OK;
}

/** memset() in the segment. */
polyshm_status polyshm__fill_bytes(const polyshm_segment *segment, uint8_t *to, int byte, int64_t length);

/** Sets aligned elements of the segment, `length` bytes of them, to one, each in one access. */
polyshm_status polyshm__fill_elements(const polyshm_segment *segment, uint8_t *to, uint64_t element,
                                      int64_t itemsize, int64_t length);

typedef struct polyshm__move {
  const polyshm_segment *segment, *source;
  uint8_t *to, *from; /**< `offset` and `source_offset` bytes behind what either segment begins with */
  int64_t offset, source_offset;
} polyshm__move;

/** memmove(), between two segments or within one, though it be mapped twice. */
polyshm_status polyshm__move_bytes(const polyshm__move *move, int64_t length);

#endif
