#include "object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

polyshm_status polyshm__object_missing(const polyshm__class *class, const char *verb) {
  return polyshm__missing(verb, polyshm__kind_name(class->kind));
}

polyshm_status polyshm__object_fail(const polyshm__object *object, polyshm_status status, const char *verb,
                                    const char *words) {
  const char *name = object->segment->name, *kind = polyshm__kind_name(object->class->kind);
  if (status == POLYSHM_CLOSED)
    return polyshm_fail(status, "%s \"%s\": the %s is closed; attach again", verb, name, kind);
  return polyshm_fail(status, "%s \"%s\": %s", verb, name, words ? words : polyshm__words(status));
}

/* ---- create, attach, open ---- */

static const char *verb_of(const polyshm__request *request) {
  static const char *const verbs[] = {"create", "attach", "open"};
  return request->verb ? request->verb : verbs[request->way];
}

static int64_t size_of(const polyshm__request *request) {
  return POLYSHM__BODY_OFFSET + request->class->body_size + request->count * request->class->item_size;
}

static polyshm_status write_object(uint8_t *base, const polyshm__draft *draft, void *context) {
  const polyshm__request *request = context;
  const polyshm__class *class = request->class;
  if (class->owned && !polyshm__token_possible(draft->fd, draft->hidden, &draft->identity))
    return polyshm__object_no_tokens(verb_of(request), request->name ? request->name : "", draft->fd);
  polyshm__header header;
  polyshm__header_make(&header, class->kind, size_of(request));
  memcpy(base, &header, sizeof header);
  atomic_store((_Atomic uint32_t *)(void *)(base + POLYSHM__NEXT_PARTICIPANT_OFFSET), 1);
  uint8_t *body = base + POLYSHM__BODY_OFFSET;
  memcpy(body + POLYSHM__TAG_OFFSET, class->tag, strlen(class->tag));
  if (class->write)
    class->write(body, request->count);
  if (request->write_more)
    request->write_more(body, request->segment);
  return POLYSHM_OK;
}

/* Before there is anything else: what was created must not be left without a handle. */
static polyshm__object *make_handle(const polyshm__class *class, const char *verb) {
  polyshm__object *object = calloc(1, class->handle_size);
  if (!object) {
    (void)polyshm_fail(POLYSHM_ENOMEM, "%s: %s", verb, polyshm_status_text(POLYSHM_ENOMEM));
    return NULL;
  }
  object->class = class;
  atomic_init(&object->references, 1);
  return object;
}

/* Whether it is such an object. What never changes is looked at once, here. */
static polyshm_status check_bytes(const polyshm__object *object, const char *verb) {
  const polyshm__class *class = object->class;
  const int64_t size = polyshm__segment_size(object->segment), body_size = size - POLYSHM__BODY_OFFSET;
  polyshm__header header;
  const int64_t length = polyshm__segment_header(object->segment, &header);
  polyshm_status status =
      polyshm__header_check(&header, length, size, class->kind, verb, object->segment->name);
  if (status)
    return status;
  bool whole =
      body_size >= class->body_size &&
      memcmp((const char *)object->body + POLYSHM__TAG_OFFSET, class->tag, strlen(class->tag)) == 0 &&
      (!class->check || class->check(object, body_size));
  return whole ? POLYSHM_OK
               : polyshm__object_fail(object, POLYSHM_CORRUPT, verb,
                                      "what is behind its header is damaged: unlink it and create it anew");
}

/*
 * Who takes part in an object writes to it. A user who may only read it could take part in nothing, and one
 * whose own mode keeps it out not even in what it has made.
 */
static polyshm_status check_mode(const polyshm__request *request) {
  const int64_t mode = request->mode, group = mode >> 3 & 6, others = mode & 6;
  if (mode < 0 || mode > 0777) /* the segment's create has words for that */
    return POLYSHM_OK;
  if ((mode & 0600) == 0600 && (group == 0 || group == 6) && (others == 0 || others == 6))
    return POLYSHM_OK;
  return polyshm_fail(
      POLYSHM_ARGUMENT,
      "%s \"%.255s\": mode 0%03" PRIo64
      " is of no use: who takes part in the %s reads and writes it, so its owner needs both, and "
      "group and others need both or neither, as in 0600, 0660 or 0666",
      verb_of(request), request->name ? request->name : "", mode, polyshm__kind_name(request->class->kind));
}

