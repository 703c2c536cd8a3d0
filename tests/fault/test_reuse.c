/* A file system that gives a new file the number of one that is gone. Runs under `environment ext4-shm`. */
#include "support.h"

#include "platform/platform.h"
#include "sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TICK 20 /* milliseconds: the file system's clock goes on by then */

static ino_t number_of(const char *name) {
  struct stat st;
  assert_int_equal(lstat(path_of_name(name), &st), 0);
  return st.st_ino;
}

/* This is what a closed handle knows of: it keeps no file, and so the number is free when the name goes. */
static polyshm_segment *replaced(const char *name, polyshm_segment **newer) {
  polyshm_segment *old = new_segment(name, 100);
  const ino_t number = number_of(name);
  assert_ok(polyshm_segment_close(old));
  assert_ok(polyshm_segment_unlink_name(name));
  sleep_milliseconds(TICK);
  *newer = new_segment(name, 200);
  assert_int_equal(number_of(name), number); /* or the test would show nothing */
  return old;
}

static void a_newer_file_is_not_taken_for_ours(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    const char *name = fresh_name();
    polyshm_segment *newer = NULL, *old = NULL;
    bool stale = false;
    polyshm__without_tmpfile = way;
    old = replaced(name, &newer);
    assert_ok(polyshm_segment_stale(old, &stale));
    assert_true(stale);
    assert_status(POLYSHM_ENOENT, polyshm_segment_unlink(old));
    assert_words("newer segment");
    assert_ok(polyshm_segment_stale(newer, &stale));
    assert_false(stale);
    polyshm_segment_free(old);
    drop_segment(newer);
  }
}

static void nor_is_a_newer_lock(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_lock *old = NULL, *newer = NULL;
  bool stale = false;
  assert_ok(polyshm_lock_create(name, 0600, &old));
  const ino_t number = number_of(name);
  assert_ok(polyshm_lock_close(old));
  assert_ok(polyshm_segment_unlink_name(name));
  sleep_milliseconds(TICK);
  assert_ok(polyshm_lock_create(name, 0600, &newer));
  assert_int_equal(number_of(name), number);
  assert_ok(polyshm_lock_stale(old, &stale));
  assert_true(stale);
  assert_status(POLYSHM_ENOENT, polyshm_lock_unlink(old));
  polyshm_lock_free(old);
  assert_ok(polyshm_lock_unlink(newer));
  polyshm_lock_free(newer);
}

/* Changes of a file do not make it another: bytes, size, mode, owner, links. */
static void a_changed_file_stays_the_same(void **state) {
  (void)state;
  const char *name = fresh_name(), *other = path_of_name(fresh_name());
  polyshm_segment *segment = new_segment(name, 100);
  bool stale = true;
  sleep_milliseconds(TICK);
  assert_ok(polyshm_segment_fill(segment, 1, 0, 100));
  assert_ok(polyshm_segment_resize(segment, 9000));
  assert_int_equal(chmod(path_of_name(name), 0640), 0);
  assert_int_equal(link(path_of_name(name), other), 0);
  assert_int_equal(unlink(other), 0);
  assert_ok(polyshm_segment_stale(segment, &stale));
  assert_false(stale);
  drop_segment(segment);
}

/* Without statx(2) all works, but for the birth time. */
static void on_an_old_kernel(void *context) {
  const int error = *(const int *)context;
  polyshm_segment *segment = NULL, *other = NULL;
  bool stale = true;
  must_ok(polyshm_segment_create("test-core-old", 100, 0600, &segment));
  sandbox_refuse(SYS_statx, ALWAYS, 0, error); /* the handle knows the birth time, and nobody else will */
  must_ok(polyshm_segment_stale(segment, &stale));
  must(!stale);
  must_ok(polyshm_segment_resize(segment, 10000));
  must_ok(polyshm_segment_attach("test-core-old", 0, 0, &other));
  must(polyshm_segment_size(other) == 10000);
  must_ok(polyshm_segment_stale(other, &stale));
  must(!stale);
  must_ok(polyshm_segment_unlink(other));
  must_ok(polyshm_segment_stale(segment, &stale));
  must(stale);
  polyshm_segment_free(other);
  must(polyshm_segment_attach("test-core-old", 0, 0, &other) == POLYSHM_ENOENT);
}

static void without_statx(void **state) {
  (void)state;
  int errors[] = {ENOSYS, EPERM};
  for (int i = 0; i < 2; i++)
    in_child(on_an_old_kernel, &errors[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_newer_file_is_not_taken_for_ours),
      TEST(nor_is_a_newer_lock),
      TEST(a_changed_file_stays_the_same),
      TEST(without_statx),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
