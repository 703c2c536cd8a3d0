/**
 * @file segment.h
 * @brief Named shared memory: create, attach, open, close, unlink, and the bytes inside.
 *
 * @since 0.1
 */
/**
 * @defgroup segment Segments
 * @ingroup polyshm
 * @brief Named shared memory: create, attach, open, close, unlink, and the bytes inside.
 *
 * A segment is a plain file on the system's shared-memory file system, /dev/shm/NAME, holding the user's
 * bytes and nothing else: the same object as CPython's multiprocessing.shared_memory.SharedMemory(NAME),
 * shm_open(3) and numpy.memmap see.
 *
 * @par Names
 * To create: a letter or digit, then up to 199 of [A-Za-z0-9._-], and not `sem.…` (POSIX semaphores live
 * there). To attach or unlink: any single path component. One leading '/' is dropped, as CPython does.
 *
 * @par Lifetime
 * A name lives until it is unlinked, whoever exits. A handle lives until polyshm_segment_free(); its memory
 * is given back by polyshm_segment_close() or the last free. Views hold the handle, not the memory.
 *
 * @par Addresses
 * close() puts private zero pages where the shared ones were, and the address range stays reserved until the
 * handle is freed; a growing segment keeps its old range mapped too. So a stale pointer in a script (LuaJIT's
 * FFI, Ruby's Fiddle) or in a thread caught inside a call reads zeros or the same bytes: it never crashes and
 * never hits another object's memory while the handle lives. A segment that outgrows its range takes one of
 * twice the size, so a thousand steps take a dozen ranges; one that never grows has one of its own size.
 * Addresses behind the segment's end are a bus error.
 *
 * @par Memory
 * create() publishes: what a segment holds when its name appears is seen by who attaches. Reads and writes of
 * bytes order nothing, in threads and processes alike, and a range may be read half old and half new: a Lock,
 * an Event or atomics.h order them. resize() happens before what is done after a refresh() or attach() that
 * tells its size.
 *
 * @par Threads
 * Any thread may call close() at any time: a call that was inside ends either before it, on the shared
 * memory, or with POLYSHM_CLOSED.
 *
 * @par fork(2)
 * A child may use, close and free its copy of a handle, whatever other threads of its parent were doing to it
 * in that moment; so may the child of a bare clone(2). What the child does to its copy does not touch the
 * parent's.
 *
 * @par Truncation
 * A peer that truncates a segment under its users gives them SIGBUS: no user of a named file can be protected
 * from that.
 *
 * @{
 */
#ifndef POLYSHM_SEGMENT_H
#define POLYSHM_SEGMENT_H

#include <polyshm/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A process's handle on a named segment. */
typedef struct polyshm_segment polyshm_segment;

/** The largest size, 2^40 - 1 bytes. */
#define POLYSHM_SIZE_MAX INT64_C(0xFFFFFFFFFF)

/** Flags of attach and open. */
enum {
  POLYSHM_FLAG_READONLY = 1, /**< map for reading: every write through this handle is POLYSHM_READONLY */
  POLYSHM_FLAG_ANY_OWNER = 2 /**< accept a segment that belongs neither to this user nor to root */
};

/**
 * The size a segment has when its maker names none: one page.
 *
 * @return bytes.
 */
POLYSHM_API int64_t polyshm_page_size(void);

