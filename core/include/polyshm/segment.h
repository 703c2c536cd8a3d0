/**
 * @file segment.h
 * @brief Named shared memory: create, attach, open, close, unlink, and the bytes inside.
 *
 * A segment is a plain file on the system's shared-memory file system, /dev/shm/NAME, holding the user's
 * bytes and nothing else: the same object as CPython's multiprocessing.shared_memory.SharedMemory(NAME),
 * shm_open(3) and numpy.memmap see.
 *
 * Names. To create: a letter or digit, then up to 199 of [A-Za-z0-9._-], and not `sem.…` (POSIX semaphores
 * live there). To attach or unlink: any single path component. One leading '/' is dropped, as CPython does.
 *
 * Lifetime. A name lives until it is unlinked, whoever exits. A handle lives until polyshm_segment_free();
 * its memory is given back by polyshm_segment_close() or the last free. Views hold the handle, not the
 * memory.
 *
 * Addresses. close() puts private zero pages where the shared ones were, and the address range stays reserved
 * until the handle is freed; a growing segment keeps its old range mapped too. So a stale pointer in a script
 * (LuaJIT's FFI, Ruby's Fiddle) or in a thread caught inside a call reads zeros or the same bytes: it never
 * crashes and never hits another object's memory while the handle lives. A segment that outgrows its range
 * takes one of twice the size, so a thousand steps take a dozen ranges; one that never grows has one of its
 * own size. Addresses behind the segment's end are a bus error.
 *
 * Memory. create() publishes: what a segment holds when its name appears is seen by who attaches. Reads and
 * writes of bytes order nothing, in threads and processes alike, and a range may be read half old and half
 * new: a Lock, an Event or atomics.h order them. resize() happens before what is done after a refresh() or
 * attach() that tells its size. Any thread may call close() at any time: a call that was inside ends either
 * before it, on the shared memory, or with POLYSHM_CLOSED.
 *
 * fork(2). A child may use, close and free its copy of a handle, whatever other threads of its parent were
 * doing to it in that moment; so may the child of a bare clone(2). What the child does to its copy does not
 * touch the parent's.
 *
 * A peer that truncates a segment under its users gives them SIGBUS: no user of a named file can be protected
 * from that.
 *
 * @since 0.1
 */
#ifndef POLYSHM_SEGMENT_H
#define POLYSHM_SEGMENT_H

