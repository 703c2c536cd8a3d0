/* Lock: who has it, who may not, who died with it. */
#include "support.h"

#include <polyshm/lock.h>

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORD = 4096, DIRTY = 4096 + 12 }; /* docs/layouts.md */

#define SLEEPERS 0x80000000U
#define RESERVED 0x40000000U

static polyshm_lock *new_lock(const char *name) {
  polyshm_lock *lock = NULL;
  assert_ok(polyshm_lock_create(name, 0600, &lock));
  assert_non_null(lock);
  return lock;
}

static polyshm_lock *another(const polyshm_lock *lock) {
  polyshm_lock *other = NULL;
  assert_ok(polyshm_lock_attach(polyshm_lock_name(lock), 0, 0, &other));
  return other;
}

static void drop_lock(polyshm_lock *lock) {
  polyshm_status status = polyshm_lock_unlink(lock);
  assert_true(status == POLYSHM_OK || status == POLYSHM_ENOENT);
  polyshm_lock_free(lock);
}

#define assert_outcome(expected, lock, timeout)                                                              \
  do {                                                                                                       \
    polyshm_lock_outcome outcome_ = -1;                                                                      \
    assert_ok(polyshm_lock_lock((lock), (timeout), &outcome_));                                              \
    assert_string_equal(polyshm_lock_outcome_name(outcome_), polyshm_lock_outcome_name(expected));           \
  } while (0)

static bool owned(const polyshm_lock *lock) {
  bool out = false;
  assert_ok(polyshm_lock_owned(lock, &out));
  return out;
}

static bool locked(polyshm_lock *lock) {
  bool out = false;
  assert_ok(polyshm_lock_locked(lock, &out));
  return out;
}

static bool dirty(const polyshm_lock *lock) {
  bool out = false;
  assert_ok(polyshm_lock_dirty(lock, &out));
  return out;
}

/* For children and threads. */
static bool gets(polyshm_lock *lock, int64_t timeout, polyshm_lock_outcome expected) {
  polyshm_lock_outcome outcome = -1;
  return polyshm_lock_lock(lock, timeout, &outcome) == POLYSHM_OK && outcome == expected;
}

/* ---- what one handle may do ---- */

static void outcomes_have_names(void **state) {
  (void)state;
  assert_string_equal(polyshm_lock_outcome_name(POLYSHM_LOCK_TIMED_OUT), "timed-out");
  assert_string_equal(polyshm_lock_outcome_name(POLYSHM_LOCKED), "locked");
  assert_string_equal(polyshm_lock_outcome_name(POLYSHM_RECOVERED), "recovered");
  assert_string_equal(polyshm_lock_outcome_name(3), "unknown");
  assert_string_equal(polyshm_lock_outcome_name(-1), "unknown");
}

static void the_owner_owns_it_once(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  polyshm_lock_outcome outcome = -1;
  assert_false(owned(lock) || locked(lock) || dirty(lock));
  for (int round = 0; round < 3; round++) {
    assert_outcome(POLYSHM_LOCKED, lock, round - 1);
    assert_true(owned(lock) && locked(lock));
    assert_false(dirty(lock));
    assert_status(POLYSHM_DEADLOCK, polyshm_lock_lock(lock, -1, &outcome));
    assert_words("already");
    assert_words(polyshm_lock_name(lock));
    assert_int_equal(outcome, POLYSHM_LOCK_TIMED_OUT);
    assert_status(POLYSHM_DEADLOCK, polyshm_lock_lock(lock, 1, &outcome));
    assert_outcome(POLYSHM_LOCK_TIMED_OUT, lock, 0);
    assert_true(owned(lock));
    assert_ok(polyshm_lock_repaired(lock));
    assert_ok(polyshm_lock_unlock(lock));
    assert_false(owned(lock) || locked(lock));
    assert_status(POLYSHM_NOT_OWNER, polyshm_lock_unlock(lock));
    assert_words("unlock");
    assert_status(POLYSHM_NOT_OWNER, polyshm_lock_repaired(lock));
  }
  drop_lock(lock);
}

static void handles_of_one_process_exclude_each_other(void **state) {
  (void)state;
  polyshm_lock *a = new_lock(fresh_name()), *b = another(a);
  assert_outcome(POLYSHM_LOCKED, a, -1);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, b, 0);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, b, MILLISECONDS);
  assert_true(locked(b));
  assert_false(owned(b));
  assert_status(POLYSHM_NOT_OWNER, polyshm_lock_unlock(b));
  assert_status(POLYSHM_NOT_OWNER, polyshm_lock_repaired(b));
  assert_true(owned(a));
  assert_ok(polyshm_lock_unlock(a));
  assert_outcome(POLYSHM_LOCKED, b, 0);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, a, 0);
  assert_ok(polyshm_lock_unlock(b));
  polyshm_lock_free(b);
  drop_lock(a);
}

static void a_timeout_is_kept(void **state) {
  (void)state;
  const int64_t timeouts[] = {0, 1, 20, 200};
  polyshm_lock *a = new_lock(fresh_name()), *b = another(a);
  assert_outcome(POLYSHM_LOCKED, a, 0);
  for (int i = 0; i < 4; i++) {
    int64_t start = milliseconds_now();
    assert_outcome(POLYSHM_LOCK_TIMED_OUT, b, timeouts[i] * MILLISECONDS);
    assert_in_range(milliseconds_now() - start, timeouts[i] ? timeouts[i] - 1 : 0, timeouts[i] + 10000);
  }
  assert_ok(polyshm_lock_unlock(a));
  for (int i = 0; i < 4; i++) {
    const int64_t longest[] = {-1, INT64_MIN, INT64_MAX, INT64_MAX - 1};
    assert_outcome(POLYSHM_LOCKED, b, longest[i]);
    assert_ok(polyshm_lock_unlock(b));
  }
  polyshm_lock_free(b);
  drop_lock(a);
}

/* ---- strangers ---- */

