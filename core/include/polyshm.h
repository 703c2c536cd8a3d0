/**
 * @file polyshm.h
 * @brief Includes every public header.
 *
 * The group @ref polyshm says what holds for all of them.
 */
/**
 * @defgroup polyshm polyshm
 * @brief Named shared memory for scripting languages.
 *
 * What stands here holds for every call, unless the call or its group says otherwise.
 *
 * @par Numbers
 * Offsets and lengths are bytes, indexes and counts are elements; all count from 0 and are int64_t. Times are
 * nanoseconds.
 *
 * @par Failures
 * A call that can fail returns a polyshm_status: 0, which is POLYSHM_OK, or a negative code;
 * polyshm_last_error() has the failure in words. A call's description lists what it can return beside
 * POLYSHM_OK, but for two things that hold everywhere: a handle, a result or another pointer that is needed
 * and is NULL is POLYSHM_ARGUMENT, and the system may fail with another -errno.
 *
 * @par Handles
 * Handles are opaque, made by a call's `out` argument and given back by polyshm_TYPE_free(). To close NULL is
 * a success, and to free it is ignored.
 *
 * @par Threads
 * Any number of threads may use a handle at once, `close` among them; `free` needs the last user to be gone.
 * Calls that take no handle may be made by any thread at any time.
 *
 * @par fork(2)
 * After fork the child may go on using, closing and freeing the handles it inherits: that changes nothing for
 * the parent.
 */
#ifndef POLYSHM_H
#define POLYSHM_H

#include <polyshm/atomics.h>
#include <polyshm/directory.h>
#include <polyshm/event.h>
#include <polyshm/list.h>
#include <polyshm/lock.h>
#include <polyshm/segment.h>
#include <polyshm/semaphore.h>
#include <polyshm/status.h>
#include <polyshm/value.h>
#include <polyshm/version.h>
#include <polyshm/view.h>
#include <polyshm/wait.h>

#endif
