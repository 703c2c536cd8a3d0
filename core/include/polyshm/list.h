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
 * Others' writes. A number goes in and out in one access and is never torn. Text, and a change from one kind
 * to another, takes several: a reader in that moment may see the new kind with the old bytes, or
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

/** A process's handle on a list. */
typedef struct polyshm_list polyshm_list;

/** The longest text of an item, in bytes: its size must fit into CPython's eight characters. */
#define POLYSHM_LIST_TEXT_MAX INT64_C(9999991)

/**
 * Creates a list of @p count values, and its handle. It appears under its name with all its items, or not at
 * all.
 *
 * @param name as polyshm_segment_create(): NULL for a generated one.
 * @param reserve the least number of bytes of a slot, 0 … POLYSHM_LIST_TEXT_MAX, so that its text can grow.
 * One number is for each slot that is made for text (so it is in a list of one item, too); @p count of them
 * are for each slot, whatever it is made for.
 * @param reserve_count 0, 1 or @p count, else POLYSHM_ARGUMENT.
 * @return POLYSHM_TYPE: a value is of no kind that a list holds. POLYSHM_RANGE: an integer beyond int64; text
 * or a reserve that is too long. POLYSHM_ARGUMENT: text that ends in NUL, or STR that is not UTF-8. And what
 *         polyshm_segment_create() returns. The failure's words tell the item.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_create(const char *name, const polyshm_value *values,
                                                               int64_t count, const int64_t *reserve,
                                                               int64_t reserve_count, int64_t mode,
                                                               polyshm_list **out);

/**
 * Attaches to a list, whoever made it; as polyshm_segment_attach(). CPython makes a list in several steps: a
 * time-out also waits for the last of them.
 *
 * @return POLYSHM_ENODATA: 0 bytes long, or CPython has not filled it yet. POLYSHM_CORRUPT: it is no list;
 * the words say why. And what polyshm_segment_attach() returns.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_attach(const char *name, int64_t flags,
                                                               int64_t timeout, polyshm_list **out);

/** Attaches if the name exists, else creates it with these values. Errors: those of create and attach. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_open(const char *name, const polyshm_value *values,
                                                             int64_t count, const int64_t *reserve,
                                                             int64_t reserve_count, int64_t mode,
                                                             int64_t flags, polyshm_list **out);

/** Closes the list's segment. Idempotent; later calls are POLYSHM_CLOSED. The name stays. */
POLYSHM_API polyshm_status polyshm_list_close(polyshm_list *list);

/** Gives the handle back (NULL is ignored). The name stays. */
POLYSHM_API void polyshm_list_free(polyshm_list *list);

/** As polyshm_segment_unlink(). */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_unlink(const polyshm_list *list);

/** Whether the list's segment is closed (true for NULL). */
POLYSHM_API bool polyshm_list_closed(const polyshm_list *list);

/** The name, as polyshm_segment_name(). */
POLYSHM_API const char *polyshm_list_name(const polyshm_list *list);

/** The segment under the list: a handle of its own, to be freed; closing it closes the list. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_segment(const polyshm_list *list,
                                                                polyshm_segment **out);

/** Items; stays after close. 0 for NULL. */
POLYSHM_API int64_t polyshm_list_length(const polyshm_list *list);

/** The longest text an item takes, in bytes: its slot's size, or 9999999, which is all that a format can say.
 * POLYSHM_INDEX. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_capacity(const polyshm_list *list, int64_t index,
                                                                 int64_t *out);

/** The bytes of the largest slot: scratch of this size suffices for every item. 0 for NULL. */
POLYSHM_API int64_t polyshm_list_scratch(const polyshm_list *list);

/** Room for a format: at most 8 characters and a NUL. */
typedef struct polyshm_list_format_text {
  char text[9];
} polyshm_list_format_text;

/** An item's format, in the words of Python's struct module: "q", "d", "16s". POLYSHM_INDEX, POLYSHM_CORRUPT,
 * POLYSHM_CLOSED. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_format(const polyshm_list *list, int64_t index,
                                                               polyshm_list_format_text *out);

/**
 * Reads an item. Text is copied to @p scratch, and the value points there.
 *
 * @param size bytes of scratch; at least those of the slot if it holds text, else POLYSHM_ARGUMENT.
 * @return POLYSHM_INDEX. POLYSHM_CORRUPT: the item is none that a list holds, or STR that is not UTF-8.
 * POLYSHM_CLOSED.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_get(const polyshm_list *list, int64_t index,
                                                            void *scratch, int64_t size, polyshm_value *out);

/**
 * Writes an item; its slot stays. POLYSHM_INDEX. POLYSHM_RANGE: text longer than the slot, or an integer
 * beyond int64. POLYSHM_ARGUMENT: text that ends in NUL, or STR that is not UTF-8. POLYSHM_TYPE,
 * POLYSHM_READONLY, POLYSHM_CLOSED. After a failure the item is what it was; after CLOSED because another
 * thread closed the list meanwhile, it may be changed, and a text partly.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_set(polyshm_list *list, int64_t index,
                                                            const polyshm_value *value);

/** Receives one item; valid during the call. A nonzero status ends the walk. */
typedef polyshm_status polyshm_list_take(const polyshm_value *value, void *context);

/**
 * Hands over @p count items from @p index on (0 ... length), each as polyshm_list_get() reads it.
 * POLYSHM_INDEX, found before the first; then what get or @p take return. take may longjmp out: the core
 * holds nothing meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_walk(const polyshm_list *list, int64_t index,
                                                             int64_t count, void *scratch, int64_t size,
                                                             polyshm_list_take *take, void *context);

/** Writes @p count items from @p index on (0 ... length). Errors as set, all found before the first is
 * written. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_assign(polyshm_list *list, int64_t index,
                                                               const polyshm_value *values, int64_t count);

/** How many items equal the value. Scratch as get. POLYSHM_CORRUPT, POLYSHM_CLOSED. */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_count(const polyshm_list *list,
                                                              const polyshm_value *value, void *scratch,
                                                              int64_t size, int64_t *out);

/** The index of the first item that equals the value, or -1. Scratch as get. POLYSHM_CORRUPT, POLYSHM_CLOSED.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_list_index(const polyshm_list *list,
                                                              const polyshm_value *value, void *scratch,
                                                              int64_t size, int64_t *out);

#ifdef __cplusplus
}
#endif
#endif
