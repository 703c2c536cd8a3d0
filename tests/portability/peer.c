/*
 * The portability tests' peer, built once for each word size and libc: NAME VERB [COUNT]. All peers of one
 * NAME use the same objects: the segment NAME, its lock NAME.lock, a semaphore and two events. Whoever is
 * started with another prints "ready" when it has come to where `run` wants it.
 */
#include <polyshm.h>

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PERMITS 2
#define SECOND INT64_C(1000000000)
#define LONG (20 * SECOND) /* what never takes so long */
#define SHORT (SECOND / 20)
#define LEAP ((INT64_C(1) << 30) + 1) /* every fourth sum carries into the upper half */

/* Elements of the two views. */
enum { COUNTED, SUM, FIRST, SECOND_OF_PAIR, RECOVERIES };
enum { SMALL_SUM, TURN };

static polyshm_segment *segment;
static polyshm_view *large, *small; /* int64, int32 */
static polyshm_lock *lock;
static polyshm_semaphore *semaphore;
static polyshm_event *ping, *pong;

static void must(polyshm_status status) {
  if (status == POLYSHM_OK)
    return;
  (void)fprintf(stderr, "peer: %s (%s)\n", polyshm_last_error(), polyshm_status_name(status));
  exit(1);
}

static void must_be(bool fact, const char *words) {
  if (fact)
    return;
  (void)fprintf(stderr, "peer: it is not so: %s\n", words);
  exit(1);
}

#define MUST_BE(fact) must_be((fact), #fact)

static void refused(polyshm_status expected, polyshm_status status) {
  if (status == expected)
    return;
  (void)fprintf(stderr, "peer: %s, not %s: %s\n", polyshm_status_name(status), polyshm_status_name(expected),
                status ? polyshm_last_error() : "");
  exit(1);
}

static void ready(void) {
  (void)puts("ready");
  (void)fflush(stdout);
}

/* ---- the objects ---- */

static const char *part(const char *name, const char *of) {
  static char text[256];
  (void)snprintf(text, sizeof text, "%s.%s", name, of);
  return text;
}

/* Made by the first peer, and found by the others. */
static void open_objects(const char *name, bool first) {
  if (first) {
    must(polyshm_segment_create(name, 4096, 0600, &segment));
    must(polyshm_semaphore_create(part(name, "semaphore"), PERMITS, 0600, &semaphore));
    must(polyshm_event_create(part(name, "ping"), 0600, &ping));
    must(polyshm_event_create(part(name, "pong"), 0600, &pong));
  } else {
    must(polyshm_segment_attach(name, 0, 0, &segment));
    must(polyshm_semaphore_attach(part(name, "semaphore"), 0, 0, &semaphore));
    must(polyshm_event_attach(part(name, "ping"), 0, 0, &ping));
    must(polyshm_event_attach(part(name, "pong"), 0, 0, &pong));
  }
  MUST_BE(polyshm_semaphore_count(semaphore) == PERMITS);
  must(polyshm_segment_lock(segment, &lock));
  must(polyshm_segment_view(segment, POLYSHM_INT64, 0, 8, &large));
  must(polyshm_segment_view(segment, POLYSHM_INT32, 64, 8, &small));
}

static void free_objects(void) {
  polyshm_view_free(small);
  polyshm_view_free(large);
  polyshm_event_free(pong);
  polyshm_event_free(ping);
  polyshm_semaphore_free(semaphore);
  polyshm_lock_free(lock);
  polyshm_segment_free(segment);
}

static int64_t get(const polyshm_view *view, int64_t index) {
  polyshm_value value;
  must(polyshm_view_get(view, index, &value));
  return value.as.int64;
}

static polyshm_value number(int64_t number) {
  return (polyshm_value){.type = POLYSHM_TYPE_INT64, .as.int64 = number};
}

static void set(polyshm_view *view, int64_t index, int64_t to) {
  must(polyshm_view_set(view, index, &(polyshm_value){.type = POLYSHM_TYPE_INT64, .as.int64 = to}));
}

static void add(polyshm_view *view, int64_t index, int64_t what) {
  polyshm_value value = number(what), before;
  must(polyshm_view_add(view, index, &value, &before));
}

static polyshm_lock_outcome take(int64_t timeout) {
  polyshm_lock_outcome outcome = -1;
  must(polyshm_lock_lock(lock, timeout, &outcome));
  return outcome;
}

static bool acquire(int64_t timeout) {
  bool acquired = false;
  must(polyshm_semaphore_acquire(semaphore, timeout, &acquired));
  return acquired;
}

