/**
 * @file list.h
 * @brief ShareableList: a list of fixed length whose items are numbers, booleans, text, bytes or nothing.
 *
 * Byte for byte the list of CPython's multiprocessing.shared_memory.ShareableList, 3.9 and later;
 * docs/layouts.md has the layout. Any process may make one and any other read and change it.
 *
 * Items. An item is INT64 (whole, -2^63 ... 2^63-1), FLOAT64, BOOL, NONE, STR (UTF-8) or BYTES, and may
 * change from one to another. Each has a slot whose size never changes: 8 bytes for all but text, and for
 * text at creation at least one byte more than it needs, in steps of 8. Text ends where its slot's last byte
 * other than NUL stands, so text that itself ends in NUL is refused: every reader, CPython too, would lose
 * the NUL.
 *
 * Indexes. 0 ... length-1, or from the end -1 ... -length. All else is POLYSHM_INDEX.
 *
 * Others' writes. A number goes in and out in one access and is never torn. Text, and a change from one type
 * to another, takes several: a reader in that moment may see the new type with the old bytes, or
 * POLYSHM_CORRUPT; use a lock where that matters. Like a view's, these accesses order nothing else: who
 * writes data and then an item that tells of it needs a Lock or an Event. Nothing that a peer writes makes a
 * call reach outside the segment, or crash, or run for long.
 *
 * @since 0.1
 */
#ifndef POLYSHM_LIST_H
#define POLYSHM_LIST_H

