/* There is no /proc: the name is given without it. Runs under `environment no-proc`. */
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
      cmocka_unit_test(create_without_proc_on_an_old_kernel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