/**
 * Creates a segment of @p size zero bytes, and its handle. It appears under its name whole or not at all, and
 * its memory is allocated: a full /dev/shm is POLYSHM_ENOSPC here and never a SIGBUS later. After a failure
 * nothing was created.
 *
 * @param name NULL: `psm_` and 8 random hexadecimal digits.
 * @param size 1 … POLYSHM_SIZE_MAX bytes.
 * @param mode permission bits, 0 … 0777, exactly as given: the umask does not apply.
 * @param out the handle.
 * @retval POLYSHM_EEXIST the name is taken.
 * @retval POLYSHM_ARGUMENT it is not a name one can create.
 * @retval POLYSHM_RANGE the size or the mode is outside its bounds.
 * @retval POLYSHM_ENOSPC the file system is full.
 * @retval POLYSHM_EFBIG the size is beyond the limit on files of this process (RLIMIT_FSIZE).
 * @retval POLYSHM_ENOMEM there is no address space for it, or it is beyond the memory of this machine or the
 * limit of this process's control groups, beyond which the kernel would kill it.
 * @retval POLYSHM_EACCES this user may not make names in the directory.
 * @retval POLYSHM_EMFILE this process has too many open files.
 * @retval POLYSHM_EINTR the thread's hook (polyshm_on_wait()) ended it, or signals interrupted even the
 * shortest step of the allocation, again and again.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_create(const char *name, int64_t size,
                                                                  int64_t mode, polyshm_segment **out);

/**
 * Attaches to an existing segment, whoever made it. Never creates, resizes or destroys it.
 *
 * @param name the segment's.
 * @param flags POLYSHM_FLAG_READONLY, POLYSHM_FLAG_ANY_OWNER, both or 0.
 * @param timeout nanoseconds to wait for the name to appear; 0: do not wait; negative: for ever.
 * @param out the handle.
 * @retval POLYSHM_ENOENT there is no such name, or none came in time.
 * @retval POLYSHM_EPERM it is not trusted, because it is not a plain file, has a second hard link, or belongs
 * to a user who is neither this one nor root.
 * @retval POLYSHM_ELOOP it is a symbolic link.
 * @retval POLYSHM_EISDIR it is a directory.
 * @retval POLYSHM_ENODATA it is 0 bytes long, and stayed so for the time-out.
 * @retval POLYSHM_EACCES its mode forbids.
 * @retval POLYSHM_EINTR the wait was interrupted.
 * @retval POLYSHM_ARGUMENT it is not a name, or there are other flags.
 * @retval POLYSHM_ENOMEM there is no address space for it.
 * @retval POLYSHM_EMFILE this process has too many open files.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_attach(const char *name, int64_t flags,
                                                                  int64_t timeout, polyshm_segment **out);

/**
 * Attaches if the name exists, else creates it: of any number of processes that open one name at once, one
 * creates it. An existing segment keeps its own size and mode.
 *
 * @param name the segment's, one that can be created; not NULL.
 * @param size as polyshm_segment_create().
 * @param mode as polyshm_segment_create().
 * @param flags POLYSHM_FLAG_ANY_OWNER or 0; READONLY is not for open.
 * @param out the handle.
 * @return What polyshm_segment_attach() and polyshm_segment_create() return, but never that the name is
 * missing or taken; and besides:
 * @retval POLYSHM_ARGUMENT a name is needed, or there are other flags.
 * @retval POLYSHM_EAGAIN the name came and went all the time.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_open(const char *name, int64_t size, int64_t mode,
                                                                int64_t flags, polyshm_segment **out);

/**
 * Gives the memory back. Idempotent. Later calls on the handle and its views are POLYSHM_CLOSED. The name
 * stays. In a process that has no mapping or address to spare, for the pages that take the place of the
 * shared ones, the handle is closed as well, and keeps the memory until it is freed or close() is called once
 * more.
 *
 * @param segment the handle; NULL is closed.
 * @retval POLYSHM_OK always.
 */
POLYSHM_API polyshm_status polyshm_segment_close(polyshm_segment *segment);

/**
 * Gives the handle back; the last of it and its views gives the memory back. The name stays.
 *
 * @param segment the handle; NULL is ignored.
 */
POLYSHM_API void polyshm_segment_free(polyshm_segment *segment);

