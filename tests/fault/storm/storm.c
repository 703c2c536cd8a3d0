/*
 * storm [caught]: kills players of the game it is linked with: 20 000 of them, or with POLYSHM_LONG a
 * million. Fails on a violation; `caught` is for broken variants, and fails unless there is one.
 */
#include "storm.h"

#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MICROSECOND INT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)
#define SECOND (1000 * MILLISECOND)

struct arena *arena;

static char object_name[64];
static pid_t pids[PLAYERS];
static int64_t kills, killed_holding, killed_waiting, deadline;

/* ---- for the games ---- */

static int64_t now(void) {
  struct timespec time;
  (void)clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

void violation(const char *format, ...) {
  va_list words;
  if (atomic_exchange(&arena->violated, true))
    return;
  va_start(words, format);
  (void)vsnprintf(arena->violation, sizeof arena->violation, format, words);
  va_end(words);
}

void must(polyshm_status status, const char *call) {
  if (status)
    violation("%s: %s, %s", call, polyshm_status_name(status), polyshm_last_error());
}

int64_t wait_begins(struct player *me) {
  atomic_store(&me->waiting, true);
  return now();
}

void wait_ends(struct player *me, int64_t began) {
  int64_t waited = now() - began;
  atomic_store(&me->waiting, false);
  if (waited > atomic_load(&me->longest_wait))
    atomic_store(&me->longest_wait, waited);
  if (waited >= arena->patience)
    violation("a player waited for %lld ms", (long long)(waited / MILLISECOND));
}

void holds(struct player *me, unsigned count) {
  atomic_store(&me->held, (atomic_load(&me->held) | 3) + 1 + count);
}

static uint32_t dice = 1;

unsigned random_below(unsigned limit) { /* xorshift32, G. Marsaglia, 2003 */
  dice ^= dice << 13;
  dice ^= dice >> 17;
  dice ^= dice << 5;
  return dice % limit;
}

void dawdle(void) {
  if (random_below(4) == 0)
    (void)sched_yield(); /* also so that the killer gets a processor in time */
  for (volatile unsigned i = random_below(200); i > 0; i--) {
  }
}

/* ---- a player ---- */

static _Noreturn void play(int player, uint32_t seed) {
  struct player *me = &arena->players[player];
  dice = seed;
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (!atomic_load(&arena->violated)) {
    /* Most use the inherited handle for as long as they live, and some come and go. */
    const bool visits = random_below(4) == 0;
    game.enter(player, visits);
    for (int i = 0; (!visits || i < 10) && !atomic_load(&arena->violated); i++) {
      game.round(me);
      atomic_fetch_add(&me->rounds, 1);
    }
    game.leave();
  }
  _exit(0);
}

static bool is_survivor(int player) {
  return game.survivors >> player & 1;
}

static void begin(int player) {
  struct player *place = &arena->players[player];
  holds(place, 0);
  atomic_store(&place->waiting, false);
  atomic_store(&place->doomed, 0);
  uint32_t seed = dice + (uint32_t)now() * 2654435761U;
  pids[player] = fork();
  if (pids[player] == 0)
    play(player, seed ? seed : 1);
  if (pids[player] < 0) {
    perror("fork");
    exit(2);
  }
}

static void kill_player(int player) {
  struct player *place = &arena->players[player];
  int ended = 0;
  atomic_store(&place->doomed, 1);
  (void)kill(pids[player], SIGKILL);
  (void)waitpid(pids[player], &ended, 0);
  if (!WIFSIGNALED(ended) || WTERMSIG(ended) != SIGKILL) /* it does so after a violation */
    violation("a player ended by itself, with %s %d", WIFSIGNALED(ended) ? "signal" : "status",
              WIFSIGNALED(ended) ? WTERMSIG(ended) : WEXITSTATUS(ended));
  kills++;
  killed_holding += (atomic_load(&place->held) & 3) != 0;
  killed_waiting += atomic_load(&place->waiting);
}

/* ---- the storm ---- */

static void pause_for(int64_t nanoseconds) {
  int64_t end = now() + nanoseconds;
  if (nanoseconds >= 60 * MICROSECOND) /* a sleep takes 50 us more than one asks for */
    (void)nanosleep(&(struct timespec){0, (long)(nanoseconds - 50 * MICROSECOND)}, NULL);
  while (now() < end) {
  }
}

/* Each survivor ends the round it is in, and one more. */
static void await_survivors(void) {
  int64_t end = now() + 2 * arena->patience;
  for (int i = 0; i < PLAYERS; i++) {
    int64_t before = atomic_load(&arena->players[i].rounds);
    while (is_survivor(i) && atomic_load(&arena->players[i].rounds) < before + 2 &&
           !atomic_load(&arena->violated)) {
      if (now() > end)
        violation("a survivor makes no progress");
      pause_for(60 * MICROSECOND);
    }
  }
}

/* All others die at once, and no new one helps the survivors on. */
static void kill_all_mortals(void) {
  for (int i = 0; i < PLAYERS; i++)
    if (!is_survivor(i))
      kill_player(i);
  if (!game.in_pairs)
    await_survivors();
  for (int i = 0; i < PLAYERS; i++)
    if (!is_survivor(i))
      begin(i);
  if (game.in_pairs)
    await_survivors();
}

static void kill_one_mortal(void) {
  int player;
  do
    player = (int)random_below(PLAYERS);
  while (is_survivor(player));
  kill_player(player);
  begin(player);
}

static int64_t sum_of(size_t counter) {
  int64_t sum = 0;
  for (int i = 0; i < PLAYERS; i++)
    sum += *(_Atomic int64_t *)(void *)((char *)&arena->players[i] + counter);
  return sum;
}

static void report(int64_t goal, int64_t began) {
  int64_t longest = 0;
  for (int i = 0; i < PLAYERS; i++)
    if (atomic_load(&arena->players[i].longest_wait) > longest)
      longest = atomic_load(&arena->players[i].longest_wait);
  printf("%s: %lld of %lld kills in %lld s, %lld of holders, %lld of waiters; %lld rounds; ", game.name,
         (long long)kills, (long long)goal, (long long)((now() - began) / SECOND), (long long)killed_holding,
         (long long)killed_waiting, (long long)sum_of(offsetof(struct player, rounds)));
  if (game.recovers)
    printf("%lld recoveries; ", (long long)sum_of(offsetof(struct player, recoveries)));
  printf("longest wait %.1f ms\n", (double)longest / (double)MILLISECOND);
}

static void rage(int64_t goal, int64_t began, int64_t report_every) {
  int64_t next_report = began + report_every;
  for (int i = 0; i < PLAYERS; i++)
    begin(i);
  while (kills < goal && now() < deadline && !atomic_load(&arena->violated)) {
    pause_for((int64_t)random_below(1U << random_below(12)) * MICROSECOND);
    if (random_below(8) == 0)
      kill_all_mortals();
    else
      kill_one_mortal();
    if (now() > next_report) {
      report(goal, began);
      next_report += report_every;
    }
  }
}

/* At the end nobody survives. */
static void calm_down(void) {
  if (!atomic_load(&arena->violated))
    await_survivors();
  for (int i = 0; i < PLAYERS; i++)
    kill_player(i);
}

static void check_afresh(void) {
  int ended = 0;
  pid_t child = fork();
  if (child == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    game.enter(0, true);
    game.check();
    game.leave();
    _exit(0);
  }
  if (child < 0 || waitpid(child, &ended, 0) != child || ended != 0)
    violation("the fresh process ended with %d", ended);
}

static int verdict(bool must_be_caught, int64_t goal) {
  const bool violated = atomic_load(&arena->violated);
  if (violated)
    printf("%s: VIOLATION: %s\n", game.name, arena->violation);
  if (must_be_caught) {
    printf("%s: the broken variant was %s\n", game.name, violated ? "caught, as it should" : "NOT caught");
    return !violated;
  }
  if (!violated && kills < goal)
    printf("%s: no violation, but time was up after %lld of %lld kills: this machine is slow or busy\n",
           game.name, (long long)kills, (long long)goal);
  return violated;
}

int main(int count, char **words) {
  const bool must_be_caught = count > 1 && strcmp(words[1], "caught") == 0;
  const char *wanted = getenv("POLYSHM_LONG");
  const bool is_long = wanted && strcmp(wanted, "1") == 0 && !must_be_caught;
  const int64_t goal = is_long ? 1000000 : 20000, began = now();
  deadline = began + (is_long ? 7000 : 40) * SECOND;
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  (void)snprintf(object_name, sizeof object_name, "test-storm-%d", (int)getpid());
  arena = mmap(NULL, sizeof *arena, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (arena == MAP_FAILED || game.make(object_name)) {
    perror("the arena, or the object");
    return 2;
  }
  /* A broken variant may as well be caught sooner: it would wait for ever. */
  arena->patience = must_be_caught ? 2 * SECOND : 10 * SECOND;
  dice = (uint32_t)began | 1;
  rage(goal, began, is_long ? 5 * SECOND : 2 * SECOND);
  calm_down();
  report(goal, began);
  if (!atomic_load(&arena->violated)) {
    check_afresh();
    if (game.sum)
      game.sum(kills);
  }
  game.drop();
  return verdict(must_be_caught, goal);
}