static void be_a_stranger_in_a_thread(struct worker *worker) {
  polyshm_lock *lock = worker->shared;
  bool mine = true;
  if (polyshm_lock_unlock(lock) != POLYSHM_NOT_OWNER || polyshm_lock_repaired(lock) != POLYSHM_NOT_OWNER ||
      polyshm_lock_owned(lock, &mine) != POLYSHM_OK || mine || !gets(lock, 0, POLYSHM_LOCK_TIMED_OUT) ||
      !gets(lock, MILLISECONDS, POLYSHM_LOCK_TIMED_OUT) || polyshm_lock_unlock(lock) != POLYSHM_NOT_OWNER)
    worker->status = polyshm_fail(POLYSHM_EIO, "a stranger may more than look: %d", (int)mine);
}

/* With a handle it has from its parent, and with one of its own. */
static void be_a_stranger_in_a_child(void *context) {
  polyshm_lock *lock = context, *own = NULL;
  bool mine = true;
  must_ok(polyshm_lock_attach(polyshm_lock_name(lock), 0, 0, &own));
  polyshm_lock *const locks[] = {lock, own};
  for (int i = 0; i < 2; i++)
    for (int round = 0; round < 2; round++) {
      must(polyshm_lock_unlock(locks[i]) == POLYSHM_NOT_OWNER);
      must(polyshm_lock_repaired(locks[i]) == POLYSHM_NOT_OWNER);
      must_ok(polyshm_lock_owned(locks[i], &mine));
      must(!mine);
      must(gets(locks[i], 0, POLYSHM_LOCK_TIMED_OUT)); /* from now on it is known to the lock */
      must(gets(locks[i], MILLISECONDS, POLYSHM_LOCK_TIMED_OUT));
    }
  polyshm_lock_free(own);
  polyshm_lock_free(lock);
}

static void a_stranger_may_not_unlock(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  struct worker workers[MANY];
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  run_alike(workers, be_a_stranger_in_a_thread, lock);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  in_child(be_a_stranger_in_a_child, lock);
  assert_true(owned(lock));
  assert_ok(polyshm_lock_unlock(lock));
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_ok(polyshm_lock_unlock(lock));
  drop_lock(lock);
}

static void say_repaired_without_owning_it(void *context) {
  polyshm_lock *lock = context;
  must(gets(lock, 0, POLYSHM_LOCK_TIMED_OUT));
  must(polyshm_lock_repaired(lock) == POLYSHM_NOT_OWNER);
}

/* ---- the death of an owner ---- */

struct mortal {
  const char *name;
  polyshm_lock *lock; /* the child's; the parent's before it forks, if it is to inherit one */
};

static void lock_it(void *context) {
  struct mortal *mortal = context;
  if (!mortal->lock)
    must_ok(polyshm_lock_attach(mortal->name, 0, 0, &mortal->lock));
  must(gets(mortal->lock, LONG, POLYSHM_LOCKED));
}

static void lock_and_close(void *context) {
  lock_it(context);
  must_ok(polyshm_lock_close(((struct mortal *)context)->lock));
}

static void lock_and_free(void *context) {
  lock_it(context);
  polyshm_lock_free(((struct mortal *)context)->lock);
}

static void lock_and_exec(void *context) {
  lock_it(context);
  (void)execl("/bin/true", "true", (char *)NULL);
  must(false);
}

/* It is as it should be after an owner's death, and once it is repaired as new. */
static void assert_recovered(polyshm_lock *lock) {
  polyshm_lock *other = another(lock);
  assert_outcome(POLYSHM_RECOVERED, lock, LONG);
  assert_true(owned(lock) && dirty(lock) && dirty(other));
  assert_ok(polyshm_lock_unlock(lock));
  assert_outcome(POLYSHM_RECOVERED, other, 0);
  in_child(say_repaired_without_owning_it, lock);
  assert_true(dirty(lock));
  assert_ok(polyshm_lock_unlock(other));
  assert_outcome(POLYSHM_RECOVERED, lock, LONG);
  assert_ok(polyshm_lock_repaired(lock));
  assert_false(dirty(lock) || dirty(other));
  assert_ok(polyshm_lock_unlock(lock));
  assert_outcome(POLYSHM_LOCKED, other, 0);
  assert_ok(polyshm_lock_unlock(other));
  polyshm_lock_free(other);
}

static void a_killed_owner(void **state) {
  (void)state;
  for (int inherited = 0; inherited < 2; inherited++) {
    polyshm_lock *lock = new_lock(fresh_name());
    assert_outcome(POLYSHM_LOCKED, lock, 0);
    assert_ok(polyshm_lock_unlock(lock));
    struct mortal mortal = {polyshm_lock_name(lock), inherited ? lock : NULL};
    int child = child_that(lock_it, &mortal);
    assert_outcome(POLYSHM_LOCK_TIMED_OUT, lock, 0);
    assert_outcome(POLYSHM_LOCK_TIMED_OUT, lock, 50 * MILLISECONDS);
    assert_true(locked(lock));
    assert_int_equal(kill(child, SIGKILL), 0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0); /* a zombie is dead */
    assert_false(locked(lock)); /* a sign of the owner's life, at once */
    bool dirty = true;
    assert_ok(polyshm_lock_dirty(lock, &dirty));
    assert_false(dirty); /* nobody has locked it since, and been told */
    assert_recovered(lock);
    assert_int_equal(waitpid(child, NULL, 0), child);
    drop_lock(lock);
  }
}

static void a_stopped_owner_lives(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  int child = child_that(lock_it, &(struct mortal){.name = polyshm_lock_name(lock)});
  assert_int_equal(kill(child, SIGSTOP), 0);
  assert_int_equal(waitpid(child, NULL, WUNTRACED), child);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, lock, 100 * MILLISECONDS);
  end_child(child);
  assert_recovered(lock);
  drop_lock(lock);
}

static void an_owner_that_exits(void **state) {
  (void)state;
  void (*const ends[])(void *) = {lock_it, lock_and_close, lock_and_free, lock_and_exec};
  for (int i = 0; i < 4; i++)
    for (int inherited = 0; inherited < 2; inherited++) {
      polyshm_lock *lock = new_lock(fresh_name());
      in_child(ends[i], &(struct mortal){polyshm_lock_name(lock), inherited ? lock : NULL});
      assert_recovered(lock);
      drop_lock(lock);
    }
}

