/*
 * yardstick.h: what the hand-written extensions share. Each is the leanest one could write by hand on its
 * language's C API to reach a segment as doubles: its own object, checked for type, closedness and bounds,
 * and nothing else. It owes nothing to the core, so that it measures what the core and the bindings cost.
 */
#ifndef YARDSTICK_H
#define YARDSTICK_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct yardstick {
  double *data;
  int64_t count;
  bool closed;
  void *copy; /* what copy_out made, until drop */
} yardstick;

static inline bool yardstick_map(yardstick *y, const char *name) {
  char path[300];
  struct stat st;
  (void)snprintf(path, sizeof path, "/dev/shm/%s", name);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st))
    return false;
  void *data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (data == MAP_FAILED)
    return false;
  *y = (yardstick){.data = data, .count = (int64_t)(st.st_size / (off_t)sizeof(double))};
  return true;
}

static inline size_t yardstick_bytes(const yardstick *y) {
  return (size_t)y->count * sizeof(double);
}

static inline void yardstick_unmap(yardstick *y) {
  if (!y->closed)
    munmap(y->data, yardstick_bytes(y));
  y->closed = true;
}

/* What any read into a fresh string must cost: memory from malloc, its page faults, one memcpy. */
static inline bool yardstick_copy_out(yardstick *y) {
  y->copy = malloc(yardstick_bytes(y));
  if (y->copy)
    memcpy(y->copy, y->data, yardstick_bytes(y));
  return y->copy;
}

static inline void yardstick_drop(yardstick *y) {
  free(y->copy);
  y->copy = NULL;
}

/* Nanoseconds of this thread's CPU time: what others do on the machine meanwhile does not count. */
static inline int64_t yardstick_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
