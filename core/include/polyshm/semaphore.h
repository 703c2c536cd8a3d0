/**
 * @file semaphore.h
 * @brief Semaphore: a fixed number of permits, which come back when their holder dies.
 *
 * A handle may hold several permits at once, and any thread of the process may release what another has
 * acquired through the same handle. A permit belongs to the handle: when that is closed, or its process dies
 * in whatever way, its permits are free for others. That is what POSIX semaphores cannot do, and why a permit
 * can only be released where it was acquired. A try (timeout 0) and value() find what the dead held at once:
 * they ask the kernel for each holder. A wait asks for 16 holders at a time, before it sleeps and then every
 * 50 ms at most (32 ms where nobody releases), each wait beginning with others: so all that the dead held is
 * found within 50 ms if there are up to 16 holders, and within 50 ms more for each further 16. After fork(2)
 * a child holds none. An open handle keeps a file descriptor. Who holds and who is alive is known as for
 * Lock; see lock.h, for threads too, and for what a process does before it gives up privileges.
 * docs/layouts.md has the bytes.
 *
 * Fairness. A release wakes one sleeper, roughly the one that has slept longest, and whoever is first takes
 * the permit: it may be one that has just come. Should the one that was woken die, or another thread close
 * its handle, in that moment, the next one finds the permit when it looks for the dead.
 *
 * Memory. acquire() is an acquire and release() a release of one permit, as with C11's mtx_t: what was done
 * before a release() happens before what is done after the acquire() that takes the same permit; so it is
 * with what a dead holder's instructions had stored. Of two permits of one semaphore neither says anything
 * about the other: what all holders share needs a Lock, or atomics. value() orders nothing.
 *
 * Mode. Who takes part writes: see polyshm_lock_create() for the modes with which somebody could not.
 *
 * @since 0.1
 */
#ifndef POLYSHM_SEMAPHORE_H
#define POLYSHM_SEMAPHORE_H

