/*
 * herd NAME PASSES PROCESSES PERMITS HOLD MILLISECONDS: many processes share a few permits, and each sleeps
 * for HOLD microseconds with the one it got. For each turn, nanoseconds of wall time (`turn`) and of all
 * processors (`processor`): a release that wakes all sleepers is seen in both.
 */
#include "pair.h"

#include <polyshm.h>

#include <semaphore.h>
#include <stdbool.h>
#include <sys/resource.h>

typedef struct herd {
  const char *name;
  int processes, permits, hold;
  int64_t length; /* nanoseconds of one pass */
  struct {
    sem_t yardstick;
    _Atomic int64_t turns;
    atomic_int arrived;
  } * shared;
} herd;

static void failed(const char *what) {
  (void)fprintf(stderr, "herd: %s failed: errno %d: %s\n", what, errno, polyshm_last_error());
  exit(1);
}

static void take_turns(const herd *of, polyshm_semaphore *ours) {
  atomic_fetch_add(&of->shared->arrived, 1);
  while (atomic_load(&of->shared->arrived) < of->processes)
    (void)usleep(1000);
  for (const int64_t end = pair_clock() + of->length; pair_clock() < end;) {
    bool got = false;
    if (ours ? polyshm_semaphore_acquire(ours, -1, &got) != POLYSHM_OK
             : sem_wait(&of->shared->yardstick) != 0)
      failed("acquire");
    (void)usleep((useconds_t)of->hold);
    if (ours ? polyshm_semaphore_release(ours) != POLYSHM_OK : sem_post(&of->shared->yardstick) != 0)
      failed("release");
    atomic_fetch_add(&of->shared->turns, 1);
  }
}

static int64_t processor_time(void) {
  struct rusage used;
  if (getrusage(RUSAGE_CHILDREN, &used))
    failed("getrusage");
  return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000000) +
         (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * INT64_C(1000);
}

static void run(const herd *of, bool is_ours, bool is_shown) {
  polyshm_semaphore *ours = NULL;
  if (is_ours &&
      (polyshm_semaphore_create(of->name, of->permits, 0600, &ours) || polyshm_semaphore_unlink(ours)))
    failed("create");
  if (sem_init(&of->shared->yardstick, 1, (unsigned)of->permits))
    failed("sem_init");
  atomic_store(&of->shared->turns, 0);
  atomic_store(&of->shared->arrived, 0);
  const int64_t used = processor_time(), start = pair_clock();
  for (int i = 0; i < of->processes; i++) {
    const pid_t child = fork();
    if (child < 0)
      failed("fork");
    if (child == 0) {
      (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
      take_turns(of, ours);
      _exit(0);
    }
  }
  for (int status; wait(&status) > 0;)
    if (status)
      failed("a process of the herd");
  const double turns = (double)atomic_load(&of->shared->turns);
  const char *variant = is_ours ? "ours" : "sem_t";
  if (is_shown)
    (void)printf("turn\t%s\t%f\nprocessor\t%s\t%f\n", variant, (double)(pair_clock() - start) / turns,
                 variant, (double)(processor_time() - used) / turns);
  polyshm_semaphore_free(ours);
}

int main(int argc, char **argv) {
  if (argc != 7)
    return 2;
  const herd of = {.name = argv[1],
                   .processes = atoi(argv[3]),
                   .permits = atoi(argv[4]),
                   .hold = atoi(argv[5]),
                   .length = atoi(argv[6]) * INT64_C(1000000),
                   .shared = pair_memory(sizeof *of.shared)};
  const int passes = atoi(argv[2]);
  pair_use_all_processors();
  for (int pass = 0; pass <= passes; pass++) /* the first warms up */
    for (int k = 0; k < 2; k++)
      run(&of, pass % 2 == k, pass > 0);
  return 0;
}
