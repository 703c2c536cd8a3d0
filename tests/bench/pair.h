/* pair.h: what the C programs share that measure two processes at once. Their time is the clock's on the
 * wall: they wait for each other. */
#ifndef PAIR_H
#define PAIR_H

#include "yardstick.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Nanoseconds. */
static inline int64_t pair_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void pair_die(const char *what) {
  perror(what);
  exit(1);
}

/* Zero bytes that children share. */
static inline void *pair_memory(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    pair_die("mmap");
  return memory;
}

/* script/bench pins its programs to one processor, which two processes do not fit on. */
static inline void pair_use_all_processors(void) {
  cpu_set_t all;
  memset(&all, 0xff, sizeof all);
  if (sched_setaffinity(0, sizeof all, &all))
    pair_die("sched_setaffinity");
}

static inline void pair_meet(atomic_int *arrived) {
  atomic_fetch_add(arrived, 1);
  while (atomic_load(arrived) < 2)
    (void)sched_yield();
}

/* Runs one function here and another in a child, both from the same moment on. Returns the nanoseconds until
 * both have ended. */
static inline int64_t pair_run(void (*here)(void *context), void (*there)(void *context), void *context) {
  atomic_int *arrived = pair_memory(sizeof *arrived);
  const pid_t child = fork();
  if (child < 0)
    pair_die("fork");
  if (child == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    pair_meet(arrived);
    there(context);
    _exit(0);
  }
  int status = 0;
  pair_meet(arrived);
  const int64_t start = pair_clock();
  here(context);
  if (waitpid(child, &status, 0) != child || status != 0) {
    (void)fprintf(stderr, "the other process failed: %d\n", status);
    exit(1);
  }
  const int64_t end = pair_clock();
  munmap(arrived, sizeof *arrived);
  return end - start;
}

#endif
