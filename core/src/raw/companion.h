/*
 * companion.h: the lock that goes with a segment, as a file. Its name is the segment's and ".lock",
 * and its body has a record of the segment it was made for, so that it can go with the segment's name: a lock
 * of that name that was made by itself, or for an earlier segment, is told apart.
 */
#ifndef POLYSHM_RAW_COMPANION_H
#define POLYSHM_RAW_COMPANION_H

#include "../platform/platform.h"

#include <assert.h>
#include <stddef.h>

enum {
  POLYSHM__COMPANION_NAME_BYTES = 261, /* 255, the five of ".lock", and a terminator */
  POLYSHM__RECORD_OFFSET = 16          /* in the lock's body */
};

/** Tells which segment a lock was made for: all zero where it was made by itself. */
typedef struct polyshm__record {
  uint64_t inode;
  int64_t birth; /* nanoseconds since 1970; 0: not known */
} polyshm__record;

static_assert(offsetof(polyshm__record, birth) == 8 && sizeof(polyshm__record) == 16, "docs/layouts.md");

typedef enum polyshm__companion {
  POLYSHM__COMPANION_INDEPENDENT, /**< made by itself */
  POLYSHM__COMPANION_OURS,        /**< made for this segment */
  POLYSHM__COMPANION_STALE        /**< made for a segment that had the name before */
} polyshm__companion;

polyshm__record polyshm__record_of(const polyshm__identity *segment);
polyshm__companion polyshm__companion_is(const polyshm__record *record, const polyshm__identity *segment);

void polyshm__companion_name(char name[POLYSHM__COMPANION_NAME_BYTES], const char *segment);

/** Unlinks the lock of a segment's name if it is of that sort; otherwise, or where there is none, does
 * nothing. One system call that fails where there is none. */
polyshm_status polyshm__companion_unlink(const char *segment, const polyshm__identity *identity,
                                         polyshm__companion sort);

#endif
