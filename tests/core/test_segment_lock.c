/* The lock that goes with a segment: who makes it, whose it is, and that it goes when the segment's name
 * goes. */
#include "support.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OWNER = 1001, READER = 1002, GROUP = 1003 };

#define assert_outcome(expected, lock, timeout)                                                              \
  do {                                                                                                       \
    polyshm_lock_outcome outcome_ = -1;                                                                      \
    assert_ok(polyshm_lock_lock((lock), (timeout), &outcome_));                                              \
    assert_string_equal(polyshm_lock_outcome_name(outcome_), polyshm_lock_outcome_name(expected));           \
  } while (0)

static polyshm_lock *lock_of(polyshm_segment *segment) {
  polyshm_lock *lock = NULL;
  assert_ok(polyshm_segment_lock(segment, &lock));
  assert_non_null(lock);
  return lock;
}

static polyshm_segment *attached(const char *name, int64_t flags) {
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_segment_attach(name, flags, 0, &segment));
  return segment;
}

/* The path of a segment's lock. Valid for the next 15 calls. */
static const char *lock_path(const char *segment) {
  char name[300];
  (void)snprintf(name, sizeof name, "%s.lock", segment);
  return path_of_name(name);
}

static bool is_there(const char *path) {
  return access(path, F_OK) == 0;
}

static int mode_of(const char *path) {
  struct stat st;
  assert_int_equal(stat(path, &st), 0);
  return (int)(st.st_mode & 07777);
}

static bool owned(const polyshm_lock *lock) {
  bool out = false;
  assert_ok(polyshm_lock_owned(lock, &out));
  return out;
}

/* ---- one lock for all handles ---- */

static void lock_the_companion(void *context) {
  polyshm_lock *lock = NULL;
  polyshm_lock_outcome outcome = -1;
  must_ok(polyshm_segment_lock(context, &lock));
  must_ok(polyshm_lock_lock(lock, 0, &outcome));
  must(outcome == POLYSHM_LOCKED);
}

static void a_segment_has_a_lock(void **state) {
  (void)state;
  const char *name = fresh_name();
  char expected[80];
  polyshm_segment *segment = new_segment(name, 100);
  polyshm_lock *lock = lock_of(segment), *same = lock_of(segment);
  (void)snprintf(expected, sizeof expected, "%s.lock", name);
  assert_ptr_equal(lock, same);
  assert_string_equal(polyshm_lock_name(lock), expected);
  polyshm_segment *readonly = attached(name, POLYSHM_FLAG_READONLY);
  polyshm_lock *other = lock_of(readonly);
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, other, 0);
  assert_status(POLYSHM_DEADLOCK, polyshm_lock_lock(same, -1, &(polyshm_lock_outcome){0}));
  assert_ok(polyshm_lock_unlock(same));
  polyshm_lock_free(same); /* a reference, and not the last one */
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_ok(polyshm_lock_unlock(lock));

  end_child(child_that(lock_the_companion, segment));
  assert_outcome(POLYSHM_RECOVERED, other, LONG);
  assert_ok(polyshm_lock_repaired(other));
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, lock, 0);

  assert_ok(polyshm_segment_unlink(segment)); /* who has the lock goes on with it */
  assert_false(is_there(lock_path(name)));
  assert_true(owned(other));
  assert_ok(polyshm_lock_unlock(other));
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_ok(polyshm_lock_unlock(lock));
  polyshm_lock_free(other);
  polyshm_segment_free(readonly);
  polyshm_segment_free(segment);
  assert_false(polyshm_lock_closed(lock));
  polyshm_lock_free(lock);
}

static void the_lock_of_a_closed_segment(void **state) {
  (void)state;
  polyshm_segment *segment = new_segment(fresh_name(), 100);
  polyshm_lock *lock = lock_of(segment), *none = NULL;
  assert_ok(polyshm_lock_close(lock));
  polyshm_lock *next = lock_of(segment); /* a closed one is of no use: another one */
  assert_ptr_not_equal(lock, next);
  assert_outcome(POLYSHM_LOCKED, next, 0);
  assert_ok(polyshm_segment_close(segment));
  assert_status(POLYSHM_CLOSED, polyshm_segment_lock(segment, &none));
  assert_null(none);
  assert_true(owned(next));
  assert_ok(polyshm_lock_unlock(next));
  polyshm_lock_free(lock);
  polyshm_lock_free(next);
  drop_segment(segment);
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_lock(NULL, &none));
}

