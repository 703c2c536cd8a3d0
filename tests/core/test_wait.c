/* Waiting, in attach and in resize: timeouts, signals, hooks. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

/* Attaches, and says how long that took. */
static polyshm_status timed_attach(const char *name, int64_t timeout, polyshm_segment **segment,
                                   int64_t *taken) {
  int64_t start = milliseconds_now();
  polyshm_status status = polyshm_segment_attach(name, 0, timeout, segment);
  *taken = milliseconds_now() - start;
  return status;
}

static void a_timeout_is_kept(void **state) {
  (void)state;
  const int64_t timeouts[] = {0, 1, 20, 200};
  for (int i = 0; i < 4; i++) {
    polyshm_segment *segment = NULL;
    int64_t taken = 0;
    assert_status(POLYSHM_ENOENT, timed_attach(fresh_name(), timeouts[i] * MILLISECONDS, &segment, &taken));
    assert_null(segment);
    assert_in_range(taken, timeouts[i] ? timeouts[i] - 1 : 0, timeouts[i] + 10000);
  }
}

static void what_is_wrong_is_said_at_once(void **state) {
  (void)state;
  polyshm_segment *segment = NULL;
  int64_t taken = 0;
  assert_status(POLYSHM_ARGUMENT, timed_attach("a/b", -1, &segment, &taken));
  assert_true(taken < 10000);
}

struct later {
  const char *name;
  bool in_two_steps; /* as CPython does it */
};

static void *create_later(void *context) {
  const struct later *later = context;
  sleep_milliseconds(50);
  if (later->in_two_steps) {
    FILE *file = fopen(path_of_name(later->name), "we");
    sleep_milliseconds(50);
    if (file && ftruncate(fileno(file), 10) == 0)
      (void)fclose(file);
    return NULL;
  }
  polyshm_segment *segment = NULL;
  if (polyshm_segment_create(later->name, 10, 0600, &segment) == POLYSHM_OK)
    polyshm_segment_free(segment);
  return NULL;
}

static void a_name_that_comes_is_attached(void **state) {
  (void)state;
  const int64_t timeouts[] = {-1, INT64_MIN, INT64_MAX, 10000 * MILLISECONDS};
  for (int i = 0; i < 4; i++)
    for (int two_steps = 0; two_steps < 2; two_steps++) {
      struct later later = {fresh_name(), two_steps};
      polyshm_segment *segment = NULL;
      int64_t taken = 0;
      pthread_t thread;
      assert_int_equal(pthread_create(&thread, NULL, create_later, &later), 0);
      polyshm_status status = timed_attach(later.name, timeouts[i], &segment, &taken);
      assert_int_equal(pthread_join(thread, NULL), 0);
      assert_ok(status);
      assert_int_equal(polyshm_segment_size(segment), 10);
      assert_in_range(taken, 40, 10000);
      drop_segment(segment);
    }
}

static void an_empty_file_is_waited_for_no_longer_than_asked(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = NULL;
  int64_t taken = 0;
  FILE *file = fopen(path_of_name(name), "we");
  assert_non_null(file);
  assert_int_equal(fclose(file), 0);
  assert_status(POLYSHM_ENODATA, timed_attach(name, 30 * MILLISECONDS, &segment, &taken));
  assert_in_range(taken, 29, 10000);
  assert_int_equal(unlink(path_of_name(name)), 0);
}

/* ---- signals ---- */

static void a_signal_ends_a_wait_without_a_hook(void **state) {
  (void)state;
  const int flags[] = {0, SA_RESTART}; /* which is what signal(3) sets, Lua's and Tcl's way */
  for (int i = 0; i < 2; i++) {
    polyshm_segment *segment = NULL;
    int64_t taken = 0;
    signal_after(50, flags[i], true);
    assert_status(POLYSHM_EINTR, timed_attach(fresh_name(), -1, &segment, &taken));
    no_more_signals();
    assert_words("attach");
    assert_null(segment);
    assert_true(signals_taken() >= 1);
    assert_in_range(taken, 40, 10000);
  }
}

struct hook_calls {
  int count, limit;
  polyshm_status answer; /* at the limit */
};

static polyshm_status hook(void (*sleep_slice)(void *slice), void *slice, void *context) {
  struct hook_calls *calls = context;
  sleep_slice(slice);
  return ++calls->count == calls->limit ? calls->answer : POLYSHM_OK;
}

static void a_hook_lets_the_wait_go_on(void **state) {
  (void)state;
  struct hook_calls calls = {.limit = -1};
  polyshm_segment *segment = NULL;
  int64_t taken = 0;
  signal_after(20, SA_RESTART, false);
  polyshm_on_wait(hook, &calls);
  assert_status(POLYSHM_ENOENT, timed_attach(fresh_name(), 300 * MILLISECONDS, &segment, &taken));
  polyshm_on_wait(NULL, NULL);
  assert_int_equal(signals_taken(), 1);
  assert_in_range(taken, 299, 10000);
  assert_true(calls.count >= 2); /* slices, not all at once */
}

