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

static int byte_lock(int fd, int command, uint32_t id, short *type) {
  struct flock byte = {
      .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = FIRST_BYTE + (off_t)id, .l_len = 1};
  int result = fcntl(fd, command, &byte);
  *type = byte.l_type;
  return result;
}

static polyshm_status lock_some_byte(int fd, _Atomic uint32_t *next_id, uint32_t *id) {
  for (int tries = 0; tries < TRIES; tries++) {
    short type;
    *id = atomic_fetch_add_explicit(next_id, 1, memory_order_relaxed) & POLYSHM__ID_BITS;
    if (!*id || *id == POLYSHM__ID_OF_THE_DEAD)
      continue; /* nobody has these */
    if (byte_lock(fd, F_OFD_SETLK, *id, &type) == 0)
      return POLYSHM_OK;
    if (errno != EAGAIN && errno != EACCES)
      return -errno;
  }
  return POLYSHM_EBUSY;
}

static polyshm_status take(int fd, _Atomic uint32_t *next_id, polyshm__token *token) {
  polyshm_status status = lock_some_byte(fd, next_id, &token->id);
  if (status)
    return status;
  size_t page = (size_t)polyshm_page_size();
  void *memory = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED)
    return -errno;
  if (madvise(memory, page, MADV_DONTFORK) == 0) {
    atomic_store(&token->page, memory);
    return POLYSHM_OK;
  }
  status = -errno;
  (void)munmap(memory, page);
  return status;
}

polyshm_status polyshm__token_take(int fd, const char *name, const polyshm__identity *identity,
                                   _Atomic uint32_t *next_id, polyshm__token *token) {
  polyshm__hold_forks();
  int again;
  polyshm_status status = forks_are_watched ? polyshm__process_numbered(&token->process) : POLYSHM_ENOMEM;
  if (!status)
    status = polyshm__file_again(fd, name, identity, &again);
  if (!status) {
    status = take(again, next_id, token);
    polyshm__file_close(again);
  }
  polyshm__allow_forks();
  return status;
}

void polyshm__token_drop(polyshm__token *token) {
  if (token->process != polyshm__process())
    return;
  void *page = atomic_exchange(&token->page, NULL);
  if (page)
    (void)munmap(page, (size_t)polyshm_page_size());
}

polyshm_status polyshm__token_alive(int fd, uint32_t id, bool *alive) {
  short type;
  if (byte_lock(fd, F_OFD_GETLK, id, &type))
    return -errno;
  *alive = type != F_UNLCK;
  return POLYSHM_OK;
}
