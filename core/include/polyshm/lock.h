/**
 * @file lock.h
 * @brief Lock: mutual exclusion between processes of any language, which survives a killed owner.
 *
 * @since 0.1
 */
/**
 * @defgroup lock Locks
 * @ingroup polyshm
 * @brief Lock: mutual exclusion between processes of any language, which survives a killed owner.
 *
 * A lock is a named object of its own. It is owned by a thread through a handle: unlocking is the owner's,
 * and the lock is not re-entrant. Handles are independent of one another, those of one process too. An open
 * handle keeps a file descriptor, which no child of exec(3) inherits.
 *
 * @par Death
 * When the owner dies, by kill -9 or any other way, while it holds the lock, the next one to lock it gets
 * POLYSHM_RECOVERED, at once or, if it was asleep, within 32 ms: what the lock guards may be half-written.
 * The lock then stays dirty, and each later lock() is RECOVERED as well, until an owner has put things in
 * order and says so by polyshm_lock_repaired(). Closing a handle that holds the lock, and exec(3), are such a
 * death. The kernel tells who is alive, never a process id or a timeout: a stopped owner (SIGSTOP) is alive,
 * a zombie is dead; PID namespaces do not matter.
 *
 * @par Taking part
 * The first lock() of a handle in a process, and the first one in each child, opens the file anew: a sign of
 * life is one process's alone. A process that gives up its user (setuid(2)) or root (chroot(2)) and may not
 * open it any more does that before, by a lock() with the timeout 0, whatever it gives; or the lock is made
 * with a group and the mode 0660. docs/security.md says who must be trusted with what.
 *
 * @par Fairness
 * Who comes while the lock is free takes it, so a thread that unlocks and locks again at once is fast. When
 * somebody has waited for a millisecond, the lock is left, once it is unlocked, to those who have waited,
 * roughly in the order in which they came. A sleeper is never given a lock, as it may be dead: it takes it.
 *
 * @par Memory
 * What an owner did before unlock() happens before what the next one does after its lock(), as with C11's
 * mtx_t: unlock is a release, lock an acquire. So it is with RECOVERED for all that the dead owner's
 * instructions had stored: the kernel releases its token after them.
 *
 * @par Threads
 * Threads may share a handle. A waiting thread wakes with POLYSHM_CLOSED, within 50 ms, when another one
 * closes it. A thread that ends while it owns the lock is a death, too: the next one is told RECOVERED. A
 * language whose threads share those of the system says polyshm_thread_end() when one of its own ends. The
 * end of a thread calls the library, which therefore stays loaded after dlclose(3); a module that has the
 * static library inside must be linked with -z nodelete, as its CMake target does.
 *
 * @par fork(2)
 * A child owns nothing that its parent owns, and its handles work as handles of its own.
 *
 * @par Source of the mechanism
 * Owner-id futex word as in "Futexes Are Tricky" (U. Drepper, 2011) and pthread's robust mutexes; liveness by
 * an open file description lock, fcntl(2). docs/layouts.md has the bytes.
 *
 * @{
 */
#ifndef POLYSHM_LOCK_H
#define POLYSHM_LOCK_H

#include <polyshm/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A process's handle on a lock. */
typedef struct polyshm_lock polyshm_lock;

/** X(NAME, number, text): how an attempt to lock ended. A time-out is no failure. */
#define POLYSHM_LOCK_OUTCOME_MAP(X)                                                                          \
  X(LOCK_TIMED_OUT, 0, "timed-out")                                                                          \
  X(LOCKED, 1, "locked")                                                                                     \
  X(RECOVERED, 2, "recovered")

/** How an attempt to lock ended: only 0, POLYSHM_LOCK_TIMED_OUT, leaves the caller without the lock. */
typedef int32_t polyshm_lock_outcome;

/** How an attempt to lock ended, in a word. */
enum {
#define POLYSHM_LOCK_OUTCOME(name, number, text) POLYSHM_##name = (number),
  POLYSHM_LOCK_OUTCOME_MAP(POLYSHM_LOCK_OUTCOME)
#undef POLYSHM_LOCK_OUTCOME
};

/**
 * The outcome in a word.
 *
 * @param outcome of an attempt.
 * @return "timed-out", "locked", "recovered"; "unknown" for another number. Static text.
 */
