/*
 * kill -9 at every instruction of what is done with locks, semaphores and events. Whoever is left, asleep at
 * that moment or not, must get on: a lock is locked, and recovered exactly when its owner died; all permits
 * of a semaphore are there; who waits for an event that was set wakes.
 */
#include "support.h"

#include "object/object.h"
#include "tracee.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PERMITS 2
#define SHORT (2 * MILLISECONDS)

#define OWNER 0x3fffffffU    /* in a lock's word; above it are the bits for sleepers and the reservation */
#define RESERVED 0x40000000U /* by who has slept long */
#define SLEEPERS 1U          /* in an event's and a semaphore's */

enum { MOST_POINTS = 50000 };

/* This is what the lock guards, and what a second process that slept has to say. */
struct shared {
  volatile int64_t first, second; /* equal whenever the lock is free */
  volatile bool got, torn, has_set;
  volatile polyshm_lock_outcome outcome;
};

struct subject {
  const char *name; /* of an object that the deed makes */
  polyshm_lock *lock;
  polyshm_semaphore *semaphore;
  polyshm_event *event;
  struct shared *shared;
  uint32_t word_before, word; /* the object's word when the child begins, and where it is killed */
};

struct tally {
  int points, missed, locked, recovered, torn, woken;
  int64_t longest; /* ms that a survivor took */
};

/* The first word of an object's body: a lock's owner, an event's generation and flags; changes of a
 * semaphore. */
static uint32_t word_of(const void *handle) {
  return atomic_load((_Atomic uint32_t *)((const polyshm__object *)handle)->body);
}

static uint32_t owner_of(uint32_t word) {
  return word & OWNER;
}

/* ---- locks: what is done and killed ---- */

static void use_guarded(const struct subject *subject) {
  subject->shared->first++;
  subject->shared->second++;
}

static polyshm_lock_outcome lock_for(const struct subject *subject, int64_t timeout) {
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  must_ok(polyshm_lock_lock(subject->lock, timeout, &outcome));
  return outcome;
}

static void unlock(const struct subject *subject) {
  must_ok(polyshm_lock_unlock(subject->lock));
}

static void work_lock(void *context, void *result) {
  (void)result;
  (void)lock_for(context, LONG);
  use_guarded(context);
  unlock(context);
}

static void before_lock(void *context, void *result) {
  work_lock(context, result); /* draws the token, which the work then has */
}

static void before_locked(void *context, void *result) {
  (void)result;
  (void)lock_for(context, LONG);
}

static void work_unlock(void *context, void *result) {
  (void)result;
  use_guarded(context);
  unlock(context);
}

/* A third process dies in possession, in the midst of a change. */
static void before_takeover(void *context, void *result) {
  const struct subject *subject = context;
  work_lock(context, result);
  pid_t owner = fork();
  if (owner == 0) {
    (void)lock_for(subject, LONG);
    subject->shared->first++;
    _exit(0);
  }
  must(waitpid(owner, NULL, 0) == owner);
}

static void recover(const struct subject *subject) {
  subject->shared->second = subject->shared->first;
  must_ok(polyshm_lock_repaired(subject->lock));
}

static void work_takeover(void *context, void *result) {
  (void)result;
  if (lock_for(context, LONG) == POLYSHM_RECOVERED)
    recover(context);
  use_guarded(context);
  unlock(context);
}

/* As if who had reserved it had died in its sleep, after the owner had unlocked it. */
static void before_reserved(void *context, void *result) {
  const struct subject *subject = context;
  work_lock(context, result);
  atomic_store((_Atomic uint32_t *)((polyshm__object *)subject->lock)->body, ~OWNER);
}

static void work_lock_and_end_the_thread(void *context, void *result) {
  const struct subject *subject = context;
  (void)result;
  (void)lock_for(subject, LONG);
  subject->shared->first++;
  polyshm_thread_end();
}

static void arrange_locked(struct subject *subject) {
  (void)lock_for(subject, LONG);
}

static void work_wait_for_lock(void *context, void *result) {
  (void)result;
  (void)lock_for(context, SHORT);
}

