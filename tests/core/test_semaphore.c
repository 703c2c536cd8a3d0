/* Semaphore: never more holders than permits, and what the dead held comes back. */
#include "support.h"

#include <polyshm/semaphore.h>

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHANGES = 4096, PERMITS = 4096 + 64 }; /* docs/layouts.md */

static polyshm_semaphore *new_semaphore(int64_t count) {
  polyshm_semaphore *semaphore = NULL;
  assert_ok(polyshm_semaphore_create(fresh_name(), count, 0600, &semaphore));
  assert_non_null(semaphore);
  return semaphore;
}

static polyshm_semaphore *another(const polyshm_semaphore *semaphore) {
  polyshm_semaphore *other = NULL;
  assert_ok(polyshm_semaphore_attach(polyshm_semaphore_name(semaphore), 0, 0, &other));
  return other;
}

static void drop_semaphore(polyshm_semaphore *semaphore) {
  polyshm_status status = polyshm_semaphore_unlink(semaphore);
  assert_true(status == POLYSHM_OK || status == POLYSHM_ENOENT);
  polyshm_semaphore_free(semaphore);
}

static bool acquire(polyshm_semaphore *semaphore, int64_t timeout) {
  bool acquired = false;
  assert_ok(polyshm_semaphore_acquire(semaphore, timeout, &acquired));
  return acquired;
}

static int64_t value(polyshm_semaphore *semaphore) {
  int64_t number = -1;
  assert_ok(polyshm_semaphore_value(semaphore, &number));
  return number;
}

/* For children and threads. */
static bool gets(polyshm_semaphore *semaphore, int64_t timeout) {
  bool acquired = false;
  return polyshm_semaphore_acquire(semaphore, timeout, &acquired) == POLYSHM_OK && acquired;
}

/* ---- permits ---- */

static void counts_have_bounds(void **state) {
  (void)state;
  const int64_t counts[] = {0, -1, 1025, INT64_MAX, INT64_MIN, INT64_C(1) << 32, (INT64_C(1) << 32) + 1};
  for (int i = 0; i < 7; i++) {
    polyshm_semaphore *semaphore = NULL;
    assert_status(POLYSHM_RANGE, polyshm_semaphore_create(fresh_name(), counts[i], 0600, &semaphore));
    assert_words("1024");
    assert_null(semaphore);
    assert_status(POLYSHM_RANGE, polyshm_semaphore_open(fresh_name(), counts[i], 0600, 0, &semaphore));
    assert_null(semaphore);
  }
  assert_int_equal(polyshm_semaphore_count(NULL), 0);
}

static void there_are_as_many_permits_as_asked(void **state) {
  (void)state;
  const int64_t counts[] = {1, 2, 3, 64, 1023, POLYSHM_SEMAPHORE_MAX};
  for (int i = 0; i < 6; i++) {
    polyshm_semaphore *a = new_semaphore(counts[i]), *b = another(a);
    const int64_t of_b = counts[i] / 2;
    assert_int_equal(polyshm_semaphore_count(b), counts[i]);
    for (int64_t taken = 0; taken < counts[i]; taken++) {
      assert_int_equal(value(taken % 2 ? a : b), counts[i] - taken);
      assert_true(acquire(taken < of_b ? b : a, taken % 2 ? 0 : -1));
    }
    for (int round = 0; round < 2; round++) {
      assert_int_equal(value(round ? a : b), 0);
      assert_false(acquire(round ? a : b, 0));
      assert_false(acquire(round ? a : b, MILLISECONDS));
    }
    for (int64_t back = 0; back < of_b; back++) {
      assert_ok(polyshm_semaphore_release(b));
      assert_int_equal(value(a), back + 1);
    }
    assert_status(POLYSHM_NOT_OWNER, polyshm_semaphore_release(b));
    assert_words("this handle has acquired none");
    assert_int_equal(value(a), of_b);
    for (int64_t back = of_b; back < counts[i]; back++)
      assert_ok(polyshm_semaphore_release(a));
    assert_int_equal(value(b), counts[i]);
    assert_status(POLYSHM_NOT_OWNER, polyshm_semaphore_release(a));
    polyshm_semaphore_free(b);
    drop_semaphore(a);
  }
}

static void an_existing_one_keeps_its_count(void **state) {
  (void)state;
  polyshm_semaphore *a = new_semaphore(5), *b = NULL;
  assert_ok(polyshm_semaphore_open(polyshm_semaphore_name(a), 9, 0600, 0, &b));
  assert_int_equal(polyshm_semaphore_count(b), 5);
  assert_ok(polyshm_semaphore_close(b));
  assert_int_equal(polyshm_semaphore_count(b), 5);
  polyshm_semaphore_free(b);
  drop_semaphore(a);
}

