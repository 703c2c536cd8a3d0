/*
 * A token is an open file description lock on one byte of a file, fcntl(2), far behind its end: byte 2^40 +
 * id. The kernel drops such a lock when nothing refers to the open file any more, however that came about,
 * and answers whether it is there in any PID namespace. The open file is kept by a mapping of one page alone,
 * which fork(2) does not inherit and daemons that close all descriptors do not close.
 */
#include "platform.h"

#include <polyshm/segment.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST_BYTE ((off_t)1 << 40)
#define TRIES 1000

/* ---- forks ---- */

/* No fork(2) while the file of a token is open: the child would have it open as well, and seem to be its
 * taker. */
static polyshm__mutex forking;

void polyshm__hold_forks(void) {
  polyshm__mutex_lock(&forking);
}

void polyshm__allow_forks(void) {
  polyshm__mutex_unlock(&forking);
}

static bool forks_are_watched;

/* When the library is loaded, and not at the first token: that another thread's fork(2) could miss. */
__attribute__((constructor)) static void watch_forks(void) {
  forks_are_watched = pthread_atfork(polyshm__hold_forks, polyshm__allow_forks, polyshm__allow_forks) == 0;
}

/* ---- tokens ---- */

/* fcntl(2) on the byte of an id: sets a lock, or tells, in *byte, the one that is in the way of such a lock.
 */
static int byte_lock(int fd, int command, short type, uint32_t id, struct flock *byte) {
  *byte = (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = FIRST_BYTE + (off_t)id, .l_len = 1};
  return fcntl(fd, command, byte);
}

static polyshm_status lock_some_byte(int fd, _Atomic uint32_t *next_id, uint32_t *id) {
  for (int tries = 0; tries < TRIES; tries++) {
    struct flock byte;
    *id = atomic_fetch_add_explicit(next_id, 1, memory_order_relaxed) & POLYSHM__ID_BITS;
    if (!*id || *id == POLYSHM__ID_OF_THE_DEAD)
      continue; /* nobody has these */
    if (byte_lock(fd, F_OFD_SETLK, F_WRLCK, *id, &byte) == 0)
      return POLYSHM_OK;
    if (errno != EAGAIN && errno != EACCES)
      return -errno;
  }
  return POLYSHM_EBUSY;
}

/* Keeps the open file, and its locks with it, by a page: the descriptor can be closed. */
static polyshm_status keep(int fd, void **page) {
  const size_t size = (size_t)polyshm_page_size();
  *page = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
  if (*page == MAP_FAILED)
    return -errno;
  if (madvise(*page, size, MADV_DONTFORK) == 0)
    return POLYSHM_OK;
  polyshm_status status = -errno;
  (void)munmap(*page, size);
  return status;
}

static void let_go(void *page) {
  (void)munmap(page, (size_t)polyshm_page_size());
}

/* Only a write lock is a sign of life, for which one must be allowed to write. Asked is what is in the way of
 * a read lock: that is a write lock alone, and no reader's lock can stand on its byte and hide it. */
static polyshm_status is_write_locked(int fd, uint32_t id, bool *locked) {
  struct flock byte;
  if (byte_lock(fd, F_OFD_GETLK, F_RDLCK, id, &byte))
    return -errno;
  *locked = byte.l_type != F_UNLCK;
  return POLYSHM_OK;
}

/* By the file opened once more: where the descriptor is another file's now. Called while forks are held. */
static polyshm_status is_write_locked_anew(const char *name, const polyshm__identity *identity, uint32_t id,
                                           bool *locked) {
  int again;
  polyshm_status status = polyshm__file_again(-1, name, identity, &again);
  if (status)
    return status;
  status = is_write_locked(again, id, locked);
  polyshm__file_close(again);
  return status;
}

/* Whether others see the lock now that the descriptor it was set by is closed: false only if they do not. */
static bool is_kept(int fd, const char *name, const polyshm__identity *identity, uint32_t id) {
  bool locked = false;
  if (is_write_locked(fd, id, &locked) == POLYSHM_OK && (locked || polyshm__file_is(fd, identity)))
    return locked;
  return is_write_locked_anew(name, identity, id, &locked) != POLYSHM_OK || locked;
}

/* Takes the lock of an id, drawn from a counter or, without one, of the id 0, through a file opened for that.
 */
static polyshm_status take(int fd, const char *name, const polyshm__identity *identity,
                           _Atomic uint32_t *next_id, uint32_t *id, void **page) {
  int again;
  struct flock byte;
  polyshm_status status = polyshm__file_again(fd, name, identity, &again);
  if (status)
    return status;
  *id = 0;
  if (next_id)
    status = lock_some_byte(again, next_id, id);
  else
    status = byte_lock(again, F_OFD_SETLK, F_WRLCK, *id, &byte) ? POLYSHM_EBUSY : POLYSHM_OK;
  if (!status)
    status = keep(again, page);
  polyshm__file_close(again);
  if (status || is_kept(fd, name, identity, *id))
    return status;
  let_go(*page);
  return POLYSHM_EOPNOTSUPP;
}

polyshm_status polyshm__token_take(int fd, const char *name, const polyshm__identity *identity,
                                   _Atomic uint32_t *next_id, polyshm__token *token) {
  polyshm__hold_forks();
  void *page = NULL;
  polyshm_status status = forks_are_watched ? polyshm__process_numbered(&token->process) : POLYSHM_ENOMEM;
  if (!status)
    status = take(fd, name, identity, next_id, &token->id, &page);
  if (!status)
    atomic_store(&token->page, page);
  polyshm__allow_forks();
  return status;
}

bool polyshm__token_possible(int fd, const char *name, const polyshm__identity *identity) {
  static _Atomic uint64_t good_device; /* the last one on which a token was kept: asked once, as a rule */
  if (atomic_load_explicit(&good_device, memory_order_relaxed) == identity->device)
    return true;
  polyshm__hold_forks();
  uint32_t id;
  void *page;
  polyshm_status status = take(fd, name, identity, NULL, &id, &page);
  polyshm__allow_forks();
  if (status)
    return status != POLYSHM_EOPNOTSUPP; /* what cannot be found out here will show when a token is taken */
  let_go(page);
  atomic_store_explicit(&good_device, identity->device, memory_order_relaxed);
  return true;
}

void polyshm__token_drop(polyshm__token *token) {
  if (token->process != polyshm__process())
    return;
  void *page = atomic_exchange(&token->page, NULL);
  if (page)
    let_go(page);
}

polyshm_status polyshm__token_alive(int fd, const char *name, const polyshm__identity *identity, uint32_t id,
                                    bool *alive) {
  if (polyshm__file_is(fd, identity))
    return is_write_locked(fd, id, alive);
  polyshm__hold_forks(); /* a child would have the file open for good */
  polyshm_status status = is_write_locked_anew(name, identity, id, alive);
  polyshm__allow_forks();
  return status;
}

void polyshm__token_obstacle(int fd, uint32_t id, polyshm__obstacle *obstacle) {
  struct flock byte;
  *obstacle = (polyshm__obstacle){0};
  if (byte_lock(fd, F_OFD_GETLK, F_WRLCK, id & POLYSHM__ID_BITS, &byte) || byte.l_type == F_UNLCK)
    return;
  obstacle->by_reader = byte.l_type == F_RDLCK;
  obstacle->many = byte.l_len != 1;
  obstacle->process = byte.l_pid > 0 ? byte.l_pid : 0;
}
