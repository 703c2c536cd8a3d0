/**
 * @file status.h
 * @brief What a call reports, in a number and in words.
 *
 * @since 0.1
 */
/**
 * @defgroup status Statuses
 * @ingroup polyshm
 * @brief What a call reports, in a number and in words.
 *
 * Every call that can fail returns a polyshm_status: 0, or a negative code. The codes of the system are
 * -errno, as in libuv; polyshm's own begin at POLYSHM_CLOSED. POLYSHM_STATUS_MAP is the only table of them:
 * it yields the constants, the names, the texts, and each language's error classes.
 *
 * @par Threads
 * Any thread may call these functions at any time. The words of polyshm_last_error() are the calling thread's
 * own.
 *
 * @{
 */
#ifndef POLYSHM_STATUS_H
#define POLYSHM_STATUS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)
/* The shared library shows what is marked so. */
#define POLYSHM_API __attribute__((visibility("default")))
/* Whose result the compiler warns not to look at. */
#define POLYSHM_CHECKED __attribute__((warn_unused_result))
/* The compiler checks the arguments as it does those of printf(). */
#define POLYSHM_PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define POLYSHM_API
#define POLYSHM_CHECKED
#define POLYSHM_PRINTF(string, first)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** 0, or a negative code of POLYSHM_STATUS_MAP, or another -errno that the system gave. */
typedef int32_t polyshm_status;

/** X(NAME, code, text): misuse of a handle or an argument. */
#define POLYSHM_MISUSE_MAP(X)                                                                                \
  X(CLOSED, -20001, "the handle is closed")                                                                  \
  X(READONLY, -20002, "attached read-only: attach without readonly to write")                                \
  X(INDEX, -20003, "outside the object")                                                                     \
  X(RANGE, -20004, "the value does not fit")                                                                 \
  X(TYPE, -20005, "a value of another type is needed")                                                       \
  X(ARGUMENT, -20006, "bad argument")                                                                        \
  X(CORRUPT, -20007, "the bytes are not what they should be")                                                \
  X(KIND, -20008, "the name means an object of another kind")                                                \
  X(INCOMPATIBLE, -20009, "made by a newer version of polyshm or on another sort of machine")                \
  X(NOT_OWNER, -20010, "only its owner can do that")                                                         \
  X(DEADLOCK, -20011, "its owner would wait for itself")

/** X(NAME, code, text): the system's failures. */
#define POLYSHM_SYSTEM_MAP(X)                                                                                \
  X(EPERM, -EPERM, "not permitted: it belongs to another user")                                              \
  X(ENOENT, -ENOENT, "there is no segment of this name")                                                     \
  X(EINTR, -EINTR, "it was interrupted")                                                                     \
  X(EIO, -EIO, "input/output error")                                                                         \
  X(ENXIO, -ENXIO, "not a plain file")                                                                       \
  X(EAGAIN, -EAGAIN, "the name kept changing: try again")                                                    \
  X(ENOMEM, -ENOMEM, "not enough memory or address space")                                                   \
  X(EACCES, -EACCES, "permission denied: its owner and mode do not let this user in")                        \
  X(EBUSY, -EBUSY, "another process is growing it: try again")                                               \
  X(EEXIST, -EEXIST, "the name already exists: attach or open it, or unlink it first")                       \
  X(EXDEV, -EXDEV, "not on the same file system")                                                            \
  X(ENODEV, -ENODEV, "cannot be mapped")                                                                     \
  X(ENOTDIR, -ENOTDIR, "the directory of the names is no directory")                                         \
  X(EISDIR, -EISDIR, "the name is a directory, not a segment")                                               \
  X(EINVAL, -EINVAL, "the system refuses these arguments")                                                   \
  X(ENFILE, -ENFILE, "too many open files on this machine")                                                  \
  X(EMFILE, -EMFILE, "too many open files in this process: raise ulimit -n")                                 \
  X(EFBIG, -EFBIG, "larger than this process may make: raise ulimit -f")                                     \
  X(ENOSPC, -ENOSPC, "no room: free some or ask for less")                                                   \
  X(EROFS, -EROFS, "the file system is mounted read-only")                                                   \
  X(ENAMETOOLONG, -ENAMETOOLONG, "the name is too long: 255 bytes at most")                                  \
  X(ENOSYS, -ENOSYS, "this system cannot do that")                                                           \
  X(ELOOP, -ELOOP, "the name is a symbolic link: refused, a segment is a plain file")                        \
  X(ENODATA, -ENODATA, "empty: its creator has not sized it yet, or it was cut to 0 bytes")                  \
  X(EOPNOTSUPP, -EOPNOTSUPP, "this file system cannot do that")                                              \
  X(ETIMEDOUT, -ETIMEDOUT, "not in time")                                                                    \
  X(EDQUOT, -EDQUOT, "over this user's disk quota")                                                          \
  X(ESTALE, -ESTALE, "the name is gone or now means another segment: attach again")

/** X(NAME, code, text): all of them. */
#define POLYSHM_STATUS_MAP(X) POLYSHM_MISUSE_MAP(X) POLYSHM_SYSTEM_MAP(X)

/** The statuses that have a name, and what they mean in general. */
enum {
  POLYSHM_OK = 0, /**< success */
#define POLYSHM_STATUS_CONSTANT(name, code, text) POLYSHM_##name = (code),
  POLYSHM_STATUS_MAP(POLYSHM_STATUS_CONSTANT)
#undef POLYSHM_STATUS_CONSTANT
};

/**
 * The name of a code.
 *
 * @param status the code.
 * @return "EEXIST", "CLOSED" and the like; "OK" for 0; "UNKNOWN" for a code that is not in the table. Static
 * text.
 */
POLYSHM_API const char *polyshm_status_name(polyshm_status status);

/**
 * Tells what a code means, in general; polyshm_last_error() says what went wrong in particular.
 *
 * @param status the code.
 * @return the text of the table; "success" for 0; "unknown failure" for a code that is not in the table.
 * Static text.
 */
POLYSHM_API const char *polyshm_status_text(polyshm_status status);

/**
 * The errno behind a failure of the system.
 *
 * @param status the code.
 * @return the errno; 0 for POLYSHM_OK and for misuse.
 */
POLYSHM_API int32_t polyshm_status_errno(polyshm_status status);

/**
 * The calling thread's last failure in words: verb, object, cause, and the remedy where there is one.
 *
 * @return the words; "" before the first failure. Valid until the thread's next failing call; successful
 * calls leave it as it is.
 */
POLYSHM_API const char *polyshm_last_error(void);

/**
 * Records a failure for polyshm_last_error(): for the bindings, which find some faults first.
 *
 * @param status the failure's code.
 * @param format its words, as for printf(3).
 * @param ... what the format asks for; it may be the last failure's words.
 * @return @p status.
 */
POLYSHM_API polyshm_status polyshm_fail(polyshm_status status, const char *format, ...) POLYSHM_PRINTF(2, 3);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