static void an_owner_that_lives_on_without_its_handle(void **state) {
  (void)state;
  void (*const ends[])(void *) = {lock_and_close, lock_and_free};
  for (int i = 0; i < 2; i++)
    for (int inherited = 0; inherited < 2; inherited++) {
      polyshm_lock *lock = new_lock(fresh_name());
      int child = child_that(ends[i], &(struct mortal){polyshm_lock_name(lock), inherited ? lock : NULL});
      assert_recovered(lock);
      end_child(child);
      drop_lock(lock);
    }
}

static void lock_and_become_another_program(void *context) {
  lock_it(context);
  (void)execl("/bin/sleep", "sleep", "60", (char *)NULL);
  must(false);
}

static void an_owner_that_becomes_another_program(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  struct mortal mortal = {.name = polyshm_lock_name(lock)};
  int child = fork_child();
  if (child == 0)
    lock_and_become_another_program(&mortal);
  for (int64_t end = milliseconds_now() + 20000; !dirty(lock) && milliseconds_now() < end;) {
    polyshm_lock_outcome outcome = -1;
    assert_ok(polyshm_lock_lock(lock, 0, &outcome)); /* before the child, between, or after its death */
    if (outcome)
      assert_ok(polyshm_lock_unlock(lock));
  }
  assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
  assert_recovered(lock);
  end_child(child);
  drop_lock(lock);
}

static void a_handle_closed_in_the_same_process(void **state) {
  (void)state;
  polyshm_lock *a = new_lock(fresh_name()), *b = another(a), *c = another(a);
  assert_outcome(POLYSHM_LOCKED, a, 0);
  assert_ok(polyshm_lock_close(a));
  assert_false(locked(b));
  assert_recovered(b);
  assert_outcome(POLYSHM_LOCKED, b, 0);
  polyshm_lock_free(b);
  assert_recovered(c);
  polyshm_lock_free(a);
  drop_lock(c);
}

static void *kill_later(void *context) {
  sleep_milliseconds(100);
  (void)kill(*(int *)context, SIGKILL);
  return NULL;
}

static void an_owner_killed_while_others_wait(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  int child = child_that(lock_it, &(struct mortal){.name = polyshm_lock_name(lock)});
  pthread_t thread;
  int64_t start = milliseconds_now();
  assert_int_equal(pthread_create(&thread, NULL, kill_later, &child), 0);
  assert_outcome(POLYSHM_RECOVERED, lock, -1);
  assert_in_range(milliseconds_now() - start, 90, 10000);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(waitpid(child, NULL, 0), child);
  assert_ok(polyshm_lock_unlock(lock));
  drop_lock(lock);
}

/* ---- bytes that somebody else wrote ---- */

static void scribble(const polyshm_lock *lock, int64_t offset, uint32_t word) {
  polyshm_segment *segment = NULL;
  const polyshm_value value = from_uint(word);
  assert_ok(polyshm_segment_attach(polyshm_lock_name(lock), 0, 0, &segment));
  assert_ok(polyshm_segment_set_value(segment, POLYSHM_UINT32, offset, &value));
  polyshm_segment_free(segment);
}

static uint32_t word_of(const polyshm_lock *lock) {
  polyshm_segment *segment = NULL;
  polyshm_value value;
  assert_ok(polyshm_segment_attach(polyshm_lock_name(lock), 0, 0, &segment));
  assert_ok(polyshm_segment_get_value(segment, POLYSHM_UINT32, WORD, &value));
  polyshm_segment_free(segment);
  return (uint32_t)value.as.int64;
}

static void a_word_that_was_written_over(void **state) {
  (void)state;
  const uint32_t words[] = {SLEEPERS,   RESERVED,           1000000,           0x3fffffff,
                            0xffffffff, 1000000 | SLEEPERS, 1000000 | RESERVED};
  polyshm_lock *lock = new_lock(fresh_name());
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    for (int held = 0; held < 2; held++) {
      if (held)
        assert_outcome(POLYSHM_LOCKED, lock, 0);
      scribble(lock, WORD, words[i]);
      assert_false(owned(lock) || locked(lock));
      if (held) {
        assert_status(POLYSHM_NOT_OWNER, polyshm_lock_repaired(lock));
        assert_status(POLYSHM_CORRUPT, polyshm_lock_unlock(lock));
        assert_words("wrote over");
        assert_status(POLYSHM_NOT_OWNER, polyshm_lock_unlock(lock));
      }
      assert_recovered(lock); /* such an owner is as good as dead */
    }
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  scribble(lock, WORD, 0);
  assert_status(POLYSHM_CORRUPT, polyshm_lock_unlock(lock));
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  scribble(lock, DIRTY, 77);
  assert_true(dirty(lock));
  assert_ok(polyshm_lock_repaired(lock));
  assert_false(dirty(lock));
  assert_ok(polyshm_lock_unlock(lock));
  drop_lock(lock);
}

/* ---- who waits for long ---- */

struct hog {
  polyshm_lock *lock;
  polyshm_segment *turns;
};

/* Holds the lock for 10 ms and takes it again at once, until somebody else had it. */
static void hog_it(void *context) {
  const struct hog *hog = context;
  polyshm_view *turns = NULL;
  const polyshm_value one = from_int(1);
  polyshm_value before;
  must_ok(polyshm_segment_view(hog->turns, POLYSHM_INT32, 0, 2, &turns));
  for (;;) {
    must(gets(hog->lock, LONG, POLYSHM_LOCKED));
    must_ok(polyshm_view_load(turns, 1, &before));
    if (before.as.int64)
      break;
    must_ok(polyshm_view_add(turns, 0, &one, &before));
    sleep_milliseconds(10);
    must_ok(polyshm_lock_unlock(hog->lock));
  }
  must_ok(polyshm_lock_unlock(hog->lock));
  polyshm_view_free(turns);
}

