/**
 * @file view.h
 * @brief Typed windows: a range of a segment as elements of one dtype.
 *
 * A view holds its segment's handle, not its memory: after polyshm_segment_close() its calls are
 * POLYSHM_CLOSED. It sees the segment grow no further than its own count. One element is read or written in
 * one access, so a number is never torn; a range is copied, and a peer may write meanwhile.
 *
 * Memory. These accesses order nothing: they are C11's memory_order_relaxed, one for each element, or copies.
 * Who reads what another process wrote needs something that orders both: a Lock, an Event, or the operations
 * of atomics.h. docs/concurrency.md tells how.
 *
 * @since 0.1
 */
#ifndef POLYSHM_VIEW_H
#define POLYSHM_VIEW_H

#include <polyshm/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup polyshm_view Views
 * @brief Typed windows on a segment.
 *
 * Threads and fork: any number of threads may use a handle at once, close() among them; free() needs the
 * last user to be gone. A child of fork(2) may use, close and free its copies, which touches nothing of its
 * parent's.
 * @{
 */

/** A typed window on a segment. */
typedef struct polyshm_view polyshm_view;

/**
 * Makes a view of elements of one dtype.
 *
 * @param segment The segment.
 * @param dtype The elements' type.
 * @param offset Byte offset of the first element, a multiple of the element's size.
 * @param count Elements; -1: as many as the rest of the segment holds.
 * @param out Receives the handle, to be given back by polyshm_view_free(); NULL after a failure.
 * @retval POLYSHM_ARGUMENT The offset is no multiple of the element's size, or there is no such dtype.
 * @retval POLYSHM_INDEX It would not lie within the segment.
 * @retval POLYSHM_ENOMEM Memory does not suffice.
 * @retval POLYSHM_CLOSED The segment is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_view(polyshm_segment *segment, polyshm_dtype dtype,
                                                                int64_t offset, int64_t count,
                                                                polyshm_view **out);

/**
 * Ends the use of the view. Idempotent; later calls on it are POLYSHM_CLOSED. The segment stays open.
 *
 * @param view The view; NULL is closed.
 * @retval POLYSHM_OK Always.
 */
POLYSHM_API polyshm_status polyshm_view_close(polyshm_view *view);

/**
 * Gives the view back, and lets go of its segment. No other thread may be using it.
 *
 * @param view The view; NULL is ignored.
 */
POLYSHM_API void polyshm_view_free(polyshm_view *view);

/**
 * Tells whether the view or its segment was closed.
 *
 * @param view The view.
 * @return Whether it is closed; true for NULL.
 */
POLYSHM_API bool polyshm_view_closed(const polyshm_view *view);

/**
 * Tells the dtype; it stays after close.
 *
 * @param view The view.
 * @return The dtype.
 */
POLYSHM_API polyshm_dtype polyshm_view_dtype(const polyshm_view *view);

/**
 * Tells the number of elements; it stays after close.
 *
 * @param view The view.
 * @return Elements; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_view_count(const polyshm_view *view);

/**
 * Tells where in its segment the view begins; it stays after close.
 *
 * @param view The view.
 * @return Bytes; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_view_offset(const polyshm_view *view);

/**
 * Reads one element.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param out Receives the number.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_CLOSED The view or its segment is closed.
 * @retval POLYSHM_ARGUMENT No view, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_get(const polyshm_view *view, int64_t index,
                                                            polyshm_value *out);

/**
 * Writes one element.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param value The number.
 * @retval POLYSHM_INDEX The index is outside the view.
 * @retval POLYSHM_RANGE The number does not fit the dtype.
 * @retval POLYSHM_TYPE The value is no number.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The view or its segment is closed. If another thread closed it meanwhile, the
 *   change may have been made.
 * @retval POLYSHM_ARGUMENT No view or no value was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_set(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value);

/**
 * Copies elements out, as they lie in memory.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param count Elements.
 * @param elements Receives them.
 * @retval POLYSHM_INDEX The range lies outside the view.
 * @retval POLYSHM_CLOSED The view or its segment is closed.
 * @retval POLYSHM_EINTR More than POLYSHM_LARGE bytes are worked on in steps, and the thread's hook ended
 *   that; a part is done.
 * @retval POLYSHM_ARGUMENT No view or no place for the elements was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_read(const polyshm_view *view, int64_t index,
                                                             int64_t count, void *elements);

/** Receives @p count elements of the view's dtype, aligned, where they lie: others may change them at any
 * moment, so each is read once. Valid during the call. A nonzero status ends the walk. */
typedef polyshm_status polyshm_view_visit(const void *elements, int64_t count, void *context);

/**
 * Hands over a range in pieces of at most 4 KiB, without a copy. Failures are found before the first piece.
 * The callback may longjmp out: the core holds nothing meanwhile.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param count Elements.
 * @param take Is called for each piece.
 * @param context Is handed to it.
 * @retval POLYSHM_INDEX The range lies outside the view.
 * @retval POLYSHM_CLOSED The view or its segment is closed.
 * @retval POLYSHM_ARGUMENT No view or no callback was given.
 * @return 0, what the callback ended the walk with, or a failure.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_walk(const polyshm_view *view, int64_t index,
                                                             int64_t count, polyshm_view_visit *take,
                                                             void *context);

/**
 * Copies elements in.
 *
 * @param view The view.
 * @param index Element index, from 0.
 * @param elements The elements, as they are to lie in memory.
 * @param count Elements.
 * @retval POLYSHM_INDEX The range lies outside the view.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The view or its segment is closed. If another thread closed it meanwhile, a part
 *   may have been written.
 * @retval POLYSHM_EINTR More than POLYSHM_LARGE bytes are worked on in steps, and the thread's hook ended
 *   that; a part is done.
 * @retval POLYSHM_ARGUMENT No view or no elements were given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_assign(polyshm_view *view, int64_t index,
                                                               const void *elements, int64_t count);

/**
 * Sets elements to one value. Other failures are those of assign.
 *
 * @param view The view.
 * @param value The number.
 * @param index Element index, from 0.
 * @param count Elements.
 * @retval POLYSHM_RANGE The number does not fit the dtype.
 * @retval POLYSHM_TYPE The value is no number.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_fill(polyshm_view *view, const polyshm_value *value,
                                                             int64_t index, int64_t count);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