POLYSHM_API const char *polyshm_lock_outcome_name(polyshm_lock_outcome outcome);

/**
 * Creates a lock, unlocked, and its handle.
 *
 * @param name as polyshm_segment_create(): NULL for a generated one.
 * @param mode as polyshm_segment_create(), but its users read and write it, so its owner needs both, and
 * group and others need both or neither: 0600, 0660, 0606, 0666.
 * @param out the handle.
 * @return What polyshm_segment_create() returns, and besides:
 * @retval POLYSHM_ARGUMENT with this mode somebody could take no part.
 * @retval POLYSHM_EOPNOTSUPP on this file system, overlayfs for one, the kernel keeps no sign of life, and
 * each living owner would be taken for dead.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_create(const char *name, int64_t mode,
                                                               polyshm_lock **out);

/**
 * Attaches to an existing lock.
 *
 * @param name the lock's.
 * @param flags POLYSHM_FLAG_ANY_OWNER or 0: who locks, writes.
 * @param timeout nanoseconds to wait for the name to appear; 0: do not wait; negative: for ever.
 * @param out the handle.
 * @return What polyshm_segment_attach() returns, and besides:
 * @retval POLYSHM_KIND the name means something else; the words say what.
 * @retval POLYSHM_INCOMPATIBLE it was made by a newer version of polyshm, or on a machine of the other byte
 * order.
 * @retval POLYSHM_CORRUPT its header, or what is behind it, is damaged.
 * @retval POLYSHM_ARGUMENT there are other flags.
 * @retval POLYSHM_EOPNOTSUPP as polyshm_lock_create().
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_attach(const char *name, int64_t flags,
                                                               int64_t timeout, polyshm_lock **out);

/**
 * Attaches if the name exists, else creates it.
 *
 * @param name the lock's, one that can be created; not NULL.
 * @param mode as polyshm_lock_create().
 * @param flags as polyshm_lock_attach().
 * @param out the handle.
 * @return What polyshm_lock_create(), polyshm_lock_attach() and polyshm_segment_open() return.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_open(const char *name, int64_t mode, int64_t flags,
                                                             polyshm_lock **out);

/**
 * The lock that goes with a segment: "NAME.lock", opened, or made, at the first call. All calls on one
 * segment handle give the same lock; each gives a reference of its own, to be freed. It is closed by its last
 * reference, the segment's handle being one.
 *
 * @par Who makes it
 * The segment's owner, or root on the owner's behalf, on a handle that is not readonly; everybody else
 * attaches to it. It belongs to the segment's owner. Its mode is 0600, and 060 and 06 besides where the
 * segment's mode gives group and others both to read and to write: who may only read the segment takes no
 * part in its lock.
 *
 * @par How long it lives
 * It goes with the segment's name: polyshm_segment_unlink() and polyshm_segment_unlink_name() take its name
 * away as well, and who has it goes on with a lock that has lost its name. One that is left from an earlier
 * segment of the name, which something else than polyshm has removed, is replaced. One that was made by
 * itself, by polyshm_lock_create(), is taken, and stays.
 *
 * @param segment the segment's handle.
 * @param out the lock.
 * @return What polyshm_lock_open() returns, and besides:
 * @retval POLYSHM_ENOENT there is none yet, and this caller cannot make it; the words say who can.
 * @retval POLYSHM_EACCES its mode keeps this user out.
 * @retval POLYSHM_EPERM another user than the segment's owner has put something there.
 * @retval POLYSHM_ESTALE the segment's name is gone, and its lock with it; or the lock is of an earlier
 * segment, and this caller cannot replace it.
 * @retval POLYSHM_CLOSED the segment is closed.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_lock(polyshm_segment *segment, polyshm_lock **out);

/**
 * Closes the handle. Idempotent; later calls are POLYSHM_CLOSED. The name stays. Held, it is given up:
 * RECOVERED.
 *
 * @param lock the handle; NULL is closed.
 * @retval POLYSHM_OK always.
 */
POLYSHM_API polyshm_status polyshm_lock_close(polyshm_lock *lock);

/**
 * Gives the handle back, which closes it. No other thread may be using it.
 *
 * @param lock the handle; NULL is ignored.
 */