static void wait_for(polyshm_event *event) {
  bool was_set = false;
  must(polyshm_event_wait(event, LONG, &was_set));
  MUST_BE(was_set);
}

/* ---- counting together, from the moment of `start` ---- */

static void start(int count) {
  (void)count;
  must(polyshm_event_set(ping));
}

/* Lets the other in at the worst moment, on one processor too; not each time, as on a busy machine it takes
 * milliseconds. */
static void give_way(int i) {
  if (i % 16 == 0)
    (void)sched_yield();
}

/* Without the lock sums are lost: that tells whether these processes are in each other's way at all. */
static void race(int count) {
  ready();
  wait_for(ping);
  for (int i = 0; i < count; i++) {
    int64_t seen = get(large, COUNTED);
    give_way(i);
    set(large, COUNTED, seen + 1);
  }
}

static void count_up(int count) {
  ready();
  wait_for(ping);
  for (int i = 0; i < count; i++) {
    MUST_BE(take(LONG) == POLYSHM_LOCKED);
    int64_t seen = get(large, COUNTED);
    give_way(i);
    set(large, COUNTED, seen + 1);
    must(polyshm_lock_unlock(lock));
    add(large, SUM, LEAP);
    add(small, SMALL_SUM, 1);
  }
}

/* This is what was counted, and how much of it the sums say. Ready for the next. */
static void counted(int count) {
  (void)count;
  (void)printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", get(large, COUNTED),
               get(large, SUM) / LEAP, get(large, SUM) % LEAP, get(small, SMALL_SUM));
  set(large, COUNTED, 0);
  set(large, SUM, 0);
  set(small, SMALL_SUM, 0);
  must(polyshm_event_clear(ping));
}

/* ---- an owner that is killed ---- */

static void hold(int count) {
  (void)count;
  MUST_BE(take(LONG) == POLYSHM_LOCKED);
  for (int i = 0; i < PERMITS; i++)
    MUST_BE(acquire(LONG));
  ready();
  for (;;)
    (void)pause();
}

/* While it lives. */
static void held(int count) {
  (void)count;
  bool locked = false, owned = true;
  int64_t free_permits = -1;
  MUST_BE(take(0) == POLYSHM_LOCK_TIMED_OUT);
  MUST_BE(take(SHORT) == POLYSHM_LOCK_TIMED_OUT);
  must(polyshm_lock_locked(lock, &locked));
  must(polyshm_lock_owned(lock, &owned));
  MUST_BE(locked && !owned);
  refused(POLYSHM_NOT_OWNER, polyshm_lock_unlock(lock));
  MUST_BE(!acquire(0));
  MUST_BE(!acquire(SHORT));
  must(polyshm_semaphore_value(semaphore, &free_permits));
  MUST_BE(free_permits == 0);
  refused(POLYSHM_NOT_OWNER, polyshm_semaphore_release(semaphore));
}

/* When it is dead: prints how the lock was got, and leaves all in order. */
static void recover(int count) {
  (void)count;
  ready();
  polyshm_lock_outcome outcome = take(LONG);
  (void)puts(polyshm_lock_outcome_name(outcome));
  bool dirty = false;
  must(polyshm_lock_dirty(lock, &dirty));
  MUST_BE(dirty == (outcome == POLYSHM_RECOVERED));
  must(polyshm_lock_repaired(lock));
  must(polyshm_lock_unlock(lock));
  for (int i = 0; i < PERMITS; i++)
    MUST_BE(acquire(LONG));
  MUST_BE(!acquire(0));
  for (int i = 0; i < PERMITS; i++)
    must(polyshm_semaphore_release(semaphore));
}

/* ---- taking turns ---- */

static void play_ping(int count) {
  for (int i = 0; i < count; i++) {
    must(polyshm_event_set(ping));
    wait_for(pong);
    must(polyshm_event_clear(pong));
  }
}

static void play_pong(int count) {
  for (int i = 0; i < count; i++) {
    wait_for(ping);
    must(polyshm_event_clear(ping));
    must(polyshm_event_set(pong));
  }
}

static void take_turns(int count, int64_t mine) {
  polyshm_value my_turn = number(mine), your_turn = number(1 - mine), seen;
  polyshm_wait_outcome outcome;
  int64_t woken, all_woken = 0;
  for (int i = 0; i < count; i++) {
    do {
      must(polyshm_view_wait(small, TURN, &your_turn, LONG, &outcome));
      MUST_BE(outcome != POLYSHM_WAIT_TIMED_OUT);
      must(polyshm_view_load(small, TURN, &seen));
    } while (!polyshm_value_equal(&seen, &my_turn));
    must(polyshm_view_store(small, TURN, &your_turn));
    must(polyshm_view_notify(small, TURN, 1, &woken));
    all_woken += woken;
  }
  MUST_BE(all_woken > 0); /* else one that looks every few milliseconds goes on as well */
}

