/* segment.h: what the core's other files may know of a segment. */
#ifndef POLYSHM_RAW_SEGMENT_H
#define POLYSHM_RAW_SEGMENT_H

#include "../base/argument.h"
#include "../base/value.h"
#include "../platform/platform.h"
#include "header.h"

#include <polyshm/segment.h>

#include <stdatomic.h>

struct polyshm_segment {
  /*
   * Calls take no lock. They load size, then base, touch the bytes, and then ask whether the segment was
   * closed meanwhile: close() first says so and then blanks the pages, so whoever saw blank pages also sees
   * `closed`, if only it looks there after the bytes. A growing segment changes base before size, so whoever
   * saw the new size also sees a base that has it. They stand on one page, so the child of a fork(2) in that
   * moment does so, too.
   */
  _Atomic(uint8_t *) base;
  _Atomic int64_t size;
  atomic_bool closed;
  bool readonly, any_owner;
  uint32_t mode, owner, group; /* as it was made or found; mode: the permission bits */
  atomic_int references;       /* the handle and its views */
  polyshm__mutex change;       /* close, resize and refresh exclude one another */
  bool blank;                  /* close() has given all memory back */
  polyshm__mapping mapping;
  /* object/segment_lock.c's: the lock that goes with the segment, and how to let go of it */
  struct polyshm_lock *lock;
  void (*free_lock)(struct polyshm_lock *lock);
  polyshm__identity identity;
  char name[256];
};

/** A segment holds this from the moment it has its name: write() is given its zero bytes before. */
typedef struct polyshm__contents {
  polyshm_status (*write)(uint8_t *base, const polyshm__draft *draft, void *context);
  void *context;
  /** NULL, or the segment with which the new one goes: its name may be longer by the five bytes of ".lock",
   * and it belongs to the segment's owner and group. */
  const struct polyshm_segment *companion_of;
} polyshm__contents;

/** As the public ones, with contents (NULL: zero bytes). The file stays open, as *file, unless that is NULL.
 */
polyshm_status polyshm__segment_create(const char *name, int64_t size, int64_t mode,
                                       const polyshm__contents *contents, int *file, polyshm_segment **out);
polyshm_status polyshm__segment_attach(const char *name, int64_t flags, int64_t timeout, int *file,
                                       polyshm_segment **out);
polyshm_status polyshm__segment_open(const char *name, int64_t size, int64_t mode, int64_t flags,
                                     const polyshm__contents *contents, int *file, polyshm_segment **out);

enum { POLYSHM__NAME_MOST = 200, POLYSHM__COMPANION_NAME_MOST = POLYSHM__NAME_MOST + 5 }; /* bytes */

/** "/name" as "name": CPython's users know it so. NULL stays. */
const char *polyshm__name_without_slash(const char *name);
/** Whether it is a name at all, which is what attach and unlink take: or ARGUMENT. */
polyshm_status polyshm__name_check(const char *verb, const char *name);
/** Whether it is one that every language, shell and file system keeps as it is: what create takes. */
polyshm_status polyshm__name_check_new(const char *verb, const char *name, size_t most);
/** A size that a segment can have, or RANGE. */
polyshm_status polyshm__segment_check_size(const char *verb, const char *name, int64_t size);

/** A failure in the words of a call on this name. */
polyshm_status polyshm__segment_fail(polyshm_status status, const char *verb, const char *name);
/** The same, of a call that makes or removes a name. */
polyshm_status polyshm__segment_fail_to_change(polyshm_status status, const char *verb, const char *name);
/** The same, of a call that was to allocate so many bytes. */
polyshm_status polyshm__segment_fail_to_allocate(polyshm_status status, const char *verb, const char *name,
                                                 int64_t bytes);

static inline polyshm_status polyshm__no_segment(const char *verb) {
  return polyshm__missing(verb, "segment");
}

/** Whether the segment's name still means it; *same is false where it is gone or means another. */
polyshm_status polyshm__segment_named(const polyshm_segment *segment, bool *same);

/** Copies out the first bytes, which may be an object's header; returns how many there are. */
int64_t polyshm__segment_header(const polyshm_segment *segment, polyshm__header *header);

/** Why a call failed so: the directory's fault, or what the status means, those of the system that are not in
 * the table too. Valid until the thread's next such call. */
const char *polyshm__words(polyshm_status status);
/** The first of these two alone, or NULL. @p changes: the call makes or removes a name, for which a directory
 * must be writable. */
const char *polyshm__words_of_directory(polyshm_status status, bool changes);

void polyshm__segment_retain(polyshm_segment *segment);

/** The bytes of a range for reading, or INDEX or CLOSED. */
polyshm_status polyshm__segment_range(const polyshm_segment *segment, const char *verb, int64_t offset,
                                      int64_t length, uint8_t **data);

