/*
 * How a semaphore is waited for: who is woken, and what the kernel is asked. Waits have no slices here unless
 * a test wants them, so only a wake ends a sleep, and all questions are counted.
 */
#include "support.h"

#include "platform/platform.h"

#include <polyshm/semaphore.h>

#include <stdatomic.h>

static bool sliced;
static atomic_int questions;

polyshm__wait __real_polyshm__wait_begin(int64_t timeout);
polyshm__wait __wrap_polyshm__wait_begin(int64_t timeout);
polyshm__wait __wrap_polyshm__wait_begin(int64_t timeout) {
  polyshm__wait wait = __real_polyshm__wait_begin(timeout);
  if (!sliced)
    wait.slice = INT64_MAX;
  return wait;
}

polyshm_status __real_polyshm__token_alive(int fd, const char *name, const polyshm__identity *identity,
                                           uint32_t id, bool *alive);
polyshm_status __wrap_polyshm__token_alive(int fd, const char *name, const polyshm__identity *identity,
                                           uint32_t id, bool *alive);
polyshm_status __wrap_polyshm__token_alive(int fd, const char *name, const polyshm__identity *identity,
                                           uint32_t id, bool *alive) {
  (void)atomic_fetch_add(&questions, 1);
  return __real_polyshm__token_alive(fd, name, identity, id, alive);
}

enum { HOLDERS = 64, AT_ONCE = 16 }; /* semaphore.h */

static polyshm_semaphore *new_semaphore(int64_t count) {
  polyshm_semaphore *semaphore = NULL;
  assert_ok(polyshm_semaphore_create(fresh_name(), count, 0600, &semaphore));
  return semaphore;
}

static polyshm_semaphore *another(const polyshm_semaphore *semaphore) {
  polyshm_semaphore *other = NULL;
  assert_ok(polyshm_semaphore_attach(polyshm_semaphore_name(semaphore), 0, 0, &other));
  return other;
}

static void drop_semaphore(polyshm_semaphore *semaphore) {
  assert_ok(polyshm_semaphore_unlink(semaphore));
  polyshm_semaphore_free(semaphore);
}

static bool acquire(polyshm_semaphore *semaphore, int64_t timeout) {
  bool acquired = false;
  assert_ok(polyshm_semaphore_acquire(semaphore, timeout, &acquired));
  return acquired;
}

/* ---- wakes ---- */

struct queue {
  polyshm_semaphore *semaphore;
  atomic_int asleep, awake, served; /* who has begun to sleep, who has ended a sleep, who had a permit */
  atomic_bool gives_up;             /* whoever is woken next */
};

static polyshm_status count(void (*sleep_slice)(void *slice), void *slice, void *context) {
  struct queue *queue = context;
  (void)atomic_fetch_add(&queue->asleep, 1);
  sleep_slice(slice);
  (void)atomic_fetch_add(&queue->awake, 1);
  return atomic_exchange(&queue->gives_up, false) ? POLYSHM_EINTR : POLYSHM_OK;
}

static void *wait_in_the_queue(void *context) {
  struct queue *queue = context;
  bool acquired = false;
  (void)polyshm_on_wait(count, context);
  polyshm_status status = polyshm_semaphore_acquire(queue->semaphore, LONG, &acquired);
  (void)polyshm_on_wait(NULL, NULL);
  if (!status && acquired)
    (void)atomic_fetch_add(&queue->served, 1);
  return NULL;
}

static void await(atomic_int *number, int at_least) {
  for (int64_t end = milliseconds_now() + LONG / MILLISECONDS; atomic_load(number) < at_least;) {
    assert_true(milliseconds_now() < end);
    sleep_milliseconds(1);
  }
}

static void begin(struct queue *queue, pthread_t threads[MANY], int64_t permits) {
  *queue = (struct queue){.semaphore = new_semaphore(permits)};
  sliced = false;
  while (acquire(queue->semaphore, 0)) {
  }
  for (int i = 0; i < MANY; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, wait_in_the_queue, queue), 0);
  await(&queue->asleep, MANY);
  sleep_milliseconds(50);
}

