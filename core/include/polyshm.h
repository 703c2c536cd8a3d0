/**
 * @file polyshm.h
 * @brief polyshm: named shared memory for scripting languages. Includes every public header.
 *
 * Conventions: offsets and lengths are bytes, indexes and counts are elements, all count from 0 and are
 * int64_t. Handles are opaque, made by a call's `out` argument and given back by polyshm_<type>_free(). Any
 * number of threads may use a handle at once, `close` among them; `free` needs the last user to be gone.
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
