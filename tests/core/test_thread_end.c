/* This is what a thread that ends leaves behind: its locks, as a dead process leaves them. */
#include "support.h"

#include <polyshm/lock.h>

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static polyshm_lock *new_lock(void) {
  polyshm_lock *lock = NULL;
  assert_ok(polyshm_lock_create(fresh_name(), 0600, &lock));
  return lock;
}

static polyshm_lock *another(const polyshm_lock *lock) {
  polyshm_lock *other = NULL;
  assert_ok(polyshm_lock_attach(polyshm_lock_name(lock), 0, 0, &other));
  return other;
}

static void drop_lock(polyshm_lock *lock) {
  assert_ok(polyshm_lock_unlink(lock));
  polyshm_lock_free(lock);
}

static bool gets(polyshm_lock *lock, int64_t timeout, polyshm_lock_outcome expected) {
  polyshm_lock_outcome outcome = -1;
  return polyshm_lock_lock(lock, timeout, &outcome) == POLYSHM_OK && outcome == expected;
}

static bool repairs(polyshm_lock *lock) {
  return gets(lock, LONG, POLYSHM_RECOVERED) && polyshm_lock_repaired(lock) == POLYSHM_OK &&
         polyshm_lock_unlock(lock) == POLYSHM_OK;
}

static bool is_free(polyshm_lock *lock) {
  return gets(lock, 0, POLYSHM_LOCKED) && polyshm_lock_unlock(lock) == POLYSHM_OK;
}

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

/* ---- one thread ---- */

static void *work_of(void *worker) {
  struct worker *one = worker;
  one->work(one);
  return NULL;
}

static pthread_t start(struct worker *worker) {
  pthread_t thread;
  worker->status = POLYSHM_CORRUPT;
  assert_int_equal(pthread_create(&thread, NULL, work_of, worker), 0);
  return thread;
}

static void finish(pthread_t thread, const struct worker *worker) {
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_ok(worker->status);
}

static void in_a_thread(void (*work)(struct worker *worker), void *shared) {
  struct worker worker = {.work = work, .shared = shared};
  finish(start(&worker), &worker);
}

static void lock_and_end(struct worker *worker) {
  if (gets(worker->shared, 0, POLYSHM_LOCKED))
    worker->status = POLYSHM_OK;
}

static void recover_and_end(struct worker *worker) {
  if (gets(worker->shared, 0, POLYSHM_RECOVERED))
    worker->status = POLYSHM_OK;
}

/* A later thread, which most likely stands at the same address, neither owns what the first one had locked
 * nor waits for it for ever. */
static void a_thread_that_ends_as_owner(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock(), *other = another(lock);
  in_a_thread(lock_and_end, lock);
  for (int round = 0; round < 50; round++) {
    assert_false(owned(lock) || locked(lock) || locked(other));
    assert_status(POLYSHM_NOT_OWNER, polyshm_lock_unlock(lock));
    in_a_thread(recover_and_end, lock);
  }
  assert_true(repairs(other));
  in_a_thread(lock_and_end, lock);
  assert_true(repairs(lock));
  polyshm_lock_free(other);
  drop_lock(lock);
}

enum { LOCKS = 3 };

static void lock_all_and_end(struct worker *worker) {
  polyshm_lock **locks = worker->shared;
  worker->status = POLYSHM_OK;
  for (int i = 0; i < LOCKS; i++)
    if (!gets(locks[i], 0, POLYSHM_LOCKED) || (i == 1 && polyshm_lock_unlock(locks[i])))
      worker->status = POLYSHM_CORRUPT;
}

static void it_gives_up_all_that_it_owns(void **state) {
  (void)state;
  polyshm_lock *locks[LOCKS] = {new_lock(), new_lock(), new_lock()}, *mine = new_lock();
  assert_true(gets(mine, 0, POLYSHM_LOCKED));
  in_a_thread(lock_all_and_end, locks);
  assert_true(repairs(locks[0]) && is_free(locks[1]) && repairs(locks[2]) && owned(mine));
  for (int i = 0; i < LOCKS; i++)
    drop_lock(locks[i]);
  drop_lock(mine);
}

static pthread_key_t later_key; /* whose destructor comes after polyshm's */

static void lock_at_the_end(void *lock) {
  (void)!gets(lock, 0, POLYSHM_RECOVERED); /* the thread has just given it up itself */
}

static void lock_and_end_late(struct worker *worker) {
  lock_and_end(worker);
  if (pthread_setspecific(later_key, worker->shared))
    worker->status = POLYSHM_CORRUPT;
}

static void what_destructors_lock_is_given_up_too(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock();
  assert_int_equal(pthread_key_create(&later_key, lock_at_the_end), 0);
  in_a_thread(lock_and_end_late, lock);
  assert_true(repairs(lock));
  assert_int_equal(pthread_key_delete(later_key), 0);
  drop_lock(lock);
}

