/**
 * @file list.h
 * @brief ShareableList: a list of fixed length whose items are numbers, booleans, text, bytes or nothing.
 *
 * @since 0.1
 */
/**
 * @defgroup list Lists
 * @ingroup polyshm
 * @brief ShareableList: a list of fixed length whose items are numbers, booleans, text, bytes or nothing.
 *
 * Byte for byte the list of CPython's multiprocessing.shared_memory.ShareableList, 3.9 and later;
 * docs/layouts.md has the layout. Any process may make one and any other read and change it.
 *
 * @par Items
 * An item is INT64 (whole, -2^63 ... 2^63-1), FLOAT64, BOOL, NONE, STR (UTF-8) or BYTES, and may change from
 * one to another. Each has a slot whose size never changes: 8 bytes for all but text, and for text at
 * creation at least one byte more than it needs, in steps of 8. Text ends where its slot's last byte other
 * than NUL stands, so text that itself ends in NUL is refused: every reader, CPython too, would lose the NUL.
 *
 * @par Indexes
 * 0 ... length-1, or from the end -1 ... -length. All else is POLYSHM_INDEX, and so is every access to
 * the items once a refresh has told that a peer cut the list's segment.
 *
 * @par Others' writes
 * A number goes in and out in one access and is never torn. Text, and a change from one type to another,
 * takes several: a reader in that moment may see the new type with the old bytes, or POLYSHM_CORRUPT; use a
 * lock where that matters. Like a view's, these accesses order nothing else: who writes data and then an item
 * that tells of it needs a Lock or an Event. Nothing that a peer writes makes a call reach outside the
 * segment, or crash, or run for long.
 *
 * @par Threads and fork(2)
 * As for the segment: any number of threads may use a list at once, and close it; a child of fork(2) may go
 * on with its copy. Scratch is the caller's, one for each thread.
 *
 * @{
 */
#ifndef POLYSHM_LIST_H
#define POLYSHM_LIST_H

#include <polyshm/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A process's handle on a list. */
typedef struct polyshm_list polyshm_list;

/** The longest text of an item, in bytes: its size must fit into CPython's eight characters. */
#define POLYSHM_LIST_TEXT_MAX INT64_C(9999991)

/**
 * Creates a list of @p count values, and its handle. It appears under its name with all its items, or not at
 * all.
 *
 * @param name as polyshm_segment_create(): NULL for a generated one.
 * @param values the items.
 * @param count items.
 * @param reserve the least number of bytes of a slot, 0 … POLYSHM_LIST_TEXT_MAX, so that its text can grow.
 * One number is for each slot that is made for text (so it is in a list of one item, too); @p count of them
 * are for each slot, whatever it is made for.
 * @param reserve_count how many numbers: 0, 1 or @p count.
 * @param mode as polyshm_segment_create().
 * @param out the handle.
 * @return What polyshm_segment_create() returns, and besides, the words telling the item:
 * @retval POLYSHM_TYPE a value is of no type that a list holds.
 * @retval POLYSHM_RANGE an integer is beyond int64, text or a reserve is too long, or there are more items
 * than a segment can hold.
 * @retval POLYSHM_ARGUMENT text ends in NUL, or STR is not UTF-8; or @p reserve_count is another number.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_create(const char *name, const polyshm_value *values,
                                                               int64_t count, const int64_t *reserve,
                                                               int64_t reserve_count, int64_t mode,
                                                               polyshm_list **out);

/**
 * Attaches to a list, whoever made it. CPython makes a list in several steps: a time-out also waits for the
 * last of them.
 *
 * @param name the list's.
 * @param flags as polyshm_segment_attach().
 * @param timeout nanoseconds to wait for the name to appear, and for the list to be filled; 0: do not wait;
 * negative: for ever.
 * @param out the handle.
 * @return What polyshm_segment_attach() returns, and besides:
 * @retval POLYSHM_ENODATA it is 0 bytes long, or CPython has not filled it yet.
 * @retval POLYSHM_CORRUPT it is no list; the words say why.
 * @retval POLYSHM_KIND the name means a Lock, a Semaphore or an Event.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_attach(const char *name, int64_t flags,
                                                               int64_t timeout, polyshm_list **out);

/**
 * Attaches if the name exists, else creates it with these values.
 *
 * @param name the list's, one that can be created; not NULL.
 * @param values as polyshm_list_create(), and so are the next four.
 * @param count items.
 * @param reserve the least number of bytes of a slot.
 * @param reserve_count how many numbers.
 * @param mode permission bits.
 * @param flags POLYSHM_FLAG_ANY_OWNER or 0.
 * @param out the handle.
 * @return What polyshm_list_create(), polyshm_list_attach() and polyshm_segment_open() return.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_open(const char *name, const polyshm_value *values,
                                                             int64_t count, const int64_t *reserve,
                                                             int64_t reserve_count, int64_t mode,
                                                             int64_t flags, polyshm_list **out);

/**
 * Closes the list's segment. Idempotent; later calls are POLYSHM_CLOSED. The name stays.
 *
 * @param list the handle; NULL is closed.
 * @retval POLYSHM_OK always.
 */
POLYSHM_API polyshm_status polyshm_list_close(polyshm_list *list);

/**
 * Gives the handle back. The name stays.
 *
 * @param list the handle; NULL is ignored.
 */
POLYSHM_API void polyshm_list_free(polyshm_list *list);

/**
 * Removes the list's name; who is attached goes on. Works on a closed handle.
 *
 * @param list the handle.
 * @return What polyshm_segment_unlink() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_unlink(const polyshm_list *list);

/**
 * Whether the list's segment is closed.
 *
 * @param list the handle.
 * @return whether it is; true for NULL.
 */
POLYSHM_API bool polyshm_list_closed(const polyshm_list *list);

