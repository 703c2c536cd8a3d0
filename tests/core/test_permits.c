/* Permits as words, on plain memory, with participants that are made up. */
#include "words.h"

#include "sync/permits.h"

enum { PERMITS = 3 };
#define SLEEPERS 1U

struct scene {
  struct world world;
  _Atomic uint32_t changes, words[PERMITS];
  _Atomic int64_t last;
};

static polyshm__permits permits_of(struct scene *scene) {
  return (polyshm__permits){scene->words, PERMITS, &scene->changes, &scene->last};
}

static bool take(struct scene *scene, uint32_t id) {
  const polyshm__permits permits = permits_of(scene);
  return polyshm__permits_take_free(&permits, id);
}

static bool release(struct scene *scene, uint32_t id) {
  const polyshm__permits permits = permits_of(scene);
  return polyshm__permits_release(&permits, id);
}

static polyshm_status wait_as(struct scene *scene, uint32_t id, int64_t timeout) {
  const polyshm__permits permits = permits_of(scene);
  const polyshm__peers peers = peers_in(&scene->world);
  return polyshm__permits_wait(&permits, id, timeout, &peers);
}

static polyshm_status wait_long(void *context) {
  return wait_as(context, ME, LONG);
}

static int64_t count_free(struct scene *scene) {
  const polyshm__permits permits = permits_of(scene);
  const polyshm__peers peers = peers_in(&scene->world);
  return polyshm__permits_free(&permits, ME, &peers);
}

static void as_many_as_there_are(void **state) {
  (void)state;
  struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true}};
  for (int i = 0; i < PERMITS; i++) {
    assert_int_equal(count_free(&scene), PERMITS - i);
    assert_true(take(&scene, i ? OTHER : ME));
  }
  assert_false(take(&scene, ME));
  assert_int_equal(wait_as(&scene, ME, 0), POLYSHM_ETIMEDOUT);
  assert_int_equal(wait_as(&scene, ME, 5 * MILLISECONDS), POLYSHM_ETIMEDOUT);
  assert_false(release(&scene, THIRD));
  assert_true(release(&scene, ME));
  assert_false(release(&scene, ME));
  assert_int_equal(wait_as(&scene, ME, 0), POLYSHM_OK);
}

static void the_dead_have_none(void **state) {
  (void)state;
  struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true}};
  while (take(&scene, OTHER)) {
  }
  assert_int_equal(count_free(&scene), 0);
  scene.world.alive[OTHER] = false;
  scene.world.questions = 0;
  assert_int_equal(count_free(&scene), PERMITS);
  assert_int_equal(scene.world.questions, 1); /* one holder is asked for once */
  for (int i = 0; i < PERMITS; i++)
    assert_int_equal(wait_as(&scene, ME, 0), POLYSHM_OK);
  assert_int_equal(wait_as(&scene, ME, 0), POLYSHM_ETIMEDOUT);
}

static void a_sleeper_gets_what_is_released_or_a_dead_ones(void **state) {
  (void)state;
  for (int dies = 0; dies < 2; dies++) {
    struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true}};
    struct waiter waiter;
    while (take(&scene, OTHER)) {
    }
    start_waiter(&waiter, wait_long, &scene);
    await_bits(&scene.changes, SLEEPERS);
    if (dies)
      atomic_store(&scene.world.alive[OTHER], false);
    else
      assert_true(release(&scene, OTHER));
    assert_int_equal(end_of(&waiter), POLYSHM_OK);
    assert_true(release(&scene, ME));
  }
}

static void a_closed_handle_waits_no_more(void **state) {
  (void)state;
  struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true}};
  struct waiter waiter;
  while (take(&scene, OTHER)) {
  }
  start_waiter(&waiter, wait_long, &scene);
  await_bits(&scene.changes, SLEEPERS);
  atomic_store(&scene.world.closed, true);
  assert_int_equal(end_of(&waiter), POLYSHM_CLOSED);
  assert_false(release(&scene, ME));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(as_many_as_there_are),
      TEST(the_dead_have_none),
      TEST(a_sleeper_gets_what_is_released_or_a_dead_ones),
      TEST(a_closed_handle_waits_no_more),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
