/**
 * @file atomics.h
 * @brief Atomic operations on the elements of a view, and waiting for one to change: ECMAScript's Atomics.
 *
 * For views of int32, uint32, int64 and uint64 (else POLYSHM_TYPE), whose elements are always aligned. Each
 * operation is one indivisible step for every process, thread and word size, and sequentially consistent.
 * Sums and differences wrap around. POLYSHM_INDEX, POLYSHM_RANGE (a value is outside the dtype),
 * POLYSHM_READONLY, POLYSHM_CLOSED: nothing was changed; but CLOSED because another thread closed the segment
 * meanwhile: it may have been.
 *
 * Memory. All operations of this file, on all elements, are in one order that every thread and process agrees
 * on, as C11's memory_order_seq_cst and ECMAScript's SeqCst have it. An operation that reads what another one
 * wrote comes after it: whatever was done before the write, by plain set() and write() too, happens before
 * what is done after the read. So, to give a flag and then look at plain data, take the flag by exchange() or
 * compare_exchange(), which read: store() only writes, and orders nothing that is plain after it. Where all
 * elements are accessed by this file's operations alone, store() then load() is enough.
 *
 * wait() and notify(). What was done before notify() happens before what is done after a wait() that it woke.
 * wait() that finds the element changed is an acquire of the operation that changed it; of a plain set() it
 * is none. notify() itself writes nothing: who changes the element, by an operation of this file, and then
 * notifies misses nobody who began to wait for the former value.
 *
 * @since 0.1
 */
#ifndef POLYSHM_ATOMICS_H
#define POLYSHM_ATOMICS_H

#include <polyshm/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reads an element. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_load(const polyshm_view *view, int64_t index,
                                                             polyshm_value *out);

/** Writes an element. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_store(polyshm_view *view, int64_t index,
                                                              const polyshm_value *value);

/** Adds a value to an element; @p out is what it was before, here and below. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_add(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/** Subtracts a value. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_sub(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/** Bitwise and. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_and(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/** Bitwise or. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_or(polyshm_view *view, int64_t index,
                                                           const polyshm_value *value, polyshm_value *out);

/** Bitwise exclusive or. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_xor(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/** Writes a value in place of what was there. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_exchange(polyshm_view *view, int64_t index,
                                                                 const polyshm_value *value,
                                                                 polyshm_value *out);

/** Writes @p replacement if the element is @p expected; @p out is what it was before, so out == expected: it
 * did. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_compare_exchange(polyshm_view *view, int64_t index,
                                                                         const polyshm_value *expected,
                                                                         const polyshm_value *replacement,
                                                                         polyshm_value *out);

/** X(NAME, number, text): how a wait for an element ended, in ECMAScript's words. */
#define POLYSHM_WAIT_OUTCOME_MAP(X)                                                                          \
  X(WAIT_TIMED_OUT, 0, "timed-out")                                                                          \
  X(WAIT_OK, 1, "ok")                                                                                        \
  X(WAIT_NOT_EQUAL, 2, "not-equal")

/** How a wait for an element ended. */
typedef int32_t polyshm_wait_outcome;

enum {
#define POLYSHM_WAIT_OUTCOME(name, number, text) POLYSHM_##name = (number),
  POLYSHM_WAIT_OUTCOME_MAP(POLYSHM_WAIT_OUTCOME)
#undef POLYSHM_WAIT_OUTCOME
};

/** The outcome in a word: "timed-out", "ok", "not-equal"; "unknown" for another number. Static text. */
POLYSHM_API const char *polyshm_wait_outcome_name(polyshm_wait_outcome outcome);

/**
 * Waits, on a view of int32 (else POLYSHM_TYPE), until notify() is called for the element. Change the element
 * before you call notify: a wait looks whether it still is @p expected every few milliseconds, so that it can
 * be interrupted, and a notify that comes in such a moment is known by the change alone. Works on read-only
 * views.
 *
 * @param timeout nanoseconds; 0: look; negative: for ever.
 * @param out POLYSHM_WAIT_NOT_EQUAL: the element was not @p expected to begin with. POLYSHM_WAIT_OK: it was,
 * and then was notified of or changed. POLYSHM_WAIT_TIMED_OUT.
 * @return POLYSHM_EINTR: the wait was interrupted. POLYSHM_INDEX, POLYSHM_RANGE, POLYSHM_TYPE,
 * POLYSHM_CLOSED.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_wait(const polyshm_view *view, int64_t index,
                                                             const polyshm_value *expected, int64_t timeout,
                                                             polyshm_wait_outcome *out);

/** Wakes up to @p count waits for the element, -1: all; @p out is how many. POLYSHM_TYPE, POLYSHM_INDEX,
 * POLYSHM_CLOSED; POLYSHM_RANGE: count is below -1. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_notify(const polyshm_view *view, int64_t index,
                                                               int64_t count, int64_t *out);

#ifdef __cplusplus
}
#endif
#endif