/**
 * The name.
 *
 * @param list the handle.
 * @return the name, without a slash; "" for NULL. Valid as long as the handle.
 */
POLYSHM_API const char *polyshm_list_name(const polyshm_list *list);

/**
 * The segment under the list: closing it closes the list.
 *
 * @param list the list's handle.
 * @param out a handle of its own, to be freed.
 * @return POLYSHM_OK, or POLYSHM_ARGUMENT for NULL.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_segment(const polyshm_list *list,
                                                                polyshm_segment **out);

/**
 * The number of items; stays after close.
 *
 * @param list the handle.
 * @return items; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_list_length(const polyshm_list *list);

/**
 * The longest text an item takes; stays after close.
 *
 * @param list the handle.
 * @param index of the item.
 * @param out bytes: its slot's size, or 9999999, which is all that a format can say.
 * @retval POLYSHM_INDEX there is no such item.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_capacity(const polyshm_list *list, int64_t index,
                                                                 int64_t *out);

/**
 * The size of the largest slot: scratch of this size suffices for every item.
 *
 * @param list the handle.
 * @return bytes; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_list_scratch(const polyshm_list *list);

/** Room for a format. */
typedef struct polyshm_list_format_text {
  char text[9]; /**< at most 8 characters and a NUL */
} polyshm_list_format_text;

/**
 * An item's format, in the words of Python's struct module: "q", "d", "16s".
 *
 * @param list the handle.
 * @param index of the item.
 * @param out the format.
 * @retval POLYSHM_INDEX there is no such item.
 * @retval POLYSHM_CORRUPT it is a format that no list has.
 * @retval POLYSHM_CLOSED the list is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_format(const polyshm_list *list, int64_t index,
                                                               polyshm_list_format_text *out);

/**
 * Reads an item.
 *
 * @param list the handle.
 * @param index of the item.
 * @param scratch where text is copied to.
 * @param size bytes of scratch; at least those of the slot if it holds text.
 * @param out the item; text points to @p scratch.
 * @retval POLYSHM_INDEX there is no such item.
 * @retval POLYSHM_ARGUMENT the scratch is too small.
 * @retval POLYSHM_CORRUPT the item is none that a list holds, or STR that is not UTF-8.
 * @retval POLYSHM_CLOSED the list is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_get(const polyshm_list *list, int64_t index,
                                                            void *scratch, int64_t size, polyshm_value *out);

/**
 * Writes an item; its slot stays. After a failure the item is what it was, but see POLYSHM_CLOSED.
 *
 * @param list the handle.
 * @param index of the item.
 * @param value what it is to be.
 * @retval POLYSHM_INDEX there is no such item.
 * @retval POLYSHM_RANGE text is longer than the slot, or an integer is beyond int64.
 * @retval POLYSHM_ARGUMENT text ends in NUL, or STR is not UTF-8.
 * @retval POLYSHM_TYPE the value is of no type that a list holds.
 * @retval POLYSHM_READONLY the handle may only read.
 * @retval POLYSHM_CLOSED the list is closed; or another thread closed it meanwhile, and then the item may be
 * changed, and a text partly.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_set(polyshm_list *list, int64_t index,
                                                            const polyshm_value *value);

/**
 * Receives one item. It may longjmp out: the core holds nothing meanwhile.
 *
 * @param value the item; valid during the call.
 * @param context what polyshm_list_walk() was given.
 * @return 0 to go on; a nonzero status ends the walk and is what polyshm_list_walk() returns.
 */
typedef polyshm_status polyshm_list_visit(const polyshm_value *value, void *context);

/**
 * Hands over items, each as polyshm_list_get() reads it.
 *
 * @param list the handle.
 * @param index of the first item, 0 ... length.
 * @param count items.
 * @param scratch as polyshm_list_get().
 * @param size bytes of scratch.
 * @param visit called for each item.
 * @param context handed to it.
 * @return POLYSHM_OK, what @p visit returned, what polyshm_list_get() returns, or:
 * @retval POLYSHM_INDEX there are no such items: found before the first.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_walk(const polyshm_list *list, int64_t index,
                                                             int64_t count, void *scratch, int64_t size,
                                                             polyshm_list_visit *visit, void *context);

/**
 * Writes items. What is wrong with one is found before the first is written.
 *
 * @param list the handle.
 * @param index of the first item, 0 ... length.
 * @param values what they are to be.
 * @param count items.
 * @return What polyshm_list_set() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_assign(polyshm_list *list, int64_t index,
                                                               const polyshm_value *values, int64_t count);

/**
 * How many items equal a value, as polyshm_value_equal() has it.
 *
 * @param list the handle.
 * @param value the value.
 * @param scratch as polyshm_list_get().
 * @param size bytes of scratch.
 * @param out items.
 * @retval POLYSHM_ARGUMENT the scratch is too small.
 * @retval POLYSHM_CORRUPT an item is none that a list holds, or STR that is not UTF-8.
 * @retval POLYSHM_CLOSED the list is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_count(const polyshm_list *list,
                                                              const polyshm_value *value, void *scratch,
                                                              int64_t size, int64_t *out);

/**
 * Where the first item stands that equals a value, as polyshm_value_equal() has it.
 *
 * @param list the handle.
 * @param value the value.
 * @param scratch as polyshm_list_get().
 * @param size bytes of scratch.
 * @param out the item's index, or -1.
 * @retval POLYSHM_ARGUMENT the scratch is too small.
 * @retval POLYSHM_CORRUPT an item before it is none that a list holds, or STR that is not UTF-8.
 * @retval POLYSHM_CLOSED the list is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_index(const polyshm_list *list,
                                                              const polyshm_value *value, void *scratch,
                                                              int64_t size, int64_t *out);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
