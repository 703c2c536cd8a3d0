/* worker.c: README.md. A third argument, careless, has it enter the critical section without the lock. */
#include <polyshm.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SECONDS(n) ((n)*INT64_C(1000000000))

static int64_t me;
static polyshm_view *view;

static void check(bool good, const char *what) {
  if (good)
    return;
  printf("%" PRId64 ", C: %s\n", me, what);
  exit(1);
}

static void ok(polyshm_status status) {
  check(status == POLYSHM_OK, polyshm_last_error());
}

static int64_t get(int64_t index) {
  polyshm_value value;
  ok(polyshm_view_get(view, index, &value));
  return value.as.int64;
}

static void set(int64_t index, int64_t number) {
  ok(polyshm_view_set(view, index, &(polyshm_value){.type = POLYSHM_TYPE_INT64, .as.int64 = number}));
}

static void count(int64_t index) {
  polyshm_value before;
  ok(polyshm_view_add(view, index, &(polyshm_value){.type = POLYSHM_TYPE_INT64, .as.int64 = 1}, &before));
}

static void change(void) {
  check(get(0) == 0, "not alone");
  check(get(1) == get(2), "half a change, and nobody said so");
  set(0, me);
  set(1, get(1) + 1);
  set(2, get(2) + 1);
  check(get(0) == me, "not alone any more");
  set(0, 0);
}

static void lock_and_change(polyshm_lock *lock) {
  polyshm_lock_outcome outcome;
  ok(polyshm_lock_lock(lock, SECONDS(10), &outcome));
  check(outcome != POLYSHM_LOCK_TIMED_OUT, "starved of the lock");
  if (outcome == POLYSHM_RECOVERED) {
    set(2, get(1));
    set(0, 0);
    ok(polyshm_lock_repaired(lock));
    count(4);
  }
  change();
  ok(polyshm_lock_unlock(lock));
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  const bool careless = argc > 3;
  me = strtoll(argv[2], NULL, 10);
  char permits_name[300], event_name[300];
  (void)snprintf(permits_name, sizeof permits_name, "%s.permits", argv[1]);
  (void)snprintf(event_name, sizeof event_name, "%s.event", argv[1]);
  polyshm_segment *segment = NULL;
  polyshm_lock *lock = NULL;
  polyshm_semaphore *permits = NULL;
  polyshm_event *event = NULL;
  ok(polyshm_segment_attach(argv[1], 0, 0, &segment));
  ok(polyshm_segment_view(segment, POLYSHM_INT64, 0, -1, &view));
  ok(polyshm_segment_lock(segment, &lock));
  ok(polyshm_semaphore_attach(permits_name, 0, 0, &permits));
  ok(polyshm_event_attach(event_name, 0, 0, &event));
  puts("ready");
  (void)fflush(stdout);
  for (;;) {
    bool done = false;
    if (careless)
      change();
    else
      lock_and_change(lock);
    ok(polyshm_semaphore_acquire(permits, SECONDS(10), &done));
    check(done, "starved of a permit");
    ok(polyshm_semaphore_release(permits));
    if (me % 2) {
      ok(polyshm_event_wait(event, SECONDS(10), &done));
      check(done, "slept through the event");
    } else {
      ok(polyshm_event_set(event));
      ok(polyshm_event_clear(event));
    }
    count(3);
  }
}