#include <polyshm/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup polyshm_semaphore Semaphores
 * @brief Permits that come back when their holder dies.
 *
 * Threads and fork: any number of threads may use a handle at once, close() among them; free() needs the
 * last user to be gone. A child of fork(2) may use, close and free its copies, which touches nothing of its
 * parent's.
 * @{
 */

/** A process's handle on a semaphore. */
typedef struct polyshm_semaphore polyshm_semaphore;

/** The most permits a semaphore can have. */
#define POLYSHM_SEMAPHORE_MAX 1024

/**
 * Creates a semaphore of free permits, and its handle. Other failures are those of
 * polyshm_segment_create().
 *
 * @param name The name, or NULL for a generated one: `psm_` and 8 random hexadecimal digits.
 * @param count Permits, 1 … POLYSHM_SEMAPHORE_MAX.
 * @param mode The permission bits, 0 … 0777, exactly as given: the umask does not apply. Who takes part
 *   reads and writes, so the owner needs both, and group and others need both or neither: 0600, 0660, 0606,
 *   0666.
 * @param out Receives the handle, to be given back by polyshm_semaphore_free(); NULL after a failure.
 * @retval POLYSHM_ARGUMENT That is not a name one can create, or the mode is one with which somebody could
 *   take no part.
 * @retval POLYSHM_EOPNOTSUPP On this file system, overlayfs for one, the kernel keeps no sign of life, and
 *   each living owner would be taken for dead.
 * @retval POLYSHM_RANGE The count is outside 1 … POLYSHM_SEMAPHORE_MAX, or the mode is out of its range.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_create(const char *name, int64_t count,
                                                                    int64_t mode, polyshm_semaphore **out);

/**
 * Attaches to an existing semaphore. Other failures are those of polyshm_segment_attach().
 *
 * @param name The name.
 * @param flags POLYSHM_FLAG_ANY_OWNER, or 0: who takes part writes, so READONLY is not for it.
 * @param timeout Nanoseconds to wait for the name to appear; 0: does not wait; negative: for ever.
 * @param out Receives the handle, to be given back by polyshm_semaphore_free(); NULL after a failure.
 * @retval POLYSHM_KIND The name means something else; the words say what.
 * @retval POLYSHM_INCOMPATIBLE It was made by a newer version of polyshm, or on a machine of the other byte
 *   order.
 * @retval POLYSHM_CORRUPT Its header is damaged.
 * @retval POLYSHM_EOPNOTSUPP On this file system, overlayfs for one, the kernel keeps no sign of life, and
 *   each living owner would be taken for dead.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_attach(const char *name, int64_t flags,
                                                                    int64_t timeout, polyshm_semaphore **out);

/**
 * Attaches if the name exists, else creates it. An existing semaphore keeps its own count. Failures are
 * those of create and attach.
 *
 * @param name The name.
 * @param count Permits, 1 … POLYSHM_SEMAPHORE_MAX.
 * @param mode The permission bits, 0 … 0777, exactly as given: the umask does not apply.
 * @param flags POLYSHM_FLAG_ANY_OWNER, or 0.
 * @param out Receives the handle, to be given back by polyshm_semaphore_free(); NULL after a failure.
 * @retval POLYSHM_KIND The name means something else; the words say what.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_open(const char *name, int64_t count,
                                                                  int64_t mode, int64_t flags,
                                                                  polyshm_semaphore **out);

/**
 * Closes the handle. Idempotent; later calls are POLYSHM_CLOSED. The name stays. Its permits are given
 * back.
 *
 * @param semaphore The semaphore; NULL is closed.
 * @retval POLYSHM_OK Always.
 */
POLYSHM_API polyshm_status polyshm_semaphore_close(polyshm_semaphore *semaphore);

/**
 * Gives the handle back, which closes it. No other thread may be using it.
 *
 * @param semaphore The semaphore; NULL is ignored.
 */
POLYSHM_API void polyshm_semaphore_free(polyshm_semaphore *semaphore);

/**
 * Removes the name, as polyshm_segment_unlink(): who is attached goes on with what has lost its name.
 *
 * @param semaphore The semaphore.
 * @retval POLYSHM_ENOENT The name is gone, or means a newer object, which is left alone.
 * @retval POLYSHM_EACCES This user may not remove names in the directory.
 * @retval POLYSHM_EPERM The name is another user's, in a sticky directory.
 * @retval POLYSHM_ARGUMENT No semaphore was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_unlink(const polyshm_semaphore *semaphore);

/**
 * Tells whether the handle is closed.
 *
 * @param semaphore The semaphore.
 * @return Whether it is closed; true for NULL.
 */
POLYSHM_API bool polyshm_semaphore_closed(const polyshm_semaphore *semaphore);

/**
 * Tells the name, as polyshm_segment_name().
 *
 * @param semaphore The semaphore.
 * @return The name, valid as long as the handle; "" for NULL.
 */
POLYSHM_API const char *polyshm_semaphore_name(const polyshm_semaphore *semaphore);

/**
 * Tells whether the name is gone or means another semaphore now: processes that mean different ones by one
 * name do not meet.
 *
 * @param semaphore The semaphore.
 * @param out Receives the answer.
 * @retval POLYSHM_ARGUMENT No semaphore, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_stale(const polyshm_semaphore *semaphore,
                                                                   bool *out);

/**
 * Tells the number of permits there are, free or not; it stays after close.
 *
 * @param semaphore The semaphore.
 * @return Permits; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_semaphore_count(const polyshm_semaphore *semaphore);

/**
 * Tells the number of permits that are free now, those of dead holders among them.
 *
 * @param semaphore The semaphore.
 * @param out Receives the number.
 * @retval POLYSHM_CLOSED The semaphore is closed.
 * @retval POLYSHM_ARGUMENT No semaphore, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_value(polyshm_semaphore *semaphore,
                                                                   int64_t *out);

/**
 * Takes one permit, waiting for it if need be. After a failure none was taken.
 *
 * @param semaphore The semaphore.
 * @param timeout Nanoseconds; 0: tries; negative: for ever.
 * @param out Receives whether it was in time.
 * @retval POLYSHM_EINTR The wait was interrupted, by a signal or by the thread's hook.
 * @retval POLYSHM_CLOSED The semaphore is closed.
 * @retval POLYSHM_ESTALE This process cannot take part any more, because its files were closed (a daemon
 *   does that) and the name is gone.
 * @retval POLYSHM_EACCES At a process's first use: it may not open the object any more, because it has
 *   changed its user.
 * @retval POLYSHM_ENOENT At a process's first use: it does not see the object any more, because it has
 *   changed its root.
 * @retval POLYSHM_EBUSY At a process's first use: no participant's id is free; the words say whose lock on
 *   the file keeps them.
 * @retval POLYSHM_EOPNOTSUPP On this file system, overlayfs for one, the kernel keeps no sign of life, and
 *   each living owner would be taken for dead.
 * @retval POLYSHM_EMFILE The process has too many open files.
 * @retval POLYSHM_ENOMEM Memory does not suffice.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_acquire(polyshm_semaphore *semaphore,
                                                                     int64_t timeout, bool *out);

/**
 * Gives one permit back.
 *
 * @param semaphore The semaphore.
 * @retval POLYSHM_NOT_OWNER This handle holds none.
 * @retval POLYSHM_CLOSED The semaphore is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_semaphore_release(polyshm_semaphore *semaphore);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
