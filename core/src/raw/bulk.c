#include "bulk.h"

#include <string.h>

/* Blank pages must not be filled: that takes memory. */
static polyshm_status still_open(const polyshm_segment *segment, const char *verb) {
  return polyshm_segment_closed(segment) ? polyshm__segment_closed_error(segment, verb) : POLYSHM_OK;
}

/* A hook's answer needs words; one that closed the segment has given it some. */
static polyshm_status finish(polyshm_status status, const polyshm_segment *segment, const char *verb) {
  if (status != POLYSHM_EINTR)
    return status;
  return polyshm_fail(status, "%s \"%s\": %s", verb, segment->name, polyshm_status_text(status));
}

/* ---- to and from other memory ---- */

struct copy {
  const polyshm_segment *segment;
  const char *verb;
  uint8_t *to;
  const uint8_t *from;
};

static polyshm_status copy_part(void *work, int64_t start, int64_t length) {
  const struct copy *copy = work;
  polyshm_status status = still_open(copy->segment, copy->verb);
  if (!status)
    memcpy(copy->to + start, copy->from + start, (size_t)length);
  return status;
}

polyshm_status polyshm__copy_many(const polyshm_segment *segment, const char *verb, void *to,
                                  const void *from, int64_t length) {
  struct copy copy = {segment, verb, to, from};
  return finish(polyshm__in_parts(copy_part, &copy, length, false), segment, verb);
}

/* ---- with one byte, with one element ---- */

struct fill {
  const polyshm_segment *segment;
  uint8_t *to;
  uint64_t element; /* in its first bytes */
  int64_t itemsize;
};

static polyshm_status fill_part(void *work, int64_t start, int64_t length) {
  const struct fill *fill = work;
  polyshm_status status = still_open(fill->segment, "fill");
  if (!status)
    memset(fill->to + start, *(const uint8_t *)&fill->element, (size_t)length);
  return status;
}

static polyshm_status fill_elements(void *work, int64_t start, int64_t length) {
  const struct fill *fill = work;
  polyshm_status status = still_open(fill->segment, "fill");
  for (int64_t done = 0; !status && done < length; done += fill->itemsize)
    polyshm__element_store(fill->to + start + done, &fill->element, fill->itemsize);
  return status;
}

polyshm_status polyshm__fill_bytes(const polyshm_segment *segment, uint8_t *to, int byte, int64_t length) {
  struct fill fill = {.segment = segment, .itemsize = 1};
  fill.to = to;
  memset(&fill.element, byte, sizeof fill.element);
  return finish(polyshm__in_parts(fill_part, &fill, length, false), segment, "fill");
}

polyshm_status polyshm__fill_elements(const polyshm_segment *segment, uint8_t *to, uint64_t element,
                                      int64_t itemsize, int64_t length) {
  struct fill fill = {.segment = segment, .element = element, .itemsize = itemsize};
  fill.to = to;
  return finish(polyshm__in_parts(fill_elements, &fill, length, false), segment, "fill");
}

/* ---- between segments ---- */

/*
 * memmove() for one segment seen through two mappings: it would not notice that the ranges overlap. Each
 * piece goes through private memory, and the end that the copy would overwrite goes first.
 */
static void move_between_mappings(uint8_t *to, const uint8_t *from, int64_t length, bool last_first) {
  uint8_t piece[4096];
  for (int64_t done = 0, part; done < length; done += part) {
    part = length - done < (int64_t)sizeof piece ? length - done : (int64_t)sizeof piece;
    int64_t start = last_first ? length - done - part : done;
    memcpy(piece, from + start, (size_t)part);
    memcpy(to + start, piece, (size_t)part);
  }
}

static bool is_one(const polyshm__move *move) {
  return polyshm__same_file(&move->segment->identity, &move->source->identity);
}

static polyshm_status move_part(void *work, int64_t start, int64_t length) {
  const polyshm__move *move = work;
  polyshm_status status = still_open(move->source, "copy");
  if (!status)
    status = still_open(move->segment, "copy");
  if (status)
    return status;
  uint8_t *to = move->to + start, *from = move->from + start;
  if (move->to - move->offset != move->from - move->source_offset && is_one(move))
    move_between_mappings(to, from, length, move->offset > move->source_offset);
  else
    memmove(to, from, (size_t)length);
  return POLYSHM_OK;
}

polyshm_status polyshm__move_bytes(const polyshm__move *move, int64_t length) {
  const bool last_first = is_one(move) && move->offset > move->source_offset;
  polyshm__move copy = *move;
  return finish(polyshm__in_parts(move_part, &copy, length, last_first), move->segment, "copy");
}