static void names_of_any_length(void **state) {
  (void)state;
  for (size_t length = 194; length <= 200; length++) {
    char name[201];
    (void)snprintf(name, sizeof name, "%s", fresh_name());
    memset(name + strlen(name), 'n', sizeof name - strlen(name));
    name[length] = '\0';
    polyshm_segment *segment = new_segment(name, 100);
    polyshm_lock *lock = lock_of(segment);
    assert_int_equal(strlen(polyshm_lock_name(lock)), length + 5);
    assert_outcome(POLYSHM_LOCKED, lock, 0);
    polyshm_segment *other = attached(name, 0);
    polyshm_lock *same = lock_of(other);
    assert_outcome(POLYSHM_LOCK_TIMED_OUT, same, 0);
    polyshm_lock_free(same);
    polyshm_segment_free(other);
    polyshm_lock_free(lock);
    drop_segment(segment);
    assert_false(is_there(lock_path(name)));
  }
}

static void a_name_that_is_taken(void **state) {
  (void)state;
  char taken[80];
  polyshm_lock *lock = NULL;
  polyshm_segment *segment = new_segment(fresh_name(), 100);
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_lock(segment, NULL));
  (void)snprintf(taken, sizeof taken, "%s.lock", polyshm_segment_name(segment));
  polyshm_segment *other = new_segment(taken, 100);
  assert_status(POLYSHM_KIND, polyshm_segment_lock(segment, &lock));
  assert_words("SharedMemory");
  assert_null(lock);
  assert_ok(polyshm_segment_unlink(segment));
  assert_true(is_there(path_of_name(taken))); /* it is not the segment's */
  drop_segment(other);
  polyshm_segment_free(segment);
}

/* ---- it goes with the name ---- */

static void a_thousand_segments_leave_no_lock(void **state) {
  (void)state;
  for (int i = 0; i < 1000; i++) {
    polyshm_segment *segment = NULL;
    assert_ok(polyshm_segment_create(NULL, 1, 0600, &segment));
    polyshm_lock_free(lock_of(segment));
    const char *path = lock_path(polyshm_segment_name(segment));
    assert_true(is_there(path));
    if (i % 2)
      assert_ok(polyshm_segment_unlink(segment));
    else
      assert_ok(polyshm_segment_unlink_name(polyshm_segment_name(segment)));
    assert_false(is_there(path));
    polyshm_segment_free(segment);
  }
}

static void a_lock_made_by_itself_stays(void **state) {
  (void)state;
  char name[80];
  polyshm_lock *independent = NULL;
  polyshm_segment *segment = new_segment(fresh_name(), 100);
  (void)snprintf(name, sizeof name, "%s.lock", polyshm_segment_name(segment));
  assert_ok(polyshm_lock_create(name, 0600, &independent));
  assert_outcome(POLYSHM_LOCKED, independent, 0);
  polyshm_lock *lock = lock_of(segment); /* is that one */
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, lock, 0);
  polyshm_lock_free(lock);
  drop_segment(segment);
  assert_true(is_there(path_of_name(name)));
  assert_ok(polyshm_lock_unlink(independent));
  polyshm_lock_free(independent);
}

static void no_lock_for_a_segment_without_name(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_lock *lock = NULL;
  polyshm_segment *segment = new_segment(name, 100), *other = attached(name, 0);
  polyshm_lock *kept = lock_of(segment);
  assert_ok(polyshm_segment_unlink(segment));
  assert_status(POLYSHM_ESTALE, polyshm_segment_lock(other, &lock));
  assert_words("its lock went with it");
  polyshm_segment *newer = new_segment(name, 100);
  assert_status(POLYSHM_ESTALE, polyshm_segment_lock(other, &lock));
  polyshm_lock *newers = lock_of(newer);
  assert_status(POLYSHM_ESTALE, polyshm_segment_lock(other, &lock));
  assert_null(lock);
  assert_true(is_there(lock_path(name)));
  assert_outcome(POLYSHM_LOCKED, newers, 0);
  assert_outcome(POLYSHM_LOCKED, kept, 0); /* which is another lock */
  polyshm_lock_free(newers);
  polyshm_lock_free(kept);
  polyshm_segment_free(other);
  polyshm_segment_free(segment);
  drop_segment(newer);
}

