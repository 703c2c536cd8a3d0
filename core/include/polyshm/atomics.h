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

/**
 * @defgroup polyshm_atomics Atomics
 * @brief Atomic operations on the elements of a view, and waiting for one to change.
 *
 * Threads and fork: any number of threads may use a handle at once, close() among them; free() needs the
 * last user to be gone. A child of fork(2) may use, close and free its copies, which touches nothing of its
 * parent's.
 * @{
 */

/**
 * Reads an element.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param out Receives the number.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_TYPE The view's dtype is none of int32, uint32, int64, uint64, or the value is no number.
 * @retval POLYSHM_CLOSED The view or its segment is closed.
 * @retval POLYSHM_ARGUMENT No view, value or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_load(const polyshm_view *view, int64_t index,
                                                             polyshm_value *out);

/**
 * Writes an element.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param value The number.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The value is outside the dtype.
 * @retval POLYSHM_TYPE The view's dtype is none of int32, uint32, int64, uint64, or the value is no number.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, the change may have
 *   been made.
 * @retval POLYSHM_ARGUMENT No view, value or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_store(polyshm_view *view, int64_t index,
                                                              const polyshm_value *value);

/**
 * Adds to an element; a sum wraps around.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param value The operand.
 * @param out Receives what the element was before.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The value is outside the dtype.
 * @retval POLYSHM_TYPE The view's dtype is none of int32, uint32, int64, uint64, or the value is no number.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, the change may have
 *   been made.
 * @retval POLYSHM_ARGUMENT No view, value or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_add(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/**
 * Subtracts from an element; a difference wraps around.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param value The operand.
 * @param out Receives what the element was before.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The value is outside the dtype.
 * @retval POLYSHM_TYPE The view's dtype is none of int32, uint32, int64, uint64, or the value is no number.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, the change may have
 *   been made.
 * @retval POLYSHM_ARGUMENT No view, value or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_sub(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/**
 * Combines an element and a value by bitwise and.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param value The operand.
 * @param out Receives what the element was before.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The value is outside the dtype.
 * @retval POLYSHM_TYPE The view's dtype is none of int32, uint32, int64, uint64, or the value is no number.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, the change may have
 *   been made.
 * @retval POLYSHM_ARGUMENT No view, value or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_and(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/**
 * Combines an element and a value by bitwise or.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param value The operand.
 * @param out Receives what the element was before.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The value is outside the dtype.
 * @retval POLYSHM_TYPE The view's dtype is none of int32, uint32, int64, uint64, or the value is no number.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, the change may have
 *   been made.
 * @retval POLYSHM_ARGUMENT No view, value or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_or(polyshm_view *view, int64_t index,
                                                           const polyshm_value *value, polyshm_value *out);

/**
 * Combines an element and a value by bitwise exclusive or.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param value The operand.
 * @param out Receives what the element was before.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The value is outside the dtype.
 * @retval POLYSHM_TYPE The view's dtype is none of int32, uint32, int64, uint64, or the value is no number.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, the change may have
 *   been made.
 * @retval POLYSHM_ARGUMENT No view, value or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_xor(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/**
 * Writes a value in place of what was there.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param value The operand.
 * @param out Receives what the element was before.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The value is outside the dtype.
 * @retval POLYSHM_TYPE The view's dtype is none of int32, uint32, int64, uint64, or the value is no number.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, the change may have
 *   been made.
 * @retval POLYSHM_ARGUMENT No view, value or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_exchange(polyshm_view *view, int64_t index,
                                                                 const polyshm_value *value,
                                                                 polyshm_value *out);

/**
 * Writes a value if the element is what is expected. It did if what it was before equals @p expected.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param expected What the element must be.
 * @param replacement What it becomes then.
 * @param out Receives what the element was before.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The value is outside the dtype.
 * @retval POLYSHM_TYPE The view's dtype is none of int32, uint32, int64, uint64, or the value is no number.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, the change may have
 *   been made.
 * @retval POLYSHM_ARGUMENT No view, value or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
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

/** @cond */
enum {
#define POLYSHM_WAIT_OUTCOME(name, number, text) POLYSHM_##name = (number),
  POLYSHM_WAIT_OUTCOME_MAP(POLYSHM_WAIT_OUTCOME)
#undef POLYSHM_WAIT_OUTCOME
};
/** @endcond */

/**
 * Tells the outcome in a word.
 *
 * @param outcome How a wait ended.
 * @return "timed-out", "ok", "not-equal"; "unknown" for another number. Static text.
 */
POLYSHM_API const char *polyshm_wait_outcome_name(polyshm_wait_outcome outcome);

/**
 * Waits, on a view of int32, until notify() is called for the element. Change the element before you call
 * notify: a wait looks whether it still is what was expected every few milliseconds, so that it can be
 * interrupted, and a notify that comes in such a moment is known by the change alone. Works on read-only
 * views.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param expected What the element must still be, or the wait ends.
 * @param timeout Nanoseconds; 0: looks; negative: for ever.
 * @param out Receives POLYSHM_WAIT_NOT_EQUAL: the element was not that to begin with; POLYSHM_WAIT_OK: it
 *   was, and then was notified of or changed; or POLYSHM_WAIT_TIMED_OUT.
 * @retval POLYSHM_EINTR The wait was interrupted, by a signal or by the thread's hook.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The expected value is outside the dtype.
 * @retval POLYSHM_TYPE The view is not of int32, or the value is no number.
 * @retval POLYSHM_CLOSED The view or its segment is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_wait(const polyshm_view *view, int64_t index,
                                                             const polyshm_value *expected, int64_t timeout,
                                                             polyshm_wait_outcome *out);

/**
 * Wakes waits for the element.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param count How many to wake; -1: all.
 * @param out Receives how many there were.
 * @retval POLYSHM_TYPE The view is not of int32.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The count is below -1.
 * @retval POLYSHM_CLOSED The view or its segment is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_notify(const polyshm_view *view, int64_t index,
                                                               int64_t count, int64_t *out);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
