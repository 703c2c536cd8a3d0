/*
 * storm.h: players, processes that use one object in rounds, check what it promises, and are killed at random
 * moments, by the thousand. What they share is an arena. Survivors among them are never killed: the others'
 * deaths must not stop them.
 */
#ifndef POLYSHM_STORM_H
#define POLYSHM_STORM_H

#include <polyshm.h>

#include <stdatomic.h>

enum { PLAYERS = 4 };

/** A place for a player; whoever takes it after a death goes on with its sums. */
struct player {
  _Atomic uint64_t held;   /* how much of the object it has, 0 ... 3, below a number that never comes again */
  _Atomic uint32_t doomed; /* it is being killed: what it had may be others' already */
  atomic_bool waiting;
  _Atomic int64_t rounds, recoveries, longest_wait;
};

struct arena {
  struct player players[PLAYERS];
  int64_t patience; /* nanoseconds: nobody may wait for as long */
  atomic_bool violated;
  char violation[200];
};

extern struct arena *arena;

/** This is what the players do with an object, and what they check. */
struct game {
  const char *name;
  unsigned survivors; /* a bit for each player */
  bool in_pairs;      /* a survivor cannot play alone */
  bool recovers;      /* players are told of deaths, and count */
  /** In the parent: makes the object, whose handle its children use, and at the end unlinks it. */
  polyshm_status (*make)(const char *name);
  void (*drop)(void);
  /** In a player: begins, with the inherited handle or one of its own, and ends. */
  void (*enter)(int player, bool attach);
  void (*leave)(void);
  void (*round)(struct player *me);
  /** In a fresh process, after the storm: the object must be as good as new. */
  void (*check)(void);
  /** Words on the sums at the end, or NULL. A violation where they cannot be. */
  void (*sum)(int64_t kills);
};

extern const struct game game;

/** Ends the storm: what was promised is broken. */
void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Violates unless the call is OK. */
void must(polyshm_status status, const char *call);

/** Around each wait for the object: nobody may wait long. */
int64_t wait_begins(struct player *me);
void wait_ends(struct player *me, int64_t began);

/** Says how much of the object the player has now. */
void holds(struct player *me, unsigned count);

/** A player's next random number below `limit`. */
unsigned random_below(unsigned limit);
/** Takes some time, in which others may run. */
void dawdle(void);

#endif
