/*
 * Forks in the middle of what another thread does to a segment: the child, which has no such thread, can do
 * all with its copy of the handle, however it was forked.
 */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a thread that stands still in the middle of resize() ---- */

struct grower {
  polyshm_segment *segment;
  pthread_t thread;
  pthread_barrier_t inside, go_on;
  int file; /* holds the lock that each growth takes */
  bool met;
  polyshm_status status;
};

/* Called where resize() waits for another process that grows the file. */
static polyshm_status stand_still(void (*sleep)(void *slice), void *slice, void *context) {
  struct grower *grower = context;
  (void)sleep;
  (void)slice;
  if (!grower->met) {
    grower->met = true;
    (void)pthread_barrier_wait(&grower->inside);
    (void)pthread_barrier_wait(&grower->go_on);
  }
  return POLYSHM_OK;
}

static void *grow(void *context) {
  struct grower *grower = context;
  (void)polyshm_on_wait(stand_still, grower);
  grower->status = polyshm_segment_resize(grower->segment, 100000);
  (void)polyshm_on_wait(NULL, NULL);
  return NULL;
}

static void begin_to_grow(struct grower *grower) {
  *grower = (struct grower){.segment = new_segment(fresh_name(), 100)};
  grower->file = open(path_of_name(polyshm_segment_name(grower->segment)), O_RDWR | O_CLOEXEC);
  assert_true(grower->file >= 0);
  assert_int_equal(flock(grower->file, LOCK_EX), 0);
  assert_int_equal(pthread_barrier_init(&grower->inside, NULL, 2), 0);
  assert_int_equal(pthread_barrier_init(&grower->go_on, NULL, 2), 0);
  assert_int_equal(pthread_create(&grower->thread, NULL, grow, grower), 0);
  (void)pthread_barrier_wait(&grower->inside);
}

static void finish_growing(struct grower *grower) {
  assert_int_equal(flock(grower->file, LOCK_UN), 0);
  (void)pthread_barrier_wait(&grower->go_on);
  assert_int_equal(pthread_join(grower->thread, NULL), 0);
  assert_int_equal(grower->status, POLYSHM_OK);
  assert_int_equal(polyshm_segment_size(grower->segment), 100000);
  assert_int_equal(pthread_barrier_destroy(&grower->inside), 0);
  assert_int_equal(pthread_barrier_destroy(&grower->go_on), 0);
  assert_int_equal(close(grower->file), 0);
  drop_segment(grower->segment);
}

/* ---- what a child does with its copy ---- */

static void do_close(void *segment) {
  must_ok(polyshm_segment_close(segment));
  must(polyshm_segment_write(segment, 0, "x", 1) == POLYSHM_CLOSED);
  polyshm_segment_free(segment);
}

static void do_refresh(void *segment) {
  must_ok(polyshm_segment_refresh(segment));
  must_ok(polyshm_segment_fill(segment, 7, 0, 100));
  do_close(segment);
}

static void do_lock(void *segment) {
  polyshm_lock *lock = NULL;
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  must_ok(polyshm_segment_lock(segment, &lock));
  must_ok(polyshm_lock_lock(lock, LONG, &outcome));
  must_ok(polyshm_lock_unlock(lock));
  must_ok(polyshm_lock_unlink(lock));
  polyshm_lock_free(lock);
  do_close(segment);
}

static void do_resize(void *segment) {
  must(polyshm_segment_resize(segment, 1) == POLYSHM_RANGE);
  do_close(segment);
}

static void a_child_can_do_all(void **state) {
  (void)state;
  void (*const works[])(void *) = {do_close, do_refresh, do_lock};
  struct grower grower;
  begin_to_grow(&grower);
  for (size_t i = 0; i < sizeof works / sizeof *works; i++)
    in_child(works[i], grower.segment);
  finish_growing(&grower);
}

/* To grow it takes the file's lock, which this process holds until then. */
static void a_child_can_grow_it(void **state) {
  (void)state;
  struct grower grower;
  begin_to_grow(&grower);
  assert_int_equal(flock(grower.file, LOCK_UN), 0);
  in_child(do_resize, grower.segment);
  finish_growing(&grower);
}

/* No library sees such a fork. */
static void a_child_of_clone(void **state) {
  (void)state;
  struct grower grower;
  begin_to_grow(&grower);
  long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    limit_life();
    must_ok(polyshm_segment_close(grower.segment));
    _exit(0);
  }
  assert_true(child > 0);
  assert_child_succeeds((int)child);
  finish_growing(&grower);
}

/* ---- at any moment ---- */

struct changer {
  polyshm_segment *segment;
  atomic_bool stop;
  polyshm_status status;
  char words[256];
};

static polyshm_status change(polyshm_segment *segment, int64_t size) {
  polyshm_segment *other = NULL;
  polyshm_lock *lock = NULL;
  polyshm_status status = polyshm_segment_resize(segment, size);
  if (!status)
    status = polyshm_segment_refresh(segment);
  if (!status)
    status = polyshm_segment_lock(segment, &lock);
  if (!status)
    status = polyshm_lock_close(lock); /* so that the next time opens one */
  polyshm_lock_free(lock);
  if (!status)
    status = polyshm_segment_attach(polyshm_segment_name(segment), 0, 0, &other);
  if (!status)
    status = polyshm_segment_close(other);
  polyshm_segment_free(other);
  return status;
}

static void *change_without_end(void *context) {
  struct changer *changer = context;
  for (int64_t size = 4096; !changer->status && !atomic_load(&changer->stop);
       size += size < 8000000 ? 4096 : 0)
    changer->status = change(changer->segment, size);
  (void)snprintf(changer->words, sizeof changer->words, "%.255s", polyshm_last_error());
  return NULL;
}

static void use_the_copy(void *segment) {
  int64_t size = polyshm_segment_size(segment);
  uint64_t address = 0;
  must_ok(polyshm_segment_address(segment, &address));
  must_ok(polyshm_segment_fill(segment, 1, size - 1, 1)); /* base and size belong together */
  must_ok(polyshm_segment_refresh(segment));
  size = polyshm_segment_size(segment);
  must_ok(polyshm_segment_fill(segment, 1, size - 1, 1));
  do_close(segment);
}

static void children_of_any_moment(void **state) {
  (void)state;
  enum { CHILDREN = 100 };
  struct changer changer = {.segment = new_segment(fresh_name(), 4096)};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, change_without_end, &changer), 0);
  for (int i = 0; i < CHILDREN; i++)
    in_child(use_the_copy, changer.segment);
  atomic_store(&changer.stop, true);
  assert_int_equal(pthread_join(thread, NULL), 0);
  if (changer.status)
    fail_msg("%s: %s", polyshm_status_name(changer.status), changer.words);
  drop_segment(changer.segment);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_child_can_do_all),
      TEST(a_child_can_grow_it),
      TEST(a_child_of_clone),
      TEST(children_of_any_moment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
