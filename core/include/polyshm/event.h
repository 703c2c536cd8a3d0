/**
 * @file event.h
 * @brief Event: a flag that processes wait for, as Python's threading.Event.
 *
 * Nobody owns an event, so nobody's death matters to it: if a setter is killed in the middle of set(), the
 * flag is either set or not, and who waits for it notices within 50 ms. Threads may share a handle, and a
 * child may use it after fork(2). docs/layouts.md has the bytes.
 *
 * Memory. set() is a release and clear() an acquire, both in every case, and all of them on one event are in
 * one order. So a consumer that clears the event and then looks at the data either sees what was written
 * before a set(), or finds the event set again; one that looks first and clears then loses news. is_set() and
 * wait() that tell of a set flag are an acquire of the set() that set it.
 *
 * Mode. Who takes part writes: see polyshm_lock_create() for the modes with which somebody could not.
 *
 * @since 0.1
 */
#ifndef POLYSHM_EVENT_H
#define POLYSHM_EVENT_H

#include <polyshm/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A process's handle on an event. */
typedef struct polyshm_event polyshm_event;

/** Creates an event, not set, and its handle. Name, mode and errors as polyshm_segment_create(). */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_create(const char *name, int64_t mode,
                                                                polyshm_event **out);

/** Attaches to an existing event; parameters and errors as polyshm_lock_attach(). */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_attach(const char *name, int64_t flags,
                                                                int64_t timeout, polyshm_event **out);

/** Attaches if the name exists, else creates it. Errors: those of create and attach. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_open(const char *name, int64_t mode, int64_t flags,
                                                              polyshm_event **out);

/** Closes the handle. Idempotent; later calls are POLYSHM_CLOSED. The name stays. */
POLYSHM_API polyshm_status polyshm_event_close(polyshm_event *event);

/** Gives the handle back (NULL is ignored), which closes it. No other thread may be using it. */
POLYSHM_API void polyshm_event_free(polyshm_event *event);

/** As polyshm_segment_unlink(). */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_unlink(const polyshm_event *event);

/** Whether the handle is closed (true for NULL). */
POLYSHM_API bool polyshm_event_closed(const polyshm_event *event);

/** The name, as polyshm_segment_name(). */
POLYSHM_API const char *polyshm_event_name(const polyshm_event *event);

/** As polyshm_segment_stale(). */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_stale(const polyshm_event *event, bool *out);

/** Sets the flag, and wakes all who wait for it, even if it is cleared at once. POLYSHM_CLOSED. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_set(polyshm_event *event);

/** Clears the flag. POLYSHM_CLOSED. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_clear(polyshm_event *event);

/** Whether the flag is set. POLYSHM_CLOSED. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_is_set(const polyshm_event *event, bool *out);

/**
 * Waits until the flag is set; returns at once if it is.
 *
 * @param timeout nanoseconds; 0: look; negative: for ever.
 * @param out false: it was not set in time.
 * @return POLYSHM_EINTR: the wait was interrupted. POLYSHM_CLOSED.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_wait(polyshm_event *event, int64_t timeout,
                                                              bool *out);

#ifdef __cplusplus
}
#endif
#endif
