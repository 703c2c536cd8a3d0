/* The eventcount: a wake for each thing that came free, and none that is lost. */
#include "support.h"

#include "sync/eventcount.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SLEEPERS = 1 }; /* in the word: docs/layouts.md */

/* ---- who sleeps, without slices: only a wake ends it ---- */

struct sleeper {
  _Atomic uint32_t *word;
  pthread_t thread;
  _Atomic pid_t id;
  bool woken; /* false: the word had changed before it slept */
};

static void *announce_and_sleep(void *context) {
  struct sleeper *sleeper = context;
  polyshm__wait wait = polyshm__wait_begin(-1);
  polyshm__wait_slice_is(&wait, INT64_MAX);
  const uint32_t seen = polyshm__eventcount_announce(sleeper->word);
  atomic_store(&sleeper->id, (pid_t)syscall(SYS_gettid));
  (void)!polyshm__wait_word(&wait, sleeper->word, seen, &sleeper->woken);
  return NULL;
}

static void start(struct sleeper *sleeper, _Atomic uint32_t *word) {
  sleeper->word = word;
  atomic_init(&sleeper->id, 0);
  assert_int_equal(pthread_create(&sleeper->thread, NULL, announce_and_sleep, sleeper), 0);
}

static bool is_asleep(struct sleeper *sleeper) {
  char path[64], text[512] = "";
  (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)atomic_load(&sleeper->id));
  FILE *file = fopen(path, "r");
  if (!file)
    return false;
  const size_t length = fread(text, 1, sizeof text - 1, file);
  (void)fclose(file);
  text[length] = 0;
  const char *name_ends = strrchr(text, ')');
  return name_ends && name_ends[1] && name_ends[2] == 'S';
}

static void await_sleep(struct sleeper *sleeper) {
  for (int64_t end = milliseconds_now() + LONG / MILLISECONDS; !is_asleep(sleeper);) {
    assert_true(milliseconds_now() < end);
    sleep_milliseconds(1);
  }
}

static void join(struct sleeper *sleeper) {
  assert_int_equal(pthread_join(sleeper->thread, NULL), 0);
}

/* ---- what one does between a wake that found nobody and its next step ---- */

static void (*after_a_vain_wake)(void);

int64_t __real_polyshm__wake(const _Atomic uint32_t *word, int64_t count);
int64_t __wrap_polyshm__wake(const _Atomic uint32_t *word, int64_t count);
int64_t __wrap_polyshm__wake(const _Atomic uint32_t *word, int64_t count) {
  int64_t woken = __real_polyshm__wake(word, count);
  void (*now)(void) = after_a_vain_wake;
  after_a_vain_wake = NULL;
  if (!woken && now)
    now();
  return woken;
}

/* ---- the tests ---- */

static void one_is_woken_for_one_thing(void **state) {
  (void)state;
  _Atomic uint32_t word = 0;
  struct sleeper sleepers[MANY];
  for (int i = 0; i < MANY; i++) {
    start(&sleepers[i], &word);
    await_sleep(&sleepers[i]);
  }
  for (int left = MANY - 1; left >= MANY - 2; left--) {
    polyshm__eventcount_wake_one(&word);
    assert_true(atomic_load(&word) & SLEEPERS); /* for those who sleep still */
  }
  assert_int_equal(polyshm__wake(&word, INT64_MAX), MANY - 2);
  for (int i = 0; i < MANY; i++) {
    join(&sleepers[i]);
    assert_true(sleepers[i].woken);
  }
}

static void nobody_is_asked_for_who_is_not_there(void **state) {
  (void)state;
  _Atomic uint32_t word = 0;
  polyshm__eventcount_wake_one(&word);
  assert_int_equal(word, 0);
  const uint32_t seen = polyshm__eventcount_announce(&word);
  assert_int_equal(word, seen);
  polyshm__eventcount_wake_one(&word);
  assert_false(word &
               SLEEPERS); /* whoever it was sleeps no more, or not yet: then it finds the word changed */
  assert_int_not_equal(word, seen);
}

static struct {
  _Atomic uint32_t word;
  struct sleeper sleeper;
} late;

static void fall_asleep(void) {
  start(&late.sleeper, &late.word);
  await_sleep(&late.sleeper);
}

/* It announced itself where somebody else had, so the word did not change. */
static void who_falls_asleep_meanwhile_is_woken(void **state) {
  (void)state;
  atomic_store(&late.word, 0);
  (void)polyshm__eventcount_announce(&late.word);
  after_a_vain_wake = fall_asleep;
  polyshm__eventcount_wake_one(&late.word);
  /* Whether it sleeps under the bit does not matter, if only the next one who frees something sees it. */
  const bool would_be_woken = !is_asleep(&late.sleeper) || (atomic_load(&late.word) & SLEEPERS);
  (void)polyshm__wake(&late.word, INT64_MAX);
  join(&late.sleeper);
  assert_true(would_be_woken);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(one_is_woken_for_one_thing),
      TEST(nobody_is_asked_for_who_is_not_there),
      TEST(who_falls_asleep_meanwhile_is_woken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