static void nobody_starves(void **state) {
  (void)state;
  struct hog hog = {new_lock(fresh_name()), new_segment(fresh_name(), 64)};
  polyshm_view *turns = NULL;
  polyshm_value begin, end, one = from_int(1);
  assert_ok(polyshm_segment_view(hog.turns, POLYSHM_INT32, 0, 2, &turns));
  const int pid = fork_child();
  if (!pid) {
    hog_it(&hog);
    _exit(0);
  }
  do
    assert_ok(polyshm_view_load(turns, 0, &begin));
  while (begin.as.int64 < 3);
  assert_outcome(POLYSHM_LOCKED, hog.lock, LONG);
  assert_ok(polyshm_view_load(turns, 0, &end));
  assert_ok(polyshm_view_store(turns, 1, &one));
  assert_ok(polyshm_lock_unlock(hog.lock));
  assert_child_succeeds(pid);
  assert_in_range(end.as.int64 - begin.as.int64, 0, 20); /* two, on an idle machine */
  polyshm_view_free(turns);
  drop_segment(hog.turns);
  drop_lock(hog.lock);
}

/* Whoever reserved it is gone: nobody waits for that one for long, not even who only tries. */
static void a_reservation_without_anybody(void **state) {
  (void)state;
  const int64_t timeouts[] = {0, 1, 100 * MILLISECONDS, LONG, -1};
  polyshm_lock *lock = new_lock(fresh_name());
  for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
    scribble(lock, WORD, SLEEPERS | RESERVED);
    assert_false(locked(lock) || owned(lock));
    assert_outcome(POLYSHM_LOCKED, lock, timeouts[i]);
    assert_true(locked(lock) && owned(lock));
    assert_ok(polyshm_lock_unlock(lock));
    assert_outcome(POLYSHM_LOCKED, lock, 0);
    assert_ok(polyshm_lock_unlock(lock));
  }
  assert_outcome(POLYSHM_LOCKED, lock, 0); /* and one that is reserved while it is owned */
  scribble(lock, WORD, word_of(lock) | SLEEPERS | RESERVED);
  assert_ok(polyshm_lock_unlock(lock));
  assert_int_equal(word_of(lock), SLEEPERS | RESERVED);
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_ok(polyshm_lock_unlock(lock));
  drop_lock(lock);
}

static polyshm_status see_it_reserved(void (*sleep_slice)(void *slice), void *slice, void *context) {
  sleep_slice(slice);
  return word_of(context) & RESERVED ? POLYSHM_EINTR : POLYSHM_OK;
}

static polyshm_status unlock_it_reserved(void (*sleep_slice)(void *slice), void *slice, void *context) {
  polyshm_status status = see_it_reserved(sleep_slice, slice, context);
  return status && polyshm_lock_unlock(context) ? POLYSHM_OK : status;
}

/* Nobody is kept out by one that has gone, nor does one that goes take another's reservation away. */
static void who_gives_up_takes_its_reservation_back(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name()), *other = another(lock);
  polyshm_lock_outcome outcome = -1;
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, other, 50 * MILLISECONDS);
  assert_int_equal(word_of(lock) & RESERVED, 0);
  polyshm_hooked before = polyshm_on_wait(see_it_reserved, lock);
  assert_status(POLYSHM_EINTR, polyshm_lock_lock(other, LONG, &outcome)); /* after it was */
  assert_int_equal(word_of(lock) & RESERVED, 0);
  (void)polyshm_on_wait(unlock_it_reserved, lock);
  assert_status(POLYSHM_EINTR, polyshm_lock_lock(other, LONG, &outcome)); /* and after it was unlocked, too */
  (void)polyshm_on_wait(before.hook, before.context);
  assert_int_equal(word_of(lock), 0);
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  scribble(lock, WORD, word_of(lock) | RESERVED);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, other, 50 * MILLISECONDS);
  assert_int_equal(word_of(lock) & RESERVED, RESERVED);
  assert_ok(polyshm_lock_unlock(lock));
  assert_outcome(POLYSHM_LOCKED, other, 0);
  assert_ok(polyshm_lock_unlock(other));
  assert_int_equal(word_of(lock), 0);
  polyshm_lock_free(other);
  drop_lock(lock);
}

/* A word that changes all the time, and never means that the lock is free. */
struct flapping {
  polyshm_segment *segment;
  atomic_bool done;
};

static void *flap(void *context) {
  struct flapping *flapping = context;
  polyshm_value word = {.type = POLYSHM_TYPE_NONE};
  if (polyshm_segment_get_value(flapping->segment, POLYSHM_UINT32, WORD, &word))
    return NULL;
  while (!atomic_load(&flapping->done)) {
    word.as.int64 ^= SLEEPERS;
    if (polyshm_segment_set_value(flapping->segment, POLYSHM_UINT32, WORD, &word))
      return NULL;
  }
  return NULL;
}

static polyshm_status give_up_at_once(void (*sleep_slice)(void *slice), void *slice, void *context) {
  (void)sleep_slice;
  (void)slice;
  ++*(int *)context;
  return POLYSHM_EINTR;
}

static void a_word_that_changes_without_pause(void **state) {
  (void)state;
  polyshm_lock *a = new_lock(fresh_name()), *b = another(a);
  struct flapping flapping = {.segment = NULL};
  polyshm_lock_outcome outcome = -1;
  pthread_t thread;
  int calls = 0;
  assert_ok(polyshm_segment_attach(polyshm_lock_name(a), 0, 0, &flapping.segment));
  assert_outcome(POLYSHM_LOCKED, a, 0);
  assert_int_equal(pthread_create(&thread, NULL, flap, &flapping), 0);
  for (int i = 0; i < 3; i++) {
    const int64_t timeouts[] = {0, 20, 200};
    int64_t start = milliseconds_now();
    assert_outcome(POLYSHM_LOCK_TIMED_OUT, b, timeouts[i] * MILLISECONDS);
    assert_in_range(milliseconds_now() - start, timeouts[i] ? timeouts[i] - 1 : 0, timeouts[i] + 10000);
  }
  polyshm_on_wait(give_up_at_once, &calls);
  assert_status(POLYSHM_EINTR, polyshm_lock_lock(b, -1, &outcome));
  assert_int_equal(calls, 1);
  polyshm_on_wait(NULL, NULL);
  atomic_store(&flapping.done, true);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_false(owned(b));
  polyshm_segment_free(flapping.segment);
  polyshm_lock_free(b);
  drop_lock(a);
}

