/* There is no /proc: the name is given without it, and locks know their owners. Runs under `environment
 * no-proc`. */
#include "support.h"

#include "old_kernel.h"

#include <sys/stat.h>
#include <unistd.h>

static void create_without_proc(void **state) {
  (void)state;
  const char *name = fresh_name();
  struct stat st;
  polyshm_segment *a = NULL, *b = NULL;
  mode_t mask = umask(077);
  assert_ok(polyshm_segment_create(name, 10000, 0644, &a));
  (void)umask(mask);
  assert_int_equal(stat(path_of_name(name), &st), 0);
  assert_int_equal(st.st_size, 10000);
  assert_int_equal(st.st_mode & 07777, 0644);
  assert_status(POLYSHM_EEXIST, polyshm_segment_create(name, 1, 0600, &b));
  assert_ok(polyshm_segment_attach(name, 0, 0, &b));
  polyshm_segment_free(b);
  drop_segment(a);
  assert_ok(polyshm_segment_create(NULL, 1, 0600, &a));
  drop_segment(a);
  assert_ok(polyshm_segment_open(name, 1, 0600, 0, &a));
  assert_ok(polyshm_segment_resize(a, 10000));
  drop_segment(a);
}

static void lock_and_die(void *lock) {
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  must_ok(polyshm_lock_lock(lock, 0, &outcome));
  must(outcome == POLYSHM_LOCKED);
}

/* A process takes part by the lock's name. */
static void lock_without_proc(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_lock *a = NULL, *b = NULL;
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  assert_ok(polyshm_lock_create(name, 0600, &a));
  assert_ok(polyshm_lock_attach(name, 0, 0, &b));
  assert_ok(polyshm_lock_lock(a, 0, &outcome));
  assert_int_equal(outcome, POLYSHM_LOCKED);
  assert_ok(polyshm_lock_lock(b, 5 * MILLISECONDS, &outcome));
  assert_int_equal(outcome, POLYSHM_LOCK_TIMED_OUT);
  assert_ok(polyshm_lock_unlock(a));
  in_child(lock_and_die, b);
  assert_ok(polyshm_lock_lock(b, LONG, &outcome));
  assert_int_equal(outcome, POLYSHM_RECOVERED);
  assert_ok(polyshm_lock_unlock(b));
  polyshm_lock_free(b);
  assert_ok(polyshm_lock_unlink(a));
  polyshm_lock_free(a);
}

static void create_without_proc_on_an_old_kernel(void **state) {
  be_an_old_kernel();
  create_without_proc(state);
}

/* Without test_begins(), which looks into /proc/self/fd. */
int main(void) {
  if (sanitized()) {
    print_message("skipped: a sanitizer needs /proc\n");
    _exit(77); /* without its last look, which needs it, too */
  }
  if (access("/proc/self/fd", F_OK) == 0) {
    print_error("run me under `environment no-proc`\n");
    return 1;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(create_without_proc),
      cmocka_unit_test(lock_without_proc),
      cmocka_unit_test(create_without_proc_on_an_old_kernel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
