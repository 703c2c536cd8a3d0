/*
 * A process that gives up privileges (its user, its root) after it was handed objects: what it can still do
 * with them, and what it is told. To take part in a lock or a semaphore, a process opens the file anew,
 * through /proc/self/fd or by its name, and for that the file's mode counts again.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

struct objects {
  polyshm_lock *lock;
  polyshm_semaphore *semaphore;
  polyshm_event *event;
  polyshm_segment *segment;
};

static void make(struct objects *objects, int64_t mode) {
  assert_ok(polyshm_lock_create(fresh_name(), mode, &objects->lock));
  assert_ok(polyshm_semaphore_create(fresh_name(), 2, mode, &objects->semaphore));
  assert_ok(polyshm_event_create(fresh_name(), mode, &objects->event));
  assert_ok(polyshm_segment_create(fresh_name(), 100, mode, &objects->segment));
}

static void drop(const struct objects *objects) {
  assert_ok(polyshm_lock_unlink(objects->lock));
  assert_ok(polyshm_semaphore_unlink(objects->semaphore));
  assert_ok(polyshm_event_unlink(objects->event));
  polyshm_lock_free(objects->lock);
  polyshm_semaphore_free(objects->semaphore);
  polyshm_event_free(objects->event);
  drop_segment(objects->segment);
}

/* ---- what is given up ---- */

static void become_nobody(void) {
  must(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
}

static void stay_in_the_group(void) {
  must(setgroups(0, NULL) == 0 && setgid(0) == 0 && setuid(NOBODY) == 0);
}

/* Of an empty directory, which has no name any more. */
static void change_root(void) {
  char directory[] = "/tmp/polyshm-test-XXXXXX";
  must(mkdtemp(directory) && chdir(directory) == 0 && rmdir(directory) == 0);
  must(chroot(".") == 0);
}

/* ---- what is done then ---- */

/* A try is enough to take part, whether it gets anything or not. */
static void take_part(const struct objects *objects) {
  polyshm_lock_outcome outcome = -1;
  bool got = false;
  must_ok(polyshm_lock_lock(objects->lock, 0, &outcome));
  if (outcome)
    must_ok(polyshm_lock_unlock(objects->lock));
  must_ok(polyshm_semaphore_acquire(objects->semaphore, 0, &got));
  if (got)
    must_ok(polyshm_semaphore_release(objects->semaphore));
}

static void use(const struct objects *objects) {
  polyshm_lock_outcome outcome = -1;
  bool got = false;
  must_ok(polyshm_lock_lock(objects->lock, LONG, &outcome));
  must(outcome == POLYSHM_LOCKED);
  must_ok(polyshm_lock_unlock(objects->lock));
  must_ok(polyshm_semaphore_acquire(objects->semaphore, LONG, &got));
  must(got);
  must_ok(polyshm_semaphore_release(objects->semaphore));
}

/* Whatever needs no token works in any case. */
static void use_the_rest(const struct objects *objects) {
  char bytes[5] = "hello";
  bool locked = true;
  int64_t value = -1;
  must_ok(polyshm_event_set(objects->event));
  must_ok(polyshm_segment_write(objects->segment, 0, bytes, 5));
  must_ok(polyshm_segment_read(objects->segment, 0, bytes, 5));
  must_ok(polyshm_lock_locked(objects->lock, &locked));
  must_ok(polyshm_semaphore_value(objects->semaphore, &value));
  must(!locked && value == 2);
}

static void expect_refusal(const struct objects *objects, polyshm_status status, const char *words) {
  polyshm_lock_outcome outcome = -1;
  bool got = true;
  must(polyshm_lock_lock(objects->lock, LONG, &outcome) == status);
  must(outcome == POLYSHM_LOCK_TIMED_OUT);
  must(strstr(polyshm_last_error(), words) && strstr(polyshm_last_error(), "before"));
  must(polyshm_semaphore_acquire(objects->semaphore, LONG, &got) == status);
  must(!got && strstr(polyshm_last_error(), words));
  must(!strstr(polyshm_last_error(), "gone"));
}

static void nobody_is_told(void *context) {
  become_nobody();
  use_the_rest(context);
  expect_refusal(context, POLYSHM_EACCES, "its user");
}

static void nobody_took_part_before(void *context) {
  take_part(context);
  become_nobody();
  use_the_rest(context);
  use(context);
}

static void nobody_may(void *context) {
  become_nobody();
  use(context);
}

static void the_group_may(void *context) {
  stay_in_the_group();
  use(context);
}

static void a_prisoner_is_told(void *context) {
  change_root();
  use_the_rest(context);
  expect_refusal(context, POLYSHM_ENOENT, "chroot");
}

static void a_prisoner_took_part_before(void *context) {
  take_part(context);
  change_root();
  become_nobody();
  use_the_rest(context);
  use(context);
}

static const struct {
  int64_t mode;
  bool parent_takes_part; /* which counts for the parent alone */
  void (*child)(void *context);
} ways[] = {
    {0600, false, nobody_is_told},          {0600, true, nobody_is_told},
    {0600, false, nobody_took_part_before}, {0660, false, nobody_is_told},
    {0660, false, the_group_may},           {0666, false, nobody_may},
    {0600, false, a_prisoner_is_told},      {0600, false, a_prisoner_took_part_before},
};

static void in_a_child(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    struct objects objects;
    make(&objects, ways[i].mode);
    if (ways[i].parent_takes_part)
      take_part(&objects);
    in_child(ways[i].child, &objects);
    drop(&objects);
  }
}

/* Whatever was held when it died comes back, as ever. */
static void die_with_it(void *context) {
  const struct objects *objects = context;
  polyshm_lock_outcome outcome = -1;
  take_part(objects);
  become_nobody();
  must_ok(polyshm_lock_lock(objects->lock, LONG, &outcome));
}

static void the_deprived_die_as_others(void **state) {
  (void)state;
  struct objects objects;
  polyshm_lock_outcome outcome = -1;
  make(&objects, 0600);
  int child = child_that(die_with_it, &objects);
  assert_ok(polyshm_lock_lock(objects.lock, 0, &outcome));
  assert_int_equal(outcome, POLYSHM_LOCK_TIMED_OUT);
  end_child(child);
  assert_ok(polyshm_lock_lock(objects.lock, LONG, &outcome));
  assert_int_equal(outcome, POLYSHM_RECOVERED);
  drop(&objects);
}

/* Why it cannot be had: nothing that is inherited gives an open file of one's own. */
static void open_anew(void *context) {
  char path[64];
  const polyshm_segment *segment = ((struct objects *)context)->segment;
  int fd = open(path_of_name(polyshm_segment_name(segment)), O_RDWR | O_CLOEXEC);
  must(fd >= 0);
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  become_nobody();
  must(open(path, O_RDWR | O_CLOEXEC) == -1 && errno == EACCES);
  must(open(path, O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
}

static void no_open_file_of_ones_own(void **state) {
  (void)state;
  struct objects objects;
  make(&objects, 0600);
  in_child(open_anew, &objects);
  drop(&objects);
}

static bool can_change(void) {
  int ended = 0;
  pid_t child = fork();
  if (child == 0)
    _exit(setgroups(0, NULL) || chroot("/") || setgid(NOBODY) || setuid(NOBODY));
  return child > 0 && waitpid(child, &ended, 0) == child && ended == 0;
}

int main(void) {
  if (!can_change()) {
    print_message("skipped: it takes root to give something up\n");
    return 77;
  }
  const struct CMUnitTest tests[] = {
      TEST(in_a_child),
      TEST(the_deprived_die_as_others),
      TEST(no_open_file_of_ones_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