/* ---- interrupts ---- */

static void a_signal_ends_a_wait(void **state) {
  (void)state;
  const int flags[] = {0, SA_RESTART};
  polyshm_lock *a = new_lock(fresh_name()), *b = another(a);
  polyshm_lock_outcome outcome = -1;
  assert_outcome(POLYSHM_LOCKED, a, 0);
  for (int i = 0; i < 2; i++) {
    signal_after(30, flags[i], true);
    polyshm_status status = polyshm_lock_lock(b, LONG, &outcome);
    no_more_signals();
    assert_status(POLYSHM_EINTR, status);
    assert_words("lock");
    assert_int_equal(outcome, POLYSHM_LOCK_TIMED_OUT);
    assert_true(signals_taken() >= 1);
    assert_false(owned(b));
  }
  assert_ok(polyshm_lock_unlock(a));
  assert_outcome(POLYSHM_LOCKED, b, 0);
  assert_ok(polyshm_lock_unlock(b));
  polyshm_lock_free(b);
  drop_lock(a);
}

struct patience {
  int calls, limit;
};

static polyshm_status give_up_in_time(void (*sleep_slice)(void *slice), void *slice, void *context) {
  struct patience *patience = context;
  sleep_slice(slice);
  return ++patience->calls == patience->limit ? POLYSHM_EINTR : POLYSHM_OK;
}

static void a_hook_ends_a_wait(void **state) {
  (void)state;
  polyshm_lock *a = new_lock(fresh_name()), *b = another(a);
  polyshm_lock_outcome outcome = -1;
  struct patience patience = {.limit = 3};
  assert_outcome(POLYSHM_LOCKED, a, 0);
  polyshm_on_wait(give_up_in_time, &patience);
  assert_status(POLYSHM_EINTR, polyshm_lock_lock(b, -1, &outcome));
  polyshm_on_wait(NULL, NULL);
  assert_int_equal(patience.calls, 3);
  assert_int_equal(outcome, POLYSHM_LOCK_TIMED_OUT);
  assert_false(owned(b));
  assert_ok(polyshm_lock_unlock(a));
  assert_outcome(POLYSHM_LOCKED, a, 0);
  assert_ok(polyshm_lock_unlock(a));
  polyshm_lock_free(b);
  drop_lock(a);
}

/* ---- threads ---- */

struct counting {
  const char *name;
  polyshm_lock *lock; /* NULL: each thread has a handle of its own */
  int64_t plain;      /* ThreadSanitizer sees who guards it, if all use one handle */
  _Atomic int64_t split;
  int64_t rounds;
};

static void count_under_the_lock(struct worker *worker) {
  struct counting *counting = worker->shared;
  polyshm_lock *lock = counting->lock;
  if (!lock)
    worker->status = polyshm_lock_attach(counting->name, 0, 0, &lock);
  for (; !worker->status && worker->count < counting->rounds; worker->count++) {
    polyshm_lock_outcome outcome = -1;
    worker->status = polyshm_lock_lock(lock, LONG, &outcome);
    if (worker->status)
      break;
    if (outcome != POLYSHM_LOCKED) {
      worker->status = polyshm_fail(POLYSHM_EIO, "%s", polyshm_lock_outcome_name(outcome));
      break;
    }
    if (counting->lock)
      counting->plain++;
    int64_t split = atomic_load_explicit(&counting->split, memory_order_relaxed);
    atomic_store_explicit(&counting->split, split + 1, memory_order_relaxed); /* two steps: one may be lost */
    worker->status = polyshm_lock_unlock(lock);
  }
  if (!counting->lock)
    polyshm_lock_free(lock);
}

static void count_with_threads(struct counting *counting) {
  struct worker workers[MANY];
  run_alike(workers, count_under_the_lock, counting);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  assert_int_equal(counting->split, MANY * counting->rounds);
  if (counting->lock)
    assert_int_equal(counting->plain, MANY * counting->rounds);
}

static void many_threads_on_one_handle(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  struct counting counting = {.lock = lock, .rounds = 5000};
  count_with_threads(&counting);
  drop_lock(lock);
}

static void many_threads_with_handles_of_their_own(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  struct counting counting = {.name = polyshm_lock_name(lock), .rounds = 5000};
  count_with_threads(&counting);
  drop_lock(lock);
}

/* Their first calls fall together: they all get one identity. */
static void many_threads_on_a_fresh_handle(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  for (int round = 0; round < 300; round++) {
    struct counting counting = {.lock = another(lock), .rounds = 10};
    count_with_threads(&counting);
    polyshm_lock_free(counting.lock);
  }
  drop_lock(lock);
}

static void wait_for_it(struct worker *worker) {
  polyshm_lock_outcome outcome = -1;
  worker->count = 1;
  worker->status = polyshm_lock_lock(worker->shared, -1, &outcome);
}

static void close_it_soon(struct worker *worker) {
  sleep_milliseconds(100);
  (void)polyshm_lock_close(worker->shared);
}

static void close_wakes_who_waits(void **state) {
  (void)state;
  polyshm_lock *a = new_lock(fresh_name()), *b = another(a);
  struct worker workers[MANY];
  void (*const works[MANY])(struct worker *) = {wait_for_it, wait_for_it, wait_for_it,
                                                wait_for_it, wait_for_it, close_it_soon};
  assert_outcome(POLYSHM_LOCKED, a, 0);
  int64_t start = milliseconds_now();
  run_workers(workers, works, b);
  assert_in_range(milliseconds_now() - start, 90, 5000);
  for (int i = 0; i < MANY - 1; i++)
    assert_int_equal(workers[i].status, POLYSHM_CLOSED);
  assert_true(owned(a));
  assert_ok(polyshm_lock_unlock(a));
  polyshm_lock_free(b);
  drop_lock(a);
}

