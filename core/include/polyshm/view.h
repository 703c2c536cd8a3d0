/**
 * @file view.h
 * @brief Typed windows: a range of a segment as elements of one dtype.
 *
 * @since 0.1
 */
/**
 * @defgroup view Views
 * @ingroup polyshm
 * @brief Typed windows: a range of a segment as elements of one dtype.
 *
 * A view holds its segment's handle, not its memory: after polyshm_segment_close() its calls are
 * POLYSHM_CLOSED. It sees the segment grow no further than its own count. One element is read or written in
 * one access, so a number is never torn; a range is copied, and a peer may write meanwhile.
 *
 * @par Memory
 * These accesses order nothing: they are C11's memory_order_relaxed, one for each element, or copies. Who
 * reads what another process wrote needs something that orders both: a Lock, an Event, or the operations of
 * atomics.h. docs/concurrency.md tells how.
 *
 * @par A segment that was cut
 * Where a refresh has told that a peer cut the segment, what of the view lies behind the new end is
 * POLYSHM_INDEX.
 *
 * @par Threads and fork(2)
 * As for the segment: any number of threads may use a view at once, and close it or its segment; a child of
 * fork(2) may go on with its copy.
 *
 * @{
 */
#ifndef POLYSHM_VIEW_H
#define POLYSHM_VIEW_H

#include <polyshm/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A typed window on a segment. */
typedef struct polyshm_view polyshm_view;

/**
 * Makes a view.
 *
 * @param segment on which.
 * @param dtype the elements' type.
 * @param offset bytes from the segment's beginning to the first element: a multiple of an element's size.
 * @param count elements; -1: as many as the rest of the segment holds.
 * @param out the view.
 * @retval POLYSHM_ARGUMENT offset is no multiple of the element's size, or there is no such dtype.
 * @retval POLYSHM_INDEX it does not lie within the segment.
 * @retval POLYSHM_CLOSED the segment is closed.
 * @retval POLYSHM_ENOMEM there is no memory for the handle.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_view(polyshm_segment *segment, polyshm_dtype dtype,
                                                                int64_t offset, int64_t count,
                                                                polyshm_view **out);

/**
 * Ends the use of the view. Idempotent; later calls on it are POLYSHM_CLOSED. The segment stays open.
 *
 * @param view the view; NULL is closed.
 * @retval POLYSHM_OK always.
 */
POLYSHM_API polyshm_status polyshm_view_close(polyshm_view *view);

/**
 * Gives the view back, and lets go of its segment.
 *
 * @param view the view; NULL is ignored.
 */
POLYSHM_API void polyshm_view_free(polyshm_view *view);

/**
 * Whether the view or its segment was closed.
 *
 * @param view the view.
 * @return whether one was; true for NULL.
 */
POLYSHM_API bool polyshm_view_closed(const polyshm_view *view);

/**
 * The dtype; stays after close.
 *
 * @param view the view.
 * @return the dtype; -1 for NULL.
 */
POLYSHM_API polyshm_dtype polyshm_view_dtype(const polyshm_view *view);

/**
 * The number of elements; stays after close.
 *
 * @param view the view.
 * @return elements; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_view_count(const polyshm_view *view);

/**
 * The offset in the segment; stays after close.
 *
 * @param view the view.
 * @return bytes; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_view_offset(const polyshm_view *view);

/**
 * Reads one element.
 *
 * @param view from where.
 * @param index of the element, 0 … count-1.
 * @param out the element.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_get(const polyshm_view *view, int64_t index,
                                                            polyshm_value *out);

/**
 * Writes one element. After a failure nothing was written, but see POLYSHM_CLOSED.
 *
 * @param view to where.
 * @param index of the element, 0 … count-1.
 * @param value a number.
 * @retval POLYSHM_INDEX the index is outside the view.
 * @retval POLYSHM_RANGE the number is out of range, fractional, or not exact in the dtype.
 * @retval POLYSHM_TYPE the value is not a number.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed; or another thread closed one meanwhile, and then
 * the element may have been written.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_set(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value);

/**
 * Copies elements out, as they lie in memory.
 *
 * @param view from where.
 * @param index of the first element.
 * @param count elements.
 * @param elements to where.
 * @retval POLYSHM_INDEX they do not all lie within the view.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or another thread closed one meanwhile.
 * @retval POLYSHM_EINTR the thread's hook ended it, as polyshm_segment_read().
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_read(const polyshm_view *view, int64_t index,
                                                             int64_t count, void *elements);

/**
 * Receives elements where they lie: others may change them at any moment, so each is read once. It may
 * longjmp out: the core holds nothing meanwhile.
 *
 * @param elements of the view's dtype, aligned. Valid during the call.
 * @param count elements.
 * @param context what polyshm_view_walk() was given.
 * @return 0 to go on; a nonzero status ends the walk and is what polyshm_view_walk() returns.
 */
typedef polyshm_status polyshm_view_visit(const void *elements, int64_t count, void *context);

/**
 * Hands over a range in pieces of at most 4 KiB, without a copy.
 *
 * @param view from where.
 * @param index of the first element.
 * @param count elements.
 * @param visit called for each piece.
 * @param context handed to it.
 * @return POLYSHM_OK, what @p visit returned, or:
 * @retval POLYSHM_INDEX they do not all lie within the view: found before the first piece.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or was between two pieces.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_walk(const polyshm_view *view, int64_t index,
                                                             int64_t count, polyshm_view_visit *visit,
                                                             void *context);

/**
 * Copies elements in, as they lie in memory. After a failure nothing was written, but see POLYSHM_EINTR and
 * POLYSHM_CLOSED.
 *
 * @param view to where.
 * @param index of the first element.
 * @param elements from where, of the view's dtype.
 * @param count elements.
 * @retval POLYSHM_INDEX they do not all lie within the view.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed; or another thread closed one meanwhile, and then
 * a part may have been written.
 * @retval POLYSHM_EINTR the thread's hook ended it, as polyshm_segment_write(): a part may have been written.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_assign(polyshm_view *view, int64_t index,
                                                               const void *elements, int64_t count);

/**
 * Sets elements to one value. After a failure nothing was written, but see POLYSHM_EINTR and POLYSHM_CLOSED.
 *
 * @param view whose elements.
 * @param value a number.
 * @param index of the first element.
 * @param count elements.
 * @retval POLYSHM_RANGE the number is out of range, fractional, or not exact in the dtype.
 * @retval POLYSHM_TYPE the value is not a number.
 * @retval POLYSHM_INDEX as polyshm_view_assign(), and so are the next three.
 * @retval POLYSHM_READONLY the segment's handle may only read.
 * @retval POLYSHM_CLOSED the view or its segment is closed, or was meanwhile.
 * @retval POLYSHM_EINTR the thread's hook ended it.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_fill(polyshm_view *view, const polyshm_value *value,
                                                             int64_t index, int64_t count);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
