/*
 * object.h: what the named objects of polyshm's own have in common: a header, a body behind it, and,
 * for those that somebody owns, participants: handles that the kernel knows to be alive.
 */
#ifndef POLYSHM_OBJECT_OBJECT_H
#define POLYSHM_OBJECT_OBJECT_H

#include "../sync/peers.h"
#include "participant.h"

/** Keeps what is rare out of the few instructions that a free lock takes. */
#define POLYSHM__COLD __attribute__((noinline))

/** The first member of every handle. */
typedef struct polyshm__object {
  void *body; /* stays the same address when closed: blank pages */
  polyshm__participants participants;
  atomic_int references; /* a segment and its users share one lock */
  polyshm_segment *segment;
  const struct polyshm__class *class;
} polyshm__object;

/** Each kind of object differs from the others in these fields. All bodies are zero bytes at first but for a
 * tag, and what write() adds. */
typedef struct polyshm__class {
  polyshm__kind kind;
  char tag[5]; /* four letters, in the body behind its first four bytes */
  bool owned;  /* by participants, which takes a file */
  size_t handle_size;
  int64_t body_size, item_size;             /* the body has item_size bytes more for each of its items */
  void (*write)(void *body, int64_t count); /* or NULL */
  bool (*check)(const polyshm__object *object, int64_t body_size); /* whether the body can be one, or NULL */
  void (*before_free)(polyshm__object *object);                    /* or NULL */
} polyshm__class;

enum { POLYSHM__TAG_OFFSET = 4 };

typedef enum polyshm__way { POLYSHM__CREATE, POLYSHM__ATTACH, POLYSHM__OPEN } polyshm__way;

/** How a handle is had: what a way has no use for is left out. */
typedef struct polyshm__request {
  const polyshm__class *class;
  polyshm__way way;
  const char *verb; /* in messages; NULL: the way's own */
  const char *name;
  int64_t count; /* of the body's items */
  int64_t mode, flags, timeout;
  /** NULL, or the segment with which the object goes: it belongs to the segment's owner and group, and
   * write_more() adds to its body what tells so. */
  const polyshm_segment *segment;
  void (*write_more)(void *body, const polyshm_segment *segment);
} polyshm__request;

/** Creates, attaches or opens. @p out points to a pointer to the class's handle, which is NULL after a
 * failure. */
polyshm_status polyshm__object_make(const polyshm__request *request, void *out);

/** The class of locks, for the lock of a segment. */
const polyshm__class *polyshm__lock_class(void);

/** Closes: its participant is dead for all others from now on. Idempotent. NULL is closed. */
polyshm_status polyshm__object_close(polyshm__object *object);
/** Lets go of the handle; the last one closes it, and frees it. NULL is ignored. */
void polyshm__object_free(polyshm__object *object);
/** As the public ones of a segment; NULL: no object of this class was given. */
polyshm_status polyshm__object_unlink(const polyshm__class *class, const polyshm__object *object);
polyshm_status polyshm__object_stale(const polyshm__class *class, const polyshm__object *object, bool *out);
const char *polyshm__object_name(const polyshm__object *object);

/** "lock: no Lock was given" */
polyshm_status polyshm__object_missing(const polyshm__class *class, const char *verb);
/** A failure in the words of a call on this object, `words` NULL: the status's own. */
polyshm_status polyshm__object_fail(const polyshm__object *object, polyshm_status status, const char *verb,
                                    const char *words);

static inline bool polyshm__object_closed(const polyshm__object *object) {
  return polyshm__participants_closed(&object->participants);
}

/** Every call ends with this, as with polyshm__segment_done(). */
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

/** Why there are no members on this file's file system. */
polyshm_status polyshm__object_no_tokens(const char *verb, const char *name, int file);

/** Whether a participant lives. What cannot be found out counts as life: to wait is safe, to take over is
 * not. */
bool polyshm__object_alive(polyshm__object *object, uint32_t id);

/** The object's members as the algorithms on words ask for them; this one counts as alive. */
polyshm__peers polyshm__object_peers(polyshm__object *object);

#endif
