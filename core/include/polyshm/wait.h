/**
 * @file wait.h
 * @brief Calls that may take long, and how a language or an event loop takes part in them.
 *
 * @since 0.1
 */
/**
 * @defgroup wait Waits
 * @ingroup polyshm
 * @brief Calls that may take long, and how a language or an event loop takes part in them.
 *
 * Two kinds of calls may take long. Those that wait for others: attach() with a time-out, lock(), acquire(),
 * wait(), and resize() while another process grows the file. And those that allocate, fill or copy more than
 * POLYSHM_LARGE bytes: create(), resize(), fill(), copy(), read(), write() and their like for views and
 * lists. swig/api marks each of them, for the languages, and a test finds one that is not marked.
 *
 * Without a hook a wait ends with POLYSHM_EINTR when a signal's handler has run, SA_RESTART or not; and long
 * work is done in one go.
 *
 * A language sets a hook around such a call, in which it gives its interpreter's lock away for the length of
 * a step, and then looks for what its users interrupt with: a signal's handler, Thread#kill, a time-out.
 *
 * An event loop must not be stopped by a wait: it calls with the time-out 0 from time to time, or waits in a
 * thread of its own, with a handle that other threads may share, and lets that thread ring its loop.
 *
 * @par Threads
 * The hook is the thread's own.
 *
 * @par fork(2)
 * A child of fork(2) has the hook of the thread that forked.
 *
 * @{
 */
#ifndef POLYSHM_WAIT_H
#define POLYSHM_WAIT_H

#include <polyshm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Calls that move or allocate so many bytes, or fewer, do it at once and call no hook for that. */
#define POLYSHM_LARGE (INT64_C(4) << 20)

/**
 * A language's part in a call that may take long. The core waits in slices of at most 50 ms, and works in
 * steps of some dozens of milliseconds, and calls the thread's hook for each: the hook calls
 * step(context_of_step) once, with the interpreter's lock released where there is one, then lets the
 * interpreter look for interrupts.
 *
 * What a wait began, and what create or resize allocated, is undone when the hook ends the call; what fill,
 * copy, read or write did stays done.
 *
 * A hook must return: it may not longjmp over the core. The core holds no lock meanwhile, so code that the
 * hook runs may call polyshm with the same handles, and close them; it may not free them.
 *
 * @param step the next slice or step of the work, to be called once.
 * @param context_of_step its argument.
 * @param context what polyshm_on_wait() was given with the hook.
 * @return 0 to go on, or a negative status (POLYSHM_EINTR) that the call then returns.
 */
typedef polyshm_status polyshm_wait_hook(void (*step)(void *context_of_step), void *context_of_step,
                                         void *context);

/** A hook with its context. */
typedef struct polyshm_hooked {
  polyshm_wait_hook *hook; /**< NULL: there is none */
  void *context;           /**< the hook's last argument */
} polyshm_hooked;

/**
 * Sets the calling thread's hook. Who sets a hook around a call sets the former one again behind it: the call
 * may stand in a handler that another wait's hook has let run.
 *
 * @param hook NULL takes it off: waits then end with POLYSHM_EINTR when a signal comes, and long work does
 * not look for any.
 * @param context handed to the hook each time.
 * @return what was set before.
 */
POLYSHM_API polyshm_hooked polyshm_on_wait(polyshm_wait_hook *hook, void *context);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
