/*
 * lock NAME PASSES free COUNT: lock + unlock, and a semaphore's acquire + release, that nobody contends for:
 * nanoseconds of a pair.
 * lock NAME PASSES contended MILLISECONDS: two processes lock, count and unlock as fast as they can:
 * nanoseconds of wall time for each time that either of them had the lock.
 */
#include "interleave.h"
#include "pair.h"

#include <polyshm.h>

#include <semaphore.h>
#include <stdalign.h>
#include <sys/file.h>

#define PERMITS 4

/* This is what others use to exclude each other, each on a cache line of its own, and what they guard. */
typedef struct shared {
  alignas(64) pthread_mutex_t robust;
  alignas(64) pthread_mutex_t plain;
  alignas(64) sem_t binary;
  alignas(64) sem_t permits;
  alignas(64) int64_t count;
  alignas(64) int64_t counted_there; /* by the child */
} shared;

typedef struct work {
  const char *name;
  polyshm_lock *lock;
  polyshm_semaphore *semaphore;
  shared *shared;
  int file; /* this process's own, for flock */
  int64_t many, counted;
  void (*rounds)(struct work *work, int64_t count);
} work;

static void failed(const char *what) {
  (void)fprintf(stderr, "lock: %s failed: errno %d: %s\n", what, errno, polyshm_last_error());
  exit(1);
}

static int open_file(const char *name) {
  char path[300];
  (void)snprintf(path, sizeof path, "/dev/shm/%s", name);
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0)
    failed(path);
  return file;
}

static bool lock_ours(polyshm_lock *lock) {
  polyshm_lock_outcome outcome;
  return polyshm_lock_lock(lock, -1, &outcome) == POLYSHM_OK && outcome == POLYSHM_LOCKED;
}

static bool acquire_ours(polyshm_semaphore *semaphore) {
  bool acquired;
  return polyshm_semaphore_acquire(semaphore, -1, &acquired) == POLYSHM_OK && acquired;
}

/* ---- loops: each calls what it measures directly ---- */

#define ROUNDS(name, take, inside, give)                                                                     \
  static void name(work *w, int64_t count) {                                                                 \
    for (int64_t i = 0; i < count; i++) {                                                                    \
      if (!(take))                                                                                           \
        failed(#take);                                                                                       \
      inside;                                                                                                \
      if (!(give))                                                                                           \
        failed(#give);                                                                                       \
    }                                                                                                        \
  }
#define LOCK(name, take, give)                                                                               \
  ROUNDS(name##_free, take, (void)0, give)                                                                   \
  ROUNDS(name##_contended, take, w->shared->count++, give)

LOCK(ours, lock_ours(w->lock), polyshm_lock_unlock(w->lock) == POLYSHM_OK)
LOCK(robust, pthread_mutex_lock(&w->shared->robust) == 0, pthread_mutex_unlock(&w->shared->robust) == 0)
LOCK(plain, pthread_mutex_lock(&w->shared->plain) == 0, pthread_mutex_unlock(&w->shared->plain) == 0)
LOCK(binary, sem_wait(&w->shared->binary) == 0, sem_post(&w->shared->binary) == 0)
LOCK(file, flock(w->file, LOCK_EX) == 0, flock(w->file, LOCK_UN) == 0)
ROUNDS(our_permit, acquire_ours(w->semaphore), (void)0, polyshm_semaphore_release(w->semaphore) == POLYSHM_OK)
ROUNDS(permit, sem_wait(&w->shared->permits) == 0, (void)0, sem_post(&w->shared->permits) == 0)

/* ---- free ---- */

static double time_of(work *w, void (*rounds)(work *work, int64_t count), int64_t count) {
  const int64_t start = yardstick_clock();
  rounds(w, count);
  return (double)(yardstick_clock() - start) / (double)count;
}

#define FREE(name, fraction)                                                                                 \
  static double name##_time(void *context) {                                                                 \
    work *w = context;                                                                                       \
    return time_of(w, name, w->many / (fraction));                                                           \
  }
FREE(ours_free, 1)
FREE(robust_free, 1)
FREE(plain_free, 1)
FREE(binary_free, 1)
FREE(file_free, 20)
FREE(our_permit, 1)
FREE(permit, 1)

/* ---- contended ---- */

static int64_t count_in_time(work *w) {
  const int64_t end = pair_clock() + w->many * 1000000;
  int64_t count = 0;
  for (; pair_clock() < end; count += 50)
    w->rounds(w, 50);
  return count;
}

static void count_here(void *context) {
  work *w = context;
  w->counted = count_in_time(w);
}

static void count_there(void *context) {
  work *w = context;
  w->file = open_file(w->name);
  w->shared->counted_there = count_in_time(w);
}

static double time_together(work *w, void (*rounds)(work *work, int64_t count)) {
  w->rounds = rounds;
  w->shared->count = 0;
  const int64_t time = pair_run(count_here, count_there, w);
  if (w->shared->count != w->counted + w->shared->counted_there)
    failed("to exclude each other");
  return (double)time / (double)w->shared->count;
}

#define CONTENDED(name)                                                                                      \
  static double name##_time(void *context) {                                                                 \
    return time_together(context, name);                                                                     \
  }
CONTENDED(ours_contended)
CONTENDED(robust_contended)
CONTENDED(plain_contended)
CONTENDED(binary_contended)
CONTENDED(file_contended)

/* ---- all of it ---- */

/* Ours lose their names at once: whoever has a handle goes on. */
static void make_all(work *w) {
  char name[300];
  w->shared = pair_memory(sizeof *w->shared);
  w->file = open_file(w->name);
  if (!yardstick_make_mutex(&w->shared->robust, true) || !yardstick_make_mutex(&w->shared->plain, false))
    failed("pthread_mutex_init");
  if (sem_init(&w->shared->binary, 1, 1) || sem_init(&w->shared->permits, 1, PERMITS))
    failed("sem_init");
  (void)snprintf(name, sizeof name, "%s.lock", w->name);
  if (polyshm_lock_create(name, 0600, &w->lock) || polyshm_lock_unlink(w->lock))
    failed(name);
  (void)snprintf(name, sizeof name, "%s.semaphore", w->name);
  if (polyshm_semaphore_create(name, PERMITS, 0600, &w->semaphore) || polyshm_semaphore_unlink(w->semaphore))
    failed(name);
}

int main(int argc, char **argv) {
  static const timed_run lock_runs[] = {{"lock+unlock", "ours", ours_free_time},
                                        {"lock+unlock", "robust mutex", robust_free_time},
                                        {"lock+unlock", "process-shared mutex", plain_free_time},
                                        {"lock+unlock", "sem_t", binary_free_time},
                                        {"lock+unlock", "flock", file_free_time}};
  static const timed_run permit_runs[] = {{"acquire+release", "ours", our_permit_time},
                                          {"acquire+release", "sem_t", permit_time}};
  static const timed_run contended_runs[] = {{"contended", "ours", ours_contended_time},
                                             {"contended", "robust mutex", robust_contended_time},
                                             {"contended", "process-shared mutex", plain_contended_time},
                                             {"contended", "sem_t", binary_contended_time},
                                             {"contended", "flock", file_contended_time}};
  if (argc != 5)
    return 2;
  work w = {.name = argv[1], .many = atoll(argv[4])};
  const int passes = atoi(argv[2]);
  make_all(&w);
  if (strcmp(argv[3], "free") == 0) {
    interleave(passes, 5, lock_runs, &w);
    interleave(passes, 2, permit_runs, &w);
  } else {
    pair_use_all_processors();
    interleave(passes, 5, contended_runs, &w);
  }
  return 0;
}