static void say_that_it_ends(struct worker *worker) {
  polyshm_lock *lock = worker->shared;
  bool owned_before = false, owned_after = true;
  if (!gets(lock, 0, POLYSHM_LOCKED) || polyshm_lock_owned(lock, &owned_before))
    return;
  polyshm_thread_end();
  if (polyshm_lock_owned(lock, &owned_after) == POLYSHM_OK && owned_before && !owned_after &&
      polyshm_lock_unlock(lock) == POLYSHM_NOT_OWNER)
    worker->status = POLYSHM_OK;
}

static void a_thread_may_say_that_it_ends(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock();
  in_a_thread(say_that_it_ends, lock);
  assert_true(repairs(lock));
  polyshm_thread_end(); /* this one owns nothing */
  assert_true(gets(lock, 0, POLYSHM_LOCKED) && owned(lock));
  assert_ok(polyshm_lock_unlock(lock));
  drop_lock(lock);
}

/* ---- other processes ---- */

static void repair_it(void *lock) {
  must(repairs(lock));
}

static void another_process_recovers(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock();
  in_a_thread(lock_and_end, lock);
  in_child(repair_it, lock);
  assert_true(is_free(lock));
  drop_lock(lock);
}

struct sleeping {
  polyshm_lock *lock;
  int asleep[2]; /* a pipe */
};

static polyshm_status tell_of_sleep(void (*sleep_slice)(void *slice), void *slice, void *context) {
  const struct sleeping *sleeping = context;
  (void)!write(sleeping->asleep[1], "", 1);
  sleep_slice(slice);
  return POLYSHM_OK;
}

/* Owns the lock until another process sleeps for it, which takes some slices. */
static void lock_until_somebody_sleeps(struct worker *worker) {
  const struct sleeping *sleeping = worker->shared;
  char byte;
  int slices = 0;
  if (!gets(sleeping->lock, 0, POLYSHM_LOCKED))
    return;
  worker->count = 1;
  while (slices < 6 && read(sleeping->asleep[0], &byte, 1) == 1)
    slices++;
  worker->status = slices == 6 ? POLYSHM_OK : POLYSHM_EIO;
}

static void repair_it_after_a_sleep(struct sleeping *sleeping) {
  (void)polyshm_on_wait(tell_of_sleep, sleeping);
  must(repairs(sleeping->lock));
}

static void who_sleeps_is_woken(void **state) {
  (void)state;
  struct sleeping sleeping = {.lock = new_lock()};
  assert_int_equal(pipe(sleeping.asleep), 0);
  struct worker owner = {.work = lock_until_somebody_sleeps, .shared = &sleeping};
  pthread_t thread = start(&owner);
  while (!locked(sleeping.lock))
    sleep_milliseconds(1);
  int child = fork_child();
  if (child == 0) {
    repair_it_after_a_sleep(&sleeping);
    _exit(0);
  }
  finish(thread, &owner);
  assert_child_succeeds(child);
  assert_true(is_free(sleeping.lock));
  assert_int_equal(close(sleeping.asleep[0]) | close(sleeping.asleep[1]), 0);
  drop_lock(sleeping.lock);
}

static void end_the_thread(void *context) {
  polyshm_thread_end();
  must(gets(context, 0, POLYSHM_LOCK_TIMED_OUT));
}

static void what_a_parent_owns_is_not_the_childs_to_give_up(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock();
  assert_true(gets(lock, 0, POLYSHM_LOCKED));
  in_child(end_the_thread, lock);
  assert_true(owned(lock));
  assert_ok(polyshm_lock_unlock(lock));
  assert_true(is_free(lock));
  drop_lock(lock);
}

/* ---- at the same time ---- */

static void come_and_go(struct worker *worker) {
  polyshm_lock_outcome outcome;
  for (int i = 0; i < 20; i++) {
    polyshm_lock *lock = NULL;
    worker->status = polyshm_lock_attach(worker->shared, 0, 0, &lock);
    if (!worker->status)
      worker->status = polyshm_lock_lock(lock, LONG, &outcome);
    if (!worker->status && worker->number % 2)
      worker->status = polyshm_lock_unlock(lock);
    if (!worker->status && worker->number % 3)
      worker->status = polyshm_lock_close(lock);
    if (worker->number == 0)
      polyshm_thread_end();
    polyshm_lock_free(lock);
  }
}

static void threads_end_while_others_free(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock();
  struct worker workers[MANY];
  run_alike(workers, come_and_go, (void *)(uintptr_t)polyshm_lock_name(lock));
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  drop_lock(lock);
}

struct closing {
  polyshm_lock *lock;
  pthread_barrier_t owned;
};

static void lock_meet_and_end(struct worker *worker) {
  struct closing *closing = worker->shared;
  lock_and_end(&(struct worker){.shared = closing->lock});
  worker->status = POLYSHM_OK;
  (void)pthread_barrier_wait(&closing->owned);
}

/* Its owner's thread ends in the middle of a close, or of a free. */
static void a_handle_is_closed_while_its_owner_ends(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock();
  struct closing closing;
  assert_int_equal(pthread_barrier_init(&closing.owned, NULL, 2), 0);
  for (int round = 0; round < 300; round++) {
    closing.lock = another(lock);
    struct worker owner = {.work = lock_meet_and_end, .shared = &closing};
    pthread_t thread = start(&owner);
    (void)pthread_barrier_wait(&closing.owned);
    if (round % 2)
      assert_ok(polyshm_lock_close(closing.lock));
    else
      polyshm_lock_free(closing.lock);
    finish(thread, &owner);
    assert_true(repairs(lock));
    if (round % 2)
      polyshm_lock_free(closing.lock);
  }
  assert_int_equal(pthread_barrier_destroy(&closing.owned), 0);
  drop_lock(lock);
}

