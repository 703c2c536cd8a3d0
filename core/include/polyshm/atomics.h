/**
 * @file atomics.h
 * @brief Atomic operations on the elements of a view, and waiting for one to change: ECMAScript's Atomics.
 *
 * @since 0.1
 */
/**
 * @defgroup atomics Atomics
 * @ingroup polyshm
 * @brief Atomic operations on the elements of a view, and waiting for one to change: ECMAScript's Atomics.
 *
 * For views of int32, uint32, int64 and uint64 (else POLYSHM_TYPE), whose elements are always aligned. Each
 * operation is one indivisible step for every process, thread and word size, and sequentially consistent.
 * Sums and differences wrap around. After a failure nothing was changed; but after POLYSHM_CLOSED because
 * another thread closed the segment meanwhile, it may have been.
 *
 * @par Memory
 * All operations of this file, on all elements, are in one order that every thread and process agrees on, as
 * C11's memory_order_seq_cst and ECMAScript's SeqCst have it. An operation that reads what another one wrote
 * comes after it: whatever was done before the write, by plain set() and write() too, happens before what is
 * done after the read. So, to give a flag and then look at plain data, take the flag by exchange() or
 * compare_exchange(), which read: store() only writes, and orders nothing that is plain after it. Where all
 * elements are accessed by this file's operations alone, store() then load() is enough.
 *
 * @par wait() and notify()
 * What was done before notify() happens before what is done after a wait() that it woke. wait() that finds
 * the element changed is an acquire of the operation that changed it; of a plain set() it is none. notify()
 * itself writes nothing: who changes the element, by an operation of this file, and then notifies misses
 * nobody who began to wait for the former value.
 *
 * @par Threads and fork(2)
 * As for the view.
 *
 * @{
 */
#ifndef POLYSHM_ATOMICS_H
#define POLYSHM_ATOMICS_H

#include <polyshm/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads an element.
 *
 * @param view whose element.
 * @param index of the element.
 * @param out the element.
 * @retval POLYSHM_TYPE the view is of another dtype.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_load(const polyshm_view *view, int64_t index,
                                                             polyshm_value *out);

/**
 * Writes an element.
 *
 * @param view whose element.
 * @param index of the element.
 * @param value what to write.
 * @retval POLYSHM_TYPE the view is of another dtype, or the value is not a number.
 * @retval POLYSHM_RANGE the value is outside the dtype.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_store(polyshm_view *view, int64_t index,
                                                              const polyshm_value *value);

/**
 * Adds a value to an element.
 *
 * @param view whose element.
 * @param index of the element.
 * @param value the operand.
 * @param out the element as it was before.
 * @retval POLYSHM_TYPE the view is of another dtype, or the value is not a number.
 * @retval POLYSHM_RANGE the value is outside the dtype.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_add(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/**
 * Subtracts a value from an element.
 *
 * @param view whose element.
 * @param index of the element.
 * @param value the operand.
 * @param out the element as it was before.
 * @retval POLYSHM_TYPE the view is of another dtype, or the value is not a number.
 * @retval POLYSHM_RANGE the value is outside the dtype.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_sub(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/**
 * Bitwise and of an element and a value.
 *
 * @param view whose element.
 * @param index of the element.
 * @param value the operand.
 * @param out the element as it was before.
 * @retval POLYSHM_TYPE the view is of another dtype, or the value is not a number.
 * @retval POLYSHM_RANGE the value is outside the dtype.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_and(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/**
 * Bitwise or of an element and a value.
 *
 * @param view whose element.
 * @param index of the element.
 * @param value the operand.
 * @param out the element as it was before.
 * @retval POLYSHM_TYPE the view is of another dtype, or the value is not a number.
 * @retval POLYSHM_RANGE the value is outside the dtype.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_or(polyshm_view *view, int64_t index,
                                                           const polyshm_value *value, polyshm_value *out);

/**
 * Bitwise exclusive or of an element and a value.
 *
 * @param view whose element.
 * @param index of the element.
 * @param value the operand.
 * @param out the element as it was before.
 * @retval POLYSHM_TYPE the view is of another dtype, or the value is not a number.
 * @retval POLYSHM_RANGE the value is outside the dtype.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_xor(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value, polyshm_value *out);

/**
 * Writes a value in place of what was there.
 *
 * @param view whose element.
 * @param index of the element.
 * @param value the operand.
 * @param out the element as it was before.
 * @retval POLYSHM_TYPE the view is of another dtype, or the value is not a number.
 * @retval POLYSHM_RANGE the value is outside the dtype.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_exchange(polyshm_view *view, int64_t index,
                                                                 const polyshm_value *value,
                                                                 polyshm_value *out);

/**
 * Writes a value if the element is what is expected.
 *
 * @param view whose element.
 * @param index of the element.
 * @param expected what the element must be.
 * @param replacement what is written then.
 * @param out the element as it was before: where it equals @p expected, the replacement was written.
 * @retval POLYSHM_TYPE the view is of another dtype, or a value is not a number.
 * @retval POLYSHM_RANGE a value is outside the dtype.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
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

/** How a wait for an element ended, in a word. */
enum {
#define POLYSHM_WAIT_OUTCOME(name, number, text) POLYSHM_##name = (number),
  POLYSHM_WAIT_OUTCOME_MAP(POLYSHM_WAIT_OUTCOME)
#undef POLYSHM_WAIT_OUTCOME
};

/**
 * The outcome in a word.
 *
 * @param outcome of a wait.
 * @return "timed-out", "ok", "not-equal"; "unknown" for another number. Static text.
 */
POLYSHM_API const char *polyshm_wait_outcome_name(polyshm_wait_outcome outcome);

/**
 * Waits, on a view of int32, until notify() is called for the element. Change the element before you call
 * notify: a wait looks whether it still is @p expected every few milliseconds, so that it can be interrupted,
 * and a notify that comes in such a moment is known by the change alone. Works on read-only views.
 *
 * @param view whose element.
 * @param index of the element.
 * @param expected what the element is to be when the wait begins.
 * @param timeout nanoseconds; 0: look; negative: for ever.
 * @param out POLYSHM_WAIT_NOT_EQUAL: the element was not @p expected to begin with. POLYSHM_WAIT_OK: it was,
 * and then was notified of or changed. POLYSHM_WAIT_TIMED_OUT: it was, and nothing came in time.
 * @retval POLYSHM_EINTR the wait was interrupted.
 * @retval POLYSHM_TYPE the view is of another dtype than int32, or @p expected is not a number.
 * @retval POLYSHM_RANGE @p expected is outside int32.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_wait(const polyshm_view *view, int64_t index,
                                                             const polyshm_value *expected, int64_t timeout,
                                                             polyshm_wait_outcome *out);

/**
 * Wakes waits for an element, on a view of int32. Works on read-only views.
 *
 * @param view whose element.
 * @param index of the element.
 * @param count how many at most; -1: all.
 * @param out how many.
 * @retval POLYSHM_TYPE the view is of another dtype than int32.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_RANGE count is below -1.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_notify(const polyshm_view *view, int64_t index,
                                                               int64_t count, int64_t *out);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