/* Closed in the middle of everything: nobody crashes or hangs, and nobody owns it afterwards. */
static void lock_until_closed(struct worker *worker) {
  while (!worker->status) {
    polyshm_lock_outcome outcome = -1;
    worker->status = polyshm_lock_lock(worker->shared, LONG, &outcome);
    if (!worker->status)
      worker->status = polyshm_lock_unlock(worker->shared);
    worker->count++;
  }
}

static void close_it_now(struct worker *worker) {
  sleep_milliseconds(1);
  (void)polyshm_lock_close(worker->shared);
  worker->status = POLYSHM_CLOSED;
}

static void close_while_others_lock(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  for (int round = 0; round < 100; round++) {
    struct worker workers[MANY];
    polyshm_lock *closed = another(lock);
    void (*const works[MANY])(struct worker *) = {lock_until_closed, lock_until_closed, lock_until_closed,
                                                  lock_until_closed, close_it_now,      close_it_now};
    run_workers(workers, works, closed);
    for (int i = 0; i < MANY; i++)
      if (workers[i].status != POLYSHM_CLOSED)
        fail_msg("thread %d: %s", i, workers[i].words);
    polyshm_lock_free(closed);
    polyshm_lock_outcome outcome = -1;
    assert_ok(polyshm_lock_lock(lock, LONG, &outcome));
    assert_true(outcome != POLYSHM_LOCK_TIMED_OUT);
    assert_ok(polyshm_lock_unlock(lock));
  }
  drop_lock(lock);
}

/* ---- fork ---- */

static void lock_wait_and_try(void *context) {
  polyshm_lock *lock = context;
  must(gets(lock, 0, POLYSHM_LOCK_TIMED_OUT));
  must(gets(lock, 20 * MILLISECONDS, POLYSHM_LOCK_TIMED_OUT));
  polyshm_lock_free(lock);
}

static void a_parent_stays_the_owner(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name()), *other = another(lock);
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  in_child(lock_wait_and_try, lock);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, other, 50 * MILLISECONDS);
  assert_true(owned(lock));
  assert_ok(polyshm_lock_unlock(lock));
  polyshm_lock_free(other);
  drop_lock(lock);
}

static void die_with_a_child_that_lives(void *context) {
  struct mortal *mortal = context;
  lock_it(mortal);
  pid_t child = fork();
  must(child >= 0);
  if (child == 0)
    limit_life();
  while (child == 0)
    (void)pause();
}

/* A child that lives on does not keep its parent's lock. It is ended by its group. */
static void a_child_does_not_keep_its_parents_lock(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  struct mortal mortal = {.name = polyshm_lock_name(lock)};
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int child = child_that(die_with_a_child_that_lives, &mortal);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, lock, 0);
  end_child(child);
  int grandchild = 0;
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *children = fopen(path, "re");
  assert_non_null(children);
  assert_int_equal(fscanf(children, "%d", &grandchild), 1); /* NOLINT(cert-err34-c) */
  assert_int_equal(fclose(children), 0);
  assert_recovered(lock);
  end_child(grandchild);
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
  drop_lock(lock);
}

static void grandchild_locks(void *context) {
  polyshm_lock *lock = context;
  must(gets(lock, 0, POLYSHM_LOCK_TIMED_OUT));
  must(polyshm_lock_unlock(lock) == POLYSHM_NOT_OWNER);
}