static void end(struct queue *queue, const pthread_t threads[MANY]) {
  while (polyshm_semaphore_release(queue->semaphore) == POLYSHM_OK) {
  }
  for (int i = 0; i < MANY; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  drop_semaphore(queue->semaphore);
}

static void a_release_wakes_one(void **state) {
  (void)state;
  struct queue queue;
  pthread_t threads[MANY];
  begin(&queue, threads, MANY);
  assert_ok(polyshm_semaphore_release(queue.semaphore));
  await(&queue.served, 1);
  sleep_milliseconds(100);
  /* One; two, if a waiter was so slow that it was not asleep yet. */
  assert_in_range(atomic_load(&queue.awake), 1, 2);
  end(&queue, threads);
  assert_int_equal(queue.served, MANY);
}

static void who_gives_up_wakes_the_next(void **state) {
  (void)state;
  struct queue queue;
  pthread_t threads[MANY];
  begin(&queue, threads, MANY);
  atomic_store(&queue.gives_up, true);
  assert_ok(polyshm_semaphore_release(queue.semaphore));
  await(&queue.served, 1);
  assert_false(atomic_load(&queue.gives_up));
  end(&queue, threads);
  assert_int_equal(queue.served, MANY - 1);
}

/* ---- questions ---- */

static polyshm_status count_sleeps(void (*sleep_slice)(void *slice), void *slice, void *context) {
  sleep_slice(slice);
  ++*(int *)context;
  return POLYSHM_OK;
}

static void everyone_has_one(polyshm_semaphore *semaphore, polyshm_semaphore *holders[HOLDERS]) {
  for (int i = 0; i < HOLDERS; i++) {
    holders[i] = another(semaphore);
    assert_true(acquire(holders[i], 0));
  }
}

static void a_wait_asks_for_some_at_a_time(void **state) {
  (void)state;
  polyshm_semaphore *semaphore = new_semaphore(HOLDERS), *holders[HOLDERS];
  int sleeps = 0;
  everyone_has_one(semaphore, holders);
  sliced = true;
  (void)polyshm_on_wait(count_sleeps, &sleeps);
  atomic_store(&questions, 0);
  assert_false(acquire(semaphore, 300 * MILLISECONDS));
  assert_true(sleeps >= 1);
  assert_in_range(atomic_load(&questions), 1, AT_ONCE * (sleeps + 1));
  for (int i = 0; i < HOLDERS; i += 9) { /* wherever its permit is */
    sleeps = 0;
    assert_ok(polyshm_semaphore_close(holders[i]));
    assert_true(acquire(semaphore, LONG));
    assert_in_range(sleeps, 0, HOLDERS / AT_ONCE);
    polyshm_semaphore_free(holders[i]);
    holders[i] = another(semaphore);
    assert_ok(polyshm_semaphore_release(semaphore));
    assert_true(acquire(holders[i], 0));
  }
  (void)polyshm_on_wait(NULL, NULL);
  for (int i = 0; i < HOLDERS; i++)
    polyshm_semaphore_free(holders[i]);
  drop_semaphore(semaphore);
}

/* Its answer is of the moment, so it asks for all. */
static void a_try_asks_for_each_holder_once(void **state) {
  (void)state;
  polyshm_semaphore *semaphore = new_semaphore(HOLDERS), *two[2] = {another(semaphore), another(semaphore)};
  int64_t value = -1;
  for (int i = 0; i < HOLDERS; i++)
    assert_true(acquire(two[i % 2], 0));
  atomic_store(&questions, 0);
  assert_false(acquire(semaphore, 0));
  assert_int_equal(questions, 2);
  assert_ok(polyshm_semaphore_value(semaphore, &value));
  assert_int_equal(value, 0);
  assert_int_equal(questions, 4);
  assert_ok(polyshm_semaphore_close(two[1]));
  assert_ok(polyshm_semaphore_value(semaphore, &value));
  assert_int_equal(value, HOLDERS / 2);
  assert_int_equal(questions, 6);
  assert_true(acquire(semaphore, 0));
  polyshm_semaphore_free(two[0]);
  polyshm_semaphore_free(two[1]);
  drop_semaphore(semaphore);
}

static void a_try_finds_the_dead_wherever_they_are(void **state) {
  (void)state;
  polyshm_semaphore *semaphore = new_semaphore(HOLDERS), *holders[HOLDERS];
  everyone_has_one(semaphore, holders);
  for (int i = 0; i < HOLDERS; i++) {
    polyshm_semaphore_free(holders[i]);
    assert_true(acquire(semaphore, 0));
    assert_false(acquire(semaphore, 0));
  }
  drop_semaphore(semaphore);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_release_wakes_one),
      TEST(who_gives_up_wakes_the_next),
      TEST(a_wait_asks_for_some_at_a_time),
      TEST(a_try_asks_for_each_holder_once),
      TEST(a_try_finds_the_dead_wherever_they_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