static void work_attach_lock(void *context, void *result) {
  struct subject own = *(struct subject *)context;
  must_ok(polyshm_lock_attach(polyshm_lock_name(own.lock), 0, 0, &own.lock));
  work_lock(&own, result);
  must_ok(polyshm_lock_close(own.lock));
  polyshm_lock_free(own.lock);
}

static void work_create_lock(void *context, void *result) {
  (void)result;
  struct subject own = *(struct subject *)context;
  must_ok(polyshm_lock_create(own.name, 0600, &own.lock));
  polyshm_lock_free(own.lock);
}

/* ---- locks: the survivors ---- */

static void sleep_on_lock(struct subject *subject) {
  struct shared *shared = subject->shared;
  shared->outcome = lock_for(subject, LONG);
  shared->torn = shared->first != shared->second;
  if (shared->outcome == POLYSHM_RECOVERED)
    recover(subject);
  if (shared->outcome)
    unlock(subject);
}

static bool sleeps_on_lock(const struct subject *subject) {
  return word_of(subject->lock) & ~OWNER;
}

static bool reserves_lock(const struct subject *subject) {
  return word_of(subject->lock) & RESERVED;
}

static uint32_t lock_word(const struct subject *subject) {
  return word_of(subject->lock);
}

static void count_outcome(struct tally *tally, polyshm_lock_outcome outcome, polyshm_lock_outcome expected,
                          bool torn) {
  assert_int_equal(outcome, expected);
  assert_true(outcome == POLYSHM_RECOVERED || !torn);
  tally->locked += outcome == POLYSHM_LOCKED;
  tally->recovered += outcome == POLYSHM_RECOVERED;
  tally->torn += torn;
}

/* In this process, after the kill: locks, and finds what it guards whole, or is told. */
static void lock_again(struct subject *subject, struct tally *tally) {
  bool mine = false, dirty = false;
  assert_ok(polyshm_lock_owned(subject->lock, &mine));
  if (mine)
    assert_ok(polyshm_lock_unlock(subject->lock));
  assert_ok(polyshm_lock_dirty(subject->lock, &dirty));
  bool owner_died = owner_of(word_of(subject->lock)) != 0;
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  assert_ok(polyshm_lock_lock(subject->lock, LONG, &outcome));
  count_outcome(tally, outcome, owner_died || dirty ? POLYSHM_RECOVERED : POLYSHM_LOCKED,
                subject->shared->first != subject->shared->second);
  if (outcome == POLYSHM_RECOVERED)
    recover(subject);
  assert_ok(polyshm_lock_unlock(subject->lock));
}

/* In the second process, which slept. */
static void lock_slept(struct subject *subject, struct tally *tally) {
  bool owner_died = owner_of(subject->word) == owner_of(subject->word_before);
  count_outcome(tally, subject->shared->outcome, owner_died ? POLYSHM_RECOVERED : POLYSHM_LOCKED,
                subject->shared->torn);
  lock_again(subject, &(struct tally){0});
}

/* Whatever was created is there, whole, or not at all. */
static void lock_made(struct subject *subject, struct tally *tally) {
  struct subject found = *subject;
  polyshm_status status = polyshm_lock_attach(subject->name, 0, 0, &found.lock);
  if (status == POLYSHM_ENOENT)
    return;
  assert_ok(status);
  lock_again(&found, tally);
  assert_ok(polyshm_lock_unlink(found.lock));
  polyshm_lock_free(found.lock);
}

/* ---- semaphores ---- */

static bool acquire(const struct subject *subject, int64_t timeout) {
  bool got = false;
  must_ok(polyshm_semaphore_acquire(subject->semaphore, timeout, &got));
  return got;
}

static void release(const struct subject *subject) {
  must_ok(polyshm_semaphore_release(subject->semaphore));
}

static void work_acquire(void *context, void *result) {
  (void)result;
  (void)acquire(context, LONG);
  release(context);
}

static void acquire_all(const struct subject *subject) {
  for (int i = 0; i < PERMITS; i++)
    must(acquire(subject, LONG));
}

static void before_acquired(void *context, void *result) {
  (void)result;
  acquire_all(context);
}

static void work_release(void *context, void *result) {
  (void)result;
  for (int i = 0; i < PERMITS; i++)
    release(context);
}