static void first_turn(int count) {
  take_turns(count, 0);
}

static void second_turn(int count) {
  take_turns(count, 1);
}

/* ---- a storm: workers that change a pair, and are killed at any moment ---- */

static void change_pair(void) {
  polyshm_lock_outcome outcome = take(LONG);
  MUST_BE(outcome != POLYSHM_LOCK_TIMED_OUT);
  int64_t first = get(large, FIRST), second = get(large, SECOND_OF_PAIR);
  if (outcome == POLYSHM_RECOVERED) {
    MUST_BE(first - second == 0 || first - second == 1);
    set(large, SECOND_OF_PAIR, first);
    must(polyshm_lock_repaired(lock));
    add(large, RECOVERIES, 1);
  } else {
    MUST_BE(first == second);
  }
  set(large, FIRST, first + 1);
  (void)sched_yield();
  set(large, SECOND_OF_PAIR, first + 1);
  must(polyshm_lock_unlock(lock));
}

static void work(int count) {
  (void)count;
  for (;;) {
    MUST_BE(acquire(LONG));
    change_pair();
    must(polyshm_semaphore_release(semaphore));
  }
}

/* How often the pair was changed, and a lock recovered. */
static void worked(int count) {
  recover(count);
  (void)printf("%" PRId64 " %" PRId64 "\n", get(large, FIRST), get(large, RECOVERIES));
}

/* ---- what a 32-bit process cannot have ---- */

/* Sizes that lose their upper half would be 4096 and 2^32 - 1. The first file has holes, and takes no memory.
 */
static void sizes(int count) {
  (void)count;
  const int64_t huge = (INT64_C(1) << 32) + 4096;
  const char *name = polyshm_segment_name(segment);
  polyshm_segment *another = NULL;
  polyshm_view *view = NULL;
  char path[300], byte = 1;
  (void)snprintf(path, sizeof path, "/dev/shm/%s", name);
  MUST_BE(sizeof(void *) == 4);
  refused(POLYSHM_ENOMEM, polyshm_segment_create(part(name, "huge"), POLYSHM_SIZE_MAX, 0600, &another));
  refused(POLYSHM_ENOENT, polyshm_segment_unlink_name(part(name, "huge")));
  refused(POLYSHM_ENOMEM, polyshm_segment_resize(segment, POLYSHM_SIZE_MAX));
  MUST_BE(truncate(path, huge) == 0);
  refused(POLYSHM_ENOMEM, polyshm_segment_attach(name, 0, 0, &another));
  refused(POLYSHM_ENOMEM, polyshm_segment_refresh(segment));
  MUST_BE(polyshm_segment_size(segment) == 4096);
  must(polyshm_segment_write(segment, 4095, &byte, 1));
  refused(POLYSHM_INDEX, polyshm_segment_write(segment, 4096, &byte, 1));
  refused(POLYSHM_INDEX, polyshm_segment_write(segment, (INT64_C(1) << 32), &byte, 1));
  refused(POLYSHM_INDEX, polyshm_segment_read(segment, 0, &byte, (INT64_C(1) << 32) + 1));
  refused(POLYSHM_INDEX, polyshm_segment_view(segment, POLYSHM_INT64, 0, (INT64_C(1) << 61) + 1, &view));
  refused(POLYSHM_INDEX, polyshm_segment_view(segment, POLYSHM_INT64, 0, (INT64_C(1) << 29) + 1, &view));
  refused(POLYSHM_INDEX, polyshm_view_get(large, INT64_C(1) << 32, &(polyshm_value){0}));
}

static void nothing(int count) {
  (void)count;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*act)(int count);
  } verbs[] = {{"create", nothing},  {"start", start},    {"race", race},        {"count", count_up},
               {"counted", counted}, {"hold", hold},      {"held", held},        {"recover", recover},
               {"ping", play_ping},  {"pong", play_pong}, {"first", first_turn}, {"second", second_turn},
               {"work", work},       {"worked", worked},  {"sizes", sizes}};
  if (argc < 3)
    return 2;
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody outlives `run` */
  (void)alarm(60);
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
    if (strcmp(argv[2], verbs[i].name) == 0) {
      open_objects(argv[1], strcmp(argv[2], "create") == 0);
      verbs[i].act(argc > 3 ? atoi(argv[3]) : 0);
      free_objects();
      return 0;
    }
  return 2;
}
