/* Event: who waits is woken, however short the flag is set. */
#include "support.h"

#include <polyshm/event.h>

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WORD = 4096, SLEEPERS = 1, SET = 2, GENERATION = 4 }; /* docs/layouts.md */

static polyshm_event *new_event(void) {
  polyshm_event *event = NULL;
  assert_ok(polyshm_event_create(fresh_name(), 0600, &event));
  assert_non_null(event);
  return event;
}

static polyshm_event *another(const polyshm_event *event) {
  polyshm_event *other = NULL;
  assert_ok(polyshm_event_attach(polyshm_event_name(event), 0, 0, &other));
  return other;
}

static void drop_event(polyshm_event *event) {
  polyshm_status status = polyshm_event_unlink(event);
  assert_true(status == POLYSHM_OK || status == POLYSHM_ENOENT);
  polyshm_event_free(event);
}

static bool is_set(const polyshm_event *event) {
  bool set = false;
  assert_ok(polyshm_event_is_set(event, &set));
  return set;
}

static bool comes(polyshm_event *event, int64_t timeout) {
  bool set = false;
  assert_ok(polyshm_event_wait(event, timeout, &set));
  return set;
}

/* Its word, as a segment's user sees it. */
static polyshm_view *word_of(const polyshm_event *event) {
  polyshm_segment *segment = NULL;
  polyshm_view *view = NULL;
  assert_ok(polyshm_segment_attach(polyshm_event_name(event), 0, 0, &segment));
  assert_ok(polyshm_segment_view(segment, POLYSHM_UINT32, WORD, 1, &view));
  polyshm_segment_free(segment);
  return view;
}

/* ---- the flag ---- */

static void set_and_clear(void **state) {
  (void)state;
  polyshm_event *a = new_event(), *b = another(a);
  assert_false(is_set(a) || is_set(b));
  for (int round = 0; round < 3; round++) {
    assert_false(comes(a, 0));
    assert_false(comes(b, MILLISECONDS));
    for (int again = 0; again < 3; again++) {
      assert_ok(polyshm_event_set(a));
      assert_true(is_set(a) && is_set(b));
      assert_true(comes(a, 0) && comes(b, -1));
    }
    for (int again = 0; again < 3; again++) {
      assert_ok(polyshm_event_clear(b));
      assert_false(is_set(a) || is_set(b));
    }
  }
  polyshm_event_free(b);
  drop_event(a);
}

static void a_timeout_is_kept(void **state) {
  (void)state;
  const int64_t timeouts[] = {0, 1, 20, 200};
  polyshm_event *event = new_event();
  for (int i = 0; i < 4; i++) {
    int64_t start = milliseconds_now();
    assert_false(comes(event, timeouts[i] * MILLISECONDS));
    assert_in_range(milliseconds_now() - start, timeouts[i] ? timeouts[i] - 1 : 0, timeouts[i] + 10000);
  }
  assert_ok(polyshm_event_set(event));
  const int64_t longest[] = {-1, INT64_MIN, INT64_MAX, 1};
  for (int i = 0; i < 4; i++)
    assert_true(comes(event, longest[i]));
  drop_event(event);
}

/* The generation counts to 2^30 and begins anew: nothing else changes. */
static void the_generation_wraps_around(void **state) {
  (void)state;
  polyshm_event *event = new_event();
  polyshm_view *view = word_of(event);
  polyshm_value word = from_uint(UINT32_MAX & ~(uint32_t)(SET | SLEEPERS));
  assert_ok(polyshm_view_set(view, 0, &word));
  assert_false(is_set(event));
  assert_false(comes(event, MILLISECONDS));
  assert_ok(polyshm_event_set(event));
  assert_ok(polyshm_view_get(view, 0, &word));
  assert_int_equal(word.as.int64, SET);
  assert_true(comes(event, 0));
  assert_ok(polyshm_event_clear(event));
  assert_false(comes(event, MILLISECONDS));
  assert_ok(polyshm_event_set(event));
  assert_ok(polyshm_view_get(view, 0, &word));
  assert_int_equal(word.as.int64, GENERATION | SET);
  polyshm_view_free(view);
  drop_event(event);
}

/* ---- who waits ---- */

static atomic_int *sleepers; /* of all processes */

/* A wait begins before its first sleep, so whoever sleeps is owed the next set(), whatever comes after it. */
static polyshm_status count_once(void (*sleep_slice)(void *slice), void *slice, void *context) {
  bool *counted = context;
  if (!*counted)
    (void)atomic_fetch_add(sleepers, 1);
  *counted = true;
  sleep_slice(slice);
  return POLYSHM_OK;
}

/* A wait for ever would not end if it were lost; this long is as good, and a failure says so. */
static polyshm_status wait_long(polyshm_event *event) {
  bool set = false, counted = false;
  polyshm_on_wait(count_once, &counted);
  polyshm_status status = polyshm_event_wait(event, LONG, &set);
  polyshm_on_wait(NULL, NULL);
  return status || set ? status : polyshm_fail(POLYSHM_ETIMEDOUT, "it waited for nothing");
}

