#include "platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIRECTORY "/dev/shm"
#define HIDDEN_PREFIX ".polyshm."
#define NAME_BYTES 256 /* NAME_MAX and its terminator */

#if !defined(RENAME_NOREPLACE) /* musl has neither renameat2(2) nor this */
#define RENAME_NOREPLACE 1U
#endif

atomic_bool polyshm__without_tmpfile;

typedef struct path {
  char text[sizeof DIRECTORY + NAME_BYTES];
} path;

static polyshm_status path_of(path *p, const char *name) {
  int length = snprintf(p->text, sizeof p->text, "%s/%s", DIRECTORY, name);
  return length < (int)sizeof p->text ? POLYSHM_OK : POLYSHM_ENAMETOOLONG;
}

static void facts_of(const struct stat *st, polyshm__facts *facts) {
  *facts = (polyshm__facts){.identity = {(uint64_t)st->st_dev, (uint64_t)st->st_ino},
                            .size = st->st_size,
                            .allocated = (int64_t)st->st_blocks * 512,
                            .mode = st->st_mode & 07777,
                            .owner = st->st_uid,
                            .plain = S_ISREG(st->st_mode),
                            .linked_once = st->st_nlink == 1};
}

/* Hidden names whose makers died: the living hold a lock on theirs. */
static polyshm_status sweep_hidden(const char *name, void *context) {
  (void)context;
  path p;
  if (strncmp(name, HIDDEN_PREFIX, strlen(HIDDEN_PREFIX)) != 0 || path_of(&p, name))
    return POLYSHM_OK;
  int fd = open(p.text, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return POLYSHM_OK;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0)
    (void)unlink(p.text);
  close(fd);
  return POLYSHM_OK;
}

