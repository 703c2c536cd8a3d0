/*
 * The number of this process: it stands in a page that the kernel wipes in every child, whoever forks and
 * however, and a child draws its own when it first needs one.
 */
#include "platform.h"

#include <polyshm/segment.h>

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

static const _Atomic uint32_t no_number;
_Atomic(const _Atomic uint32_t *) polyshm__process_number = &no_number;

static _Atomic(_Atomic uint32_t *) number_page;
static _Atomic uint32_t last; /* a child goes on from what its parent had, and so never has the same again */

/* Without any lock, because a child of fork(2) could find that locked for ever. */
static polyshm_status map_number(void) {
  size_t page = (size_t)polyshm_page_size();
  void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return -errno;
  polyshm_status status = madvise(memory, page, MADV_WIPEONFORK) ? -errno : POLYSHM_OK;
  _Atomic uint32_t *none = NULL;
  if (status || !atomic_compare_exchange_strong(&number_page, &none, (_Atomic uint32_t *)memory))
    (void)munmap(memory, page); /* or another thread was faster */
  return status;
}

polyshm_status polyshm__process_numbered(uint32_t *number) {
  *number = polyshm__process();
  if (*number)
    return POLYSHM_OK;
  polyshm_status status = atomic_load(&number_page) ? POLYSHM_OK : map_number();
  if (status)
    return status;
  _Atomic uint32_t *page = atomic_load(&number_page);
  const uint32_t mine = atomic_fetch_add(&last, 1) + 1;
  *number = 0;
  if (atomic_compare_exchange_strong(page, number, mine))
    *number = mine;
  atomic_store_explicit(&polyshm__process_number, page, memory_order_release);
  return POLYSHM_OK;
}

/* When the library is loaded there is memory for it, and no other thread that could fork. */
__attribute__((constructor)) static void number_this_process(void) {
  uint32_t number;
  (void)!polyshm__process_numbered(&number);
}
