/*
 * yardstick.h: what the hand-written extensions share. Each is the leanest one could write by hand on its
 * language's C API to reach a segment as doubles, to add to its 64-bit integers, and to lock it: its own
 * object, checked for type, closedness and bounds, and nothing else. It owes nothing to the core, so that it
 * measures what the core and the bindings cost.
 */
#ifndef YARDSTICK_H
#define YARDSTICK_H

#include <fcntl.h>
#include <pthread.h>
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
  bool has_mutex;
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

/* This is what any read into a fresh string must cost: memory from malloc, its page faults, one memcpy. */
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

static inline int64_t yardstick_add(yardstick *y, int64_t index, int64_t number) {
  int64_t *elements = (int64_t *)(void *)y->data;
  return __atomic_fetch_add(&elements[index], number, __ATOMIC_SEQ_CST);
}

/* As processes share it: one that survives its owner's death, or a plain one. */
static inline bool yardstick_make_mutex(pthread_mutex_t *mutex, bool robust) {
  pthread_mutexattr_t kind;
  return !pthread_mutexattr_init(&kind) && !pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED) &&
         !pthread_mutexattr_setrobust(&kind, robust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED) &&
         !pthread_mutex_init(mutex, &kind);
}

/* A robust mutex in the segment's first bytes, made by the first to lock it. */
static inline pthread_mutex_t *yardstick_mutex(yardstick *y) {
  return (pthread_mutex_t *)(void *)y->data;
}

static inline bool yardstick_lock(yardstick *y) {
  if (!y->has_mutex)
    y->has_mutex = yardstick_make_mutex(yardstick_mutex(y), true);
  return y->has_mutex && pthread_mutex_lock(yardstick_mutex(y)) == 0;
}

static inline bool yardstick_unlock(yardstick *y) {
  return y->has_mutex && pthread_mutex_unlock(yardstick_mutex(y)) == 0;
}

/* Nanoseconds of this thread's CPU time: what others do on the machine meanwhile does not count. */
static inline int64_t yardstick_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
