/* The robust lock word, on plain memory, with participants that are made up. */
#include "words.h"

#include "sync/lockword.h"

struct scene {
  struct world world;
  struct {
    uint64_t before;
    _Atomic uint32_t word;
    uint64_t after;
  } memory; /* as a word stands inside some object */
  polyshm__lockword_outcome outcome;
};

static _Atomic uint32_t *word_of(struct scene *scene) {
  return &scene->memory.word;
}

static polyshm_status wait_as(struct scene *scene, uint32_t id, int64_t timeout) {
  const polyshm__peers peers = peers_in(&scene->world);
  return polyshm__lockword_wait(word_of(scene), id, timeout, &peers, &scene->outcome);
}

static polyshm_status wait_long(void *context) {
  return wait_as(context, ME, LONG);
}

static void who_comes_first_has_it(void **state) {
  (void)state;
  struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true}};
  const polyshm__peers peers = peers_in(&scene.world);
  assert_true(polyshm__lockword_try(word_of(&scene), ME));
  assert_int_equal(polyshm__lockword_owner(word_of(&scene)), ME);
  assert_true(polyshm__lockword_held(word_of(&scene), &peers));
  assert_false(polyshm__lockword_try(word_of(&scene), OTHER));
  assert_int_equal(wait_as(&scene, OTHER, 0), POLYSHM_ETIMEDOUT);
  assert_int_equal(scene.outcome, POLYSHM__NOT_TAKEN);
  assert_int_equal(wait_as(&scene, OTHER, 5 * MILLISECONDS), POLYSHM_ETIMEDOUT);
  assert_int_equal(polyshm__lockword_owner(word_of(&scene)), ME);
  if (!polyshm__lockword_release(word_of(&scene), ME)) /* the bit of who slept is there */
    assert_true(polyshm__lockword_release_waking(word_of(&scene), ME));
  assert_false(polyshm__lockword_held(word_of(&scene), &peers));
  assert_int_equal(wait_as(&scene, OTHER, 0), POLYSHM_OK);
  assert_int_equal(scene.outcome, POLYSHM__TAKEN);
  assert_int_equal(scene.memory.before, 0);
  assert_int_equal(scene.memory.after, 0);
}

static void it_is_taken_from_the_dead(void **state) {
  (void)state;
  struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true}};
  const polyshm__peers peers = peers_in(&scene.world);
  assert_true(polyshm__lockword_try(word_of(&scene), OTHER));
  scene.world.alive[OTHER] = false;
  assert_false(polyshm__lockword_held(word_of(&scene), &peers));
  assert_int_equal(wait_as(&scene, ME, 0), POLYSHM_OK);
  assert_int_equal(scene.outcome, POLYSHM__TAKEN_FROM_THE_DEAD);
  assert_false(polyshm__lockword_release(word_of(&scene), OTHER));
  assert_int_equal(polyshm__lockword_owner(word_of(&scene)), ME);
}

static void a_sleeper_takes_it_when_its_owner_dies_or_unlocks(void **state) {
  (void)state;
  for (int dies = 0; dies < 2; dies++) {
    struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true}};
    struct waiter waiter;
    assert_true(polyshm__lockword_try(word_of(&scene), OTHER));
    start_waiter(&waiter, wait_long, &scene);
    await_bits(word_of(&scene), POLYSHM__LOCKWORD_SLEEPERS);
    if (dies)
      atomic_store(&scene.world.alive[OTHER], false);
    else
      assert_true(polyshm__lockword_release_waking(word_of(&scene), OTHER));
    assert_int_equal(end_of(&waiter), POLYSHM_OK);
    assert_int_equal(scene.outcome, dies ? POLYSHM__TAKEN_FROM_THE_DEAD : POLYSHM__TAKEN);
    assert_int_equal(polyshm__lockword_owner(word_of(&scene)), ME);
  }
}

static void who_has_waited_long_comes_first(void **state) {
  (void)state;
  struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true, [THIRD] = true}};
  struct waiter waiter;
  assert_true(polyshm__lockword_try(word_of(&scene), OTHER));
  start_waiter(&waiter, wait_long, &scene);
  await_bits(word_of(&scene), POLYSHM__LOCKWORD_RESERVED);
  assert_true(polyshm__lockword_release_waking(word_of(&scene), OTHER));
  assert_false(polyshm__lockword_try(word_of(&scene), OTHER)); /* reserved, or taken already */
  assert_int_equal(end_of(&waiter), POLYSHM_OK);
  assert_int_equal(scene.outcome, POLYSHM__TAKEN);
}

static void a_closed_handle_waits_no_more(void **state) {
  (void)state;
  struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true}};
  struct waiter waiter;
  assert_true(polyshm__lockword_try(word_of(&scene), OTHER));
  start_waiter(&waiter, wait_long, &scene);
  await_bits(word_of(&scene), POLYSHM__LOCKWORD_SLEEPERS);
  atomic_store(&scene.world.closed, true);
  assert_int_equal(end_of(&waiter), POLYSHM_CLOSED);
  assert_int_equal(scene.outcome, POLYSHM__NOT_TAKEN);
  assert_int_equal(polyshm__lockword_owner(word_of(&scene)), OTHER);
}

static void what_is_abandoned_is_a_dead_ones(void **state) {
  (void)state;
  struct scene scene = {.world.alive = {[ME] = true, [OTHER] = true}};
  const polyshm__peers peers = peers_in(&scene.world);
  assert_true(polyshm__lockword_try(word_of(&scene), OTHER));
  polyshm__lockword_abandon(word_of(&scene), ME); /* not its own */
  assert_true(polyshm__lockword_held(word_of(&scene), &peers));
  polyshm__lockword_abandon(word_of(&scene), OTHER);
  assert_false(polyshm__lockword_held(word_of(&scene), &peers));
  assert_int_equal(wait_as(&scene, ME, 0), POLYSHM_OK);
  assert_int_equal(scene.outcome, POLYSHM__TAKEN_FROM_THE_DEAD);
}

static void a_word_that_was_written_over(void **state) {
  (void)state;
  const uint32_t words[] = {UINT32_MAX, POLYSHM__LOCKWORD_SLEEPERS, POLYSHM__LOCKWORD_RESERVED, 77};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    struct scene scene = {.world.alive = {[ME] = true}};
    assert_true(polyshm__lockword_try(word_of(&scene), ME));
    atomic_store(word_of(&scene), words[i]);
    assert_false(polyshm__lockword_release(word_of(&scene), ME));
    assert_false(polyshm__lockword_release_waking(word_of(&scene), ME));
    assert_int_equal(wait_as(&scene, ME, LONG), POLYSHM_OK); /* nobody's life is behind it */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(who_comes_first_has_it),
      TEST(it_is_taken_from_the_dead),
      TEST(a_sleeper_takes_it_when_its_owner_dies_or_unlocks),
      TEST(who_has_waited_long_comes_first),
      TEST(a_closed_handle_waits_no_more),
      TEST(what_is_abandoned_is_a_dead_ones),
      TEST(a_word_that_was_written_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