static void a_timeout_is_kept(void **state) {
  (void)state;
  const int64_t timeouts[] = {0, 1, 20, 200};
  polyshm_semaphore *a = new_semaphore(1), *b = another(a);
  assert_true(acquire(a, -1));
  for (int i = 0; i < 4; i++) {
    int64_t start = milliseconds_now();
    assert_false(acquire(b, timeouts[i] * MILLISECONDS));
    assert_in_range(milliseconds_now() - start, timeouts[i] ? timeouts[i] - 1 : 0, timeouts[i] + 10000);
  }
  assert_ok(polyshm_semaphore_release(a));
  assert_true(acquire(b, INT64_MAX));
  assert_ok(polyshm_semaphore_release(b));
  polyshm_semaphore_free(b);
  drop_semaphore(a);
}

/* ---- threads ---- */

static void release_one(struct worker *worker) {
  if (worker->number < 2)
    worker->status = polyshm_semaphore_release(worker->shared);
}

static void any_thread_may_release(void **state) {
  (void)state;
  polyshm_semaphore *semaphore = new_semaphore(3);
  struct worker workers[MANY];
  for (int i = 0; i < 3; i++)
    assert_true(acquire(semaphore, 0));
  run_alike(workers, release_one, semaphore);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  assert_int_equal(value(semaphore), 2);
  drop_semaphore(semaphore);
}

struct crowd {
  polyshm_semaphore *semaphore; /* NULL: each thread has a handle of its own */
  const char *name;
  int64_t permits, rounds;
  _Atomic int64_t inside, most;
};

static void come_and_go(struct worker *worker) {
  struct crowd *crowd = worker->shared;
  polyshm_semaphore *semaphore = crowd->semaphore;
  if (!semaphore)
    worker->status = polyshm_semaphore_attach(crowd->name, 0, 0, &semaphore);
  for (; !worker->status && worker->count < crowd->rounds; worker->count++) {
    if (!gets(semaphore, LONG)) {
      worker->status = polyshm_fail(POLYSHM_EIO, "no permit: %s", polyshm_last_error());
      break;
    }
    int64_t inside = atomic_fetch_add(&crowd->inside, 1) + 1, most = atomic_load(&crowd->most);
    while (inside > most && !atomic_compare_exchange_weak(&crowd->most, &most, inside)) {
    }
    if (worker->count % 64 == 0)
      (void)usleep(10);
    (void)atomic_fetch_sub(&crowd->inside, 1);
    worker->status = polyshm_semaphore_release(semaphore);
  }
  if (!crowd->semaphore)
    polyshm_semaphore_free(semaphore);
}

static void never_more_than_there_are(void **state) {
  (void)state;
  const int64_t permits[] = {1, 3};
  for (int i = 0; i < 2; i++)
    for (int own = 0; own < 2; own++) {
      polyshm_semaphore *semaphore = new_semaphore(permits[i]);
      struct crowd crowd = {.semaphore = own ? NULL : semaphore,
                            .name = polyshm_semaphore_name(semaphore),
                            .permits = permits[i],
                            .rounds = 2000};
      struct worker workers[MANY];
      run_alike(workers, come_and_go, &crowd);
      for (int number = 0; number < MANY; number++)
        assert_worker_is_well(&workers[number]);
      assert_in_range(crowd.most, 1, permits[i]);
      assert_int_equal(value(semaphore), permits[i]);
      drop_semaphore(semaphore);
    }
}

static void wait_for_a_permit(struct worker *worker) {
  bool acquired = false;
  worker->count = 1;
  worker->status = polyshm_semaphore_acquire(worker->shared, -1, &acquired);
  if (!worker->status && !acquired)
    worker->status = polyshm_fail(POLYSHM_EIO, "a wait without end ended");
}

static void release_them_all(struct worker *worker) {
  for (int i = 0; i < MANY - 1 && !worker->status; i++) {
    sleep_milliseconds(5);
    worker->status = polyshm_semaphore_release(worker->shared);
  }
}