#include <polyshm/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup polyshm_segment Segments
 * @brief Named shared memory and the bytes inside.
 *
 * Threads and fork: any number of threads may use a handle at once, close() among them; free() needs the
 * last user to be gone. A child of fork(2) may use, close and free its copies, which touches nothing of its
 * parent's.
 * @{
 */

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
 * Tells the size a segment has when its maker names none: one page.
 *
 * @return Bytes.
 */
POLYSHM_API int64_t polyshm_page_size(void);

/**
 * Creates a segment of @p size zero bytes, and its handle. It appears under its name whole or not at all,
 * and its memory is allocated: a full /dev/shm is POLYSHM_ENOSPC here and never a SIGBUS later. After a
 * failure nothing was created.
 *
 * @param name The name, or NULL for a generated one: `psm_` and 8 random hexadecimal digits.
 * @param size Bytes, 1 … POLYSHM_SIZE_MAX.
 * @param mode The permission bits, 0 … 0777, exactly as given: the umask does not apply.
 * @param out Receives the handle, to be given back by polyshm_segment_free(); NULL after a failure.
 * @retval POLYSHM_EEXIST The name is taken.
 * @retval POLYSHM_ARGUMENT That is not a name one can create, or no place for the result was given.
 * @retval POLYSHM_RANGE The size or the mode is out of its range.
 * @retval POLYSHM_ENOSPC There is no room for it in the directory.
 * @retval POLYSHM_EFBIG The process may not make such a file (RLIMIT_FSIZE).
 * @retval POLYSHM_ENOMEM Memory or addresses do not suffice, or the limit of the process's control groups,
 *   beyond which the kernel would kill it.
 * @retval POLYSHM_EACCES This user may not make files in the directory.
 * @retval POLYSHM_EMFILE The process has too many open files.
 * @retval POLYSHM_EINTR The thread's hook ended it, or signals interrupted even the shortest step of the
 *   allocation again and again.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_create(const char *name, int64_t size,
                                                                  int64_t mode, polyshm_segment **out);

/**
 * Attaches to an existing segment, whoever made it. It never creates, resizes or destroys one.
 *
 * @param name The name.
 * @param flags POLYSHM_FLAG_READONLY and POLYSHM_FLAG_ANY_OWNER, or 0.
 * @param timeout Nanoseconds to wait for the name to appear; 0: does not wait; negative: for ever.
 * @param out Receives the handle, to be given back by polyshm_segment_free(); NULL after a failure.
 * @retval POLYSHM_ENOENT There is no such name, or none came in time.
 * @retval POLYSHM_EPERM The file is not trusted: it is not a plain file, has a second hard link, or belongs
 *   to a user who is neither this one nor root.
 * @retval POLYSHM_ELOOP The name is a symbolic link.
 * @retval POLYSHM_EISDIR The name is a directory.
 * @retval POLYSHM_ENODATA The file has 0 bytes: its maker has not sized it yet.
 * @retval POLYSHM_EACCES The file's mode keeps this user out.
 * @retval POLYSHM_EINTR The wait was interrupted, by a signal or by the thread's hook.
 * @retval POLYSHM_ARGUMENT That is not a name, or a flag is not for this call.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_attach(const char *name, int64_t flags,
                                                                  int64_t timeout, polyshm_segment **out);

/**
 * Attaches if the name exists, else creates it: of any number of processes that open one name at once, one
 * creates it. An existing segment keeps its own size and mode. Other failures are those of create and
 * attach.
 *
 * @param name The name.
 * @param size Bytes, if it is created.
 * @param mode The permission bits, 0 … 0777, exactly as given: the umask does not apply.
 * @param flags POLYSHM_FLAG_ANY_OWNER, or 0.
 * @param out Receives the handle, to be given back by polyshm_segment_free(); NULL after a failure.
 * @retval POLYSHM_EAGAIN The name came and went a thousand times.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_open(const char *name, int64_t size, int64_t mode,
                                                                int64_t flags, polyshm_segment **out);

/**
 * Gives the memory back. Idempotent. Later calls on the handle and its views are POLYSHM_CLOSED. The name
 * stays. In a process that has no mapping or address to spare, for the pages that take the place of the
 * shared ones, the handle is closed as well, and keeps the memory until it is freed or close() is called
 * once more.
 *
 * @param segment The segment; NULL is closed.
 * @retval POLYSHM_OK Always.
 */
POLYSHM_API polyshm_status polyshm_segment_close(polyshm_segment *segment);

/**
 * Gives the handle back; the last of it and its views gives the memory back. The name stays. No other
 * thread may be using it.
 *
 * @param segment The segment; NULL is ignored.
 */
POLYSHM_API void polyshm_segment_free(polyshm_segment *segment);

/**
 * Removes the segment's name, and then that of its lock, see polyshm_segment_lock(); all who are attached
 * keep their memory. Works on a closed handle.
 *
 * @param segment The segment.
 * @retval POLYSHM_ENOENT The name is gone, or means a newer object, which is left alone.
 * @retval POLYSHM_EACCES This user may not remove names in the directory.
 * @retval POLYSHM_EPERM The name is another user's, in a sticky directory.
 * @retval POLYSHM_ARGUMENT No segment was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_unlink(const polyshm_segment *segment);

/**
 * Removes a name, whatever segment it means, and that of its lock.
 *
 * @param name The name.
 * @retval POLYSHM_ENOENT There is no such name.
 * @retval POLYSHM_EISDIR The name is a directory.
 * @retval POLYSHM_ARGUMENT That is not a name.
 * @retval POLYSHM_EACCES This user may not remove names in the directory.
 * @retval POLYSHM_EPERM The name is another user's, in a sticky directory.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_unlink_name(const char *name);

/**
 * Grows the segment, in place: bytes, views and addresses stay; the new bytes are 0 and allocated. Other
 * processes see the new size after their refresh. After a failure the segment is as it was; only
 * POLYSHM_CLOSED because another thread closed the handle meanwhile leaves that open. A process that is
 * killed in here may leave memory allocated behind the end: the next resize, or the next attach for
 * writing, gives it back. Other failures are those of create.
 *
 * @param segment The segment.
 * @param size Bytes, 1 … POLYSHM_SIZE_MAX.
 * @retval POLYSHM_RANGE The size is out of its range, or would shrink the segment, which would be a bus
 *   error in others.
 * @retval POLYSHM_ESTALE The name is gone, and only by its name can a segment grow.
 * @retval POLYSHM_EBUSY Another process has been growing it for five seconds.
 * @retval POLYSHM_EINTR It was interrupted, in that wait or in the work.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_resize(polyshm_segment *segment, int64_t size);

/**
 * Takes over the size that another process gave the segment.
 *
 * @param segment The segment.
 * @retval POLYSHM_ESTALE The name is gone.
 * @retval POLYSHM_CLOSED The segment is closed.
 * @retval POLYSHM_ARGUMENT No segment was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_refresh(polyshm_segment *segment);

/**
 * Tells whether the name is gone or means another segment now. Works on a closed handle.
 *
 * @param segment The segment.
 * @param out Receives the answer.
 * @retval POLYSHM_ARGUMENT No segment, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_stale(const polyshm_segment *segment, bool *out);

/**
 * Tells the name, without a slash.
 *
 * @param segment The segment.
 * @return The name, valid as long as the handle; "" for NULL.
 */
POLYSHM_API const char *polyshm_segment_name(const polyshm_segment *segment);

/**
 * Tells the size as of create, attach, resize or refresh; it stays after close.
 *
 * @param segment The segment.
 * @return Bytes; 0 for NULL.
 */
POLYSHM_API int64_t polyshm_segment_size(const polyshm_segment *segment);

/**
 * Tells the address of the first byte in this process; see "Addresses" above for how long it holds.
 *
 * @param segment The segment.
 * @param out Receives the address.
 * @retval POLYSHM_CLOSED The segment is closed.
 * @retval POLYSHM_ARGUMENT No segment, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_address(const polyshm_segment *segment,
                                                                   uint64_t *out);

/**
 * Tells whether the handle may only read.
 *
 * @param segment The segment.
 * @return Whether it may only read; false for NULL.
 */
POLYSHM_API bool polyshm_segment_readonly(const polyshm_segment *segment);

/**
 * Tells whether close was called.
 *
 * @param segment The segment.
 * @return Whether it is closed; true for NULL.
 */
POLYSHM_API bool polyshm_segment_closed(const polyshm_segment *segment);

/**
 * Copies bytes out.
 *
 * @param segment The segment.
 * @param offset Byte offset, from 0.
 * @param data Receives @p length bytes.
 * @param length Bytes.
 * @retval POLYSHM_INDEX Offset and length do not lie within the segment.
 * @retval POLYSHM_CLOSED The segment is closed.
 * @retval POLYSHM_EINTR More than POLYSHM_LARGE bytes are worked on in steps, and the thread's hook ended
 *   that; a part is done.
 * @retval POLYSHM_ARGUMENT No segment or no data was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_read(const polyshm_segment *segment,
                                                                int64_t offset, void *data, int64_t length);

/**
 * Points at the bytes themselves, for a caller who copies them at once: others may change them at any
 * moment. The pointer is valid until free, see "Addresses".
 *
 * @param segment The segment.
 * @param offset Byte offset, from 0.
 * @param length Bytes.
 * @param data Receives the pointer.
 * @retval POLYSHM_INDEX Offset and length do not lie within the segment.
 * @retval POLYSHM_CLOSED The segment is closed.
 * @retval POLYSHM_ARGUMENT No segment, or no place for the result, was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_borrow(const polyshm_segment *segment,
                                                                  int64_t offset, int64_t length,
                                                                  const void **data);

/**
 * Copies bytes in.
 *
 * @param segment The segment.
 * @param offset Byte offset, from 0.
 * @param data The bytes.
 * @param length Bytes.
 * @retval POLYSHM_INDEX Offset and length do not lie within the segment.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, a part may have been
 *   written.
 * @retval POLYSHM_EINTR More than POLYSHM_LARGE bytes are worked on in steps, and the thread's hook ended
 *   that; a part is done.
 * @retval POLYSHM_ARGUMENT No segment or no data was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_write(polyshm_segment *segment, int64_t offset,
                                                                 const void *data, int64_t length);

/**
 * Sets bytes to one value. Other failures are those of write.
 *
 * @param segment The segment.
 * @param byte The value, 0 … 255.
 * @param offset Byte offset, from 0.
 * @param length Bytes.
 * @retval POLYSHM_RANGE That is no byte.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_fill(polyshm_segment *segment, int64_t byte,
                                                                int64_t offset, int64_t length);

/**
 * Copies bytes from another segment, or within one (overlap is right, through two handles too); the order
 * of the arguments is that of Ruby's IO::Buffer#copy. Failures are those of read of @p source and write of
 * @p segment.
 *
 * @param segment The segment to write to.
 * @param source The segment to read.
 * @param offset Byte offset in @p segment, from 0.
 * @param length Bytes.
 * @param source_offset Byte offset in @p source, from 0.
 * @retval POLYSHM_INDEX Offset and length do not lie within the segment.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_copy(polyshm_segment *segment,
                                                                const polyshm_segment *source, int64_t offset,
                                                                int64_t length, int64_t source_offset);

/**
 * Reads one number at any byte offset; an aligned one is read in one access, never torn.
 *
 * @param segment The segment.
 * @param dtype The element's type.
 * @param offset Byte offset, from 0.
 * @param out Receives the number.
 * @retval POLYSHM_INDEX Offset and length do not lie within the segment.
 * @retval POLYSHM_CLOSED The segment is closed.
 * @retval POLYSHM_ARGUMENT That is no dtype, or no segment or place for the result was given.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_segment_get_value(const polyshm_segment *segment,
                                                                     polyshm_dtype dtype, int64_t offset,
                                                                     polyshm_value *out);

/**
 * Writes one number at any byte offset, an aligned one in one access. Other failures are those of
 * polyshm_dtype_pack().
 *
 * @param segment The segment.
 * @param dtype The element's type.
 * @param offset Byte offset, from 0.
 * @param value The number.
 * @retval POLYSHM_INDEX Offset and length do not lie within the segment.
 * @retval POLYSHM_READONLY The handle may only read.
 * @retval POLYSHM_CLOSED The segment is closed. If another thread closed it meanwhile, the change may have
 *   been made.
 * @return 0, or one of these or another negative status.
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

/** Called once for each name; a nonzero status ends the walk and is what polyshm_each_segment() returns. */
typedef polyshm_status polyshm_segment_visit(const polyshm_segment_info *info, void *context);

/**
 * Visits every name there is, in no order, other users' too: plain files, but for POSIX semaphores and
 * hidden names. A name that comes or goes meanwhile may be missed. The visit may call polyshm, but must
 * return.
 *
 * @param visit Is called for each name.
 * @param context Is handed to it.
 * @retval POLYSHM_ARGUMENT No visitor was given.
 * @return 0, what the visit ended the walk with, or a failure of the system.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_each_segment(polyshm_segment_visit *visit, void *context);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