static void wait_for_sleepers(int count) {
  for (int i = 0; i < 20000 && atomic_load(sleepers) < count; i++)
    sleep_milliseconds(1);
}

static void begin_to_count_sleepers(void) {
  sleepers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(sleepers != MAP_FAILED);
}

static void end_counting_sleepers(void) {
  assert_int_equal(munmap(sleepers, 4096), 0);
}

static void wait_in_a_thread(struct worker *worker) {
  worker->status = wait_long(worker->shared);
}

static void set_only(struct worker *worker) {
  wait_for_sleepers(MANY - 1);
  worker->status = polyshm_event_set(worker->shared);
}

static void set_and_clear_at_once(struct worker *worker) {
  set_only(worker);
  if (!worker->status)
    worker->status = polyshm_event_clear(worker->shared);
}

static void all_threads_are_woken(void **state) {
  (void)state;
  void (*const setters[])(struct worker *) = {set_only, set_and_clear_at_once};
  for (int way = 0; way < 4; way++) {
    polyshm_event *event = new_event();
    polyshm_view *view = word_of(event);
    struct worker workers[MANY];
    void (*const works[MANY])(struct worker *) = {wait_in_a_thread, wait_in_a_thread, wait_in_a_thread,
                                                  wait_in_a_thread, wait_in_a_thread, setters[way % 2]};
    if (way >= 2) { /* over the end of the generations, too */
      const polyshm_value last = from_uint(UINT32_MAX & ~(uint32_t)(SET | SLEEPERS));
      assert_ok(polyshm_view_set(view, 0, &last));
    }
    begin_to_count_sleepers();
    run_workers(workers, works, event);
    end_counting_sleepers();
    for (int i = 0; i < MANY; i++)
      assert_worker_is_well(&workers[i]);
    assert_int_equal(is_set(event), way % 2 == 0);
    polyshm_view_free(view);
    drop_event(event);
  }
}

/* Again and again, with no pause in which anybody could have noticed by looking. */
enum { ROUNDS = 300 };

struct relay {
  polyshm_event *ball, *back;
};

static void throw_and_catch(struct worker *worker) {
  const struct relay *relay = worker->shared;
  polyshm_event *mine = worker->number ? relay->back : relay->ball;
  polyshm_event *others = worker->number ? relay->ball : relay->back;
  if (worker->number > 1)
    return;
  for (int i = 0; i < ROUNDS && !worker->status; i++) {
    bool set = false;
    if (worker->number)
      worker->status = polyshm_event_set(others);
    if (!worker->status)
      worker->status = polyshm_event_wait(mine, LONG, &set);
    if (!worker->status && !set)
      worker->status = polyshm_fail(POLYSHM_EIO, "round %d: lost", i);
    if (!worker->status)
      worker->status = polyshm_event_clear(mine);
    if (!worker->status && !worker->number)
      worker->status = polyshm_event_set(others);
  }
}

static void no_set_is_lost(void **state) {
  (void)state;
  struct relay relay = {new_event(), new_event()};
  struct worker workers[MANY];
  run_alike(workers, throw_and_catch, &relay);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  drop_event(relay.ball);
  drop_event(relay.back);
}

static void close_soon(struct worker *worker) {
  wait_for_sleepers(MANY - 1);
  (void)polyshm_event_close(worker->shared);
}

static void close_wakes_who_waits(void **state) {
  (void)state;
  polyshm_event *a = new_event(), *b = another(a);
  struct worker workers[MANY];
  void (*const works[MANY])(struct worker *) = {wait_in_a_thread, wait_in_a_thread, wait_in_a_thread,
                                                wait_in_a_thread, wait_in_a_thread, close_soon};
  begin_to_count_sleepers();
  int64_t start = milliseconds_now();
  run_workers(workers, works, b);
  assert_true(milliseconds_now() - start < 5000);
  end_counting_sleepers();
  for (int i = 0; i < MANY - 1; i++)
    assert_int_equal(workers[i].status, POLYSHM_CLOSED);
  assert_false(is_set(a));
  polyshm_event_free(b);
  drop_event(a);
}

/* ---- processes ---- */

/* By the handle it has from its parent, or by one of its own. */
static int child_that_waits(polyshm_event *inherited, bool own) {
  int child = fork_child();
  if (child)
    return child;
  polyshm_event *event = inherited;
  if (own)
    must_ok(polyshm_event_attach(polyshm_event_name(inherited), 0, 0, &event));
  must_ok(wait_long(event));
  polyshm_event_free(event);
  _exit(0);
}

