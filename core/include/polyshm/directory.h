/**
 * @file directory.h
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
 * What a directory must be: an absolute path of at most 1023 bytes, to a directory on tmpfs, ramfs, ext4 or
 * overlayfs (docs/filesystems.md tells what each of them can do), that belongs to this user or to root, and
 * in which nobody else may remove names: it is sticky, or only its owner may write to it. /dev/shm itself is
 * not checked.
 *
 * @since 0.1
 */
#ifndef POLYSHM_DIRECTORY_H
#define POLYSHM_DIRECTORY_H

#include <polyshm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @defgroup polyshm_directory Directory
 * @brief Where the names are.
 *
 * Threads and fork: the choice is the process's, made once; a child of fork(2) has its parent's.
 * @{
 */

/**
 * Chooses the directory, over what the environment names. To choose the one again that is in use succeeds.
 * Threads may call it at once: the first one chooses. After a failure nothing was chosen.
 *
 * @param path An absolute path of at most 1023 bytes.
 * @retval POLYSHM_ARGUMENT It is no absolute path, or another directory is in use already.
 * @retval POLYSHM_ENOENT It is not there.
 * @retval POLYSHM_ENOTDIR It is no directory.
 * @retval POLYSHM_EACCES This user cannot reach it.
 * @retval POLYSHM_ENAMETOOLONG The path is too long.
 * @retval POLYSHM_EOPNOTSUPP It is on a file system that is none of those known to do.
 * @retval POLYSHM_EPERM Others may remove names in it.
 * @return 0, or one of these or another negative status.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_set_directory(const char *path);

/**
 * Tells the directory in use, or the one that would be; this is no use of a name.
 *
 * @return The path, valid until the process changes its environment.
 */
POLYSHM_API const char *polyshm_directory(void);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