static void before_permits_of_the_dead(void *context, void *result) {
  work_acquire(context, result);
  pid_t holder = fork();
  if (holder == 0) {
    acquire_all(context);
    _exit(0);
  }
  must(waitpid(holder, NULL, 0) == holder);
}

static void arrange_acquired(struct subject *subject) {
  acquire_all(subject);
}

static void work_wait_for_permit(void *context, void *result) {
  (void)result;
  (void)acquire(context, SHORT);
}

static void work_attach_semaphore(void *context, void *result) {
  struct subject own = *(struct subject *)context;
  must_ok(polyshm_semaphore_attach(polyshm_semaphore_name(own.semaphore), 0, 0, &own.semaphore));
  work_acquire(&own, result);
  must(acquire(&own, LONG)); /* close gives it back */
  must_ok(polyshm_semaphore_close(own.semaphore));
  polyshm_semaphore_free(own.semaphore);
}

static void sleep_on_semaphore(struct subject *subject) {
  subject->shared->got = acquire(subject, LONG);
  if (subject->shared->got)
    release(subject);
}

static bool sleeps_on_semaphore(const struct subject *subject) {
  return word_of(subject->semaphore) & SLEEPERS;
}

static uint32_t semaphore_word(const struct subject *subject) {
  return word_of(subject->semaphore);
}

/* All permits can be had, and not one more. */
static void acquire_again(struct subject *subject, struct tally *tally) {
  bool got = true;
  int64_t value = -1;
  (void)tally;
  while (polyshm_semaphore_release(subject->semaphore) == POLYSHM_OK) {
  } /* what this process had */
  for (int i = 0; i < PERMITS; i++)
    assert_true(acquire(subject, LONG));
  assert_ok(polyshm_semaphore_value(subject->semaphore, &value));
  assert_int_equal(value, 0);
  assert_ok(polyshm_semaphore_acquire(subject->semaphore, 0, &got));
  assert_false(got);
  for (int i = 0; i < PERMITS; i++)
    assert_ok(polyshm_semaphore_release(subject->semaphore));
  assert_ok(polyshm_semaphore_value(subject->semaphore, &value));
  assert_int_equal(value, PERMITS);
}

static void acquire_slept(struct subject *subject, struct tally *tally) {
  assert_true(subject->shared->got);
  tally->woken++;
  acquire_again(subject, tally);
}

/* ---- events ---- */

static void work_set(void *context, void *result) {
  const struct subject *subject = context;
  (void)result;
  must_ok(polyshm_event_set(subject->event));
  subject->shared->has_set = true;
}

static void work_set_and_clear(void *context, void *result) {
  work_set(context, result);
  must_ok(polyshm_event_clear(((struct subject *)context)->event));
}

static void work_wait_for_event(void *context, void *result) {
  (void)result;
  bool set = true;
  must_ok(polyshm_event_wait(((struct subject *)context)->event, SHORT, &set));
}

static void work_attach_event(void *context, void *result) {
  struct subject own = *(struct subject *)context;
  must_ok(polyshm_event_attach(polyshm_event_name(own.event), 0, 0, &own.event));
  work_set_and_clear(&own, result);
  must_ok(polyshm_event_close(own.event));
  polyshm_event_free(own.event);
}

static void sleep_on_event(struct subject *subject) {
  bool set = false;
  must_ok(polyshm_event_wait(subject->event, LONG, &set));
  subject->shared->got = set;
}

static bool sleeps_on_event(const struct subject *subject) {
  return word_of(subject->event) & SLEEPERS;
}

static uint32_t event_word(const struct subject *subject) {
  return word_of(subject->event);
}

/* It still can be set, waited for and cleared. */
static void set_again(struct subject *subject, struct tally *tally) {
  bool set = false;
  (void)tally;
  assert_ok(polyshm_event_set(subject->event));
  assert_ok(polyshm_event_wait(subject->event, LONG, &set));
  assert_true(set);
  assert_ok(polyshm_event_clear(subject->event));
  assert_ok(polyshm_event_wait(subject->event, 0, &set));
  assert_false(set);
}

static bool was_set(const struct subject *subject) {
  return subject->shared->has_set || (subject->word & ~SLEEPERS) != (subject->word_before & ~SLEEPERS);
}

