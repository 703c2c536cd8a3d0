#include "platform.h"

#include <polyshm/segment.h>

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

uint32_t polyshm__user(void) {
  return geteuid();
}

uint32_t polyshm__random(void) {
  uint32_t number;
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) == (ssize_t)sizeof number)
    return number;
  struct timespec now; /* early at boot: names only need to differ, and EEXIST draws again */
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint32_t)now.tv_nsec * 2654435761U ^ (uint32_t)getpid();
}

int64_t polyshm_page_size(void) {
  return sysconf(_SC_PAGESIZE);
}