/* As one that knows nothing of locks removes the segment: CPython, or rm. */
static polyshm_segment *segment_with_stale_lock(const char *name) {
  polyshm_segment *segment = new_segment(name, 100);
  polyshm_lock_free(lock_of(segment));
  polyshm_segment *newer = NULL;
  assert_int_equal(unlink(path_of_name(name)), 0);
  assert_ok(polyshm_segment_create(name, 100, 0600, &newer)); /* while the older has its inode */
  polyshm_segment_free(segment);
  return newer;
}

static void a_stale_lock_is_replaced(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = segment_with_stale_lock(name), *readonly = attached(name, POLYSHM_FLAG_READONLY);
  struct stat before, after;
  polyshm_lock *lock = NULL;
  assert_int_equal(stat(lock_path(name), &before), 0);
  assert_status(POLYSHM_ESTALE, polyshm_segment_lock(readonly, &lock));
  assert_words("earlier segment");
  lock = lock_of(segment);
  assert_int_equal(stat(lock_path(name), &after), 0);
  assert_int_not_equal(before.st_ino, after.st_ino);
  polyshm_lock *same = lock_of(readonly);
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_outcome(POLYSHM_LOCK_TIMED_OUT, same, 0);
  polyshm_lock_free(same);
  polyshm_lock_free(lock);
  polyshm_segment_free(readonly);
  drop_segment(segment);
}

static void take_it_and_count(struct worker *worker) {
  polyshm_segment *segment = NULL;
  polyshm_lock *lock = NULL;
  polyshm_lock_outcome outcome = -1;
  bool stale = true;
  worker->status = polyshm_segment_attach(worker->shared, 0, 0, &segment);
  if (!worker->status)
    worker->status = polyshm_segment_lock(segment, &lock);
  if (!worker->status)
    worker->status = polyshm_lock_lock(lock, LONG, &outcome);
  if (!worker->status)
    worker->status = polyshm_lock_stale(lock, &stale);
  if (!worker->status && (outcome != POLYSHM_LOCKED || stale))
    worker->status = POLYSHM_CORRUPT; /* it got one that another has replaced */
  if (!worker->status)
    worker->status = polyshm_lock_unlock(lock);
  polyshm_lock_free(lock);
  polyshm_segment_free(segment);
}

static void many_replace_it_at_once(void **state) {
  (void)state;
  for (int i = 0; i < 100; i++) {
    char name[64];
    (void)snprintf(name, sizeof name, "%s", fresh_name());
    polyshm_segment *segment = segment_with_stale_lock(name);
    struct worker workers[MANY];
    run_alike(workers, take_it_and_count, name);
    for (int j = 0; j < MANY; j++)
      assert_worker_is_well(&workers[j]);
    drop_segment(segment);
  }
}

/* ---- whose it is ---- */

static void its_mode_is_the_segments(void **state) {
  (void)state;
  const int modes[][2] = {{0600, 0600}, {0640, 0600}, {0644, 0600}, {0660, 0660}, {0666, 0666},
                          {0664, 0660}, {0606, 0606}, {0444, 0600}, {0, 0600},    {0777, 0666}};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    polyshm_segment *segment = NULL;
    assert_ok(polyshm_segment_create(fresh_name(), 1, modes[i][0], &segment));
    polyshm_lock *lock = lock_of(segment);
    assert_int_equal(mode_of(lock_path(polyshm_segment_name(segment))), modes[i][1]);
    assert_outcome(POLYSHM_LOCKED, lock, 0);
    assert_ok(polyshm_lock_unlock(lock));
    polyshm_lock_free(lock);
    drop_segment(segment);
  }
}

static void readonly_handles_make_none(void **state) {
  (void)state;
  polyshm_lock *lock = NULL;
  polyshm_segment *segment = new_segment(fresh_name(), 100);
  polyshm_segment *readonly = attached(polyshm_segment_name(segment), POLYSHM_FLAG_READONLY);
  assert_status(POLYSHM_ENOENT, polyshm_segment_lock(readonly, &lock));
  assert_words("on a handle that is not readonly");
  assert_null(lock);
  polyshm_lock_free(lock_of(segment));
  polyshm_lock_free(lock_of(readonly));
  polyshm_segment_free(readonly);
  drop_segment(segment);
}

