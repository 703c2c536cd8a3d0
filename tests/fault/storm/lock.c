/* Mutual exclusion: one owner at a time, and what it guards is whole or announced as recovered. */
#include "storm.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* This is what the lock guards: two numbers that are equal whenever nobody is between them. */
static struct guarded {
  _Atomic uint32_t owner;
  volatile int64_t first, second;
} * guarded;

static polyshm_lock *made, *lock;

static polyshm_status make(const char *name) {
  guarded = mmap(NULL, sizeof *guarded, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return guarded == MAP_FAILED ? POLYSHM_ENOMEM : polyshm_lock_create(name, 0600, &made);
}

static void drop(void) {
  (void)!polyshm_lock_unlink(made);
  polyshm_lock_free(made);
}

static void enter(int player, bool attach) {
  (void)player;
  lock = made;
  if (attach)
    must(polyshm_lock_attach(polyshm_lock_name(made), 0, 0, &lock), "attach");
}

static void leave(void) {
  if (lock != made)
    polyshm_lock_free(lock);
}

static void recover(struct player *me) {
  guarded->second = guarded->first;
  atomic_fetch_add(&me->recoveries, 1);
  must(polyshm_lock_repaired(lock), "repaired");
}

static void play_round(struct player *me) {
  const uint32_t number = (uint32_t)getpid();
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  int64_t began = wait_begins(me);
  must(polyshm_lock_lock(lock, arena->patience, &outcome), "lock");
  wait_ends(me, began);
  if (outcome == POLYSHM_LOCK_TIMED_OUT)
    return;
  holds(me, 1);
  uint32_t before = atomic_exchange(&guarded->owner, number);
  if (outcome == POLYSHM_LOCKED && (before || guarded->first != guarded->second))
    violation("locked, and nothing said of the death of %u; %lld and %lld", before, (long long)guarded->first,
              (long long)guarded->second);
  if (outcome == POLYSHM_RECOVERED)
    recover(me);
  guarded->first++;
  dawdle();
  guarded->second++;
  uint32_t after = number;
  if (!atomic_compare_exchange_strong(&guarded->owner, &after, 0))
    violation("two owners at once: %u and %u", number, after);
  must(polyshm_lock_unlock(lock), "unlock");
  holds(me, 0);
  dawdle();
}

static void check(void) {
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  must(polyshm_lock_lock(lock, arena->patience, &outcome), "lock, after the storm");
  if (outcome == POLYSHM_RECOVERED)
    must(polyshm_lock_repaired(lock), "repaired, after the storm");
  must(polyshm_lock_unlock(lock), "unlock, after the storm");
  must(polyshm_lock_lock(lock, 0, &outcome), "try, after the storm");
  if (outcome != POLYSHM_LOCKED)
    violation("after the storm the lock is %s", polyshm_lock_outcome_name(outcome));
  must(polyshm_lock_unlock(lock), "unlock, after the storm");
}

/* A storm that seldom hits an owner proves little; nobody recovers from more deaths than there were. */
static void sum(int64_t kills) {
  int64_t recoveries = 0;
  for (int i = 0; i < PLAYERS; i++)
    recoveries += atomic_load(&arena->players[i].recoveries);
  if (recoveries < kills / 100 || recoveries > kills)
    violation("%lld recoveries in %lld kills", (long long)recoveries, (long long)kills);
}

const struct game game = {.name = "lock",
                          .survivors = 1,
                          .recovers = true,
                          .make = make,
                          .drop = drop,
                          .enter = enter,
                          .leave = leave,
                          .round = play_round,
                          .check = check,
                          .sum = sum};
