/**
 * @file directory.h
 * @brief The directory that holds the names: /dev/shm, or another one where there is no /dev/shm.
 *
 * @since 0.1
 */
/**
 * @defgroup directory Directory
 * @ingroup polyshm
 * @brief The directory that holds the names: /dev/shm, or another one where there is no /dev/shm.
 *
 * All segments, lists, locks and their kin of a process are files in one directory. It is /dev/shm, where the
 * C library and CPython put theirs, unless the environment variable POLYSHM_DIRECTORY or
 * polyshm_set_directory() names another: where /dev/shm is missing or too small and cannot be made larger, as
 * in some containers. Processes that share segments name the same one; CPython, numpy by name, and
 * shm_open(3) know of no other than /dev/shm.
 *
 * The choice is made once, for the process and its children: by polyshm_set_directory() before the first use
 * of a name, else by that use. A program that runs with other rights than its caller's (set-user-id) does not
 * look at the variable.
 *
 * @par What a directory must be
 * An absolute path of at most 1023 bytes, to a directory on tmpfs, ramfs, ext4 or
 * overlayfs (docs/filesystems.md tells what each of them can do), that belongs to this user or to root, and
 * in which nobody else may remove names: it is sticky, or only its owner may write to it. /dev/shm itself is
 * not checked.
 *
 * @par Failures of other calls
 * A call that makes, finds or removes a name can fail because of the directory, whatever else its description
 * lists. Where the environment names one that will not do, it returns what polyshm_set_directory() would.
 * Else it returns POLYSHM_ENOENT if the directory in use is missing, POLYSHM_ENOTDIR if it is none,
 * POLYSHM_EACCES if this user cannot reach it or not write to it, and POLYSHM_EROFS if it is mounted
 * read-only. polyshm_last_error() then names the directory.
 *
 * @par Threads
 * Threads may choose at once: the first one chooses.
 *
 * @par fork(2)
 * A child has its parent's choice.
 *
 * @{
 */
#ifndef POLYSHM_DIRECTORY_H
#define POLYSHM_DIRECTORY_H

#include <polyshm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Chooses the directory, over what the environment names. To choose the one again that is in use succeeds.
 * After a failure nothing was chosen.
 *
 * @param path the directory's absolute path; it is copied.
 * @retval POLYSHM_ARGUMENT it is empty or no absolute path, or another directory is in use already.
 * @retval POLYSHM_ENOENT it does not exist.
 * @retval POLYSHM_ENOTDIR it is no directory.
 * @retval POLYSHM_EACCES this user cannot reach it.
 * @retval POLYSHM_ENAMETOOLONG it is longer than 1023 bytes.
 * @retval POLYSHM_EOPNOTSUPP it is on another file system than those above.
 * @retval POLYSHM_EPERM others may remove names in it.
 * @retval POLYSHM_ENOMEM there is no memory for the copy.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_set_directory(const char *path);

/**
 * The directory in use, or the one that would be; this is no use of a name.
 *
 * @return its path. Valid until the process changes its environment.
 */
POLYSHM_API const char *polyshm_directory(void);

#ifdef __cplusplus
}
#endif
/** @} */
#endif