static void a_hook_ends_the_wait(void **state) {
  (void)state;
  const polyshm_status answers[] = {POLYSHM_EINTR, POLYSHM_CLOSED};
  for (int i = 0; i < 2; i++) {
    struct hook_calls calls = {.limit = 3, .answer = answers[i]};
    polyshm_segment *segment = NULL;
    polyshm_on_wait(hook, &calls);
    assert_status(answers[i], polyshm_segment_attach(fresh_name(), 0, -1, &segment));
    polyshm_on_wait(NULL, NULL);
    assert_null(segment);
    assert_int_equal(calls.count, 3);
  }
}

/* As a script's handler that waits itself. */
static polyshm_status nesting_hook(void (*sleep_slice)(void *slice), void *slice, void *context) {
  struct hook_calls *calls = context;
  struct hook_calls inner = {.limit = 2, .answer = POLYSHM_CLOSED};
  polyshm_segment *segment = NULL;
  sleep_slice(slice);
  polyshm_hooked before = polyshm_on_wait(hook, &inner);
  assert_status(POLYSHM_CLOSED, polyshm_segment_attach("test-core-nobody-makes-this", 0, -1, &segment));
  (void)polyshm_on_wait(before.hook, before.context);
  assert_int_equal(inner.count, 2);
  return ++calls->count == calls->limit ? calls->answer : POLYSHM_OK;
}

static void a_hook_is_given_back_after_another_one(void **state) {
  (void)state;
  struct hook_calls calls = {.limit = 3, .answer = POLYSHM_EINTR};
  polyshm_segment *segment = NULL;
  polyshm_hooked none = polyshm_on_wait(nesting_hook, &calls);
  assert_null(none.hook);
  assert_null(none.context);
  assert_status(POLYSHM_EINTR, polyshm_segment_attach(fresh_name(), 0, -1, &segment));
  polyshm_hooked mine = polyshm_on_wait(NULL, NULL);
  assert_true(mine.hook == nesting_hook);
  assert_ptr_equal(mine.context, &calls);
  assert_int_equal(calls.count, 3);
}

static void *wait_in_a_thread(void *context) {
  polyshm_segment *segment = NULL;
  *(polyshm_status *)context =
      polyshm_segment_attach("test-core-nobody-makes-this", 0, 50 * MILLISECONDS, &segment);
  return NULL;
}

static void a_hook_is_its_threads_own(void **state) {
  (void)state;
  struct hook_calls calls = {.limit = -1};
  polyshm_status status = POLYSHM_OK;
  pthread_t thread;
  polyshm_on_wait(hook, &calls);
  assert_int_equal(pthread_create(&thread, NULL, wait_in_a_thread, &status), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  polyshm_on_wait(NULL, NULL);
  assert_int_equal(status, POLYSHM_ENOENT);
  assert_int_equal(calls.count, 0);
}

/* ---- growing: one process at a time ---- */

static int lock_file(const char *name) {
  int fd = open(path_of_name(name), O_RDWR | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  return fd;
}

static void *unlock_later(void *context) {
  sleep_milliseconds(100);
  (void)close(*(int *)context);
  return NULL;
}

static void resize_waits_for_another_one(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = new_segment(name, 100);
  int fd = lock_file(name);
  int64_t start = milliseconds_now();
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, unlock_later, &fd), 0);
  polyshm_status status = polyshm_segment_resize(segment, 20000);
  int64_t taken = milliseconds_now() - start;
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_ok(status);
  assert_in_range(taken, 90, 4900);
  assert_int_equal(polyshm_segment_size(segment), 20000);
  drop_segment(segment);
}

static void resize_does_not_wait_for_ever(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = new_segment(name, 100);
  int fd = lock_file(name);
  int64_t start = milliseconds_now();
  assert_status(POLYSHM_EBUSY, polyshm_segment_resize(segment, 20000));
  assert_words("try again");
  assert_in_range(milliseconds_now() - start, 4900, 20000);
  assert_int_equal(polyshm_segment_size(segment), 100);
  assert_ok(polyshm_segment_refresh(segment)); /* looks, and needs no lock */

  signal_after(50, SA_RESTART, true);
  start = milliseconds_now();
  assert_status(POLYSHM_EINTR, polyshm_segment_resize(segment, 20000));
  no_more_signals();
  assert_in_range(milliseconds_now() - start, 40, 4900);
  assert_int_equal(close(fd), 0);
  assert_ok(polyshm_segment_resize(segment, 20000));
  drop_segment(segment);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_timeout_is_kept),
      TEST(what_is_wrong_is_said_at_once),
      TEST(a_name_that_comes_is_attached),
      TEST(an_empty_file_is_waited_for_no_longer_than_asked),
      TEST(a_signal_ends_a_wait_without_a_hook),
      TEST(a_hook_lets_the_wait_go_on),
      TEST(a_hook_ends_the_wait),
      TEST(a_hook_is_its_threads_own),
      TEST(a_hook_is_given_back_after_another_one),
      TEST(resize_waits_for_another_one),
      TEST(resize_does_not_wait_for_ever),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
