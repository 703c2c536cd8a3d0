/* The flag to wait for, on plain memory. */
#include "words.h"

#include "sync/flagword.h"

#define SLEEPERS 1U

struct scene {
  struct world world;
  _Atomic uint32_t word;
};

static polyshm_status wait_for(struct scene *scene, int64_t timeout) {
  const polyshm__peers peers = peers_in(&scene->world);
  return polyshm__flagword_wait(&scene->word, timeout, &peers);
}

static polyshm_status wait_long(void *context) {
  return wait_for(context, LONG);
}

static void set_and_clear(void **state) {
  (void)state;
  struct scene scene = {0};
  assert_false(polyshm__flagword_is_set(&scene.word));
  assert_int_equal(wait_for(&scene, 0), POLYSHM_ETIMEDOUT);
  assert_int_equal(wait_for(&scene, 2 * MILLISECONDS), POLYSHM_ETIMEDOUT);
  for (int i = 0; i < 2; i++) {
    polyshm__flagword_set(&scene.word);
    assert_true(polyshm__flagword_is_set(&scene.word));
    assert_int_equal(wait_for(&scene, 0), POLYSHM_OK);
  }
  polyshm__flagword_clear(&scene.word);
  polyshm__flagword_clear(&scene.word);
  assert_false(polyshm__flagword_is_set(&scene.word));
  assert_int_equal(wait_for(&scene, 0), POLYSHM_ETIMEDOUT);
}

static void a_sleeper_sees_a_flag_that_is_cleared_at_once(void **state) {
  (void)state;
  struct scene scene = {0};
  struct waiter waiter;
  start_waiter(&waiter, wait_long, &scene);
  await_bits(&scene.word, SLEEPERS);
  polyshm__flagword_set(&scene.word);
  polyshm__flagword_clear(&scene.word);
  assert_int_equal(end_of(&waiter), POLYSHM_OK);
  assert_false(polyshm__flagword_is_set(&scene.word));
}

static void a_closed_handle_waits_no_more(void **state) {
  (void)state;
  struct scene scene = {0};
  struct waiter waiter;
  start_waiter(&waiter, wait_long, &scene);
  await_bits(&scene.word, SLEEPERS);
  atomic_store(&scene.world.closed, true);
  assert_int_equal(end_of(&waiter), POLYSHM_CLOSED);
}

static void the_generation_goes_round(void **state) {
  (void)state;
  struct scene scene = {.word = UINT32_MAX & ~3U};
  struct waiter waiter;
  start_waiter(&waiter, wait_long, &scene);
  await_bits(&scene.word, SLEEPERS);
  polyshm__flagword_set(&scene.word);
  polyshm__flagword_clear(&scene.word);
  assert_int_equal(end_of(&waiter), POLYSHM_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(set_and_clear),
      TEST(a_sleeper_sees_a_flag_that_is_cleared_at_once),
      TEST(a_closed_handle_waits_no_more),
      TEST(the_generation_goes_round),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