/* As many releases as waits: each of them gets one. */
static void a_release_wakes(void **state) {
  (void)state;
  polyshm_semaphore *semaphore = new_semaphore(MANY - 1);
  struct worker workers[MANY];
  void (*const works[MANY])(struct worker *) = {wait_for_a_permit, wait_for_a_permit, wait_for_a_permit,
                                                wait_for_a_permit, wait_for_a_permit, release_them_all};
  for (int i = 0; i < MANY - 1; i++)
    assert_true(acquire(semaphore, 0));
  run_workers(workers, works, semaphore);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  assert_int_equal(value(semaphore), 0);
  drop_semaphore(semaphore);
}

static void close_soon(struct worker *worker) {
  sleep_milliseconds(100);
  (void)polyshm_semaphore_close(worker->shared);
}

static void close_wakes_who_waits(void **state) {
  (void)state;
  polyshm_semaphore *a = new_semaphore(1), *b = another(a);
  struct worker workers[MANY];
  void (*const works[MANY])(struct worker *) = {wait_for_a_permit, wait_for_a_permit, wait_for_a_permit,
                                                wait_for_a_permit, wait_for_a_permit, close_soon};
  assert_true(acquire(a, 0));
  int64_t start = milliseconds_now();
  run_workers(workers, works, b);
  assert_in_range(milliseconds_now() - start, 90, 5000);
  for (int i = 0; i < MANY - 1; i++)
    assert_int_equal(workers[i].status, POLYSHM_CLOSED);
  assert_int_equal(value(a), 0);
  polyshm_semaphore_free(b);
  drop_semaphore(a);
}

/* ---- the death of a holder ---- */

struct mortal {
  const char *name;
  polyshm_semaphore *semaphore; /* the child's; the parent's, if it is to inherit one */
  int permits;
};

static void take_some(void *context) {
  struct mortal *mortal = context;
  if (!mortal->semaphore)
    must_ok(polyshm_semaphore_attach(mortal->name, 0, 0, &mortal->semaphore));
  for (int i = 0; i < mortal->permits; i++)
    must(gets(mortal->semaphore, LONG));
}

static void take_some_and_close(void *context) {
  take_some(context);
  must_ok(polyshm_semaphore_close(((struct mortal *)context)->semaphore));
}

static void take_some_and_free(void *context) {
  take_some(context);
  polyshm_semaphore_free(((struct mortal *)context)->semaphore);
}

static void take_some_and_exec(void *context) {
  take_some(context);
  (void)execl("/bin/true", "true", (char *)NULL);
  must(false);
}

static void assert_all_are_free(polyshm_semaphore *semaphore) {
  const int64_t count = polyshm_semaphore_count(semaphore);
  assert_int_equal(value(semaphore), count);
  for (int64_t i = 0; i < count; i++)
    assert_true(acquire(semaphore, LONG));
  assert_false(acquire(semaphore, 0));
  for (int64_t i = 0; i < count; i++)
    assert_ok(polyshm_semaphore_release(semaphore));
}

static void the_permits_of_the_dead_come_back(void **state) {
  (void)state;
  void (*const ends[])(void *) = {take_some, take_some_and_close, take_some_and_free, take_some_and_exec};
  for (int i = 0; i < 4; i++)
    for (int inherited = 0; inherited < 2; inherited++) {
      polyshm_semaphore *semaphore = new_semaphore(3);
      struct mortal mortal = {polyshm_semaphore_name(semaphore), inherited ? semaphore : NULL, 3 - inherited};
      in_child(ends[i], &mortal);
      assert_all_are_free(semaphore);
      drop_semaphore(semaphore);
    }
}

static void a_killed_holder(void **state) {
  (void)state;
  for (int inherited = 0; inherited < 2; inherited++) {
    polyshm_semaphore *semaphore = new_semaphore(3);
    struct mortal mortal = {polyshm_semaphore_name(semaphore), inherited ? semaphore : NULL, 2};
    if (inherited)
      assert_true(acquire(semaphore, 0));
    int child = child_that(take_some, &mortal);
    assert_int_equal(value(semaphore), 1 - inherited);
    assert_int_equal(acquire(semaphore, 20 * MILLISECONDS), !inherited);
    assert_false(acquire(semaphore, 50 * MILLISECONDS));
    assert_int_equal(kill(child, SIGKILL), 0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0); /* a zombie is dead */
    assert_int_equal(value(semaphore), 2);
    assert_true(acquire(semaphore, LONG));
    assert_true(acquire(semaphore, LONG));
    assert_false(acquire(semaphore, 0));
    assert_int_equal(waitpid(child, NULL, 0), child);
    drop_semaphore(semaphore);
  }
}