/** The bytes of a range for writing: also READONLY. */
polyshm_status polyshm__segment_writable(const polyshm_segment *segment, const char *verb, int64_t offset,
                                         int64_t length, uint8_t **data);

polyshm_status polyshm__segment_closed_error(const polyshm_segment *segment, const char *verb);

/** The bytes were loaded before what follows: see above. No instruction on x86. */
static inline void polyshm__after_access(void) {
#if !defined(__SANITIZE_THREAD__) /* it knows no fences */
  atomic_thread_fence(memory_order_acquire);
#endif
}

/** Every access ends with this. */
static inline polyshm_status polyshm__segment_done(const polyshm_segment *segment, const char *verb) {
  polyshm__after_access();
  if (atomic_load_explicit(&segment->closed, memory_order_acquire))
    return polyshm__segment_closed_error(segment, verb);
  return POLYSHM_OK;
}

static inline int64_t polyshm__segment_size(const polyshm_segment *segment) {
  return atomic_load_explicit(&segment->size, memory_order_acquire);
}

static inline uint8_t *polyshm__segment_base(const polyshm_segment *segment) {
  return atomic_load_explicit(&segment->base, memory_order_acquire);
}

/** Whether `length` bytes from `offset` on lie within `size`; nothing can overflow. */
static inline bool polyshm__within(int64_t offset, int64_t length, int64_t size) {
  return offset >= 0 && length >= 0 && length <= size && offset <= size - length;
}

/*
 * One element in one access where it is aligned: other processes read and write it meanwhile, and must not
 * see half of it. Relaxed, because a plain view orders nothing. The test for alignment knows that sizes are
 * powers of two: a division would take longer than all the rest of a call.
 */
static inline void polyshm__element_load(const void *from, void *to, int64_t itemsize) {
  switch ((uintptr_t)from & (uintptr_t)(itemsize - 1) ? 0 : itemsize) {
#define LOAD(bits)                                                                                           \
  case (bits) / 8: {                                                                                         \
    uint##bits##_t item = __atomic_load_n((const uint##bits##_t *)from, __ATOMIC_RELAXED);                   \
    __builtin_memcpy(to, &item, (bits) / 8);                                                                 \
    return;                                                                                                  \
  }
    LOAD(8);
    LOAD(16);
    LOAD(32);
    LOAD(64);
#undef LOAD
  default:
    __builtin_memcpy(to, from, (size_t)itemsize);
  }
}

static inline void polyshm__element_store(void *to, const void *from, int64_t itemsize) {
  switch ((uintptr_t)to & (uintptr_t)(itemsize - 1) ? 0 : itemsize) {
#define STORE(bits)                                                                                          \
  case (bits) / 8: {                                                                                         \
    uint##bits##_t item;                                                                                     \
    __builtin_memcpy(&item, from, (bits) / 8);                                                               \
    __atomic_store_n((uint##bits##_t *)to, item, __ATOMIC_RELAXED);                                          \
    return;                                                                                                  \
  }
    STORE(8);
    STORE(16);
    STORE(32);
    STORE(64);
#undef STORE
  default:
    __builtin_memcpy(to, from, (size_t)itemsize);
  }
}

/* An element as a value and back: one switch, in which load, store and conversion are each dtype's own. */
static inline void polyshm__element_get(polyshm_dtype dtype, const void *from, polyshm_value *out) {
  uint64_t element = 0;
  switch (dtype) {
#define GET(NAME, name, type)                                                                                \
  case POLYSHM_##NAME:                                                                                       \
    polyshm__element_load(from, &element, sizeof(type));                                                     \
    polyshm__unpack(POLYSHM_##NAME, &element, out);                                                          \
    break;
    POLYSHM_DTYPE_MAP(GET)
#undef GET
  }
}

/* Errors as polyshm_dtype_pack(): then nothing was stored. */
static inline polyshm_status polyshm__element_set(polyshm_dtype dtype, void *to, const polyshm_value *value) {
  uint64_t element = 0;
  switch (dtype) {
#define SET(NAME, name, type)                                                                                \
  case POLYSHM_##NAME:                                                                                       \
    if (!polyshm__pack_plain(POLYSHM_##NAME, value, &element)) {                                             \
      polyshm_status status = polyshm_dtype_pack(POLYSHM_##NAME, value, &element);                           \
      if (status)                                                                                            \
        return status;                                                                                       \
    }                                                                                                        \
    polyshm__element_store(to, &element, sizeof(type));                                                      \
    break;
    POLYSHM_DTYPE_MAP(SET)
#undef SET
  }
  return POLYSHM_OK;
}

#endif
