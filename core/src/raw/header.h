/*
 * header.h: the first bytes of every named object of polyshm's own; docs/layouts.md has them one by
 * one. They never change while the object lives, so whoever attaches reads them once, into memory of its own.
 */
#ifndef POLYSHM_RAW_HEADER_H
#define POLYSHM_RAW_HEADER_H

#include <polyshm/status.h>

#include <assert.h>
#include <stddef.h>

/** Where an object's own bytes begin: the header has a page for itself. */
#define POLYSHM__BODY_OFFSET 4096

/** Where the counter stands from which participants draw their ids: on a cache line of its own. */
#define POLYSHM__NEXT_PARTICIPANT_OFFSET 64

/** X(NAME, letters, name): the kinds of object, and what users call them. */
#define POLYSHM__KIND_MAP(X)                                                                                 \
  X(LOCK, "LOCK", "Lock")                                                                                    \
  X(SEMAPHORE, "SEMA", "Semaphore")                                                                          \
  X(EVENT, "EVNT", "Event")

typedef enum polyshm__kind {
#define KIND(NAME, letters, name) POLYSHM__KIND_##NAME,
  POLYSHM__KIND_MAP(KIND)
#undef KIND
} polyshm__kind;

typedef struct polyshm__header {
  char magic[8];
  uint32_t endian;
  uint16_t major, minor;
  uint32_t body_offset;
  char kind[4];
  uint64_t size; /* of the whole file */
  uint8_t instance[16];
  uint64_t created; /* nanoseconds since 1970 */
  uint32_t creator; /* user id */
  uint32_t crc;     /* CRC-32C of all before it */
} polyshm__header;

static_assert(offsetof(polyshm__header, endian) == 8 && offsetof(polyshm__header, major) == 12 &&
                  offsetof(polyshm__header, minor) == 14 && offsetof(polyshm__header, body_offset) == 16 &&
                  offsetof(polyshm__header, kind) == 20 && offsetof(polyshm__header, size) == 24 &&
                  offsetof(polyshm__header, instance) == 32 && offsetof(polyshm__header, created) == 48 &&
                  offsetof(polyshm__header, creator) == 56 && offsetof(polyshm__header, crc) == 60 &&
                  sizeof(polyshm__header) == 64,
              "docs/layouts.md");

/** Returns what users call the kind. Static text. */
const char *polyshm__kind_name(polyshm__kind kind);

/** A new object's header. */
void polyshm__header_make(polyshm__header *header, polyshm__kind kind, int64_t size);

/** Returns what users call the object whose first @p length bytes these are: SharedMemory where they are no
 * object's. Static text. */
const char *polyshm__header_kind_name(const polyshm__header *header, int64_t length);

/** Whether the first @p length bytes of a file of @p size bytes are the header of such an object: KIND,
 * INCOMPATIBLE or CORRUPT, in the words of a call on @p name. */
polyshm_status polyshm__header_check(const polyshm__header *header, int64_t length, int64_t size,
                                     polyshm__kind kind, const char *verb, const char *name);

#endif