static void a_closed_handle_in_a_living_process(void **state) {
  (void)state;
  void (*const ends[])(void *) = {take_some_and_close, take_some_and_free};
  for (int i = 0; i < 2; i++) {
    polyshm_semaphore *semaphore = new_semaphore(3);
    struct mortal mortal = {.semaphore = semaphore, .permits = 3};
    int child = child_that(ends[i], &mortal);
    assert_all_are_free(semaphore);
    end_child(child);
    drop_semaphore(semaphore);
  }
}

static void *kill_later(void *context) {
  sleep_milliseconds(100);
  (void)kill(*(int *)context, SIGKILL);
  return NULL;
}

static void a_holder_killed_while_others_wait(void **state) {
  (void)state;
  polyshm_semaphore *semaphore = new_semaphore(1);
  struct mortal mortal = {.name = polyshm_semaphore_name(semaphore), .permits = 1};
  int child = child_that(take_some, &mortal);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, kill_later, &child), 0);
  assert_true(acquire(semaphore, -1));
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(waitpid(child, NULL, 0), child);
  drop_semaphore(semaphore);
}

/* ---- fork ---- */

static void have_none_of_the_parents(void *context) {
  polyshm_semaphore *semaphore = context;
  must(polyshm_semaphore_release(semaphore) == POLYSHM_NOT_OWNER);
  must(gets(semaphore, 0));
  must_ok(polyshm_semaphore_release(semaphore));
  must(polyshm_semaphore_release(semaphore) == POLYSHM_NOT_OWNER);
  must(gets(semaphore, 0));
  polyshm_semaphore_free(semaphore);
}

static void a_child_holds_none(void **state) {
  (void)state;
  polyshm_semaphore *semaphore = new_semaphore(3);
  assert_true(acquire(semaphore, 0));
  assert_true(acquire(semaphore, 0));
  in_child(have_none_of_the_parents, semaphore);
  assert_int_equal(value(semaphore), 1);
  assert_ok(polyshm_semaphore_release(semaphore));
  assert_ok(polyshm_semaphore_release(semaphore));
  assert_status(POLYSHM_NOT_OWNER, polyshm_semaphore_release(semaphore));
  drop_semaphore(semaphore);
}

struct asking {
  polyshm_semaphore *semaphore;
  atomic_bool done;
};

static void *ask_without_pause(void *context) {
  struct asking *asking = context;
  int64_t number = 0;
  while (!atomic_load(&asking->done) && polyshm_semaphore_value(asking->semaphore, &number) == POLYSHM_OK) {
  }
  return NULL;
}

/* The thread that was asking is not there in the child, and does not come out of its call. */
static void a_child_of_a_process_that_was_asking(void **state) {
  (void)state;
  polyshm_semaphore *semaphore = new_semaphore(2), *other = another(semaphore);
  struct asking asking = {.semaphore = semaphore};
  struct mortal mortal = {.semaphore = semaphore, .permits = 1};
  pthread_t thread;
  assert_true(acquire(other, 0)); /* whose holder is asked for */
  assert_int_equal(pthread_create(&thread, NULL, ask_without_pause, &asking), 0);
  for (int i = 0; i < 30; i++) {
    mortal.semaphore = semaphore;
    int child = child_that(take_some_and_close, &mortal);
    assert_int_equal(value(other), 1);
    end_child(child);
  }
  atomic_store(&asking.done, true);
  assert_int_equal(pthread_join(thread, NULL), 0);
  polyshm_semaphore_free(other);
  drop_semaphore(semaphore);
}

/* ---- interrupts, and bytes that somebody else wrote ---- */

static void a_signal_ends_a_wait(void **state) {
  (void)state;
  const int flags[] = {0, SA_RESTART};
  polyshm_semaphore *a = new_semaphore(1), *b = another(a);
  bool acquired = true;
  assert_true(acquire(a, 0));
  for (int i = 0; i < 2; i++) {
    signal_after(30, flags[i], true);
    polyshm_status status = polyshm_semaphore_acquire(b, LONG, &acquired);
    no_more_signals();
    assert_status(POLYSHM_EINTR, status);
    assert_words("acquire");
    assert_false(acquired);
  }
  assert_status(POLYSHM_NOT_OWNER, polyshm_semaphore_release(b));
  assert_ok(polyshm_semaphore_release(a));
  assert_int_equal(value(a), 1);
  polyshm_semaphore_free(b);
  drop_semaphore(a);
}

static polyshm_status give_up(void (*sleep_slice)(void *slice), void *slice, void *context) {
  sleep_slice(slice);
  return ++*(int *)context == 3 ? POLYSHM_EINTR : POLYSHM_OK;
}

