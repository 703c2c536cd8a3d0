#include "platform.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

bool polyshm__mappable(int64_t size) {
  return (uint64_t)size <= PTRDIFF_MAX;
}

polyshm_status polyshm__map(int fd, int64_t size, bool readonly, uint8_t **base) {
  if (!polyshm__mappable(size))
    return POLYSHM_ENOMEM;
  void *address = mmap(NULL, (size_t)size, readonly ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED)
    return -errno;
  *base = address;
  return POLYSHM_OK;
}

polyshm_status polyshm__map_grow(int fd, bool readonly, uint8_t **base, int64_t size, int64_t new_size) {
  if (!polyshm__mappable(new_size))
    return POLYSHM_ENOMEM;
  if (mremap(*base, (size_t)size, (size_t)new_size, 0) != MAP_FAILED)
    return POLYSHM_OK;
  return polyshm__map(fd, new_size, readonly, base);
}

void polyshm__map_blank(uint8_t *base, int64_t size) {
  /* When the process has no mapping to spare this fails and the shared pages stay until unmap: harmless. */
  (void)mmap(base, (size_t)size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

void polyshm__unmap(uint8_t *base, int64_t size) {
  (void)munmap(base, (size_t)size);
}
