/* The directory of the names, as the user knows it: its choice, and what is wrong with it, in words. */
#include "segment.h"

#include <polyshm/directory.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ANOTHER "name another directory (POLYSHM_DIRECTORY)"

enum { WORDS_BYTES = 512 };

/* ---- words ---- */

/* Why it will not do as a directory of segments. */
static void say_fault(const polyshm__directory_facts *facts, char *words) {
  const char *name = facts->path;
  switch (facts->fault) {
  case POLYSHM__DIRECTORY_RELATIVE:
    (void)snprintf(words, WORDS_BYTES, "%s is no absolute path", name);
    break;
  case POLYSHM__DIRECTORY_CHOSEN:
    (void)snprintf(words, WORDS_BYTES, "%s is in use already: choose before the first use of a name", name);
    break;
  case POLYSHM__DIRECTORY_TOO_LONG:
    (void)snprintf(words, WORDS_BYTES, "the path of the directory is too long: %d bytes at most",
                   POLYSHM__DIRECTORY_BYTES - 1);
    break;
  case POLYSHM__DIRECTORY_ABSENT:
    (void)snprintf(words, WORDS_BYTES, "there is no %s: %s", name,
                   facts->usual ? "mount a tmpfs there, or " ANOTHER : "make it, or " ANOTHER);
    break;
  case POLYSHM__DIRECTORY_OUT_OF_REACH:
    (void)snprintf(words, WORDS_BYTES,
                   "this user cannot reach %s: look at the modes of the directories above it", name);
    break;
  case POLYSHM__DIRECTORY_IS_NONE:
    (void)snprintf(words, WORDS_BYTES, "%s is not a directory: %s", name,
                   facts->usual ? "mount a tmpfs there, or " ANOTHER : ANOTHER);
    break;
  case POLYSHM__DIRECTORY_FOREIGN:
    (void)snprintf(words, WORDS_BYTES,
                   "the file system of %s is none that is known to do: tmpfs, ramfs, ext4, overlayfs", name);
    break;
  case POLYSHM__DIRECTORY_UNSAFE:
    (void)snprintf(words, WORDS_BYTES,
                   "others may remove names in %s (user %" PRIu32 "'s, mode %04" PRIo32
                   "): it must be this user's or root's, and sticky (chmod +t) or closed to others",
                   name, facts->owner, facts->mode);
    break;
  case POLYSHM__DIRECTORY_GOOD:
    break;
  }
}

/* Why a call in it failed that way; false: not because of the directory. */
static bool say_failure(const polyshm__directory_facts *facts, polyshm_status status, bool changes,
                        char *words) {
  const char *path = facts->path;
  polyshm__directory_fault fault = facts->fault;
  bool kept_out = changes ? !facts->writable : !facts->searchable;
  if ((status == POLYSHM_ENOENT && fault == POLYSHM__DIRECTORY_ABSENT) ||
      (status == POLYSHM_ENOTDIR && fault == POLYSHM__DIRECTORY_IS_NONE) ||
      (status == POLYSHM_EACCES && fault == POLYSHM__DIRECTORY_OUT_OF_REACH))
    say_fault(facts, words);
  else if (status == POLYSHM_EACCES && kept_out)
    (void)snprintf(words, WORDS_BYTES,
                   "this user may not %s %s, which is user %" PRIu32 "'s and has mode %04" PRIo32 ": %s%s%s",
                   changes ? "write to" : "look into", path, facts->owner, facts->mode,
                   facts->usual ? "chmod 1777 " : ANOTHER, facts->usual ? path : "",
                   facts->usual ? ", which is usual, or " ANOTHER : "");
  else if (status == POLYSHM_EROFS)
    (void)snprintf(words, WORDS_BYTES,
                   "%s is mounted read-only: mount it for writing (mount -o remount,rw %s), or " ANOTHER,
                   path, path);
  else if (status == POLYSHM_ENOSPC && facts->without_inodes)
    (void)snprintf(words, WORDS_BYTES, "no more names fit into %s: remove some (see df -i %s)", path, path);
  else if (status == POLYSHM_ENOSPC)
    (void)snprintf(words, WORDS_BYTES, "no room in %s: free some (see df %s) or ask for less", path, path);
  else if (status == POLYSHM_EOPNOTSUPP)
    (void)snprintf(
        words, WORDS_BYTES,
        "the file system of %s cannot allocate memory for a file: mount a tmpfs there, or " ANOTHER, path);
  else
    return false;
  return true;
}

/* Other failures are not worth a look. */
static bool may_be_the_directory(polyshm_status status) {
  return status == POLYSHM_ENOENT || status == POLYSHM_ENOTDIR || status == POLYSHM_EACCES ||
         status == POLYSHM_EROFS || status == POLYSHM_ENOSPC || status == POLYSHM_EOPNOTSUPP ||
         status == POLYSHM_EPERM || status == POLYSHM_ENAMETOOLONG || status == POLYSHM_ARGUMENT;
}

const char *polyshm__words_of_directory(polyshm_status status, bool changes) {
  static _Thread_local char words[WORDS_BYTES];
  polyshm__directory_facts facts;
  if (!may_be_the_directory(status))
    return NULL;
  polyshm__directory_look(&facts, status != POLYSHM_ENOENT); /* which may be an ordinary answer */
  if (!facts.refused)
    return say_failure(&facts, status, changes, words) ? words : NULL;
  say_fault(&facts, words);
  size_t length = strlen(words);
  (void)snprintf(words + length, WORDS_BYTES - length, " (POLYSHM_DIRECTORY names it)");
  return words;
}

static const char *words_of_status(polyshm_status status) {
  if (strcmp(polyshm_status_name(status), "UNKNOWN") != 0)
    return polyshm_status_text(status);
  return strerror(polyshm_status_errno(status)); /* NOLINT(concurrency-mt-unsafe): safe in glibc and musl */
}

const char *polyshm__words(polyshm_status status) {
  const char *words = polyshm__words_of_directory(status, false);
  return words ? words : words_of_status(status);
}

/* ---- the choice ---- */

polyshm_status polyshm_set_directory(const char *path) {
  if (!path || !*path)
    return polyshm_fail(POLYSHM_ARGUMENT, "set_directory: a path is needed");
  polyshm__directory_facts facts;
  polyshm_status status = polyshm__directory_choose(path, &facts);
  if (!status)
    return POLYSHM_OK;
  char words[WORDS_BYTES];
  (void)snprintf(words, sizeof words, "%s", words_of_status(status));
  say_fault(&facts, words);
  return polyshm_fail(status, "set_directory: %s", words);
}

const char *polyshm_directory(void) {
  polyshm__directory_facts facts;
  polyshm__directory_look(&facts, false);
  return facts.path;
}