struct churn {
  polyshm_lock *lock;
  atomic_bool done;
};

static void *lock_once(void *lock) {
  polyshm_lock_outcome outcome;
  return polyshm_lock_lock(lock, LONG, &outcome) ? lock : NULL;
}

static void *end_again_and_again(void *context) {
  struct churn *churn = context;
  void *failed = NULL;
  while (!failed && !atomic_load(&churn->done)) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, lock_once, churn->lock) || pthread_join(thread, &failed))
      failed = context;
  }
  return failed;
}

static void use_and_end(void *context) {
  const struct churn *churn = context;
  polyshm_lock *own = NULL;
  polyshm_lock_outcome outcome;
  must_ok(polyshm_lock_attach(polyshm_lock_name(churn->lock), 0, 0, &own));
  must_ok(polyshm_lock_lock(own, LONG, &outcome));
  polyshm_thread_end();
  must_ok(polyshm_lock_lock(churn->lock, LONG, &outcome));
  polyshm_lock_free(own);
}

/* No child finds the list of those who watch threads half-changed, or the lock on it taken. */
static void a_process_forks_while_threads_end(void **state) {
  (void)state;
  struct churn churn = {.lock = new_lock()};
  pthread_t thread;
  void *failed = NULL;
  assert_int_equal(pthread_create(&thread, NULL, end_again_and_again, &churn), 0);
  for (int i = 0; i < 100; i++) {
    polyshm_lock *passing = another(churn.lock);
    in_child(use_and_end, &churn);
    polyshm_lock_free(passing);
  }
  atomic_store(&churn.done, true);
  assert_int_equal(pthread_join(thread, &failed), 0);
  assert_null(failed);
  assert_true(repairs(churn.lock));
  drop_lock(churn.lock);
}

/* ---- a library that is unloaded ---- */

struct loaded {
  polyshm_status (*attach)(const char *name, int64_t flags, int64_t timeout, polyshm_lock **out);
  polyshm_status (*lock)(polyshm_lock *lock, int64_t timeout, polyshm_lock_outcome *out);
  void (*free)(polyshm_lock *lock);
  const char *name;
  polyshm_lock *handle;
  pthread_barrier_t locked, unloaded;
};

static void lock_and_see_it_unloaded(struct worker *worker) {
  struct loaded *loaded = worker->shared;
  polyshm_lock_outcome outcome = -1;
  worker->status = loaded->attach(loaded->name, 0, 0, &loaded->handle);
  if (!worker->status)
    worker->status = loaded->lock(loaded->handle, 0, &outcome);
  (void)pthread_barrier_wait(&loaded->locked);
  (void)pthread_barrier_wait(&loaded->unloaded);
}

static void find(void *library, const char *name, void *function) {
  void *found = dlsym(library, name);
  assert_non_null(found);
  *(void **)function = found;
}

/* A program may unload the library, as a Lua state does when it is closed, while a thread that has locked is
 * still to end. */
static void a_thread_outlives_the_loaded_library(void **state) {
  (void)state;
  polyshm_lock *lock = new_lock();
  struct loaded loaded = {.name = polyshm_lock_name(lock)};
  void *library = dlopen(POLYSHM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail_msg("%s", dlerror());
  find(library, "polyshm_lock_attach", (void *)&loaded.attach);
  find(library, "polyshm_lock_lock", (void *)&loaded.lock);
  find(library, "polyshm_lock_free", (void *)&loaded.free);
  assert_int_equal(pthread_barrier_init(&loaded.locked, NULL, 2), 0);
  assert_int_equal(pthread_barrier_init(&loaded.unloaded, NULL, 2), 0);
  struct worker worker = {.work = lock_and_see_it_unloaded, .shared = &loaded};
  pthread_t thread = start(&worker);
  (void)pthread_barrier_wait(&loaded.locked);
  assert_true(gets(lock, 0, POLYSHM_LOCK_TIMED_OUT));
  assert_int_equal(dlclose(library), 0);
  (void)pthread_barrier_wait(&loaded.unloaded);
  finish(thread, &worker);
  assert_true(repairs(lock));
  loaded.free(loaded.handle); /* it never goes */
  drop_lock(lock);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_thread_that_ends_as_owner),
      TEST(it_gives_up_all_that_it_owns),
      TEST(what_destructors_lock_is_given_up_too),
      TEST(a_thread_may_say_that_it_ends),
      TEST(another_process_recovers),
      TEST(who_sleeps_is_woken),
      TEST(what_a_parent_owns_is_not_the_childs_to_give_up),
      TEST(threads_end_while_others_free),
      TEST(a_handle_is_closed_while_its_owner_ends),
      TEST(a_process_forks_while_threads_end),
      TEST(a_thread_outlives_the_loaded_library),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