/* Where the dead one had not set it, somebody else must. */
static void set_if_need_be(struct subject *subject) {
  if (!was_set(subject))
    assert_ok(polyshm_event_set(subject->event));
}

static void event_slept(struct subject *subject, struct tally *tally) {
  assert_true(subject->shared->got);
  tally->woken += was_set(subject);
  set_again(subject, tally);
}

/* ---- every point ---- */

struct deed {
  const char *name;
  void (*arrange)(struct subject *subject); /* in this process, before each child, or NULL */
  tracee_work *before, *work;
  /* This is what a second process does, which sleeps while the child works, or NULL; whether it has got
   * there; and what this process does for it after the kill, or NULL. */
  void (*sleep)(struct subject *subject);
  bool (*sleeps)(const struct subject *subject);
  void (*help)(struct subject *subject);
  uint32_t (*word)(const struct subject *subject);
  void (*check)(struct subject *subject, struct tally *tally);
};

static pid_t start_sleeper(const struct deed *deed, struct subject *subject) {
  if (!deed->sleep)
    return 0;
  subject->shared->got = subject->shared->has_set = false;
  subject->shared->outcome = POLYSHM_LOCK_TIMED_OUT;
  pid_t sleeper = fork_child();
  if (sleeper == 0) {
    deed->sleep(subject);
    _exit(0);
  }
  for (int64_t end = milliseconds_now() + LONG / MILLISECONDS; !deed->sleeps(subject);) {
    assert_true(milliseconds_now() < end);
    (void)usleep(50);
  }
  return sleeper;
}

/* A child that stands before its work, and a sleeper, or 0. */
static pid_t begin(const struct deed *deed, struct subject *subject, struct tracee *child) {
  if (deed->arrange)
    deed->arrange(subject);
  tracee_start(child, deed->work, NULL, subject);
  pid_t sleeper = start_sleeper(deed, subject);
  subject->word_before = deed->word(subject);
  return sleeper;
}

static void survive(const struct deed *deed, struct subject *subject, pid_t sleeper, struct tally *tally) {
  int64_t start = milliseconds_now();
  if (deed->help)
    deed->help(subject);
  if (sleeper)
    assert_child_succeeds(sleeper);
  deed->check(subject, tally);
  int64_t took = milliseconds_now() - start;
  if (took > tally->longest)
    tally->longest = took;
  if (took >= LONG / MILLISECONDS)
    fail_msg("%s: a survivor waited for %d ms", deed->name, (int)took);
}

static int find_points(const struct deed *deed, struct subject *subject, struct tracee *child,
                       struct point *points) {
  pid_t sleeper = begin(deed, subject, child);
  int count = tracee_find_points(child, points, MOST_POINTS);
  subject->word = deed->word(subject);
  survive(deed, subject, sleeper, &(struct tally){0});
  return count;
}

/* Each survivor leaves this process's heap, and so its children's way through malloc(3), a little different
 * from before, until all that it needs is in the heap's caches: rehearsed until one way is like the last. */
static int find_settled_points(const struct deed *deed, struct subject *subject, struct tracee *child,
                               struct point *points) {
  enum { REHEARSALS = 20 };
  struct point *before = calloc(MOST_POINTS, sizeof *points);
  assert_non_null(before);
  int count = 0, count_before = -1;
  for (int i = 0; i < REHEARSALS &&
                  (count != count_before || memcmp(points, before, (size_t)count * sizeof *points) != 0);
       i++) {
    memcpy(before, points, (size_t)count * sizeof *points);
    count_before = count;
    count = find_points(deed, subject, child, points);
  }
  free(before);
  return count;
}

static void kill_at(struct point point, const struct deed *deed, struct subject *subject,
                    struct tracee *child, struct tally *tally) {
  pid_t sleeper = begin(deed, subject, child);
  tracee_run_to(child, point);
  tally->missed += tracee_done(child);
  tally->points++;
  subject->word = deed->word(subject);
  tracee_kill(child);
  survive(deed, subject, sleeper, tally);
}

