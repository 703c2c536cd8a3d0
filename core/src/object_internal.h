/*
 * object_internal.h: what the named objects of polyshm's own have in common: a header, a body behind it, and,
 * for those that somebody owns, participants: handles that the kernel knows to be alive.
 */
#ifndef POLYSHM_OBJECT_INTERNAL_H
#define POLYSHM_OBJECT_INTERNAL_H

#include "participant_internal.h"

/** The first member of every handle. */
typedef struct polyshm__object {
  void *body; /* stays the same address when closed: blank pages */
  polyshm__participants participants;
  atomic_int references; /* a segment and its users share one lock */
  polyshm_segment *segment;
  const struct polyshm__class *class;
} polyshm__object;

/** What makes the kinds differ. All bodies are zero bytes at first but for a tag, and what write() adds. */
typedef struct polyshm__class {
  polyshm__kind kind;
  char tag[5]; /* four letters, in the body behind its first four bytes */
  bool owned;  /* by participants, which takes a file */
  size_t handle_size;
  int64_t body_size;                                               /* the least */
  void (*write)(void *body, int64_t count);                        /* or NULL */
  bool (*check)(const polyshm__object *object, int64_t body_size); /* whether the body can be one, or NULL */
  void (*before_free)(polyshm__object *object);                    /* or NULL */
} polyshm__class;

enum { POLYSHM__TAG_OFFSET = 4 };

/** Makes the object and its handle; @p body_size and @p count are of this one. */
polyshm_status polyshm__object_create(const polyshm__class *class, const char *name, int64_t body_size,
                                      int64_t count, int64_t mode, polyshm__object **out);
polyshm_status polyshm__object_attach(const polyshm__class *class, const char *name, int64_t flags,
                                      int64_t timeout, polyshm__object **out);
polyshm_status polyshm__object_open(const polyshm__class *class, const char *name, int64_t body_size,
                                    int64_t count, int64_t mode, int64_t flags, polyshm__object **out);

/** Makes the object that goes with a segment, and belongs to the segment's owner and group; write_more() adds
 * to its body what tells so. */
polyshm_status polyshm__object_create_for(const polyshm__class *class, const char *name,
                                          const polyshm_segment *segment, int64_t mode,
                                          void (*write_more)(void *body, const polyshm_segment *segment),
                                          polyshm__object **out);

/** What a lock is, for the lock of a segment. */
const polyshm__class *polyshm__lock_class(void);

/** Closes: its participant is dead for all others from now on. Idempotent. */
polyshm_status polyshm__object_close(polyshm__object *object);
/** Lets go of the handle; the last one closes it, and frees it. */
void polyshm__object_free(polyshm__object *object);

/** "lock: no Lock was given" */
polyshm_status polyshm__object_missing(const polyshm__class *class, const char *verb);
polyshm_status polyshm__object_no_result(const char *verb);
/** A failure in the words of a call on this object, `words` NULL: the status's own. */
polyshm_status polyshm__object_fail(const polyshm__object *object, polyshm_status status, const char *verb,
                                    const char *words);

static inline bool polyshm__object_closed(const polyshm__object *object) {
  return polyshm__participants_closed(&object->participants);
}

/** What every call ends with, as polyshm__segment_done(). */
static inline polyshm_status polyshm__object_done(const polyshm__object *object, const char *verb) {
  polyshm__after_access();
  return polyshm__object_closed(object) ? polyshm__object_fail(object, POLYSHM_CLOSED, verb, NULL)
                                        : POLYSHM_OK;
}

/** The handle's id in this process, or 0 if it has none yet. */
static inline uint32_t polyshm__object_id(const polyshm__object *object) {
  return polyshm__participants_id(&object->participants);
}

/** The same, and gives it one if need be. Errors as polyshm_lock_lock(). */
polyshm_status polyshm__object_join(polyshm__object *object, const char *verb, uint32_t *id);

/** Whether a participant lives. What cannot be found out counts as life: to wait is safe, to take over is
 * not. */
bool polyshm__object_alive(polyshm__object *object, uint32_t id);

/** What every kind's handle does alike: attach, close, free, unlink, closed, name, stale. */
#define POLYSHM__OBJECT_VERBS(type)                                                                          \
  polyshm_status polyshm_##type##_attach(const char *name, int64_t flags, int64_t timeout,                   \
                                         polyshm_##type **out) {                                             \
    polyshm__object *object = NULL;                                                                          \
    polyshm_status status =                                                                                  \
        polyshm__object_attach(&type##_class, name, flags, timeout, out ? &object : NULL);                   \
    if (out)                                                                                                 \
      *out = (polyshm_##type *)object;                                                                       \
    return status;                                                                                           \
  }                                                                                                          \
  polyshm_status polyshm_##type##_close(polyshm_##type *handle) {                                            \
    return handle ? polyshm__object_close(&handle->object) : POLYSHM_OK;                                     \
  }                                                                                                          \
  void polyshm_##type##_free(polyshm_##type *handle) {                                                       \
    if (handle)                                                                                              \
      polyshm__object_free(&handle->object);                                                                 \
  }                                                                                                          \
  polyshm_status polyshm_##type##_unlink(const polyshm_##type *handle) {                                     \
    return handle ? polyshm_segment_unlink(handle->object.segment)                                           \
                  : polyshm__object_missing(&type##_class, "unlink");                                        \
  }                                                                                                          \
  bool polyshm_##type##_closed(const polyshm_##type *handle) {                                               \
    return !handle || polyshm__object_closed(&handle->object);                                               \
  }                                                                                                          \
  const char *polyshm_##type##_name(const polyshm_##type *handle) {                                          \
    return handle ? handle->object.segment->name : "";                                                       \
  }                                                                                                          \
  polyshm_status polyshm_##type##_stale(const polyshm_##type *handle, bool *out) {                           \
    return handle ? polyshm_segment_stale(handle->object.segment, out)                                       \
                  : polyshm__object_missing(&type##_class, "stale");                                         \
  }

/** What those do alike besides, whose bodies have one size: create, open. */
#define POLYSHM__OBJECT_CREATION(type)                                                                       \
  polyshm_status polyshm_##type##_create(const char *name, int64_t mode, polyshm_##type **out) {             \
    polyshm__object *object = NULL;                                                                          \
    polyshm_status status =                                                                                  \
        polyshm__object_create(&type##_class, name, type##_class.body_size, 0, mode, out ? &object : NULL);  \
    if (out)                                                                                                 \
      *out = (polyshm_##type *)object;                                                                       \
    return status;                                                                                           \
  }                                                                                                          \
  polyshm_status polyshm_##type##_open(const char *name, int64_t mode, int64_t flags,                        \
                                       polyshm_##type **out) {                                               \
    polyshm__object *object = NULL;                                                                          \
    polyshm_status status = polyshm__object_open(&type##_class, name, type##_class.body_size, 0, mode,       \
                                                 flags, out ? &object : NULL);                               \
    if (out)                                                                                                 \
      *out = (polyshm_##type *)object;                                                                       \
    return status;                                                                                           \
  }

#endif
