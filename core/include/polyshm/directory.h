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
 * Chooses the directory, over what the environment names. To choose the one again that is in use succeeds.
 * Threads may call it at once: the first one chooses.
 *
 * @return POLYSHM_ARGUMENT: no absolute path, or another directory is in use already. POLYSHM_ENOENT,
 * POLYSHM_ENOTDIR, POLYSHM_EACCES, POLYSHM_ENAMETOOLONG: it cannot be one. POLYSHM_EOPNOTSUPP: it is on
 * another file system. POLYSHM_EPERM: others may remove names in it. Nothing was chosen.
 */
POLYSHM_API POLYSHM_CHECKED polyshm_status polyshm_set_directory(const char *path);

/** The directory in use, or the one that would be; this is no use of a name. Valid until the process changes
 * its environment. */
POLYSHM_API const char *polyshm_directory(void);

#ifdef __cplusplus
}
#endif
#endif
