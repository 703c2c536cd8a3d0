#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIDDEN_PREFIX ".polyshm."

#if !defined(RENAME_NOREPLACE) /* musl has neither renameat2(2) nor this */
#define RENAME_NOREPLACE 1U
#endif

atomic_bool polyshm__without_tmpfile;

/* Hidden names whose makers died: the living hold a lock on theirs. */
static polyshm_status sweep_hidden(const char *name, void *context) {
  (void)context;
  polyshm__path p;
  if (strncmp(name, HIDDEN_PREFIX, strlen(HIDDEN_PREFIX)) != 0 || polyshm__path_of(&p, name))
    return POLYSHM_OK;
  int fd = open(p.text, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return POLYSHM_OK;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0)
    (void)unlink(p.text);
  close(fd);
  return POLYSHM_OK;
}

/* Whether the system does not do such a thing, or does not let us, whatever the file is. */
static bool is_refusal(polyshm_status status) {
  return status == POLYSHM_EPERM || status == POLYSHM_EACCES || status == POLYSHM_ENOSYS ||
         status == POLYSHM_EINVAL || status == POLYSHM_EOPNOTSUPP || status == POLYSHM_EISDIR;
}

static polyshm_status refusable(polyshm__draft *draft, polyshm_status status, const char *call) {
  if (is_refusal(status))
    draft->refused = call;
  return status;
}

/* EEXIST and EAGAIN: draw again. */
static polyshm_status draw_hidden(polyshm__draft *draft) {
  polyshm__path p;
  (void)snprintf(draft->hidden, sizeof draft->hidden, HIDDEN_PREFIX "%08x", polyshm__random());
  polyshm_status status = polyshm__path_of(&p, draft->hidden);
  if (status)
    return status;
  /* 0600 until it is whole: a mode without them would keep sweepers out */
  draft->fd = open(p.text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (draft->fd < 0)
    return refusable(draft, -errno, "open(2) with O_CREAT");
  draft->hidden_name = true;
  polyshm__facts facts = {0}; /* no compiler knows that a failure always has an errno */
  status = flock(draft->fd, LOCK_EX | LOCK_NB) ? -errno : polyshm__facts_of_open(draft->fd, &facts);
  if (!status && facts.unlinked)
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

/* EISDIR is what kernels and file systems say that do not know O_TMPFILE. */
static polyshm_status begin_nameless(polyshm__draft *draft, uint32_t mode) {
  const char *directory;
  polyshm_status status = polyshm__directory(&directory);
  if (status)
    return status;
  draft->fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
  return draft->fd < 0 ? refusable(draft, -errno, "open(2) with O_TMPFILE") : POLYSHM_OK;
}

static polyshm_status fill_in(polyshm__draft *draft, int64_t size, uint32_t mode) {
  polyshm__facts facts;
  polyshm_status status = polyshm__file_allocate(draft->fd, 0, size);
  if (!status)
    status = polyshm__facts_of_open(draft->fd, &facts);
  if (!status && facts.mode != mode && fchmod(draft->fd, mode))
    status = -errno; /* the umask took bits */
  if (!status) {
    draft->identity = facts.identity;
    draft->owner = facts.owner;
    draft->group = facts.group;
  }
  return status;
}

polyshm_status polyshm__draft_begin(polyshm__draft *draft, int64_t size, uint32_t mode, bool fallback) {
  *draft = (polyshm__draft){.fd = -1};
  polyshm_status status = fallback ? begin_hidden(draft) : begin_nameless(draft, mode);
  if (status)
    return status;
  status = fill_in(draft, size, mode);
  if (status)
    polyshm__draft_end(draft);
  return status;
}

polyshm_status polyshm__draft_give(polyshm__draft *draft, uint32_t owner, uint32_t group, uint32_t mode) {
  if (draft->owner == owner && draft->group == group)
    return POLYSHM_OK;
  if (fchown(draft->fd, owner, group)) {
    if (draft->owner != owner || errno != EPERM)
      return -errno;
    if (fchmod(draft->fd, mode & 0707U))
      return -errno;
    return POLYSHM_OK;
  }
  draft->owner = owner;
  draft->group = group;
  return POLYSHM_OK;
}

static polyshm_status rename_hidden(polyshm__draft *draft, const char *to) {
  polyshm__path from;
  polyshm_status status = polyshm__path_of(&from, draft->hidden);
  if (status)
    return status;
  if (syscall(SYS_renameat2, AT_FDCWD, from.text, AT_FDCWD, to, RENAME_NOREPLACE))
    return refusable(draft, -errno, "renameat2(2)");
  draft->hidden_name = false;
  (void)flock(draft->fd, LOCK_UN); /* a mapping keeps the open file, and its lock with it */
  return POLYSHM_OK;
}

/* Straight from the descriptor: root may, and since Linux 6.10 whoever opened it. For others it is ENOENT,
 * and the way leads through /proc: open(2), O_TMPFILE. Without /proc that is ENOENT, too. */
static polyshm_status link_nameless(polyshm__draft *draft, const char *to) {
  polyshm__path from;
  if (linkat(draft->fd, "", AT_FDCWD, to, AT_EMPTY_PATH) == 0)
    return POLYSHM_OK;
  if (errno != ENOENT && !is_refusal(-errno))
    return -errno;
  (void)snprintf(from.text, sizeof from.text, "/proc/self/fd/%d", draft->fd);
  if (linkat(AT_FDCWD, from.text, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0)
    return POLYSHM_OK;
  if (errno == ENOENT)
    draft->refused = "linkat(2)";
  return refusable(draft, -errno, "linkat(2)");
}

polyshm_status polyshm__draft_publish(polyshm__draft *draft, const char *name) {
  polyshm__path to;
  polyshm_status status = polyshm__path_of(&to, name);
  if (status)
    return status;
  return draft->hidden_name ? rename_hidden(draft, to.text) : link_nameless(draft, to.text);
}

void polyshm__draft_end(polyshm__draft *draft) {
  polyshm__path p;
  if (draft->hidden_name && polyshm__path_of(&p, draft->hidden) == POLYSHM_OK)
    (void)unlink(p.text);
  draft->hidden_name = false;
  if (draft->fd >= 0)
    close(draft->fd);
  draft->fd = -1;
}
