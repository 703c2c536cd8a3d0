/* Where the names are: /dev/shm, or the one directory that the program or its environment names instead. */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char the_usual[] = "/dev/shm";

/* NULL until the first use of a name, or until one is chosen; then the same for good. */
static _Atomic(const char *) chosen;

/* A program that runs with other rights than its caller's does not let the caller choose. */
static const char *of_environment(void) {
  const char *path = secure_getenv("POLYSHM_DIRECTORY"); /* NOLINT(concurrency-mt-unsafe): read, not kept */
  return path && *path ? path : NULL;
}

/* ---- what is wrong with one ---- */

/* Those that are tested: see docs/filesystems.md. */
static bool is_known(uint32_t type) {
  return type == POLYSHM__TMPFS || type == POLYSHM__RAMFS || type == POLYSHM__EXT4 ||
         type == POLYSHM__OVERLAYFS;
}

/* Whoever else may remove or rename what is in there could put files of his own in our place. */
static bool is_safe(const struct stat *st) {
  bool trusted = st->st_uid == 0 || st->st_uid == polyshm__user();
  return trusted && (st->st_mode & S_ISVTX || !(st->st_mode & (S_IWGRP | S_IWOTH)));
}

static polyshm__directory_fault look(const char *path, bool closely, polyshm__directory_facts *facts) {
  struct stat st;
  struct statfs system;
  *facts = (polyshm__directory_facts){.path = path};
  if (path[0] != '/')
    return POLYSHM__DIRECTORY_RELATIVE;
  if (strlen(path) >= POLYSHM__DIRECTORY_BYTES)
    return POLYSHM__DIRECTORY_TOO_LONG;
  if (stat(path, &st))
    return errno == EACCES ? POLYSHM__DIRECTORY_OUT_OF_REACH : POLYSHM__DIRECTORY_ABSENT;
  if (!S_ISDIR(st.st_mode))
    return POLYSHM__DIRECTORY_IS_NONE;
  if (!closely)
    return POLYSHM__DIRECTORY_GOOD;
  facts->owner = st.st_uid;
  facts->mode = st.st_mode & 07777;
  facts->searchable = faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
  facts->writable = faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0;
  if (statfs(path, &system))
    return POLYSHM__DIRECTORY_OUT_OF_REACH;
  facts->without_inodes = system.f_files > 0 && system.f_ffree == 0;
  if (!is_known((uint32_t)system.f_type))
    return POLYSHM__DIRECTORY_FOREIGN;
  return is_safe(&st) ? POLYSHM__DIRECTORY_GOOD : POLYSHM__DIRECTORY_UNSAFE;
}

static polyshm_status status_of(polyshm__directory_fault fault) {
  switch (fault) {
  case POLYSHM__DIRECTORY_GOOD:
    return POLYSHM_OK;
  case POLYSHM__DIRECTORY_RELATIVE:
  case POLYSHM__DIRECTORY_CHOSEN:
    return POLYSHM_ARGUMENT;
  case POLYSHM__DIRECTORY_TOO_LONG:
    return POLYSHM_ENAMETOOLONG;
  case POLYSHM__DIRECTORY_ABSENT:
    return POLYSHM_ENOENT;
  case POLYSHM__DIRECTORY_OUT_OF_REACH:
    return POLYSHM_EACCES;
  case POLYSHM__DIRECTORY_IS_NONE:
    return POLYSHM_ENOTDIR;
  case POLYSHM__DIRECTORY_FOREIGN:
    return POLYSHM_EOPNOTSUPP;
  case POLYSHM__DIRECTORY_UNSAFE:
    return POLYSHM_EPERM;
  }
  return POLYSHM_EIO;
}

void polyshm__directory_look(polyshm__directory_facts *facts, bool closely) {
  const char *path = atomic_load(&chosen);
  const char *named = path ? NULL : of_environment();
  facts->fault = look(path ? path : named ? named : the_usual, closely, facts);
  facts->usual = strcmp(facts->path, the_usual) == 0;
  facts->refused = named && status_of(facts->fault);
}

/* ---- the choice ---- */

/* The first one wins: *path is it. EBUSY: it is another than the wanted one. */
static polyshm_status settle(const char *wanted, const char **path) {
  char *copy = NULL;
  if (strcmp(wanted, the_usual) != 0) {
    copy = strdup(wanted);
    if (!copy)
      return POLYSHM_ENOMEM;
    for (size_t length = strlen(copy); length > 1 && copy[length - 1] == '/'; length--)
      copy[length - 1] = '\0'; /* for messages and comparisons */
  }
  const char *kept = copy ? copy : the_usual;
  *path = NULL;
  if (atomic_compare_exchange_strong(&chosen, path, kept))
    *path = kept;
  bool same = strcmp(*path, kept) == 0;
  if (*path != kept)
    free(copy);
  return same ? POLYSHM_OK : POLYSHM_EBUSY;
}

polyshm_status polyshm__directory_choose(const char *path, polyshm__directory_facts *facts) {
  const char *kept;
  facts->fault = look(path, true, facts);
  if (facts->fault)
    return status_of(facts->fault);
  polyshm_status status = settle(path, &kept);
  if (status != POLYSHM_EBUSY)
    return status;
  facts->fault = POLYSHM__DIRECTORY_CHOSEN;
  facts->path = kept;
  return status_of(facts->fault);
}

polyshm_status polyshm__directory(const char **path) {
  *path = atomic_load_explicit(&chosen, memory_order_acquire);
  if (*path)
    return POLYSHM_OK;
  const char *named = of_environment();
  polyshm__directory_facts facts;
  polyshm_status status = named ? status_of(look(named, true, &facts)) : POLYSHM_OK;
  if (!status)
    status = settle(named ? named : the_usual, path);
  return status == POLYSHM_EBUSY ? POLYSHM_OK : status; /* another thread was faster */
}

polyshm_status polyshm__path_of(polyshm__path *path, const char *name) {
  const char *directory;
  polyshm_status status = polyshm__directory(&directory);
  if (status)
    return status;
  int length = snprintf(path->text, sizeof path->text, "%s/%s", directory, name);
  return length < (int)sizeof path->text ? POLYSHM_OK : POLYSHM_ENAMETOOLONG;
}
