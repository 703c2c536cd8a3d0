/*
 * What was written before a call is seen after the one that answers it: one thread writes and calls, another
 * takes the call back and then looks. Whoever takes it back before it is made finds it made afterwards; to do
 * neither is a lost notification.
 *
 * A processor keeps what it writes in a buffer until the memory has it, and reads past that meanwhile. To see
 * what comes of it each round writes to memory that is in no cache, which takes the buffer a microsecond.
 */
#include "support.h"

#include <polyshm/atomics.h>
#include <polyshm/event.h>

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  ROUNDS = 20000,
  LINES = 1 << 18,
  STORES = 40,
  LINE = 64,
  STEP = 50,
  MOST_MILLISECONDS = 5000, /* where the two threads seldom run at once, fewer rounds must do */
};

struct game {
  const struct way *way;
  polyshm_event *event;
  polyshm_view *flag, *data; /* int32; an element of `data` in each line of the memory */
  cpu_set_t processors;
  _Atomic int64_t begun, written;
};

/* How one calls and the other takes the call back. */
struct way {
  void (*call)(struct game *game);
  void (*take_back)(struct game *game);
  bool (*is_called)(struct game *game);
  bool data_is_atomic;
};

/* In any thread, so it is no failure of the test alone. */
static void must_be_ok(polyshm_status status) {
  if (!status)
    return;
  (void)fprintf(stderr, "%s\n", polyshm_last_error());
  abort();
}

/* ---- by an event ---- */

static void set_event(struct game *game) {
  must_be_ok(polyshm_event_set(game->event));
}

static void clear_event(struct game *game) {
  must_be_ok(polyshm_event_clear(game->event));
}

static bool event_is_set(struct game *game) {
  bool set = false;
  must_be_ok(polyshm_event_is_set(game->event, &set));
  return set;
}

/* ---- by an element ---- */

static int64_t exchange_flag(struct game *game, int64_t flag) {
  const polyshm_value value = from_int(flag);
  polyshm_value before;
  must_be_ok(polyshm_view_exchange(game->flag, 0, &value, &before));
  return before.as.int64;
}

static int64_t load(const polyshm_view *view, int64_t index) {
  polyshm_value value;
  must_be_ok(polyshm_view_load(view, index, &value));
  return value.as.int64;
}

static void store(polyshm_view *view, int64_t index, int64_t number) {
  const polyshm_value value = from_int(number);
  must_be_ok(polyshm_view_store(view, index, &value));
}

static void exchange_and_notify(struct game *game) {
  int64_t woken = 0;
  (void)exchange_flag(game, 1);
  must_be_ok(polyshm_view_notify(game->flag, 0, -1, &woken));
}

static void exchange_back(struct game *game) {
  (void)exchange_flag(game, 0);
}

static bool flag_is_up(struct game *game) {
  return load(game->flag, 0) == 1;
}

/* Calls only who does not find it called: for that, everything must be in the one order of atomics. */
static void look_and_store(struct game *game) {
  if (load(game->flag, 0) == 0)
    store(game->flag, 0, 1);
}

static void store_back(struct game *game) {
  store(game->flag, 0, 0);
}

/* ---- the two ---- */

static int64_t line_of(int64_t round, int64_t number) {
  const uint32_t mixed = (uint32_t)round * 2654435761U + (uint32_t)number * 3118731U;
  return mixed % LINES * (LINE / (int64_t)sizeof(int32_t));
}

/* The first or the second of the processors that this process may use. */
static void sit_on(int which, const cpu_set_t *all) {
  cpu_set_t one;
  size_t cpu = 0;
  while (cpu < CPU_SETSIZE && (!CPU_ISSET(cpu, all) || which-- > 0))
    cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  (void)sched_setaffinity(0, sizeof one, CPU_COUNT(&one) ? &one : all); /* there may be one alone */
}

/* Without a pause in which another process could come between: the two must run at the same moment. */
static void await(_Atomic int64_t *number, int64_t at_least) {
  while (atomic_load_explicit(number, memory_order_acquire) < at_least) {
  }
}

