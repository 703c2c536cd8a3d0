/**
 * @file semaphore.h
 * @brief Semaphore: a fixed number of permits, which come back when their holder dies.
 *
 * @since 0.1
 */
/**
 * @defgroup semaphore Semaphores
 * @ingroup polyshm
 * @brief Semaphore: a fixed number of permits, which come back when their holder dies.
 *
 * A handle may hold several permits at once. A permit belongs to the handle: when that is closed, or its
 * process dies in whatever way, its permits are free for others. That is what POSIX semaphores cannot do, and
 * why a permit can only be released where it was acquired. docs/layouts.md has the bytes.
 *
 * @par Death
 * A try (timeout 0) and value() find what the dead held at once: they ask the kernel for each holder. A wait
 * asks for 16 holders at a time, before it sleeps and then every 50 ms at most (32 ms where nobody releases),
 * each wait beginning with others: so all that the dead held is found within 50 ms if there are up to 16
 * holders, and within 50 ms more for each further 16. Who holds and who is alive is known as for Lock; see
 * lock.h, for threads too, and for what a process does before it gives up privileges. An open handle keeps a
 * file descriptor.
 *
 * @par Fairness
 * A release wakes one sleeper, roughly the one that has slept longest, and whoever is first takes the permit:
 * it may be one that has just come. Should the one that was woken die, or another thread close its handle, in
 * that moment, the next one finds the permit when it looks for the dead.
 *
 * @par Memory
 * acquire() is an acquire and release() a release of one permit, as with C11's mtx_t: what was done before a
 * release() happens before what is done after the acquire() that takes the same permit; so it is with what a
 * dead holder's instructions had stored. Of two permits of one semaphore neither says anything about the
 * other: what all holders share needs a Lock, or atomics. value() orders nothing.
 *
 * @par Mode
 * Who takes part writes: see polyshm_lock_create() for the modes with which somebody could not.
 *
 * @par Threads
 * Any thread of the process may release what another has acquired through the same handle.
 *
 * @par fork(2)
 * After fork(2) a child holds no permit.
 *
 * @{
 */
#ifndef POLYSHM_SEMAPHORE_H
#define POLYSHM_SEMAPHORE_H

#include <polyshm/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A process's handle on a semaphore. */
typedef struct polyshm_semaphore polyshm_semaphore;

/** The most permits a semaphore can have. */
#define POLYSHM_SEMAPHORE_MAX 1024

/**
 * Creates a semaphore of @p count free permits, and its handle.
 *
 * @param name as polyshm_segment_create(): NULL for a generated one.
 * @param count permits, 1 … POLYSHM_SEMAPHORE_MAX.
 * @param mode as polyshm_lock_create().
 * @param out the handle.
 * @return What polyshm_lock_create() returns, and besides:
 * @retval POLYSHM_RANGE count is outside its bounds.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_create(const char *name, int64_t count,
                                                                    int64_t mode, polyshm_semaphore **out);

/**
 * Attaches to an existing semaphore.
 *
 * @param name the semaphore's.
 * @param flags as polyshm_lock_attach().
 * @param timeout nanoseconds to wait for the name to appear; 0: do not wait; negative: for ever.
 * @param out the handle.
 * @return What polyshm_lock_attach() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_attach(const char *name, int64_t flags,
                                                                    int64_t timeout, polyshm_semaphore **out);

/**
 * Attaches if the name exists, else creates it. An existing semaphore keeps its own count.
 *
 * @param name the semaphore's, one that can be created; not NULL.
 * @param count as polyshm_semaphore_create().
 * @param mode as polyshm_semaphore_create().
 * @param flags as polyshm_semaphore_attach().
 * @param out the handle.
 * @return What polyshm_semaphore_create(), polyshm_semaphore_attach() and polyshm_segment_open() return.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_open(const char *name, int64_t count,
                                                                  int64_t mode, int64_t flags,
                                                                  polyshm_semaphore **out);

/**
 * Closes the handle, and gives its permits back. Idempotent; later calls are POLYSHM_CLOSED. The name stays.
 *
 * @param semaphore the handle; NULL is closed.
 * @retval POLYSHM_OK always.
 */
POLYSHM_API polyshm_status polyshm_semaphore_close(polyshm_semaphore *semaphore);

/**
 * Gives the handle back, which closes it. No other thread may be using it.
 *
 * @param semaphore the handle; NULL is ignored.
 */
POLYSHM_API void polyshm_semaphore_free(polyshm_semaphore *semaphore);

/**
 * Removes the semaphore's name; who is attached goes on. Works on a closed handle.
 *
 * @param semaphore the handle.
 * @return What polyshm_segment_unlink() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_unlink(const polyshm_semaphore *semaphore);

/**
 * Whether the handle is closed.
 *
 * @param semaphore the handle.
 * @return whether it is; true for NULL.
 */
POLYSHM_API bool polyshm_semaphore_closed(const polyshm_semaphore *semaphore);

/**
 * The name.
 *
 * @param semaphore the handle.
 * @return the name, without a slash; "" for NULL. Valid as long as the handle.
 */
POLYSHM_API const char *polyshm_semaphore_name(const polyshm_semaphore *semaphore);

/**
 * Whether the name is gone or means another semaphore now. Works on a closed handle.
 *
 * @param semaphore the handle.
 * @param out whether it is so.
 * @return What polyshm_segment_stale() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_stale(const polyshm_semaphore *semaphore,
                                                                   bool *out);

/**
 * The number of permits there are, free or not; stays after close.
 *
 * @param semaphore the handle.
 * @return permits; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_semaphore_count(const polyshm_semaphore *semaphore);

/**
 * The number of permits that are free now, those of dead holders among them.
 *
 * @param semaphore the handle.
 * @param out permits.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_value(polyshm_semaphore *semaphore,
                                                                   int64_t *out);

/**
 * Takes one permit, waiting for it if need be. After a failure none was taken.
 *
 * @param semaphore the handle.
 * @param timeout nanoseconds; 0: try; negative: for ever.
 * @param out false: none was free in time.
 * @return What polyshm_lock_lock() returns at a process's first lock(), and besides:
 * @retval POLYSHM_EINTR the wait was interrupted.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 * @retval POLYSHM_ESTALE this process cannot take part any more, as polyshm_lock_lock().
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_acquire(polyshm_semaphore *semaphore,
                                                                     int64_t timeout, bool *out);

/**
 * Gives one permit back.
 *
 * @param semaphore the handle.
 * @retval POLYSHM_NOT_OWNER this handle holds none.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_release(polyshm_semaphore *semaphore);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