POLYSHM_API void polyshm_lock_free(polyshm_lock *lock);

/**
 * Removes the lock's name: who is attached goes on with the lock that has lost its name. Works on a closed
 * handle.
 *
 * @param lock the handle.
 * @return What polyshm_segment_unlink() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_unlink(const polyshm_lock *lock);

/**
 * Whether the handle is closed.
 *
 * @param lock the handle.
 * @return whether it is; true for NULL.
 */
POLYSHM_API bool polyshm_lock_closed(const polyshm_lock *lock);

/**
 * The name.
 *
 * @param lock the handle.
 * @return the name, without a slash; "" for NULL. Valid as long as the handle.
 */
POLYSHM_API const char *polyshm_lock_name(const polyshm_lock *lock);

/**
 * Whether the name is gone or means another lock now: processes that mean different locks by one name exclude
 * nobody. Works on a closed handle.
 *
 * @param lock the handle.
 * @param out whether it is so.
 * @return What polyshm_segment_stale() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_stale(const polyshm_lock *lock, bool *out);

/**
 * Locks, waiting for it if need be. After a failure the lock is not the caller's. From POLYSHM_EACCES on
 * they come at a process's first lock() through the handle.
 *
 * @param lock the handle.
 * @param timeout nanoseconds; 0: try, which waits for no owner; negative: for ever.
 * @param out POLYSHM_LOCKED or POLYSHM_RECOVERED: the calling thread owns the lock now.
 * POLYSHM_LOCK_TIMED_OUT: not.
 * @retval POLYSHM_DEADLOCK the thread owns it already through this handle, and would wait (a try times out).
 * @retval POLYSHM_EINTR the wait was interrupted.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 * @retval POLYSHM_ESTALE this process cannot take part any more, because its files were closed (a daemon does
 * that) and the lock's name is gone.
 * @retval POLYSHM_EACCES it may not open the lock any more, because it has changed its user.
 * @retval POLYSHM_ENOENT it does not see the lock, because it has changed its root.
 * @retval POLYSHM_EBUSY no participant's id is free; the words say whose lock on the file keeps them.
 * @retval POLYSHM_EOPNOTSUPP as polyshm_lock_create().
 * @retval POLYSHM_EMFILE this process has too many open files.
 * @retval POLYSHM_ENOMEM there is no memory to take part; also at a thread's first lock().
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_lock(polyshm_lock *lock, int64_t timeout,
                                                             polyshm_lock_outcome *out);

/**
 * Unlocks.
 *
 * @param lock the handle.
 * @retval POLYSHM_NOT_OWNER the calling thread does not own it through this handle.
 * @retval POLYSHM_CORRUPT it did, but somebody wrote over the lock meanwhile; it does not own it any more.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_unlock(polyshm_lock *lock);

/**
 * Whether the calling thread owns it through this handle.
 *
 * @param lock the handle.
 * @param out whether it does.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_owned(const polyshm_lock *lock, bool *out);

/**
 * Whether anybody alive owns it: by the time the caller looks at the answer it may be another. It turns false
 * in the moment the owner dies: a lock that a producer keeps for its life is a sign of that life.
 *
 * @param lock the handle.
 * @param out whether somebody does.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_locked(polyshm_lock *lock, bool *out);

/**
 * Whether an owner died and nobody has said repaired since. It is false from the owner's death until somebody
 * locks, who notices it: ask locked() whether the owner lives.
 *
 * @param lock the handle.
 * @param out whether it is so.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_dirty(const polyshm_lock *lock, bool *out);

/**
 * Says that what the lock guards is in order again.
 *
 * @param lock the handle.
 * @retval POLYSHM_NOT_OWNER only the owner can know.
 * @retval POLYSHM_CLOSED the handle is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_lock_repaired(polyshm_lock *lock);

/**
 * Gives up what the calling thread owns, as its end does: each lock that it has not unlocked is RECOVERED for
 * the next one. From then on the thread counts as a new one. For languages that let several of their threads
 * run on one of the system's, one after the other (Ruby): to be called when one of theirs ends. Costs nothing
 * in a thread that never locked.
 */
POLYSHM_API void polyshm_thread_end(void);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
