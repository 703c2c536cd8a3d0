/*
 * platform.h: everything polyshm asks of the system, and the only place that asks. No words here, only
 * statuses (0 or -errno): the callers know which verb and which name they speak of.
 */
#ifndef POLYSHM_PLATFORM_H
#define POLYSHM_PLATFORM_H

#include <polyshm/status.h>

#include <stdatomic.h>

/* ---- file.c: names on the shared-memory file system ---- */

/** Which file a name meant: a name can come back with another file behind it. */
typedef struct polyshm__identity {
  uint64_t device, inode;
} polyshm__identity;

/** What the system says of a file. */
typedef struct polyshm__facts {
  polyshm__identity identity;
  int64_t size;
  uint32_t mode, owner;
  bool plain, linked_once; /**< a regular file; no second hard link */
} polyshm__facts;

/** A file that is being made and has no name yet (or, in the fallback, a hidden one). */
typedef struct polyshm__draft {
  int fd;
  bool hidden_name;
  char hidden[32];
  polyshm__identity identity;
} polyshm__draft;

/** Makes the fallback (a hidden name, then rename) the way to create: set where there is no /proc, which a
 * nameless file needs to get its name, and by tests. */
extern atomic_bool polyshm__without_tmpfile;

/** A nameless file of `size` allocated zero bytes and exactly this mode. */
polyshm_status polyshm__draft_begin(polyshm__draft *draft, int64_t size, uint32_t mode);
/** Gives it its name, at once and whole, unless the name is taken (EEXIST). */
polyshm_status polyshm__draft_publish(polyshm__draft *draft, const char *name);
/** Ends the making; a draft that was not published leaves nothing behind. */
void polyshm__draft_end(polyshm__draft *draft);

/** Opens an existing name and nothing but a plain file's name: never creates, blocks, or follows a link. */
polyshm_status polyshm__file_open(const char *name, bool readonly, int *fd, polyshm__facts *facts);
void polyshm__file_close(int fd);
/** Whether a file could grow so far: EFBIG or ENOSPC where that is clear from the start. What cannot fit must
 * not first take all the memory that others need. */
polyshm_status polyshm__file_room(int fd, int64_t from, int64_t size);
/** Extends an open file to `size` allocated bytes, at once, or fails and leaves it as it was; *found is the
 * size it had. RANGE: it is longer already. EBUSY: for seconds another process has been at it. */
polyshm_status polyshm__file_grow(int fd, int64_t size, int64_t *found);
polyshm_status polyshm__file_facts(const char *name, polyshm__facts *facts);
polyshm_status polyshm__file_unlink(const char *name);
/** Calls `visit` with each name in the directory until it returns nonzero, and returns that. */
polyshm_status polyshm__file_each(polyshm_status (*visit)(const char *name, void *context), void *context);

static inline bool polyshm__same_file(const polyshm__identity *a, const polyshm__identity *b) {
  return a->device == b->device && a->inode == b->inode;
}

/* ---- map.c: memory ---- */

polyshm_status polyshm__map(int fd, int64_t size, bool readonly, uint8_t **base);
/** Makes a mapping of a file longer: where it stands, or else as a second mapping of the same bytes elsewhere
 * (*base changes, and the first one stays). */
polyshm_status polyshm__map_grow(int fd, bool readonly, uint8_t **base, int64_t size, int64_t new_size);
/** Puts private zero pages in place of the shared ones, so that stale pointers hit nothing. */
void polyshm__map_blank(uint8_t *base, int64_t size);
void polyshm__unmap(uint8_t *base, int64_t size);

/* ---- system.c: the process ---- */

uint32_t polyshm__user(void);
uint32_t polyshm__random(void);

/* ---- wait.c: time ---- */

/** The monotonic time at which a wait of `timeout` nanoseconds ends; a negative timeout never ends. */
int64_t polyshm__deadline(int64_t timeout);
/** Nanoseconds until the deadline, 0 when it has passed, at most `longest`. */
int64_t polyshm__time_left(int64_t deadline, int64_t longest);
/** Sleeps once, through the thread's wait hook if it has one. EINTR: give the wait up. */
polyshm_status polyshm__pause(int64_t nanoseconds);

#endif
