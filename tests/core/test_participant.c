/* These tests ask who takes part in an object: what fork(2) copies of it while the parent's threads are at
 * it. */
#include "support.h"

#include "object/object.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { FORKS = 40 };

/* How often this process has a file open. */
static int count_open(polyshm__identity identity) {
  int count = 0;
  DIR *directory = opendir("/proc/self/fd");
  must(directory != NULL);
  for (const struct dirent *entry; (entry = readdir(directory));)
    count += entry->d_name[0] != '.' && polyshm__file_is((int)strtol(entry->d_name, NULL, 10), &identity);
  (void)closedir(directory);
  return count;
}

static polyshm__identity identity_of(const void *handle) {
  return ((const polyshm__object *)handle)->segment->identity;
}

struct busy {
  polyshm_lock *lock;
  polyshm_semaphore *semaphore;
  atomic_bool enough;
  atomic_int rounds;
};

static void begin(struct busy *busy) {
  polyshm_lock_outcome outcome = -1;
  bool got = false;
  *busy = (struct busy){.enough = false};
  assert_ok(polyshm_lock_create(fresh_name(), 0600, &busy->lock));
  assert_ok(polyshm_semaphore_create(fresh_name(), 1, 0600, &busy->semaphore));
  assert_ok(polyshm_lock_lock(busy->lock, 0, &outcome));
  assert_ok(polyshm_semaphore_acquire(busy->semaphore, 0, &got));
}

static void end(struct busy *busy) {
  assert_ok(polyshm_lock_unlink(busy->lock));
  assert_ok(polyshm_semaphore_unlink(busy->semaphore));
  polyshm_lock_free(busy->lock);
  polyshm_semaphore_free(busy->semaphore);
}

/* Asks for others' lives all the time: nearly always it is inside. */
static void *ask(void *context) {
  struct busy *busy = context;
  while (!atomic_load(&busy->enough)) {
    (void)polyshm__object_alive((polyshm__object *)busy->lock, 1000);
    (void)polyshm__object_alive((polyshm__object *)busy->semaphore, 1000);
    atomic_fetch_add(&busy->rounds, 1);
  }
  return NULL;
}

/* This is what a child does with what it inherits; then no file of theirs may be open. */
static void close_inherited(void *context) {
  struct busy *busy = context;
  must_ok(polyshm_lock_close(busy->lock));
  must_ok(polyshm_semaphore_close(busy->semaphore));
  must(count_open(identity_of(busy->lock)) == 0);
  must(count_open(identity_of(busy->semaphore)) == 0);
}

static void free_inherited(void *context) {
  struct busy *busy = context;
  const polyshm__identity identity = identity_of(busy->lock);
  polyshm_lock_free(busy->lock);
  must(count_open(identity) == 0);
}

/* It takes part by itself before, as a worker of a server does. */
static void use_and_free_inherited(void *context) {
  struct busy *busy = context;
  polyshm_lock_outcome outcome = -1;
  must_ok(polyshm_lock_lock(busy->lock, 0, &outcome));
  must(outcome == POLYSHM_LOCK_TIMED_OUT); /* the parent owns it */
  free_inherited(busy);
}

static void in_children_of_a_busy_process(struct busy *busy, void (*work)(void *context)) {
  pthread_t thread;
  atomic_store(&busy->enough, false);
  assert_int_equal(pthread_create(&thread, NULL, ask, busy), 0);
  for (int i = 0; i < FORKS; i++)
    in_child(work, busy);
  atomic_store(&busy->enough, true);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_true(atomic_load(&busy->rounds) > 0);
}

static void a_child_closes_what_it_inherits(void **state) {
  (void)state;
  void (*const works[])(void *) = {close_inherited, free_inherited, use_and_free_inherited};
  for (int i = 0; i < 3; i++) {
    struct busy busy;
    begin(&busy);
    in_children_of_a_busy_process(&busy, works[i]);
    end(&busy);
  }
}

/* A daemon has closed the files: then they are opened for each question, and no child may have that open. */
static void a_child_inherits_no_question(void **state) {
  (void)state;
  struct busy busy;
  begin(&busy);
  assert_int_equal(close(atomic_load(&((polyshm__object *)busy.lock)->participants.file)), 0);
  assert_int_equal(close(atomic_load(&((polyshm__object *)busy.semaphore)->participants.file)), 0);
  in_children_of_a_busy_process(&busy, close_inherited);
  end(&busy);
}

/* The parent's thread was closing it at that moment: it had said so, and no more. */
static void a_child_ends_what_its_parent_began(void **state) {
  (void)state;
  struct busy busy;
  begin(&busy);
  polyshm__participants_close(&((polyshm__object *)busy.lock)->participants);
  polyshm__participants_close(&((polyshm__object *)busy.semaphore)->participants);
  in_child(close_inherited, &busy);
  in_child(free_inherited, &busy);
  end(&busy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_child_closes_what_it_inherits),
      TEST(a_child_inherits_no_question),
      TEST(a_child_ends_what_its_parent_began),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
