/*
 * participant.h: who takes part in an object that somebody owns: handles that the kernel knows to be
 * alive. No words here, as in the platform: the object knows which verb and which kind it speaks of.
 */
#ifndef POLYSHM_OBJECT_PARTICIPANT_H
#define POLYSHM_OBJECT_PARTICIPANT_H

#include "../raw/segment.h"

/** A handle's sign of life in one process: its children of fork(2) take others. */
typedef struct polyshm__participant {
  polyshm__token token;
  struct polyshm__participant *inherited;
} polyshm__participant;

/** A handle's participants, and the file by which it takes part and asks for others. */
typedef struct polyshm__participants {
  _Atomic uint64_t identity; /* the process's number and, in the lower half, the handle's id in it */
  /* The slow calls that are using file, and whether the handle is closed; in the upper half, the number of
   * the process whose calls they are: in a child of fork(2) there are none of its parent's threads. The last
   * one out closes the file: a count, not a mutex, because a child would find that locked for ever. */
  _Atomic uint64_t users;
  atomic_int file;                        /* open, to ask for others' tokens; or -1 */
  _Atomic(polyshm__participant *) latest; /* NULL: not needed until now */
} polyshm__participants;

#define POLYSHM__CLOSED UINT64_C(0x80000000) /* in `users` */

/** Nobody takes part yet. The file, or -1, becomes theirs. */
void polyshm__participants_begin(polyshm__participants *participants, int file);
/** Says that the handle is closed. What it had is given up by end(), once the pages are blank. */
void polyshm__participants_close(polyshm__participants *participants);
/** The handle's participant is dead for all others from now on. Idempotent. */
void polyshm__participants_end(polyshm__participants *participants, const polyshm_segment *segment);
/** Frees what they take. No other thread may be using them. */
void polyshm__participants_free(polyshm__participants *participants, const polyshm_segment *segment);

static inline bool polyshm__participants_closed(const polyshm__participants *participants) {
  return atomic_load_explicit(&participants->users, memory_order_acquire) & POLYSHM__CLOSED;
}

/** The handle's id in this process, or 0 if it has none yet. */
static inline uint32_t polyshm__participants_id(const polyshm__participants *participants) {
  uint64_t identity = atomic_load_explicit(&participants->identity, memory_order_relaxed);
  return identity >> 32 == polyshm__process() ? (uint32_t)identity : 0;
}

/** Gives the handle an id in this process if it has none. CLOSED. EBUSY: no id is free. EOPNOTSUPP: this file
 * system does not keep tokens. EACCES, ENOENT: this process may not open the file any more, or does not see
 * it. ESTALE, EMFILE, … */
polyshm_status polyshm__participants_join(polyshm__participants *participants,
                                          const polyshm_segment *segment);
/** Finds out what keeps the next one from joining. */
void polyshm__participants_obstacle(polyshm__participants *participants, const polyshm_segment *segment,
                                    polyshm__obstacle *obstacle);

/** Whether a participant of the object lives. What cannot be found out counts as life: to wait is safe, to
 * take over is not. */
bool polyshm__participants_alive(polyshm__participants *participants, const polyshm_segment *segment,
                                 uint32_t id);

#endif
