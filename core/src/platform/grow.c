#include "platform.h"

#include <polyshm/segment.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#define STEP POLYSHM_LARGE         /* bytes allocated at once: a signal interrupts one step, not the whole */
#define LEAST_STEP (INT64_C(4096)) /* and at the least */
#define MOST_INTERRUPTIONS 100     /* one after another, with no step between them that came to its end */

static bool is_in_memory(const struct statfs *system) {
  return (uint32_t)system->f_type == POLYSHM__TMPFS || (uint32_t)system->f_type == POLYSHM__RAMFS;
}

polyshm_status polyshm__file_room(int fd, int64_t from, int64_t size) {
  if (size <= from)
    return POLYSHM_OK;
  struct rlimit limit; /* beyond it the system would send SIGXFSZ, which ends the interpreter */
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      (uint64_t)size > limit.rlim_cur)
    return POLYSHM_EFBIG;
  if (!polyshm__mappable(size))
    return POLYSHM_ENOMEM;
  const int64_t length = size - from;
  if (length <= STEP)
    return POLYSHM_OK; /* one step takes all or nothing by itself */
  struct statfs room;
  if (fstatfs(fd, &room))
    return -errno;
  if (room.f_blocks != 0 && length / (int64_t)room.f_bsize > (int64_t)room.f_bavail)
    return POLYSHM_ENOSPC;
  if (!is_in_memory(&room))
    return POLYSHM_OK;
  polyshm__memory memory;
  polyshm__memory_look(&memory);
  return polyshm__memory_has(&memory, length) ? POLYSHM_OK : POLYSHM_ENOMEM;
}

/* On ramfs, which has no fallocate(2), no limit of its own, and no way to allocate behind the end: the size
 * comes first, and reading makes a page that then stays. A failure between the steps leaves the file longer,
 * with bytes that are there. */
static polyshm_status read_step(int fd, int64_t from, int64_t length, int64_t size) {
  struct statfs system;
  polyshm__facts facts;
  char piece[16384];
  if (fstatfs(fd, &system) || (uint32_t)system.f_type != POLYSHM__RAMFS)
    return POLYSHM_EOPNOTSUPP;
  polyshm_status status = polyshm__facts_of_open(fd, &facts);
  if (!status && facts.size < size && pwrite(fd, "", 1, size - 1) != 1) /* ftruncate(2) could also cut */
    return -errno;
  for (int64_t done = 0; !status && done < length;) {
    int64_t rest = length - done < (int64_t)sizeof piece ? length - done : (int64_t)sizeof piece;
    ssize_t got = pread(fd, piece, (size_t)rest, from + done);
    if (got <= 0)
      status = got ? -errno : POLYSHM_EIO;
    done += got > 0 ? got : 0;
  }
  return status;
}

/* The last step alone changes the size: nobody sees bytes that may go again. */
static polyshm_status take_step(int fd, int64_t from, int64_t length, int64_t size) {
  int mode = from + length < size ? FALLOC_FL_KEEP_SIZE : 0;
  if (fallocate(fd, mode, from, length) == 0)
    return POLYSHM_OK;
  return errno == EOPNOTSUPP ? read_step(fd, from, length, size) : -errno;
}

struct allocation {
  int fd, interruptions; /* one after another */
  int64_t size, done, step, end;
  polyshm_status status;
};

/* Up to all->end, or until a signal comes in between. */
static void allocate_some(void *context) {
  struct allocation *all = context;
  while (all->done < all->end) {
    const int64_t length = all->end - all->done < all->step ? all->end - all->done : all->step;
    all->status = take_step(all->fd, all->done, length, all->size);
    if (all->status)
      break;
    all->done += length;
    all->interruptions = 0;
    all->step = all->step < STEP ? all->step * 2 : STEP;
  }
  if (all->status == POLYSHM_EINTR && ++all->interruptions < MOST_INTERRUPTIONS) {
    /* A step that a signal came into is undone: a shorter step may be through before the next one. */
    all->status = POLYSHM_OK;
    all->step = all->step > LEAST_STEP ? all->step / 2 : all->step;
  }
}

/* The last step is none of the long work: the hook's answer comes before the size has changed. */
polyshm_status polyshm__file_allocate(int fd, int64_t from, int64_t size) {
  struct allocation all = {.fd = fd, .size = size, .done = from, .step = STEP};
  polyshm_status status = POLYSHM_OK;
  while (!status && all.done < size) {
    status = polyshm__file_room(fd, all.done, size); /* each time: others take memory, too */
    if (status)
      break;
    const int64_t left = size - all.done, large = left - STEP;
    all.end = all.done + (large <= 0 ? left : large < POLYSHM__STEP ? large : POLYSHM__STEP);
    if (large > 0)
      status = polyshm__work(allocate_some, &all);
    else
      allocate_some(&all);
    if (!status)
      status = all.status;
  }
  return status;
}

static int64_t whole_pages(int64_t size) {
  int64_t page = polyshm_page_size();
  return (size + page - 1) / page * page;
}

static bool has_more(const polyshm__facts *facts) {
  return facts->allocated > whole_pages(facts->size);
}

/* Only with the lock: what lies behind the end may be what a process at work has allocated. Cutting the file
 * to its own size would do it, too, and would cut off what somebody appends in that moment. */
static void give_back(int fd) {
  polyshm__facts facts;
  if (polyshm__facts_of_open(fd, &facts) || !has_more(&facts))
    return;
  int64_t end = whole_pages(facts.size);
  if (end < POLYSHM_SIZE_MAX)
    (void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, end, POLYSHM_SIZE_MAX - end);
}

void polyshm__file_give_back(int fd, const polyshm__facts *facts) {
  if (!has_more(facts) || flock(fd, LOCK_EX | LOCK_NB))
    return;
  give_back(fd);
  (void)flock(fd, LOCK_UN);
}

/* One process at a time grows a file: one that fails must not give back what another has taken meanwhile. */
static polyshm_status lock_growth(int fd) {
  polyshm__wait wait = polyshm__wait_begin(INT64_C(5000000000));
  while (flock(fd, LOCK_EX | LOCK_NB)) {
    polyshm_status status = errno == EWOULDBLOCK ? polyshm__wait_slice(&wait) : -errno;
    if (status)
      return status == POLYSHM_ETIMEDOUT ? POLYSHM_EBUSY : status;
  }
  return POLYSHM_OK;
}

polyshm_status polyshm__file_grow(int fd, int64_t size, int64_t *found) {
  polyshm_status status = lock_growth(fd);
  if (status)
    return status;
  polyshm__facts facts;
  status = polyshm__facts_of_open(fd, &facts);
  if (!status) {
    *found = facts.size;
    if (has_more(&facts))
      give_back(fd); /* of a process that was killed while it grew the file */
    status = size < *found ? POLYSHM_RANGE : polyshm__file_allocate(fd, *found, size);
    if (status && status != POLYSHM_RANGE)
      give_back(fd);
  }
  (void)flock(fd, LOCK_UN); /* a child forked meanwhile has the file open, too */
  return status;
}
