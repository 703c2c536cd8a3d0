/*
 * wakeup NAME PASSES COUNT: two processes, on two processors if there are, wake each other by turns:
 * nanoseconds of wall time from one's call to the other's return, half a round trip.
 */
#include "interleave.h"
#include "pair.h"

#include <polyshm.h>

#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

/* This is what goes forth (0) and what goes back (1). */
typedef struct work {
  polyshm_event *event[2];
  polyshm_view *turn; /* int32: whose turn it is */
  int pipe[2][2];
  int counter[2];
  _Atomic uint32_t *word[2];
  int count;
} work;

static void failed(const char *what) {
  (void)fprintf(stderr, "wakeup: %s failed: errno %d: %s\n", what, errno, polyshm_last_error());
  exit(1);
}

/* ---- to wake the other, and to be woken ---- */

static void event_wake(work *w, int way) {
  if (polyshm_event_set(w->event[way]))
    failed("set");
}

static void event_wait(work *w, int way) {
  bool set = false;
  if (polyshm_event_wait(w->event[way], -1, &set) || polyshm_event_clear(w->event[way]))
    failed("wait");
}

/* The turn is 1 when 0 has said so, and 0 when 1 has. */
static void view_wake(work *w, int way) {
  const polyshm_value turn = {.type = POLYSHM_TYPE_INT64, .as.int64 = 1 - way};
  int64_t woken;
  if (polyshm_view_store(w->turn, 0, &turn) || polyshm_view_notify(w->turn, 0, 1, &woken))
    failed("notify");
}

static void view_wait(work *w, int way) {
  const polyshm_value still = {.type = POLYSHM_TYPE_INT64, .as.int64 = way};
  polyshm_wait_outcome outcome = POLYSHM_WAIT_OK;
  while (outcome != POLYSHM_WAIT_NOT_EQUAL)
    if (polyshm_view_wait(w->turn, 0, &still, -1, &outcome))
      failed("wait");
}

static void pipe_wake(work *w, int way) {
  if (write(w->pipe[way][1], "", 1) != 1)
    failed("write");
}

static void pipe_wait(work *w, int way) {
  char byte;
  if (read(w->pipe[way][0], &byte, 1) != 1)
    failed("read");
}

static void eventfd_wake(work *w, int way) {
  if (eventfd_write(w->counter[way], 1))
    failed("eventfd_write");
}

static void eventfd_wait(work *w, int way) {
  eventfd_t value;
  if (eventfd_read(w->counter[way], &value))
    failed("eventfd_read");
}

/* The two system calls that cannot be left out. */
static void futex_wake(work *w, int way) {
  atomic_store(w->word[way], 1);
  if (syscall(SYS_futex, w->word[way], FUTEX_WAKE, 1, NULL, NULL, 0) < 0)
    failed("FUTEX_WAKE");
}

static void futex_wait(work *w, int way) {
  while (atomic_exchange(w->word[way], 0) == 0)
    if (syscall(SYS_futex, w->word[way], FUTEX_WAIT, 0, NULL, NULL, 0) && errno != EAGAIN)
      failed("FUTEX_WAIT");
}

/* ---- by turns ---- */

/* The first or the second processor of those that this process may use; the only one, if there is but one. */
static void sit_on(int which) {
  cpu_set_t all, one;
  pair_use_all_processors();
  if (sched_getaffinity(0, sizeof all, &all))
    failed("sched_getaffinity");
  which %= CPU_COUNT(&all);
  size_t cpu = 0;
  while (!CPU_ISSET(cpu, &all) || which-- > 0)
    cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (sched_setaffinity(0, sizeof one, &one))
    failed("sched_setaffinity");
}

#define TURNS(name)                                                                                          \
  static void name##_here(void *context) {                                                                   \
    work *w = context;                                                                                       \
    for (int i = 0; i < w->count; i++) {                                                                     \
      name##_wake(w, 0);                                                                                     \
      name##_wait(w, 1);                                                                                     \
    }                                                                                                        \
  }                                                                                                          \
  static void name##_there(void *context) {                                                                  \
    work *w = context;                                                                                       \
    sit_on(1);                                                                                               \
    for (int i = 0; i < w->count; i++) {                                                                     \
      name##_wait(w, 0);                                                                                     \
      name##_wake(w, 1);                                                                                     \
    }                                                                                                        \
  }                                                                                                          \
  static double name##_time(void *context) {                                                                 \
    work *w = context;                                                                                       \
    return (double)pair_run(name##_here, name##_there, w) / (2.0 * w->count);                                \
  }
TURNS(event)
TURNS(view)
TURNS(pipe)
TURNS(eventfd)
TURNS(futex)

/* Ours lose their names at once: whoever has a handle goes on. */
static void make_all(work *w, const char *name) {
  char event[300];
  polyshm_segment *segment = NULL;
  if (polyshm_segment_create(name, 4096, 0600, &segment) || polyshm_segment_unlink(segment) ||
      polyshm_segment_view(segment, POLYSHM_INT32, 0, 1, &w->turn))
    failed(name);
  for (int way = 0; way < 2; way++) {
    (void)snprintf(event, sizeof event, "%s.%d", name, way);
    if (polyshm_event_create(event, 0600, &w->event[way]) || polyshm_event_unlink(w->event[way]))
      failed(event);
    if (pipe(w->pipe[way]))
      failed("pipe");
    w->counter[way] = eventfd(0, EFD_CLOEXEC);
    if (w->counter[way] < 0)
      failed("eventfd");
    w->word[way] = pair_memory(sizeof *w->word[way]);
  }
}

int main(int argc, char **argv) {
  static const timed_run event_runs[] = {{"event", "ours", event_time},
                                         {"view", "ours", view_time},
                                         {"system", "pipe", pipe_time},
                                         {"system", "eventfd", eventfd_time},
                                         {"system", "bare futex", futex_time}};
  if (argc != 4)
    return 2;
  work w = {.count = atoi(argv[3])};
  make_all(&w, argv[1]);
  sit_on(0);
  interleave(atoi(argv[2]), 5, event_runs, &w);
  return 0;
}