static void write_round(struct game *game, int64_t round) {
  const polyshm_value value = from_int(round);
  for (int64_t i = 0; i < STORES - 1; i++)
    must_be_ok(polyshm_view_set(game->data, line_of(round, i), &value));
  if (game->way->data_is_atomic)
    store(game->data, line_of(round, STORES - 1), round);
  else
    must_be_ok(polyshm_view_set(game->data, line_of(round, STORES - 1), &value));
  game->way->call(game);
}

static void *write_and_call(void *context) {
  struct game *game = context;
  sit_on(1, &game->processors);
  for (int64_t round = 1; round <= ROUNDS; round++) {
    await(&game->begun, round);
    write_round(game, round);
    atomic_store_explicit(&game->written, round, memory_order_release);
  }
  return NULL;
}

static bool sees(struct game *game, int64_t round) {
  polyshm_value value;
  if (game->way->data_is_atomic)
    return load(game->data, line_of(round, STORES - 1)) == round;
  must_be_ok(polyshm_view_get(game->data, line_of(round, STORES - 1), &value));
  return value.as.int64 == round;
}

static void pause_for(int count) {
  for (volatile int i = 0; i < count; i++) {
  }
}

/* Returns how many of the calls were lost. */
static int play(struct game *game) {
  pthread_t writer;
  int lost = 0, last = ROUNDS, pause = 0;
  const int64_t end = milliseconds_now() + MOST_MILLISECONDS;
  assert_int_equal(sched_getaffinity(0, sizeof game->processors, &game->processors), 0);
  assert_int_equal(pthread_create(&writer, NULL, write_and_call, game), 0);
  sit_on(0, &game->processors);
  for (int round = 1; round <= ROUNDS; round++) {
    if (round <= last && milliseconds_now() > end)
      last = round;
    game->way->call(game);
    atomic_store_explicit(&game->begun, round, memory_order_release);
    pause_for(pause);
    game->way->take_back(game);
    const bool seen = sees(game, round);
    pause += seen ? -STEP : STEP; /* so that both come at the same moment, however fast the machine is */
    if (round >= last)
      atomic_store_explicit(&game->begun, ROUNDS, memory_order_release); /* the rest in one go */
    await(&game->written, round >= last ? ROUNDS : round);
    if (round >= last)
      break;
    lost += !seen && !game->way->is_called(game);
  }
  assert_int_equal(pthread_join(writer, NULL), 0);
  assert_int_equal(sched_setaffinity(0, sizeof game->processors, &game->processors), 0);
  print_message("             %d of %d rounds lost\n", lost, last);
  return lost;
}

static void play_so(const struct way *way) {
  struct game game = {.way = way};
  polyshm_segment *segment = new_segment(fresh_name(), (int64_t)LINES * LINE + LINE);
  assert_ok(polyshm_segment_view(segment, POLYSHM_INT32, 0, LINES * (LINE / 4), &game.data));
  assert_ok(polyshm_segment_view(segment, POLYSHM_INT32, (int64_t)LINES * LINE, 1, &game.flag));
  assert_ok(polyshm_event_create(fresh_name(), 0600, &game.event));
  assert_ok(polyshm_event_unlink(game.event));
  const int lost = play(&game);
  polyshm_event_free(game.event);
  polyshm_view_free(game.flag);
  polyshm_view_free(game.data);
  drop_segment(segment);
  assert_int_equal(lost, 0);
}

static void set_and_clear_an_event(void **state) {
  (void)state;
  play_so(&(struct way){set_event, clear_event, event_is_set, false});
}

static void exchange_an_element(void **state) {
  (void)state;
  play_so(&(struct way){exchange_and_notify, exchange_back, flag_is_up, false});
}

static void load_and_store_elements(void **state) {
  (void)state;
  play_so(&(struct way){look_and_store, store_back, flag_is_up, true});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(set_and_clear_an_event),
      TEST(exchange_an_element),
      TEST(load_and_store_elements),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
