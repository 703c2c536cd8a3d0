/**
 * @file event.h
 * @brief Event: a flag that processes wait for, as Python's threading.Event.
 *
 * @since 0.1
 */
/**
 * @defgroup event Events
 * @ingroup polyshm
 * @brief Event: a flag that processes wait for, as Python's threading.Event.
 *
 * Nobody owns an event, so nobody's death matters to it: if a setter is killed in the middle of set(), the
 * flag is either set or not, and who waits for it notices within 50 ms. docs/layouts.md has the bytes.
 *
 * @par Memory
 * set() is a release and clear() an acquire, both in every case, and all of them on one event are in one
 * order. So a consumer that clears the event and then looks at the data either sees what was written before a
 * set(), or finds the event set again; one that looks first and clears then loses news. is_set() and wait()
 * that tell of a set flag are an acquire of the set() that set it.
 *
 * @par Mode
 * Who takes part writes: see polyshm_lock_create() for the modes with which somebody could not.
 *
 * @par Threads and fork(2)
 * Threads may share a handle, and a child may use it after fork(2).
 *
 * @{
 */
#ifndef POLYSHM_EVENT_H
#define POLYSHM_EVENT_H

#include <polyshm/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A process's handle on an event. */
typedef struct polyshm_event polyshm_event;

/**
 * Creates an event, not set, and its handle.
 *
 * @param name as polyshm_segment_create(): NULL for a generated one.
 * @param mode as polyshm_segment_create().
 * @param out the handle.
 * @return What polyshm_segment_create() returns, and besides:
 * @retval POLYSHM_ARGUMENT with this mode somebody could take no part, as polyshm_lock_create().
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_create(const char *name, int64_t mode,
                                                                polyshm_event **out);

/**
 * Attaches to an existing event.
 *
 * @param name the event's.
 * @param flags POLYSHM_FLAG_ANY_OWNER or 0, as polyshm_lock_attach().
 * @param timeout nanoseconds to wait for the name to appear; 0: do not wait; negative: for ever.
 * @param out the handle.
 * @return What polyshm_segment_attach() returns, and besides:
 * @retval POLYSHM_KIND the name means something else; the words say what.
 * @retval POLYSHM_INCOMPATIBLE it was made by a newer version of polyshm, or on a machine of the other byte
 * order.
 * @retval POLYSHM_CORRUPT its header, or what is behind it, is damaged.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_attach(const char *name, int64_t flags,
                                                                int64_t timeout, polyshm_event **out);

/**
 * Attaches if the name exists, else creates it.
 *
 * @param name the event's, one that can be created; not NULL.
 * @param mode as polyshm_event_create().
 * @param flags as polyshm_event_attach().
 * @param out the handle.
 * @return What polyshm_event_create(), polyshm_event_attach() and polyshm_segment_open() return.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_open(const char *name, int64_t mode, int64_t flags,
                                                              polyshm_event **out);

/**
 * Closes the handle. Idempotent; later calls are POLYSHM_CLOSED. The name stays.
 *
 * @param event the handle; NULL is closed.
 * @retval POLYSHM_OK always.
 */
POLYSHM_API polyshm_status polyshm_event_close(polyshm_event *event);

/**
 * Gives the handle back, which closes it. No other thread may be using it.
 *
 * @param event the handle; NULL is ignored.
 */
POLYSHM_API void polyshm_event_free(polyshm_event *event);

/**
 * Removes the event's name; who is attached goes on. Works on a closed handle.
 *
 * @param event the handle.
 * @return What polyshm_segment_unlink() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_unlink(const polyshm_event *event);

/**
 * Whether the handle is closed.
 *
 * @param event the handle.
 * @return whether it is; true for NULL.
 */
POLYSHM_API bool polyshm_event_closed(const polyshm_event *event);

/**
 * The name.
 *
 * @param event the handle.
 * @return the name, without a slash; "" for NULL. Valid as long as the handle.
 */
POLYSHM_API const char *polyshm_event_name(const polyshm_event *event);

/**
 * Whether the name is gone or means another event now. Works on a closed handle.
 *
 * @param event the handle.
 * @param out whether it is so.
 * @return What polyshm_segment_stale() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_stale(const polyshm_event *event, bool *out);

/**
 * Sets the flag, and wakes all who wait for it, even if it is cleared at once.
 *
 * @param event the handle.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_set(polyshm_event *event);

/**
 * Clears the flag.
 *
 * @param event the handle.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_clear(polyshm_event *event);

/**
 * Whether the flag is set.
 *
 * @param event the handle.
 * @param out whether it is.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_is_set(const polyshm_event *event, bool *out);

/**
 * Waits until the flag is set; returns at once if it is.
 *
 * @param event the handle.
 * @param timeout nanoseconds; 0: look; negative: for ever.
 * @param out false: it was not set in time.
 * @retval POLYSHM_EINTR the wait was interrupted.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_wait(polyshm_event *event, int64_t timeout,
                                                              bool *out);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
