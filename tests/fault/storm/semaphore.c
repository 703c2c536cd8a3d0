/* No more permits out than there are, and none is ever lost. */
#include "storm.h"

#include <string.h>

#define PERMITS 2

static polyshm_semaphore *made, *semaphore;

static polyshm_status make(const char *name) {
  return polyshm_semaphore_create(name, PERMITS, 0600, &made);
}

static void drop(void) {
  (void)!polyshm_semaphore_unlink(made);
  polyshm_semaphore_free(made);
}

static void enter(int player, bool attach) {
  (void)player;
  semaphore = made;
  if (attach)
    must(polyshm_semaphore_attach(polyshm_semaphore_name(made), 0, 0, &semaphore), "attach");
}

static void leave(void) {
  if (semaphore != made)
    polyshm_semaphore_free(semaphore);
}

/* This is what all have said that they have. */
struct picture {
  uint64_t held[PLAYERS];
  uint32_t doomed[PLAYERS];
};

static void look(struct picture *picture) {
  for (int i = 0; i < PLAYERS; i++) {
    picture->held[i] = atomic_load(&arena->players[i].held);
    picture->doomed[i] = atomic_load(&arena->players[i].doomed);
  }
}

/* Two equal looks, one after the other, are how it was between them, as no player says the same twice; what
 * the doomed have may have been taken over. */
static void check_holders(void) {
  struct picture first = {0}, second = {0};
  unsigned count = 0;
  look(&first);
  look(&second);
  for (int i = 0; i < PLAYERS; i++)
    count += second.doomed[i] ? 0 : (unsigned)(second.held[i] & 3);
  if (count > PERMITS && memcmp(&first, &second, sizeof first) == 0)
    violation("%u of %d permits are out at once", count, PERMITS);
}

static void play_round(struct player *me) {
  bool one = false, another = false;
  int64_t began = wait_begins(me);
  must(polyshm_semaphore_acquire(semaphore, arena->patience, &one), "acquire");
  wait_ends(me, began);
  if (!one)
    return;
  holds(me, 1);
  if (random_below(4) == 0) {
    must(polyshm_semaphore_acquire(semaphore, 0, &another), "try");
    holds(me, 1 + another);
  }
  check_holders();
  dawdle();
  holds(me, another);
  must(polyshm_semaphore_release(semaphore), "release");
  holds(me, 0);
  if (another)
    must(polyshm_semaphore_release(semaphore), "release");
  dawdle();
}

static void check(void) {
  bool got = false;
  int64_t free_permits = 0;
  for (int i = 0; i < PERMITS; i++) {
    must(polyshm_semaphore_acquire(semaphore, arena->patience, &got), "acquire, after the storm");
    if (!got)
      violation("a permit is lost after the storm");
  }
  must(polyshm_semaphore_acquire(semaphore, 0, &got), "try, after the storm");
  if (got)
    violation("there is one permit more after the storm");
  for (int i = 0; i < PERMITS; i++)
    must(polyshm_semaphore_release(semaphore), "release, after the storm");
  must(polyshm_semaphore_value(semaphore, &free_permits), "value, after the storm");
  if (free_permits != PERMITS)
    violation("%d permits are free after the storm", (int)free_permits);
}

const struct game game = {.name = "semaphore",
                          .survivors = 1,
                          .make = make,
                          .drop = drop,
                          .enter = enter,
                          .leave = leave,
                          .round = play_round,
                          .check = check};