#include <polyshm/segment.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup polyshm_list Lists
 * @brief ShareableList: CPython's list of items.
 *
 * Threads and fork: any number of threads may use a handle at once, close() among them; free() needs the
 * last user to be gone. A child of fork(2) may use, close and free its copies, which touches nothing of its
 * parent's.
 * @{
 */

/** A process's handle on a list. */
typedef struct polyshm_list polyshm_list;

/** The longest text of an item, in bytes: its size must fit into CPython's eight characters. */
#define POLYSHM_LIST_TEXT_MAX INT64_C(9999991)

/**
 * Creates a list of @p count values, and its handle. It appears under its name with all its items, or not
 * at all. Other failures are those of polyshm_segment_create().
 *
 * @param name The name, or NULL for a generated one: `psm_` and 8 random hexadecimal digits.
 * @param values The items.
 * @param count How many there are.
 * @param reserve The least number of bytes of a slot, 0 … POLYSHM_LIST_TEXT_MAX, so that its text can grow.
 *   One number is for each slot that is made for text (so it is in a list of one item, too); @p count of
 *   them are for each slot, whatever it is made for.
 * @param reserve_count 0, 1 or @p count.
 * @param mode The permission bits, 0 … 0777, exactly as given: the umask does not apply.
 * @param out Receives the handle, to be given back by polyshm_list_free(); NULL after a failure.
 * @retval POLYSHM_TYPE A value is of no type that a list holds. These failures tell the item.
 * @retval POLYSHM_RANGE An integer is beyond int64, or a text or a reserve is too long.
 * @retval POLYSHM_ARGUMENT A text ends in NUL, a STR is not UTF-8, or a pointer or count is wrong.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_create(const char *name, const polyshm_value *values,
                                                               int64_t count, const int64_t *reserve,
                                                               int64_t reserve_count, int64_t mode,
                                                               polyshm_list **out);

/**
 * Attaches to a list, whoever made it. CPython makes a list in several steps: a time-out also waits for the
 * last of them. Other failures are those of polyshm_segment_attach().
 *
 * @param name The name.
 * @param flags POLYSHM_FLAG_READONLY and POLYSHM_FLAG_ANY_OWNER, or 0.
 * @param timeout Nanoseconds to wait for the name to appear; 0: does not wait; negative: for ever.
 * @param out Receives the handle, to be given back by polyshm_list_free(); NULL after a failure.
 * @retval POLYSHM_ENODATA It has 0 bytes, or CPython has not filled it yet.
 * @retval POLYSHM_CORRUPT It is no list; the words say why.
 * @retval POLYSHM_KIND The name means a lock, a semaphore or an event.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_attach(const char *name, int64_t flags,
                                                               int64_t timeout, polyshm_list **out);

/**
 * Attaches if the name exists, else creates it with these values. Failures are those of create and attach.
 *
 * @param name The name.
 * @param values The items.
 * @param count How many there are.
 * @param reserve The least number of bytes of a slot, 0 … POLYSHM_LIST_TEXT_MAX, so that its text can grow.
 *   One number is for each slot that is made for text (so it is in a list of one item, too); @p count of
 *   them are for each slot, whatever it is made for.
 * @param reserve_count 0, 1 or @p count.
 * @param mode The permission bits, 0 … 0777, exactly as given: the umask does not apply.
 * @param flags POLYSHM_FLAG_ANY_OWNER, or 0.
 * @param out Receives the handle, to be given back by polyshm_list_free(); NULL after a failure.
 * @retval POLYSHM_ARGUMENT A text ends in NUL, a STR is not UTF-8, or a pointer or count is wrong.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_open(const char *name, const polyshm_value *values,
                                                             int64_t count, const int64_t *reserve,
                                                             int64_t reserve_count, int64_t mode,
                                                             int64_t flags, polyshm_list **out);

/**
 * Closes the list's segment. Idempotent; later calls are POLYSHM_CLOSED. The name stays.
 *
 * @param list The list; NULL is closed.
 * @retval POLYSHM_OK Always.
 */
POLYSHM_API polyshm_status polyshm_list_close(polyshm_list *list);

/**
 * Gives the handle back. The name stays. No other thread may be using it.
 *
 * @param list The list; NULL is ignored.
 */
POLYSHM_API void polyshm_list_free(polyshm_list *list);

/**
 * Removes the name, as polyshm_segment_unlink().
 *
 * @param list The list.
 * @retval POLYSHM_ENOENT The name is gone, or means a newer object, which is left alone.
 * @retval POLYSHM_EACCES This user may not remove names in the directory.
 * @retval POLYSHM_EPERM The name is another user's, in a sticky directory.
 * @retval POLYSHM_ARGUMENT No list was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_unlink(const polyshm_list *list);

/**
 * Tells whether the list's segment is closed.
 *
 * @param list The list.
 * @return Whether it is closed; true for NULL.
 */
POLYSHM_API bool polyshm_list_closed(const polyshm_list *list);

/**
 * Tells the name, as polyshm_segment_name().
 *
 * @param list The list.
 * @return The name, valid as long as the handle; "" for NULL.
 */
POLYSHM_API const char *polyshm_list_name(const polyshm_list *list);

/**
 * Gives the segment under the list: a handle of its own, to be freed; closing it closes the list.
 *
 * @param list The list.
 * @param out Receives the handle, to be given back by polyshm_segment_free().
 * @retval POLYSHM_ARGUMENT No list, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_segment(const polyshm_list *list,
                                                                polyshm_segment **out);

/**
 * Tells the number of items; it stays after close.
 *
 * @param list The list.
 * @return Items; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_list_length(const polyshm_list *list);

/**
 * Tells the longest text an item takes: its slot's size, or 9999999, which is all that a format can say.
 *
 * @param list The list.
 * @param index Item index; from the end if negative.
 * @param out Receives bytes.
 * @retval POLYSHM_INDEX There is no item of that index.
 * @retval POLYSHM_ARGUMENT No list, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_capacity(const polyshm_list *list, int64_t index,
                                                                 int64_t *out);

/**
 * Tells the size of the largest slot: scratch of this size suffices for every item.
 *
 * @param list The list.
 * @return Bytes; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_list_scratch(const polyshm_list *list);

/** Room for a format: at most 8 characters and a NUL. */
typedef struct polyshm_list_format_text {
  char text[9]; /**< ends in NUL */
} polyshm_list_format_text;

/**
 * Tells an item's format, in the words of Python's struct module: "q", "d", "16s".
 *
 * @param list The list.
 * @param index Item index; from the end if negative.
 * @param out Receives the format.
 * @retval POLYSHM_INDEX There is no item of that index.
 * @retval POLYSHM_CORRUPT The item has a format that no list has.
 * @retval POLYSHM_CLOSED The list is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_format(const polyshm_list *list, int64_t index,
                                                               polyshm_list_format_text *out);

/**
 * Reads an item.
 *
 * @param list The list.
 * @param index Item index; from the end if negative.
 * @param scratch Receives a text, to which the value then points.
 * @param size Bytes of scratch; at least those of the largest slot that may be read.
 * @param out Receives the value.
 * @retval POLYSHM_INDEX There is no item of that index.
 * @retval POLYSHM_CORRUPT The item is none that a list holds, or STR that is not UTF-8.
 * @retval POLYSHM_ARGUMENT The scratch is too small, or a pointer is NULL.
 * @retval POLYSHM_CLOSED The list is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_get(const polyshm_list *list, int64_t index,
                                                            void *scratch, int64_t size, polyshm_value *out);

/**
 * Writes an item; its slot stays. After a failure the item is what it was.
 *
 * @param list The list.
 * @param index Item index; from the end if negative.
 * @param value The value.
 * @retval POLYSHM_INDEX There is no item of that index.
 * @retval POLYSHM_RANGE A text is longer than its slot, or an integer is beyond int64.
 * @retval POLYSHM_ARGUMENT A text ends in NUL, a STR is not UTF-8, or a pointer is NULL.
 * @retval POLYSHM_TYPE A value is of no type that a list holds.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The list is closed. If another thread closed it meanwhile, an item may be changed,
 *   and a text partly.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_set(polyshm_list *list, int64_t index,
                                                            const polyshm_value *value);

/** Receives one item; valid during the call. A nonzero status ends the walk. */
typedef polyshm_status polyshm_list_visit(const polyshm_value *value, void *context);

/**
 * Hands over items, each as polyshm_list_get() reads it. The callback may longjmp out: the core holds
 * nothing meanwhile.
 *
 * @param list The list.
 * @param index The first item, 0 … length.
 * @param count Items.
 * @param scratch Receives a text, to which the value then points.
 * @param size Bytes of scratch; at least those of the largest slot that may be read.
 * @param take Is called for each item.
 * @param context Is handed to it.
 * @retval POLYSHM_INDEX The range lies outside the list, which is found before the first item.
 * @retval POLYSHM_CORRUPT An item is none that a list holds.
 * @retval POLYSHM_CLOSED The list is closed.
 * @return 0, what the callback ended the walk with, or a failure.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_walk(const polyshm_list *list, int64_t index,
                                                             int64_t count, void *scratch, int64_t size,
                                                             polyshm_list_visit *take, void *context);

/**
 * Writes items. All failures are found before the first is written.
 *
 * @param list The list.
 * @param index The first item, 0 … length.
 * @param values The values.
 * @param count Items.
 * @retval POLYSHM_INDEX There is no item of that index.
 * @retval POLYSHM_RANGE A text is longer than its slot, or an integer is beyond int64.
 * @retval POLYSHM_ARGUMENT A text ends in NUL, a STR is not UTF-8, or a pointer is NULL.
 * @retval POLYSHM_TYPE A value is of no type that a list holds.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The list is closed. If another thread closed it meanwhile, an item may be changed,
 *   and a text partly.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_assign(polyshm_list *list, int64_t index,
                                                               const polyshm_value *values, int64_t count);

/**
 * Counts the items that equal a value.
 *
 * @param list The list.
 * @param value The value.
 * @param scratch Receives a text, to which the value then points.
 * @param size Bytes of scratch; at least those of the largest slot that may be read.
 * @param out Receives the number.
 * @retval POLYSHM_CORRUPT An item is none that a list holds.
 * @retval POLYSHM_CLOSED The list is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_count(const polyshm_list *list,
                                                              const polyshm_value *value, void *scratch,
                                                              int64_t size, int64_t *out);

/**
 * Finds the first item that equals a value.
 *
 * @param list The list.
 * @param value The value.
 * @param scratch Receives a text, to which the value then points.
 * @param size Bytes of scratch; at least those of the largest slot that may be read.
 * @param out Receives its index, or -1.
 * @retval POLYSHM_CORRUPT An item that comes before it is none that a list holds.
 * @retval POLYSHM_CLOSED The list is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_index(const polyshm_list *list,
                                                              const polyshm_value *value, void *scratch,
                                                              int64_t size, int64_t *out);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