static struct tally kill_at_every_instruction(const struct deed *deed, struct subject *subject) {
  struct tally tally = {0};
  struct tracee child;
  struct point *points = calloc(MOST_POINTS, sizeof *points);
  int64_t start = milliseconds_now();
  assert_non_null(points);
  tracee_open(&child);
  child.before = deed->before;
  const int count = find_settled_points(deed, subject, &child, points);
  for (int i = 0; i < count; i++)
    if (tracee_worth_it(points[i]))
      kill_at(points[i], deed, subject, &child, &tally);
  tracee_close(&child);
  free(points);
  print_message(
      "             %-33s %4d instructions in %4.1f s: locked %d, recovered %d (%d torn), woken %d; "
      "longest %d ms; missed %d\n",
      deed->name, tally.points, (double)(milliseconds_now() - start) / 1000, tally.locked, tally.recovered,
      tally.torn, tally.woken, (int)tally.longest, tally.missed);
  tracee_expect_seen(tally.points, tally.missed);
  return tally;
}

static void make(struct subject *subject) {
  static char name[64];
  (void)snprintf(name, sizeof name, "%s", fresh_name());
  *subject = (struct subject){.name = name};
  subject->shared =
      mmap(NULL, sizeof *subject->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(subject->shared != MAP_FAILED);
  assert_ok(polyshm_lock_create(fresh_name(), 0600, &subject->lock));
  assert_ok(polyshm_semaphore_create(fresh_name(), PERMITS, 0600, &subject->semaphore));
  assert_ok(polyshm_event_create(fresh_name(), 0600, &subject->event));
  work_lock(subject, NULL); /* what a process does only once is done */
  work_acquire(subject, NULL);
}

static void drop(struct subject *subject) {
  assert_ok(polyshm_lock_unlink(subject->lock));
  assert_ok(polyshm_semaphore_unlink(subject->semaphore));
  assert_ok(polyshm_event_unlink(subject->event));
  polyshm_lock_free(subject->lock);
  polyshm_semaphore_free(subject->semaphore);
  polyshm_event_free(subject->event);
  assert_int_equal(munmap(subject->shared, sizeof *subject->shared), 0);
}

static struct tally kill_in(const struct deed *deed) {
  struct subject subject;
  make(&subject);
  struct tally tally = kill_at_every_instruction(deed, &subject);
  drop(&subject);
  return tally;
}

/* ---- the tests ---- */

static void a_lock_is_recovered_exactly_when_its_owner_died(void **state) {
  (void)state;
  const struct deed deeds[] = {
      {.name = "lock, unlock", .before = before_lock, .work = work_lock},
      {.name = "first lock, unlock", .work = work_lock},
      {.name = "take over, repair, unlock", .before = before_takeover, .work = work_takeover},
      {.name = "attach, lock, unlock, close", .work = work_attach_lock},
      {.name = "lock what a dead one reserved", .before = before_reserved, .work = work_lock},
      {.name = "lock, end the thread", .before = before_lock, .work = work_lock_and_end_the_thread},
  };
  for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
    struct deed deed = deeds[i];
    deed.word = lock_word;
    deed.check = lock_again;
    struct tally tally = kill_in(&deed);
    assert_true(tally.locked > 0 && tally.recovered > 10 && tally.torn > 0);
  }
}

static void a_sleeper_gets_the_lock(void **state) {
  (void)state;
  const struct deed deeds[] = {{.name = "unlock with a sleeper", .sleeps = sleeps_on_lock},
                               {.name = "unlock with one who reserved", .sleeps = reserves_lock}};
  for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
    struct deed deed = deeds[i];
    deed.before = before_locked;
    deed.work = work_unlock;
    deed.sleep = sleep_on_lock;
    deed.word = lock_word;
    deed.check = lock_slept;
    struct tally tally = kill_in(&deed);
    assert_true(tally.locked > 5 && tally.recovered > 5 && tally.torn > 0);
  }
}

static void who_dies_waiting_for_a_lock_leaves_nothing(void **state) {
  (void)state;
  const struct deed deed = {.name = "lock, in vain",
                            .arrange = arrange_locked,
                            .work = work_wait_for_lock,
                            .word = lock_word,
                            .check = lock_again};
  struct tally tally = kill_in(&deed);
  assert_true(tally.locked > 100 && tally.recovered == 0);
}