/**
 * Removes the segment's name, and then that of its lock, see polyshm_segment_lock(); all who are attached
 * keep their memory. Works on a closed handle.
 *
 * @param segment the handle.
 * @retval POLYSHM_ENOENT the name is gone, or now means a newer segment, which is left alone.
 * @retval POLYSHM_EPERM it is another user's, in a sticky directory.
 * @retval POLYSHM_EACCES this user may not remove names from the directory.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_unlink(const polyshm_segment *segment);

/**
 * Removes a name, whatever segment it means, and that of its lock.
 *
 * @param name the name.
 * @retval POLYSHM_ENOENT there is none.
 * @retval POLYSHM_EISDIR it is a directory.
 * @retval POLYSHM_EPERM it is another user's, in a sticky directory.
 * @retval POLYSHM_EACCES this user may not remove names from the directory.
 * @retval POLYSHM_ARGUMENT it is not a name.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_unlink_name(const char *name);

/**
 * Grows the segment, in place: bytes, views and addresses stay; the new bytes are 0 and allocated. Other
 * processes see the new size after their refresh. After a failure the segment is as it was, but see
 * POLYSHM_CLOSED. A process that is killed in here may leave memory allocated behind the end: the next
 * resize, or the next attach for writing, gives it back.
 *
 * @param segment the handle.
 * @param size the new size in bytes.
 * @retval POLYSHM_RANGE the size is outside 1 … POLYSHM_SIZE_MAX, or would shrink the segment, which would be
 * a bus error in others.
 * @retval POLYSHM_ESTALE the name is gone, and only by name can a segment grow.
 * @retval POLYSHM_EBUSY for five seconds another process has been growing it.
 * @retval POLYSHM_EINTR it was interrupted, in that wait or in the work.
 * @retval POLYSHM_READONLY the handle may only read.
 * @retval POLYSHM_CLOSED the handle is closed; or another thread closed it meanwhile, and then the segment
 * may have grown.
 * @retval POLYSHM_ENOSPC the file system is full.
 * @retval POLYSHM_EFBIG the size is beyond the limit on files of this process.
 * @retval POLYSHM_ENOMEM the size is beyond the address space, the memory or its limit, as
 * polyshm_segment_create().
 * @retval POLYSHM_EACCES the segment's mode does not let this user in any more.
 * @retval POLYSHM_EMFILE this process has too many open files.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_resize(polyshm_segment *segment, int64_t size);

/**
 * Takes over the size another process gave the segment.
 *
 * @param segment the handle.
 * @retval POLYSHM_ESTALE the name is gone.
 * @retval POLYSHM_CLOSED the handle is closed.
 * @retval POLYSHM_ENOMEM there is no address space for the new size.
 * @retval POLYSHM_EACCES the segment's mode does not let this user in any more.
 * @retval POLYSHM_EMFILE this process has too many open files.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_refresh(polyshm_segment *segment);

/**
 * Whether the name is gone or means another segment now. Works on a closed handle.
 *
 * @param segment the handle.
 * @param out whether it is so.
 * @return POLYSHM_OK, or why the system cannot tell.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_stale(const polyshm_segment *segment, bool *out);

/**
 * The name.
 *
 * @param segment the handle.
 * @return the name, without a slash; "" for NULL. Valid as long as the handle.
 */
POLYSHM_API const char *polyshm_segment_name(const polyshm_segment *segment);

/**
 * The size, as of create, attach, resize or refresh; stays after close.
 *
 * @param segment the handle.
 * @return bytes; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_segment_size(const polyshm_segment *segment);

/**
 * The address of the first byte in this process; see "Addresses" above for how long it holds.
 *
 * @param segment the handle.
 * @param out the address.
 * @retval POLYSHM_CLOSED the handle is closed.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_address(const polyshm_segment *segment,
                                                                   uint64_t *out);

/**
 * Whether the handle may only read.
 *
 * @param segment the handle.
 * @return whether it is so; false for NULL.
 */
POLYSHM_API bool polyshm_segment_readonly(const polyshm_segment *segment);

/**
 * Whether close was called.
 *
 * @param segment the handle.
 * @return whether it was; true for NULL.
 */
POLYSHM_API bool polyshm_segment_closed(const polyshm_segment *segment);