static void all_processes_are_woken(void **state) {
  (void)state;
  for (int clear = 0; clear < 2; clear++) {
    polyshm_event *event = new_event();
    int children[MANY];
    begin_to_count_sleepers();
    for (int i = 0; i < MANY; i++)
      children[i] = child_that_waits(event, i % 2);
    wait_for_sleepers(MANY);
    assert_ok(polyshm_event_set(event));
    if (clear)
      assert_ok(polyshm_event_clear(event));
    for (int i = 0; i < MANY; i++)
      assert_child_succeeds(children[i]);
    end_counting_sleepers();
    drop_event(event);
  }
}

static void set_it(void *context) {
  must_ok(polyshm_event_set(context));
}

/* Killed after set(), or in the middle of it, before it woke anybody: then the word alone tells. */
static void a_killed_setter(void **state) {
  (void)state;
  polyshm_event *event = new_event();
  polyshm_view *view = word_of(event);
  end_child(child_that(set_it, event));
  assert_true(is_set(event));
  assert_true(comes(event, 0));
  assert_ok(polyshm_event_clear(event));

  begin_to_count_sleepers();
  int child = child_that_waits(event, true);
  wait_for_sleepers(1);
  const polyshm_value word = from_int(100 * GENERATION + SET);
  assert_ok(polyshm_view_set(view, 0, &word));
  assert_child_succeeds(child);
  end_counting_sleepers();
  polyshm_view_free(view);
  drop_event(event);
}

static void a_killed_waiter(void **state) {
  (void)state;
  polyshm_event *event = new_event();
  int children[MANY];
  begin_to_count_sleepers();
  for (int i = 0; i < MANY; i++)
    children[i] = child_that_waits(event, i % 3);
  wait_for_sleepers(MANY);
  for (int i = 1; i < MANY; i += 2)
    end_child(children[i]);
  assert_ok(polyshm_event_set(event));
  for (int i = 0; i < MANY; i += 2)
    assert_child_succeeds(children[i]);
  end_counting_sleepers();
  drop_event(event);
}

/* ---- interrupts, and a word that somebody else writes ---- */

static void a_signal_ends_a_wait(void **state) {
  (void)state;
  const int flags[] = {0, SA_RESTART};
  polyshm_event *event = new_event();
  bool set = true;
  for (int i = 0; i < 2; i++) {
    signal_after(30, flags[i], true);
    polyshm_status status = polyshm_event_wait(event, LONG, &set);
    no_more_signals();
    assert_status(POLYSHM_EINTR, status);
    assert_words("wait");
    assert_false(set);
  }
  drop_event(event);
}

static polyshm_status give_up(void (*sleep_slice)(void *slice), void *slice, void *context) {
  sleep_slice(slice);
  return ++*(int *)context == 3 ? POLYSHM_EINTR : POLYSHM_OK;
}

static void a_hook_ends_a_wait(void **state) {
  (void)state;
  polyshm_event *event = new_event();
  bool set = true;
  int calls = 0;
  polyshm_on_wait(give_up, &calls);
  assert_status(POLYSHM_EINTR, polyshm_event_wait(event, -1, &set));
  polyshm_on_wait(NULL, NULL);
  assert_int_equal(calls, 3);
  assert_false(set);
  drop_event(event);
}

struct scribbling {
  polyshm_view *view;
  atomic_bool done;
};

static void *change_without_pause(void *context) {
  struct scribbling *scribbling = context;
  for (polyshm_value word = from_int(0); !atomic_load(&scribbling->done); word.as.int64 ^= SLEEPERS)
    if (polyshm_view_set(scribbling->view, 0, &word))
      return NULL;
  return NULL;
}

static void a_word_that_changes_without_pause(void **state) {
  (void)state;
  polyshm_event *event = new_event();
  struct scribbling scribbling = {.view = word_of(event)};
  bool set = true;
  int calls = 0;
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, change_without_pause, &scribbling), 0);
  int64_t start = milliseconds_now();
  assert_false(comes(event, 200 * MILLISECONDS));
  assert_in_range(milliseconds_now() - start, 199, 10000);
  assert_false(comes(event, 0));
  polyshm_on_wait(give_up, &calls);
  assert_status(POLYSHM_EINTR, polyshm_event_wait(event, -1, &set));
  polyshm_on_wait(NULL, NULL);
  atomic_store(&scribbling.done, true);
  assert_int_equal(pthread_join(thread, NULL), 0);
  polyshm_view_free(scribbling.view);
  drop_event(event);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(set_and_clear),           TEST(a_timeout_is_kept),  TEST(the_generation_wraps_around),
      TEST(all_threads_are_woken),   TEST(no_set_is_lost),     TEST(close_wakes_who_waits),
      TEST(all_processes_are_woken), TEST(a_killed_setter),    TEST(a_killed_waiter),
      TEST(a_signal_ends_a_wait),    TEST(a_hook_ends_a_wait), TEST(a_word_that_changes_without_pause),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