static void be(uid_t user, gid_t group) {
  must(setgroups(0, NULL) == 0);
  must(setresgid(group, group, group) == 0);
  must(setresuid(user, user, user) == 0);
}

/* A segment of OWNER's, whose mode is the string's. */
struct others {
  char name[64];
  int mode;
};

static void make_others(void *context) {
  const struct others *others = context;
  polyshm_segment *segment = NULL;
  be(OWNER, GROUP);
  must_ok(polyshm_segment_create(others->name, 64, others->mode, &segment));
}

static void read_others(void *context) {
  const struct others *others = context;
  polyshm_segment *segment = NULL;
  polyshm_lock *lock = NULL;
  char path[300];
  be(READER, READER);
  (void)snprintf(path, sizeof path, "%s", lock_path(others->name));
  must_ok(polyshm_segment_attach(others->name, POLYSHM_FLAG_READONLY | POLYSHM_FLAG_ANY_OWNER, 0, &segment));
  polyshm_status status = polyshm_segment_lock(segment, &lock);
  must(status == (is_there(path) ? POLYSHM_EACCES : POLYSHM_ENOENT));
  must(strstr(polyshm_last_error(), status == POLYSHM_ENOENT ? "(user 1001) or root makes" : "takes part"));
  must(lock == NULL);
}

static void write_others(void *context) {
  const struct others *others = context;
  polyshm_segment *segment = NULL;
  polyshm_lock *lock = NULL;
  polyshm_lock_outcome outcome = -1;
  be(READER, READER);
  must_ok(polyshm_segment_attach(others->name, POLYSHM_FLAG_ANY_OWNER, 0, &segment));
  must_ok(polyshm_segment_lock(segment, &lock));
  must_ok(polyshm_lock_lock(lock, LONG, &outcome));
  must_ok(polyshm_lock_unlock(lock));
}

static void own(void *context) {
  const struct others *others = context;
  polyshm_segment *segment = NULL;
  polyshm_lock *lock = NULL;
  polyshm_lock_outcome outcome = -1;
  be(OWNER, GROUP);
  must_ok(polyshm_segment_attach(others->name, 0, 0, &segment));
  must_ok(polyshm_segment_lock(segment, &lock));
  must_ok(polyshm_lock_lock(lock, LONG, &outcome));
  must_ok(polyshm_lock_unlock(lock));
}

static void own_and_unlink(void *context) {
  const struct others *others = context;
  polyshm_segment *segment = NULL;
  own(context);
  must_ok(polyshm_segment_attach(others->name, 0, 0, &segment));
  must_ok(polyshm_segment_unlink(segment));
}

static void needs_root(void) {
  if (geteuid() != 0) {
    print_message("skipped: only root can be several users\n");
    skip();
  }
}

static struct others others_segment(int mode) {
  struct others others = {.mode = mode};
  (void)snprintf(others.name, sizeof others.name, "%s", fresh_name());
  in_child(make_others, &others);
  return others;
}

static void a_reader_does_not_lock_the_owner_out(void **state) {
  (void)state;
  needs_root();
  struct others others = others_segment(0644);
  in_child(read_others, &others);
  assert_false(is_there(lock_path(others.name)));
  in_child(own, &others);
  in_child(read_others, &others);
  in_child(own_and_unlink, &others);
  assert_false(is_there(lock_path(others.name)));
}

static void a_writer_takes_part(void **state) {
  (void)state;
  needs_root();
  struct others others = others_segment(0666);
  in_child(own, &others);
  in_child(write_others, &others);
  in_child(own_and_unlink, &others);
  assert_false(is_there(lock_path(others.name)));
}

/* Whatever root makes for another user is that user's. */
static void root_makes_the_owners_lock(void **state) {
  (void)state;
  needs_root();
  struct others others = others_segment(0660);
  polyshm_segment *segment = attached(others.name, POLYSHM_FLAG_ANY_OWNER);
  polyshm_lock *lock = lock_of(segment);
  struct stat st;
  assert_int_equal(stat(lock_path(others.name), &st), 0);
  assert_int_equal(st.st_uid, OWNER);
  assert_int_equal(st.st_gid, GROUP);
  assert_outcome(POLYSHM_LOCKED, lock, 0);
  assert_ok(polyshm_lock_unlock(lock));
  in_child(own_and_unlink, &others);
  assert_false(is_there(lock_path(others.name)));
  polyshm_lock_free(lock);
  polyshm_segment_free(segment);
}