/**
 * Copies bytes out.
 *
 * @param segment from where.
 * @param offset of the first byte.
 * @param data to where.
 * @param length bytes.
 * @retval POLYSHM_INDEX offset and length do not lie within the segment.
 * @retval POLYSHM_CLOSED the segment is closed, or another thread closed it meanwhile.
 * @retval POLYSHM_EINTR more than POLYSHM_LARGE bytes are copied in steps, and the thread's hook ended it; a
 * part of @p data was written.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_read(const polyshm_segment *segment,
                                                                int64_t offset, void *data, int64_t length);

/**
 * Points at the bytes themselves, for a caller who copies them at once: others may change them at any moment.
 *
 * @param segment whose bytes.
 * @param offset of the first byte.
 * @param length bytes.
 * @param data the first byte's address. Valid until free, see "Addresses".
 * @retval POLYSHM_INDEX offset and length do not lie within the segment.
 * @retval POLYSHM_CLOSED the segment is closed.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_borrow(const polyshm_segment *segment,
                                                                  int64_t offset, int64_t length,
                                                                  const void **data);

/**
 * Copies bytes in. After a failure nothing was written, but see POLYSHM_EINTR and POLYSHM_CLOSED.
 *
 * @param segment to where.
 * @param offset of the first byte.
 * @param data from where.
 * @param length bytes.
 * @retval POLYSHM_INDEX offset and length do not lie within the segment.
 * @retval POLYSHM_READONLY the handle may only read.
 * @retval POLYSHM_CLOSED the segment is closed; or another thread closed it meanwhile, and then a part may
 * have been written.
 * @retval POLYSHM_EINTR more than POLYSHM_LARGE bytes are copied in steps, and the thread's hook ended it; a
 * part may have been written.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_write(polyshm_segment *segment, int64_t offset,
                                                                 const void *data, int64_t length);

/**
 * Sets bytes to one value. After a failure nothing was written, but see POLYSHM_EINTR and POLYSHM_CLOSED.
 *
 * @param segment whose bytes.
 * @param byte the value, 0 … 255.
 * @param offset of the first byte.
 * @param length bytes.
 * @retval POLYSHM_RANGE the value is no byte.
 * @retval POLYSHM_INDEX as polyshm_segment_write(), and so are the next three.
 * @retval POLYSHM_READONLY the handle may only read.
 * @retval POLYSHM_CLOSED the segment is closed, or was meanwhile.
 * @retval POLYSHM_EINTR the thread's hook ended it.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_fill(polyshm_segment *segment, int64_t byte,
                                                                int64_t offset, int64_t length);

/**
 * Copies bytes from another segment, or within one (overlap is right, through two handles too); the order of
 * the arguments is that of Ruby's IO::Buffer#copy. After a failure nothing was written, but see POLYSHM_EINTR
 * and POLYSHM_CLOSED.
 *
 * @param segment to where.
 * @param source from where; may be the same.
 * @param offset of the first byte in @p segment.
 * @param length bytes.
 * @param source_offset of the first byte in @p source.
 * @retval POLYSHM_INDEX an offset and the length do not lie within their segment.
 * @retval POLYSHM_READONLY the handle @p segment may only read.
 * @retval POLYSHM_CLOSED one of them is closed; or another thread closed one meanwhile, and then a part may
 * have been written.
 * @retval POLYSHM_EINTR as polyshm_segment_write().
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_copy(polyshm_segment *segment,
                                                                const polyshm_segment *source, int64_t offset,
                                                                int64_t length, int64_t source_offset);

/**
 * Reads one number at any byte offset; aligned ones are read in one access, never torn.
 *
 * @param segment from where.
 * @param dtype the number's type.
 * @param offset of its first byte.
 * @param out the number.
 * @retval POLYSHM_ARGUMENT there is no such dtype.
 * @retval POLYSHM_INDEX the number does not lie within the segment.
 * @retval POLYSHM_CLOSED the segment is closed, or another thread closed it meanwhile.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_get_value(const polyshm_segment *segment,
                                                                     polyshm_dtype dtype, int64_t offset,
                                                                     polyshm_value *out);

/**
 * Writes one number at any byte offset; aligned ones in one access. After a failure nothing was written, but
 * see POLYSHM_CLOSED.
 *
 * @param segment to where.
 * @param dtype the number's type.
 * @param offset of its first byte.
 * @param value the number.
 * @retval POLYSHM_ARGUMENT there is no such dtype.
 * @retval POLYSHM_TYPE the value is not a number.
 * @retval POLYSHM_RANGE the number is out of range, fractional, or not exact in this dtype.
 * @retval POLYSHM_INDEX the number does not lie within the segment.
 * @retval POLYSHM_READONLY the handle may only read.
 * @retval POLYSHM_CLOSED the segment is closed; or another thread closed it meanwhile, and then the number
 * may have been written.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_set_value(polyshm_segment *segment,
                                                                     polyshm_dtype dtype, int64_t offset,
                                                                     const polyshm_value *value);

/** What polyshm_each_segment() tells of one name. */
typedef struct polyshm_segment_info {
  const char *name; /**< valid during the visit */
  const char *kind; /**< "SharedMemory": bytes of the user's own; "Lock", "Semaphore", "Event"; "unknown":
                       this user may not look */
  int64_t size;     /**< bytes */
  int64_t mode;     /**< permission bits */
  int64_t owner;    /**< user id */
} polyshm_segment_info;

/**
 * Called once for each name. It may call polyshm, but must return.
 *
 * @param info what there is to tell; valid during the visit.
 * @param context what polyshm_each_segment() was given.
 * @return 0 to go on; a nonzero status ends the walk and is what polyshm_each_segment() returns.
 */
typedef polyshm_status polyshm_segment_visit(const polyshm_segment_info *info, void *context);

/**
 * Visits every name there is, in no order, other users' too: plain files, but for POSIX semaphores and hidden
 * names. A name that comes or goes meanwhile may be missed.
 *
 * @param visit called for each name.
 * @param context handed to it.
 * @return POLYSHM_OK; what @p visit returned; or why the directory cannot be read.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_each_segment(polyshm_segment_visit *visit, void *context);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