/* EEXIST and EAGAIN: draw again. */
static polyshm_status draw_hidden(polyshm__draft *draft) {
  path p;
  (void)snprintf(draft->hidden, sizeof draft->hidden, HIDDEN_PREFIX "%08x", polyshm__random());
  (void)path_of(&p, draft->hidden);
  /* 0600 until it is whole: a mode without them would keep sweepers out */
  draft->fd = open(p.text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (draft->fd < 0)
    return -errno;
  draft->hidden_name = true;
  struct stat st;
  polyshm_status status = POLYSHM_OK;
  if (flock(draft->fd, LOCK_EX | LOCK_NB) || fstat(draft->fd, &st))
    status = -errno;
  else if (st.st_nlink == 0)
    status = POLYSHM_EAGAIN; /* in the moment before the lock a sweeper took it for a dead one */
  if (status)
    polyshm__draft_end(draft);
  return status;
}

static polyshm_status begin_hidden(polyshm__draft *draft) {
  (void)polyshm__file_each(sweep_hidden, NULL);
  polyshm_status status;
  do
    status = draw_hidden(draft);
  while (status == POLYSHM_EEXIST || status == POLYSHM_EAGAIN);
  return status;
}

polyshm_status polyshm__draft_begin(polyshm__draft *draft, int64_t size, uint32_t mode) {
  *draft = (polyshm__draft){.fd = -1};
  bool hidden = polyshm__without_tmpfile;
  if (!hidden)
    draft->fd = open(DIRECTORY, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
  if (draft->fd < 0) {
    bool unsupported = hidden || errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL;
    if (!unsupported)
      return -errno;
    polyshm_status status = begin_hidden(draft);
    if (status)
      return status;
  }
  struct stat st;
  polyshm_status status = polyshm__file_allocate(draft->fd, 0, size);
  if (!status && fstat(draft->fd, &st))
    status = -errno;
  if (!status && (st.st_mode & 07777) != mode && fchmod(draft->fd, mode))
    status = -errno; /* the umask took bits */
  if (status) {
    polyshm__draft_end(draft);
    return status;
  }
  draft->identity = (polyshm__identity){(uint64_t)st.st_dev, (uint64_t)st.st_ino};
  return POLYSHM_OK;
}

polyshm_status polyshm__draft_publish(polyshm__draft *draft, const char *name) {
  path to, from;
  polyshm_status status = path_of(&to, name);
  if (status)
    return status;
  if (draft->hidden_name) {
    (void)path_of(&from, draft->hidden);
    if (syscall(SYS_renameat2, AT_FDCWD, from.text, AT_FDCWD, to.text, RENAME_NOREPLACE))
      return -errno;
    draft->hidden_name = false;
    (void)flock(draft->fd, LOCK_UN); /* a mapping keeps the open file, and its lock with it */
    return POLYSHM_OK;
  }
  /* Straight from the descriptor: root may, and since Linux 6.10 whoever opened it. For others it is ENOENT,
   * and the way leads through /proc: open(2), O_TMPFILE. */
  if (linkat(draft->fd, "", AT_FDCWD, to.text, AT_EMPTY_PATH) == 0)
    return POLYSHM_OK;
  if (errno != ENOENT)
    return -errno;
  (void)snprintf(from.text, sizeof from.text, "/proc/self/fd/%d", draft->fd);
  return linkat(AT_FDCWD, from.text, AT_FDCWD, to.text, AT_SYMLINK_FOLLOW) ? -errno : POLYSHM_OK;
}

void polyshm__draft_end(polyshm__draft *draft) {
  path p;
  if (draft->hidden_name && path_of(&p, draft->hidden) == POLYSHM_OK)
    (void)unlink(p.text);
  draft->hidden_name = false;
  if (draft->fd >= 0)
    close(draft->fd);
  draft->fd = -1;
}

polyshm_status polyshm__file_open(const char *name, bool readonly, int *fd, polyshm__facts *facts) {
  path p;
  polyshm_status status = path_of(&p, name);
  *facts = (polyshm__facts){0}; /* no compiler knows that a failure always has an errno */
  if (status)
    return status;
  /* O_NONBLOCK: a planted FIFO must not stop us; without O_NOFOLLOW a planted link would open its target */
  *fd = open(p.text, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (*fd < 0)
    return -errno;
  struct stat st;
  if (fstat(*fd, &st))
    status = -errno;
  else if (S_ISDIR(st.st_mode))
    status = POLYSHM_EISDIR;
  else if (st.st_nlink == 0)
    status = POLYSHM_ENOENT; /* unlinked since it was opened */
  if (status)
    polyshm__file_close(*fd);
  else
    facts_of(&st, facts);
  return status;
}

void polyshm__file_close(int fd) {
  close(fd);
}

polyshm_status polyshm__file_peek(const char *name, void *bytes, int64_t size, int64_t *length) {
  int fd;
  polyshm__facts facts;
  polyshm_status status = polyshm__file_open(name, true, &fd, &facts);
  if (status)
    return status;
  ssize_t done = facts.plain ? pread(fd, bytes, (size_t)size, 0) : 0;
  if (done < 0)
    status = -errno;
  polyshm__file_close(fd);
  *length = done;
  return status;
}

bool polyshm__file_is(int fd, const polyshm__identity *identity) {
  struct stat st;
  if (fd < 0 || fstat(fd, &st))
    return false;
  polyshm__facts facts;
  facts_of(&st, &facts);
  return polyshm__same_file(&facts.identity, identity);
}

polyshm_status polyshm__file_open_same(const char *name, bool readonly, const polyshm__identity *identity,
                                       int *fd, polyshm__facts *facts) {
  polyshm_status status = polyshm__file_open(name, readonly, fd, facts);
  if (status)
    return status == POLYSHM_ENOENT ? POLYSHM_ESTALE : status;
  if (polyshm__same_file(&facts->identity, identity))
    return POLYSHM_OK;
  polyshm__file_close(*fd);
  return POLYSHM_ESTALE;
}

polyshm_status polyshm__file_again(int fd, const char *name, const polyshm__identity *identity, int *again) {
  if (polyshm__file_is(fd, identity)) {
    path p;
    (void)snprintf(p.text, sizeof p.text, "/proc/self/fd/%d", fd);
    *again = open(p.text, O_RDWR | O_CLOEXEC);
    if (*again >= 0 && polyshm__file_is(*again, identity))
      return POLYSHM_OK;
    if (*again < 0 && errno != ENOENT) /* which it is where there is no /proc */
      return -errno;
    if (*again >= 0)
      polyshm__file_close(*again);
  }
  return polyshm__file_open_same(name, false, identity, again, &(polyshm__facts){0});
}

polyshm_status polyshm__file_facts(const char *name, polyshm__facts *facts) {
  path p;
  polyshm_status status = path_of(&p, name);
  struct stat st;
  if (status)
    return status;
  if (fstatat(AT_FDCWD, p.text, &st, AT_SYMLINK_NOFOLLOW))
    return -errno;
  facts_of(&st, facts);
  return POLYSHM_OK;
}

polyshm_status polyshm__file_unlink(const char *name) {
  path p;
  polyshm_status status = path_of(&p, name);
  if (status)
    return status;
  return unlink(p.text) ? -errno : POLYSHM_OK;
}

polyshm_status polyshm__file_each(polyshm_status (*visit)(const char *name, void *context), void *context) {
  DIR *directory = opendir(DIRECTORY);
  if (!directory)
    return -errno;
  polyshm_status status = POLYSHM_OK;
  while (!status) {
    errno = 0;
    const struct dirent *entry = readdir(directory); /* NOLINT(concurrency-mt-unsafe): a stream of our own */
    if (!entry) {
      status = -errno; /* 0 at the end */
      break;
    }
    status = visit(entry->d_name, context);
  }
  closedir(directory);
  return status;
}
