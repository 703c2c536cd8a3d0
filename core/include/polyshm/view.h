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

/** A typed window on a segment. */
typedef struct polyshm_view polyshm_view;

/**
 * Makes a view of @p count elements from byte @p offset on; count -1: as many as the rest of the segment
 * holds. POLYSHM_ARGUMENT: offset is no multiple of the element's size, or no such dtype. POLYSHM_INDEX: not
 * within the segment. POLYSHM_CLOSED.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_view(polyshm_segment *segment, polyshm_dtype dtype,
                                                                int64_t offset, int64_t count,
                                                                polyshm_view **out);

/** Ends the use of the view. Idempotent; later calls on it are POLYSHM_CLOSED. The segment stays open. */
POLYSHM_API polyshm_status polyshm_view_close(polyshm_view *view);

/** Gives the view back (NULL is ignored), and lets go of its segment. */
POLYSHM_API void polyshm_view_free(polyshm_view *view);

/** Whether the view or its segment was closed (true for NULL). */
POLYSHM_API bool polyshm_view_closed(const polyshm_view *view);

/** The dtype; stays after close. */
POLYSHM_API polyshm_dtype polyshm_view_dtype(const polyshm_view *view);

/** Elements; stays after close. 0 for NULL. */
POLYSHM_API int64_t polyshm_view_count(const polyshm_view *view);

/** Byte offset in the segment; stays after close. 0 for NULL. */
POLYSHM_API int64_t polyshm_view_offset(const polyshm_view *view);

/** Reads one element. POLYSHM_INDEX: index is outside 0 … count-1. POLYSHM_CLOSED. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_get(const polyshm_view *view, int64_t index,
                                                            polyshm_value *out);

/** Writes one element. POLYSHM_INDEX, POLYSHM_RANGE, POLYSHM_TYPE, POLYSHM_READONLY, POLYSHM_CLOSED: nothing
 * was written; but CLOSED because another thread closed the view or its segment meanwhile: it may have been.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_set(polyshm_view *view, int64_t index,
                                                            const polyshm_value *value);

/** Copies @p count elements out, from @p index on, as they lie in memory. Errors as get, and
 * POLYSHM_EINTR, as polyshm_segment_read(). */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_read(const polyshm_view *view, int64_t index,
                                                             int64_t count, void *elements);

/** Receives @p count elements of the view's dtype, aligned, where they lie: others may change them at any
 * moment, so each is read once. Valid during the call. A nonzero status ends the walk. */
typedef polyshm_status polyshm_view_take(const void *elements, int64_t count, void *context);

/**
 * Hands over a range in pieces of at most 4 KiB, without a copy. Errors as get, found before the first piece;
 * then what @p take returns, or POLYSHM_CLOSED. take may longjmp out: the core holds nothing meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_walk(const polyshm_view *view, int64_t index,
                                                             int64_t count, polyshm_view_take *take,
                                                             void *context);

/** Copies @p count elements in, to @p index on. POLYSHM_INDEX, POLYSHM_READONLY, POLYSHM_CLOSED: nothing was
 * written; but POLYSHM_EINTR, as polyshm_segment_write(), and CLOSED because another thread closed the view
 * or its segment meanwhile: a part may have been. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_write(polyshm_view *view, int64_t index,
                                                              const void *elements, int64_t count);

/** Sets @p count elements from @p index on to one value. Errors as write, and POLYSHM_RANGE, POLYSHM_TYPE:
 * nothing was written. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_view_fill(polyshm_view *view, const polyshm_value *value,
                                                             int64_t index, int64_t count);

#ifdef __cplusplus
}
#endif
#endif