static void child_locks_and_forks(void *context) {
  polyshm_lock *lock = context;
  must(gets(lock, LONG, POLYSHM_LOCKED));
  pid_t child = fork();
  must(child >= 0);
  if (child == 0) {
    grandchild_locks(lock);
    _exit(0);
  }
  int ended = 0;
  must(waitpid(child, &ended, 0) == child && WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
  must_ok(polyshm_lock_unlock(lock));
  must(gets(lock, 0, POLYSHM_LOCKED));
  must_ok(polyshm_lock_unlock(lock));
}

static void each_generation_locks_for_itself(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  for (int round = 0; round < 3; round++) {
    in_child(child_locks_and_forks, lock);
    assert_outcome(POLYSHM_LOCKED, lock, 0);
    assert_ok(polyshm_lock_unlock(lock));
  }
  drop_lock(lock);
}

/* Threads draw identities without pause while the process forks. */
static void draw_until_done(struct worker *worker) {
  const struct flapping *flapping = worker->shared;
  const char *name = polyshm_segment_name(flapping->segment);
  while (!worker->status && !atomic_load(&flapping->done)) {
    polyshm_lock *lock = NULL;
    polyshm_lock_outcome outcome = -1;
    worker->status = polyshm_lock_attach(name, 0, 0, &lock);
    if (!worker->status)
      worker->status = polyshm_lock_lock(lock, LONG, &outcome);
    if (!worker->status)
      worker->status = polyshm_lock_unlock(lock);
    polyshm_lock_free(lock);
    worker->count++;
  }
}

static void lock_in_a_child_of_threads(void *context) {
  polyshm_lock *lock = context, *own = NULL;
  must_ok(polyshm_lock_attach(polyshm_lock_name(lock), 0, 0, &own));
  polyshm_lock *const locks[] = {lock, own};
  for (int i = 0; i < 2; i++) {
    polyshm_lock_outcome outcome = -1;
    must_ok(polyshm_lock_lock(locks[i], LONG, &outcome));
    must(outcome != POLYSHM_LOCK_TIMED_OUT);
    must_ok(polyshm_lock_unlock(locks[i]));
    must_ok(polyshm_lock_close(locks[i]));
    polyshm_lock_free(locks[i]);
  }
}

static void fork_until_enough(struct worker *worker) {
  struct flapping *flapping = worker->shared;
  polyshm_lock *lock = NULL;
  worker->status = polyshm_lock_attach(polyshm_segment_name(flapping->segment), 0, 0, &lock);
  while (!worker->status && worker->count < 100) {
    int ended = 0;
    pid_t child = fork();
    if (child == 0) {
      limit_life();
      lock_in_a_child_of_threads(lock);
      _exit(0);
    }
    if (child < 0 || waitpid(child, &ended, 0) != child || ended != 0)
      worker->status =
          polyshm_fail(POLYSHM_EIO, "child %d ended with %x", (int)worker->count, (unsigned)ended);
    worker->count++;
  }
  atomic_store(&flapping->done, true);
  polyshm_lock_free(lock);
}

static void fork_while_others_lock(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  struct flapping flapping = {.segment = NULL};
  struct worker workers[MANY];
  void (*const works[MANY])(struct worker *) = {draw_until_done, draw_until_done,   draw_until_done,
                                                draw_until_done, fork_until_enough, fork_until_enough};
  assert_ok(polyshm_segment_attach(polyshm_lock_name(lock), 0, 0, &flapping.segment));
  run_workers(workers, works, &flapping);
  for (int i = 0; i < MANY; i++) {
    assert_worker_is_well(&workers[i]);
    assert_true(workers[i].count > 0);
  }
  polyshm_segment_free(flapping.segment);
  drop_lock(lock);
}

/* A process forks while one of its threads draws identities: the children must have none of them. */
enum { LOCKS = 60, HEIRS = 60 };

struct family {
  const char *names[LOCKS];
  polyshm_lock *locks[LOCKS];
  int end[2]; /* the heirs live until its writing end is closed */
  atomic_int drawn;
};

static void *draw_all(void *context) {
  struct family *family = context;
  for (int i = 0; i < LOCKS; i++) {
    must_ok(polyshm_lock_attach(family->names[i], 0, 0, &family->locks[i]));
    must(gets(family->locks[i], 0, POLYSHM_LOCKED));
    atomic_store(&family->drawn, i + 1);
  }
  return NULL;
}

static void draw_and_fork(void *context) {
  struct family *family = context;
  pthread_t thread;
  char byte;
  (void)close(family->end[1]);
  must(pthread_create(&thread, NULL, draw_all, family) == 0);
  for (int i = 0; i < HEIRS; i++) {
    pid_t heir = fork();
    must(heir >= 0);
    if (heir == 0) { /* not by exit: ThreadSanitizer would miss the thread */
      limit_life();
      (void)!read(family->end[0], &byte, 1);
      (void)kill(getpid(), SIGKILL);
    }
  }
  must(pthread_join(thread, NULL) == 0);
}

static void heirs_do_not_keep_what_was_drawn_meanwhile(void **state) {
  (void)state;
  struct family family = {.names = {NULL}};
  char names[LOCKS][64];
  assert_int_equal(pipe(family.end), 0);
  for (int i = 0; i < LOCKS; i++) {
    polyshm_lock *lock = NULL;
    (void)snprintf(names[i], sizeof names[i], "%s", fresh_name());
    family.names[i] = names[i];
    assert_ok(polyshm_lock_create(names[i], 0600, &lock));
    polyshm_lock_free(lock);
  }
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int child = child_that(draw_and_fork, &family);
  end_child(child);
  for (int i = 0; i < LOCKS; i++) {
    polyshm_lock *lock = NULL;
    assert_ok(polyshm_lock_attach(names[i], 0, 0, &lock));
    assert_outcome(POLYSHM_RECOVERED, lock, 5000 * MILLISECONDS);
    drop_lock(lock);
  }
  (void)close(family.end[0]);
  (void)close(family.end[1]);
  for (int i = 0, ended = 0; i < HEIRS; i++) {
    assert_true(waitpid(-1, &ended, 0) > 0);
    assert_true(WIFSIGNALED(ended));
  }
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

/* ---- descriptors ---- */

struct daemon {
  polyshm_lock *lock, *dead, *alive; /* free; its owner died; its owner lives */
};

enum { FIRST = 3, LAST = 63 };

/* As daemons do; what polyshm had open is another file now. */
static void reuse_all_descriptors(void) {
  for (int fd = FIRST; fd <= LAST; fd++)
    (void)close(fd);
  for (int fd = FIRST; fd <= LAST; fd++)
    must(open("/dev/null", O_RDWR | O_CLOEXEC) == fd);
}

static void must_be_dev_null(void) {
  struct stat null, st;
  must(stat("/dev/null", &null) == 0);
  for (int fd = FIRST; fd <= LAST; fd++)
    must(fstat(fd, &st) == 0 && st.st_rdev == null.st_rdev);
}

static void live_as_a_daemon(void *context) {
  const struct daemon *daemon = context;
  bool truth = false;
  must(gets(daemon->lock, 0, POLYSHM_LOCKED));
  reuse_all_descriptors();
  must_ok(polyshm_lock_unlock(daemon->lock));
  must(gets(daemon->lock, 0, POLYSHM_LOCKED));
  must(gets(daemon->alive, 100 * MILLISECONDS, POLYSHM_LOCK_TIMED_OUT));
  must_ok(polyshm_lock_locked(daemon->alive, &truth));
  must(truth);
  must_ok(polyshm_lock_locked(daemon->dead, &truth));
  must(!truth);
  must(gets(daemon->dead, LONG, POLYSHM_RECOVERED));
  must_be_dev_null();
  must_ok(polyshm_lock_close(daemon->lock));
  must_ok(polyshm_lock_close(daemon->dead));
  must_be_dev_null();
  polyshm_lock_free(daemon->lock);
  polyshm_lock_free(daemon->dead);
  polyshm_lock_free(daemon->alive);
  must_be_dev_null();
}

static void daemons_close_all_files(void **state) {
  (void)state;
  struct daemon daemon = {new_lock(fresh_name()), new_lock(fresh_name()), new_lock(fresh_name())};
  assert_outcome(POLYSHM_LOCKED, daemon.alive, 0);
  end_child(child_that(lock_it, &(struct mortal){.name = polyshm_lock_name(daemon.dead)}));
  in_child(live_as_a_daemon, &daemon);
  assert_outcome(POLYSHM_RECOVERED, daemon.lock, LONG); /* it closed it as its owner */
  assert_outcome(POLYSHM_RECOVERED, daemon.dead, LONG);
  assert_true(owned(daemon.alive));
  drop_lock(daemon.lock);
  drop_lock(daemon.dead);
  drop_lock(daemon.alive);
}

/* Its owner's sign of life needs no descriptor. */
static void lock_and_reuse_all_descriptors(void *context) {
  lock_it(context);
  for (int fd = FIRST; fd <= LAST; fd++)
    if (fcntl(fd, F_GETFD) >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC) /* not the pipe to the parent */
      (void)close(fd);
}

static void a_daemon_that_owns_it_lives(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  int child = child_that(lock_and_reuse_all_descriptors, &(struct mortal){.name = polyshm_lock_name(lock)});
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, lock, 100 * MILLISECONDS);
  end_child(child);
  assert_recovered(lock);
  drop_lock(lock);
}

static void daemonize_without_a_name(void *context) {
  polyshm_lock *lock = context;
  polyshm_lock_outcome outcome = -1;
  bool mine = true;
  reuse_all_descriptors();
  must(polyshm_lock_lock(lock, -1, &outcome) == POLYSHM_ESTALE);
  must(strstr(polyshm_last_error(), "lock") && outcome == POLYSHM_LOCK_TIMED_OUT);
  must_ok(polyshm_lock_owned(lock, &mine));
  must(!mine);
  polyshm_lock_free(lock);
  must_be_dev_null();
}

static void lock_by_an_inherited_handle(void *context) {
  must(gets(context, LONG, POLYSHM_LOCKED));
}

static void a_lock_without_its_name(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name()), *other = another(lock);
  assert_ok(polyshm_lock_unlink(lock));
  assert_status(POLYSHM_ENOENT, polyshm_lock_unlink(lock));
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, other, 0);
  assert_ok(polyshm_lock_unlock(lock));
  end_child(child_that(lock_by_an_inherited_handle, lock));
  assert_outcome(POLYSHM_RECOVERED, other, LONG);
  assert_ok(polyshm_lock_repaired(other));
  assert_ok(polyshm_lock_unlock(other));
  in_child(daemonize_without_a_name, lock);
  /* A new one of the name is another lock. */
  polyshm_lock *newer = new_lock(polyshm_lock_name(lock));
  assert_outcome(POLYSHM_LOCKED, newer, 0);
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  in_child(daemonize_without_a_name, lock);
  bool stale = false;
  assert_ok(polyshm_lock_stale(lock, &stale));
  assert_true(stale);
  polyshm_lock_free(lock);
  polyshm_lock_free(other);
  drop_lock(newer);
}