static void own_in_another_group(void *context) {
  const struct others *others = context;
  polyshm_segment *segment = NULL;
  polyshm_lock *lock = NULL;
  be(OWNER, READER);
  must_ok(polyshm_segment_attach(others->name, 0, 0, &segment));
  must_ok(polyshm_segment_lock(segment, &lock));
}

/* The segment's group has rights in it, and no other group gets them in the lock. */
static void a_group_its_owner_is_not_in(void **state) {
  (void)state;
  needs_root();
  struct others others = others_segment(0660);
  in_child(own_in_another_group, &others);
  assert_int_equal(mode_of(lock_path(others.name)), 0600);
  assert_ok(polyshm_segment_unlink_name(others.name));
  assert_false(is_there(lock_path(others.name)));
}

/* ---- at once ---- */

static void open_and_close_the_companion(struct worker *worker) {
  for (; !worker->status && worker->count < 200; worker->count++) {
    polyshm_lock *lock = NULL;
    polyshm_lock_outcome outcome = -1;
    worker->status = polyshm_segment_lock(worker->shared, &lock);
    if (worker->status)
      return;
    polyshm_status status = polyshm_lock_lock(lock, LONG, &outcome);
    if (!status)
      status = polyshm_lock_unlock(lock);
    if (worker->number == 0)
      (void)polyshm_lock_close(lock);
    worker->status = status == POLYSHM_CLOSED ? POLYSHM_OK : status;
    polyshm_lock_free(lock);
  }
}

static void many_threads_ask_for_a_segments_lock(void **state) {
  (void)state;
  polyshm_segment *segment = new_segment(fresh_name(), 100);
  struct worker workers[MANY];
  run_alike(workers, open_and_close_the_companion, segment);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  drop_segment(segment);
}

static void open_lock_and_unlink(struct worker *worker) {
  for (; !worker->status && worker->count < 300; worker->count++) {
    polyshm_segment *segment = NULL;
    polyshm_lock *lock = NULL;
    worker->status = polyshm_segment_open(worker->shared, 100, 0600, 0, &segment);
    if (worker->status)
      return;
    polyshm_status status =
        polyshm_segment_lock(segment, &lock); /* ESTALE: another has unlinked the segment */
    if (status != POLYSHM_ESTALE)
      worker->status = status;
    polyshm_lock_free(lock);
    status = polyshm_segment_unlink(segment);
    if (!worker->status && status != POLYSHM_ENOENT)
      worker->status = status;
    polyshm_segment_free(segment);
  }
}

/* All have unlinked what they opened: neither a segment nor a lock is left, whoever came between whom. */
static void locks_are_made_while_segments_go(void **state) {
  (void)state;
  char name[64];
  (void)snprintf(name, sizeof name, "%s", fresh_name());
  struct worker workers[MANY];
  run_alike(workers, open_lock_and_unlink, name);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  polyshm_status left = polyshm_segment_unlink_name(name); /* an open between check and unlink may leave it */
  assert_true(left == POLYSHM_OK || left == POLYSHM_ENOENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_segment_has_a_lock),
      TEST(the_lock_of_a_closed_segment),
      TEST(names_of_any_length),
      TEST(a_name_that_is_taken),
      TEST(a_thousand_segments_leave_no_lock),
      TEST(a_lock_made_by_itself_stays),
      TEST(no_lock_for_a_segment_without_name),
      TEST(a_stale_lock_is_replaced),
      TEST(many_replace_it_at_once),
      TEST(its_mode_is_the_segments),
      TEST(readonly_handles_make_none),
      TEST(a_reader_does_not_lock_the_owner_out),
      TEST(a_writer_takes_part),
      TEST(root_makes_the_owners_lock),
      TEST(a_group_its_owner_is_not_in),
      TEST(many_threads_ask_for_a_segments_lock),
      TEST(locks_are_made_while_segments_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
