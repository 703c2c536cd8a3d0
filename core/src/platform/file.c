#include "platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

polyshm_status polyshm__file_open(const char *name, bool readonly, int *fd, polyshm__facts *facts) {
  polyshm__path p;
  polyshm_status status = polyshm__path_of(&p, name);
  *facts = (polyshm__facts){0}; /* no compiler knows that a failure always has an errno */
  if (status)
    return status;
  /* O_NONBLOCK: a planted FIFO must not stop us; without O_NOFOLLOW a planted link would open its target */
  *fd = open(p.text, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (*fd < 0)
    return -errno;
  status = polyshm__facts_of_open(*fd, facts);
  if (!status && facts->directory)
    status = POLYSHM_EISDIR;
  else if (!status && facts->unlinked)
    status = POLYSHM_ENOENT; /* since it was opened */
  if (status)
    polyshm__file_close(*fd);
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
  *length = 0;
  if (facts.plain)
    status = polyshm__file_read(fd, bytes, size, 0, length);
  polyshm__file_close(fd);
  return status;
}

polyshm_status polyshm__file_read(int fd, void *bytes, int64_t size, int64_t offset, int64_t *length) {
  ssize_t done = pread(fd, bytes, (size_t)size, (off_t)offset);
  *length = done < 0 ? 0 : done;
  return done < 0 ? -errno : POLYSHM_OK;
}

bool polyshm__file_is(int fd, const polyshm__identity *identity) {
  polyshm__facts facts;
  return fd >= 0 && polyshm__facts_of_open(fd, &facts) == POLYSHM_OK &&
         polyshm__same_file(&facts.identity, identity);
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

/* As after chroot(2): there, just not to be seen. */
static bool has_some_name(int fd, const polyshm__identity *identity) {
  polyshm__facts facts;
  return fd >= 0 && polyshm__facts_of_open(fd, &facts) == POLYSHM_OK &&
         polyshm__same_file(&facts.identity, identity) && !facts.unlinked;
}

polyshm_status polyshm__file_again(int fd, const char *name, const polyshm__identity *identity, int *again) {
  if (polyshm__file_is(fd, identity)) {
    polyshm__path p;
    (void)snprintf(p.text, sizeof p.text, "/proc/self/fd/%d", fd);
    *again = open(p.text, O_RDWR | O_CLOEXEC);
    if (*again >= 0 && polyshm__file_is(*again, identity))
      return POLYSHM_OK;
    if (*again < 0 && errno != ENOENT) /* which it is where there is no /proc */
      return -errno;
    if (*again >= 0)
      polyshm__file_close(*again);
  }
  polyshm_status status = polyshm__file_open_same(name, false, identity, again, &(polyshm__facts){0});
  return status == POLYSHM_ESTALE && has_some_name(fd, identity) ? POLYSHM_ENOENT : status;
}

uint32_t polyshm__file_system(int fd) {
  struct statfs system;
  return fstatfs(fd, &system) ? 0 : (uint32_t)system.f_type;
}

polyshm_status polyshm__file_facts(const char *name, polyshm__facts *facts) {
  polyshm__path p;
  polyshm_status status = polyshm__path_of(&p, name);
  return status ? status : polyshm__facts_of_path(p.text, facts);
}

polyshm_status polyshm__file_unlink(const char *name) {
  polyshm__path p;
  polyshm_status status = polyshm__path_of(&p, name);
  if (status)
    return status;
  return unlink(p.text) ? -errno : POLYSHM_OK;
}

polyshm_status polyshm__file_unlink_same(int fd, const char *name, const polyshm__identity *identity) {
  if (flock(fd, LOCK_EX | LOCK_NB))
    return errno == EWOULDBLOCK ? POLYSHM_EBUSY : -errno;
  polyshm__facts facts;
  polyshm_status status = polyshm__file_facts(name, &facts);
  if (status == POLYSHM_ENOENT || (!status && !polyshm__same_file(&facts.identity, identity)))
    status = POLYSHM_ESTALE;
  if (!status)
    status = polyshm__file_unlink(name);
  (void)flock(fd, LOCK_UN); /* a child forked meanwhile has the file open, too */
  return status;
}

polyshm_status polyshm__file_each(polyshm_status (*visit)(const char *name, void *context), void *context) {
  const char *path;
  polyshm_status status = polyshm__directory(&path);
  if (status)
    return status;
  DIR *directory = opendir(path);
  if (!directory)
    return -errno;
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