static void run_out_of_descriptors(void *context) {
  polyshm_lock *lock = context;
  polyshm_lock_outcome outcome = -1;
  bool truth = true;
  struct rlimit limit;
  must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const struct rlimit none = {3, limit.rlim_max};
  must(setrlimit(RLIMIT_NOFILE, &none) == 0);
  must(polyshm_lock_lock(lock, -1, &outcome) == POLYSHM_EMFILE);
  must(strstr(polyshm_last_error(), "ulimit"));
  must(outcome == POLYSHM_LOCK_TIMED_OUT);
  must_ok(polyshm_lock_owned(lock, &truth));
  must(!truth);
  must_ok(polyshm_lock_locked(lock, &truth));
  must(!truth);
  must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  must(gets(lock, 0, POLYSHM_LOCKED));
  must(setrlimit(RLIMIT_NOFILE, &none) == 0);
  must_ok(polyshm_lock_unlock(lock)); /* only the first lock() needs one */
  must(gets(lock, 0, POLYSHM_LOCKED));
  must_ok(polyshm_lock_unlock(lock));
}

static void a_process_without_descriptors(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(fresh_name());
  in_child(run_out_of_descriptors, lock);
  drop_lock(lock);
}

static void run_out_of_address_space(void *context) {
  polyshm_lock *lock = context;
  polyshm_lock_outcome outcome = -1;
  struct rlimit limit;
  must(getrlimit(RLIMIT_AS, &limit) == 0);
  const struct rlimit none = {1 << 20, limit.rlim_max};
  must(setrlimit(RLIMIT_AS, &none) == 0);
  must(polyshm_lock_lock(lock, -1, &outcome) == POLYSHM_ENOMEM);
  must(setrlimit(RLIMIT_AS, &limit) == 0);
  must(gets(lock, 0, POLYSHM_LOCKED));
  must_ok(polyshm_lock_unlock(lock));
}

/* The process's first lock() ever, and one after that. */
static void a_process_without_address_space(void **state) {
  (void)state;
  if (sanitized()) {
    print_message("skipped: a sanitizer itself needs the address space\n");
    skip();
  }
  polyshm_lock *lock = new_lock(fresh_name());
  in_child(run_out_of_address_space, lock);
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_ok(polyshm_lock_unlock(lock));
  in_child(run_out_of_address_space, lock);
  drop_lock(lock);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_process_without_address_space), /* the first: see there */
      TEST(outcomes_have_names),
      TEST(the_owner_owns_it_once),
      TEST(handles_of_one_process_exclude_each_other),
      TEST(a_timeout_is_kept),
      TEST(a_stranger_may_not_unlock),
      TEST(a_killed_owner),
      TEST(a_stopped_owner_lives),
      TEST(an_owner_that_exits),
      TEST(an_owner_that_lives_on_without_its_handle),
      TEST(an_owner_that_becomes_another_program),
      TEST(a_handle_closed_in_the_same_process),
      TEST(an_owner_killed_while_others_wait),
      TEST(a_word_that_was_written_over),
      TEST(nobody_starves),
      TEST(a_reservation_without_anybody),
      TEST(who_gives_up_takes_its_reservation_back),
      TEST(a_word_that_changes_without_pause),
      TEST(a_signal_ends_a_wait),
      TEST(a_hook_ends_a_wait),
      TEST(many_threads_on_one_handle),
      TEST(many_threads_with_handles_of_their_own),
      TEST(many_threads_on_a_fresh_handle),
      TEST(close_wakes_who_waits),
      TEST(close_while_others_lock),
      TEST(a_parent_stays_the_owner),
      TEST(a_child_does_not_keep_its_parents_lock),
      TEST(each_generation_locks_for_itself),
      TEST(fork_while_others_lock),
      TEST(heirs_do_not_keep_what_was_drawn_meanwhile),
      TEST(daemons_close_all_files),
      TEST(a_daemon_that_owns_it_lives),
      TEST(a_lock_without_its_name),
      TEST(a_process_without_descriptors),
      TEST(a_process_without_address_space),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