static void a_hook_ends_a_wait(void **state) {
  (void)state;
  polyshm_semaphore *a = new_semaphore(1), *b = another(a);
  bool acquired = true;
  int calls = 0;
  assert_true(acquire(a, 0));
  polyshm_on_wait(give_up, &calls);
  assert_status(POLYSHM_EINTR, polyshm_semaphore_acquire(b, -1, &acquired));
  polyshm_on_wait(NULL, NULL);
  assert_int_equal(calls, 3);
  assert_false(acquired);
  assert_ok(polyshm_semaphore_release(a));
  assert_int_equal(value(b), 1);
  polyshm_semaphore_free(b);
  drop_semaphore(a);
}

struct scribbling {
  polyshm_segment *segment;
  int64_t offset;
  atomic_bool done;
};

static void *change_without_pause(void *context) {
  struct scribbling *scribbling = context;
  for (polyshm_value word = from_int(0); !atomic_load(&scribbling->done);
       word.as.int64 = (word.as.int64 + 1) & 0xffffffff)
    if (polyshm_segment_set_value(scribbling->segment, POLYSHM_UINT32, scribbling->offset, &word))
      return NULL;
  return NULL;
}

static void a_word_that_changes_without_pause(void **state) {
  (void)state;
  polyshm_semaphore *a = new_semaphore(1), *b = another(a);
  struct scribbling scribbling = {.offset = CHANGES};
  bool acquired = true;
  int calls = 0;
  pthread_t thread;
  assert_ok(polyshm_segment_attach(polyshm_semaphore_name(a), 0, 0, &scribbling.segment));
  assert_true(acquire(a, 0));
  assert_int_equal(pthread_create(&thread, NULL, change_without_pause, &scribbling), 0);
  int64_t start = milliseconds_now();
  assert_false(acquire(b, 200 * MILLISECONDS));
  assert_in_range(milliseconds_now() - start, 199, 10000);
  polyshm_on_wait(give_up, &calls);
  assert_status(POLYSHM_EINTR, polyshm_semaphore_acquire(b, -1, &acquired));
  polyshm_on_wait(NULL, NULL);
  atomic_store(&scribbling.done, true);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_ok(polyshm_semaphore_release(a));
  assert_true(acquire(b, LONG));
  polyshm_segment_free(scribbling.segment);
  polyshm_semaphore_free(b);
  drop_semaphore(a);
}

static void scribbled_permits(void **state) {
  (void)state;
  const uint32_t words[] = {0x80000000U, 0xffffffffU, 1000000};
  polyshm_semaphore *semaphore = new_semaphore(2);
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_segment_attach(polyshm_semaphore_name(semaphore), 0, 0, &segment));
  for (int i = 0; i < 3; i++) {
    const polyshm_value word = from_uint(words[i]), count = from_uint(UINT32_MAX);
    assert_ok(polyshm_segment_set_value(segment, POLYSHM_UINT32, PERMITS, &word));
    assert_ok(polyshm_segment_set_value(segment, POLYSHM_UINT32, PERMITS + 4, &word));
    assert_ok(
        polyshm_segment_set_value(segment, POLYSHM_UINT32, CHANGES + 8, &count)); /* is not read again */
    assert_int_equal(polyshm_semaphore_count(semaphore), 2);
    assert_all_are_free(semaphore); /* such a holder is as good as dead */
  }
  assert_true(acquire(semaphore, 0));
  const polyshm_value none = from_int(0);
  assert_ok(polyshm_segment_set_value(segment, POLYSHM_UINT32, PERMITS, &none));
  assert_status(POLYSHM_NOT_OWNER, polyshm_semaphore_release(semaphore));
  polyshm_segment_free(segment);
  drop_semaphore(semaphore);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(counts_have_bounds),
      TEST(there_are_as_many_permits_as_asked),
      TEST(an_existing_one_keeps_its_count),
      TEST(a_timeout_is_kept),
      TEST(any_thread_may_release),
      TEST(never_more_than_there_are),
      TEST(a_release_wakes),
      TEST(close_wakes_who_waits),
      TEST(the_permits_of_the_dead_come_back),
      TEST(a_killed_holder),
      TEST(a_closed_handle_in_a_living_process),
      TEST(a_holder_killed_while_others_wait),
      TEST(a_child_holds_none),
      TEST(a_child_of_a_process_that_was_asking),
      TEST(a_signal_ends_a_wait),
      TEST(a_hook_ends_a_wait),
      TEST(a_word_that_changes_without_pause),
      TEST(scribbled_permits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