static void a_lock_is_made_whole_or_not_at_all(void **state) {
  (void)state;
  const struct deed deed = {
      .name = "create", .work = work_create_lock, .word = lock_word, .check = lock_made};
  struct tally tally = kill_in(&deed);
  assert_true(tally.locked > 10 && tally.recovered == 0 && tally.points > tally.locked + 100);
}

static void no_permit_is_lost(void **state) {
  (void)state;
  const struct deed deeds[] = {
      {.name = "acquire, release", .before = work_acquire, .work = work_acquire},
      {.name = "first acquire, release", .work = work_acquire},
      {.name = "acquire from the dead, release", .before = before_permits_of_the_dead, .work = work_acquire},
      {.name = "acquire, in vain", .arrange = arrange_acquired, .work = work_wait_for_permit},
      {.name = "attach, acquire, close", .work = work_attach_semaphore},
  };
  for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
    struct deed deed = deeds[i];
    deed.word = semaphore_word;
    deed.check = acquire_again;
    (void)kill_in(&deed);
  }
}

static void a_sleeper_gets_a_permit(void **state) {
  (void)state;
  const struct deed deed = {.name = "release with a sleeper",
                            .before = before_acquired,
                            .work = work_release,
                            .sleep = sleep_on_semaphore,
                            .sleeps = sleeps_on_semaphore,
                            .word = semaphore_word,
                            .check = acquire_slept};
  struct tally tally = kill_in(&deed);
  assert_true(tally.woken == tally.points);
}

static void an_event_goes_on(void **state) {
  (void)state;
  const struct deed deeds[] = {
      {.name = "set, clear", .work = work_set_and_clear},
      {.name = "wait, in vain", .work = work_wait_for_event},
      {.name = "attach, set, clear, close", .work = work_attach_event},
  };
  for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
    struct deed deed = deeds[i];
    deed.word = event_word;
    deed.check = set_again;
    (void)kill_in(&deed);
  }
}

static void a_sleeper_sees_that_an_event_was_set(void **state) {
  (void)state;
  const struct deed deeds[] = {{.name = "set with a sleeper", .work = work_set},
                               {.name = "set, clear with a sleeper", .work = work_set_and_clear}};
  for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
    struct deed deed = deeds[i];
    deed.sleep = sleep_on_event;
    deed.sleeps = sleeps_on_event;
    deed.help = set_if_need_be;
    deed.word = event_word;
    deed.check = event_slept;
    struct tally tally = kill_in(&deed);
    assert_true(tally.woken > 5 && tally.woken < tally.points);
  }
}

/* Not at an instruction, but in the kernel. */
static void who_dies_asleep_leaves_nothing(void **state) {
  (void)state;
  const struct deed deeds[] = {
      {.arrange = arrange_locked, .sleep = sleep_on_lock, .sleeps = sleeps_on_lock, .check = lock_again},
      {.arrange = arrange_acquired,
       .sleep = sleep_on_semaphore,
       .sleeps = sleeps_on_semaphore,
       .check = acquire_again},
      {.sleep = sleep_on_event, .sleeps = sleeps_on_event, .check = set_again}};
  struct subject subject;
  make(&subject);
  for (int i = 0; i < 300; i++) {
    const struct deed *deed = &deeds[i % 3];
    if (deed->arrange)
      deed->arrange(&subject);
    pid_t sleeper = start_sleeper(deed, &subject);
    (void)usleep((useconds_t)(i * 10));
    end_child(sleeper);
    deed->check(&subject, &(struct tally){0});
  }
  drop(&subject);
}

int main(void) {
  if (!tracee_can_step())
    return 77;
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  const struct CMUnitTest tests[] = {
      TEST(a_lock_is_recovered_exactly_when_its_owner_died),
      TEST(a_sleeper_gets_the_lock),
      TEST(who_dies_waiting_for_a_lock_leaves_nothing),
      TEST(a_lock_is_made_whole_or_not_at_all),
      TEST(no_permit_is_lost),
      TEST(a_sleeper_gets_a_permit),
      TEST(an_event_goes_on),
      TEST(a_sleeper_sees_that_an_event_was_set),
      TEST(who_dies_asleep_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