static polyshm_status check(const polyshm__request *request) {
  if (request->flags & POLYSHM_FLAG_READONLY)
    return polyshm_fail(POLYSHM_ARGUMENT, "%s: readonly is not for this kind of object: its users write",
                        verb_of(request));
  return request->way == POLYSHM__ATTACH ? POLYSHM_OK : check_mode(request);
}

/* The segment of the object, and the file by which its owners take part. */
static polyshm_status have_segment(const polyshm__request *request, int *file, polyshm_segment **out) {
  const polyshm__contents contents = {write_object, (void *)request, request->segment};
  int *const kept = request->class->owned ? file : NULL;
  switch (request->way) {
  case POLYSHM__CREATE:
    return polyshm__segment_create(request->name, size_of(request), request->mode, &contents, kept, out);
  case POLYSHM__OPEN:
    return polyshm__segment_open(request->name, size_of(request), request->mode, request->flags, &contents,
                                 kept, out);
  case POLYSHM__ATTACH:
    break;
  }
  return polyshm__segment_attach(request->name, request->flags, request->timeout, kept, out);
}

/* An object that was found, and not made, is looked at. */
static polyshm_status recognise(const polyshm__object *object, const char *verb, int file) {
  polyshm_status status = check_bytes(object, verb);
  if (!status && object->class->owned &&
      !polyshm__token_possible(file, object->segment->name, &object->segment->identity))
    status = polyshm__object_no_tokens(verb, object->segment->name, file);
  return status;
}

/* To a pointer of the class's own type, which only the caller knows. */
static void hand_over(void *out, polyshm__object *object) {
  memcpy(out, (void *)&object, sizeof(void *));
}

polyshm_status polyshm__object_make(const polyshm__request *request, void *out) {
  polyshm__object *object = NULL;
  const char *verb = verb_of(request);
  if (!out)
    return polyshm__no_result(verb);
  hand_over(out, NULL);
  polyshm_status status = check(request);
  if (status)
    return status;
  object = make_handle(request->class, verb);
  if (!object)
    return POLYSHM_ENOMEM;
  int file = -1;
  status = have_segment(request, &file, &object->segment);
  if (status) {
    free(object);
    return status;
  }
  polyshm__participants_begin(&object->participants, file);
  object->body = polyshm__segment_base(object->segment) + POLYSHM__BODY_OFFSET;
  if (request->way != POLYSHM__CREATE)
    status = recognise(object, verb, file);
  if (status)
    polyshm__object_free(object);
  else
    hand_over(out, object);
  return status;
}

/* ---- close, free ---- */

polyshm_status polyshm__object_close(polyshm__object *object) {
  if (!object)
    return POLYSHM_OK;
  polyshm__participants_close(&object->participants);
  (void)polyshm_segment_close(object->segment);
  polyshm__participants_end(&object->participants, object->segment);
  return POLYSHM_OK;
}

void polyshm__object_free(polyshm__object *object) {
  if (!object || atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel) != 1)
    return;
  if (object->class->before_free)
    object->class->before_free(object);
  (void)polyshm__object_close(object);
  polyshm__participants_free(&object->participants, object->segment);
  polyshm_segment_free(object->segment);
  free(object);
}

/* ---- the name ---- */

polyshm_status polyshm__object_unlink(const polyshm__class *class, const polyshm__object *object) {
  return object ? polyshm_segment_unlink(object->segment) : polyshm__object_missing(class, "unlink");
}

polyshm_status polyshm__object_stale(const polyshm__class *class, const polyshm__object *object, bool *out) {
  return object ? polyshm_segment_stale(object->segment, out) : polyshm__object_missing(class, "stale");
}

const char *polyshm__object_name(const polyshm__object *object) {
  return object ? object->segment->name : "";
}
