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

/**
 * @defgroup polyshm_event Events
 * @brief A flag that processes wait for.
 *
 * Threads and fork: any number of threads may use a handle at once, close() among them; free() needs the
 * last user to be gone. A child of fork(2) may use, close and free its copies, which touches nothing of its
 * parent's.
 * @{
 */

/** A process's handle on an event. */
typedef struct polyshm_event polyshm_event;

/**
 * Creates an event, not set, and its handle. Other failures are those of polyshm_segment_create().
 *
 * @param name The name, or NULL for a generated one: `psm_` and 8 random hexadecimal digits.
 * @param mode The permission bits, 0 … 0777, exactly as given: the umask does not apply. Who takes part
 *   reads and writes, so the owner needs both, and group and others need both or neither: 0600, 0660, 0606,
 *   0666.
 * @param out Receives the handle, to be given back by polyshm_event_free(); NULL after a failure.
 * @retval POLYSHM_ARGUMENT That is not a name one can create, or the mode is one with which somebody could
 *   take no part.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_create(const char *name, int64_t mode,
                                                                polyshm_event **out);

/**
 * Attaches to an existing event. Other failures are those of polyshm_segment_attach().
 *
 * @param name The name.
 * @param flags POLYSHM_FLAG_ANY_OWNER, or 0: who takes part writes, so READONLY is not for it.
 * @param timeout Nanoseconds to wait for the name to appear; 0: does not wait; negative: for ever.
 * @param out Receives the handle, to be given back by polyshm_event_free(); NULL after a failure.
 * @retval POLYSHM_KIND The name means something else; the words say what.
 * @retval POLYSHM_INCOMPATIBLE It was made by a newer version of polyshm, or on a machine of the other byte
 *   order.
 * @retval POLYSHM_CORRUPT Its header is damaged.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_attach(const char *name, int64_t flags,
                                                                int64_t timeout, polyshm_event **out);

/**
 * Attaches if the name exists, else creates it. Failures are those of create and attach.
 *
 * @param name The name.
 * @param mode The permission bits, 0 … 0777, exactly as given: the umask does not apply.
 * @param flags POLYSHM_FLAG_ANY_OWNER, or 0.
 * @param out Receives the handle, to be given back by polyshm_event_free(); NULL after a failure.
 * @retval POLYSHM_KIND The name means something else; the words say what.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_open(const char *name, int64_t mode, int64_t flags,
                                                              polyshm_event **out);

/**
 * Closes the handle. Idempotent; later calls are POLYSHM_CLOSED. The name stays.
 *
 * @param event The event; NULL is closed.
 * @retval POLYSHM_OK Always.
 */
POLYSHM_API polyshm_status polyshm_event_close(polyshm_event *event);

/**
 * Gives the handle back, which closes it. No other thread may be using it.
 *
 * @param event The event; NULL is ignored.
 */
POLYSHM_API void polyshm_event_free(polyshm_event *event);

/**
 * Removes the name, as polyshm_segment_unlink(): who is attached goes on with what has lost its name.
 *
 * @param event The event.
 * @retval POLYSHM_ENOENT The name is gone, or means a newer object, which is left alone.
 * @retval POLYSHM_EACCES This user may not remove names in the directory.
 * @retval POLYSHM_EPERM The name is another user's, in a sticky directory.
 * @retval POLYSHM_ARGUMENT No event was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_unlink(const polyshm_event *event);

/**
 * Tells whether the handle is closed.
 *
 * @param event The event.
 * @return Whether it is closed; true for NULL.
 */
POLYSHM_API bool polyshm_event_closed(const polyshm_event *event);

/**
 * Tells the name, as polyshm_segment_name().
 *
 * @param event The event.
 * @return The name, valid as long as the handle; "" for NULL.
 */
POLYSHM_API const char *polyshm_event_name(const polyshm_event *event);

/**
 * Tells whether the name is gone or means another event now: processes that mean different ones by one name
 * do not meet.
 *
 * @param event The event.
 * @param out Receives the answer.
 * @retval POLYSHM_ARGUMENT No event, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_stale(const polyshm_event *event, bool *out);

/**
 * Sets the flag, and wakes all who wait for it, even if it is cleared at once.
 *
 * @param event The event.
 * @retval POLYSHM_CLOSED The event is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_set(polyshm_event *event);

/**
 * Clears the flag.
 *
 * @param event The event.
 * @retval POLYSHM_CLOSED The event is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_clear(polyshm_event *event);

/**
 * Tells whether the flag is set.
 *
 * @param event The event.
 * @param out Receives the answer.
 * @retval POLYSHM_CLOSED The event is closed.
 * @retval POLYSHM_ARGUMENT No event, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_is_set(const polyshm_event *event, bool *out);

/**
 * Waits until the flag is set; returns at once if it is.
 *
 * @param event The event.
 * @param timeout Nanoseconds; 0: looks; negative: for ever.
 * @param out Receives whether it was set in time.
 * @retval POLYSHM_EINTR The wait was interrupted, by a signal or by the thread's hook.
 * @retval POLYSHM_CLOSED The event is closed.
 * @retval POLYSHM_ARGUMENT No event, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_event_wait(polyshm_event *event, int64_t timeout,
                                                              bool *out);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
