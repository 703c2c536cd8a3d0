/*
 * Ping-pong at two tables: a player waits for its event, takes its turn, and sets the event of the other.
 * Each must see the other's set, whenever that one is killed; who takes a dead one's place sets the event
 * again where it may have been missed, which wakes nobody if the flag was set already.
 */
#include "storm.h"

#include <stdio.h>
#include <sys/mman.h>

static struct table {
  _Atomic int turn;                    /* the side that may play */
  _Atomic int64_t entries, for_others; /* how often a player came, and a wait ended without a turn */
} * tables;

static polyshm_event *made[PLAYERS], *mine, *others;
static struct table *table;
static int side, seat;

static polyshm_status make(const char *name) {
  tables =
      mmap(NULL, PLAYERS / 2 * sizeof *tables, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (tables == MAP_FAILED)
    return POLYSHM_ENOMEM;
  for (int i = 0; i < PLAYERS; i++) {
    char one[80];
    (void)snprintf(one, sizeof one, "%s.%d", name, i);
    polyshm_status status = polyshm_event_create(one, 0600, &made[i]);
    if (status)
      return status;
  }
  return POLYSHM_OK;
}

static void drop(void) {
  for (int i = 0; i < PLAYERS; i++) {
    (void)!polyshm_event_unlink(made[i]);
    polyshm_event_free(made[i]);
  }
}

/* The seats of a table are neighbours. */
static void enter(int player, bool attach) {
  seat = player;
  side = player % 2;
  table = &tables[player / 2];
  mine = made[player];
  others = made[player ^ 1];
  if (attach) {
    must(polyshm_event_attach(polyshm_event_name(made[player]), 0, 0, &mine), "attach");
    must(polyshm_event_attach(polyshm_event_name(made[player ^ 1]), 0, 0, &others), "attach");
  }
  atomic_fetch_add(&table->entries, 1);
  must(polyshm_event_set(atomic_load(&table->turn) == side ? mine : others), "set");
}

static void leave(void) {
  if (mine == made[seat])
    return;
  polyshm_event_free(mine);
  polyshm_event_free(others);
}

static void play_round(struct player *me) {
  bool set = false;
  int64_t began = wait_begins(me);
  must(polyshm_event_wait(mine, arena->patience, &set), "wait");
  wait_ends(me, began);
  must(polyshm_event_clear(mine), "clear");
  if (atomic_load(&table->turn) != side) {
    atomic_fetch_add(&table->for_others, 1);
    return;
  }
  holds(me, 1);
  dawdle();
  atomic_store(&table->turn, 1 - side);
  must(polyshm_event_set(others), "set");
  holds(me, 0);
}

static void check(void) {
  bool set = true;
  must(polyshm_event_clear(mine), "clear, after the storm");
  must(polyshm_event_wait(mine, 0, &set), "look, after the storm");
  if (set)
    violation("after the storm a cleared event is set");
  must(polyshm_event_set(mine), "set, after the storm");
  must(polyshm_event_wait(mine, arena->patience, &set), "wait, after the storm");
  if (!set)
    violation("after the storm nobody sees that the event is set");
}

/* Whoever comes sets an event that may be set or waited for already; else nobody wakes without a turn. */
static void sum(int64_t kills) {
  for (int i = 0; i < PLAYERS / 2; i++) {
    int64_t entries = atomic_load(&tables[i].entries), for_others = atomic_load(&tables[i].for_others);
    if (for_others > entries + kills)
      violation("%lld waits ended without a set, of %lld", (long long)for_others, (long long)entries);
  }
}

const struct game game = {.name = "event",
                          .survivors = 1 << 0 | 1 << 3,
                          .in_pairs = true,
                          .make = make,
                          .drop = drop,
                          .enter = enter,
                          .leave = leave,
                          .round = play_round,
                          .check = check,
                          .sum = sum};
