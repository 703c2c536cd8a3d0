/* There is no /dev/shm, and then there is one. Runs under `environment no-shm`, where this process may make
 * it.
 */
#include "support.h"

#include "platform/platform.h"

#include <sys/stat.h>
#include <unistd.h>

static void what_was_missing_is_used_when_it_comes(void **state) {
  (void)state;
  const char *name = "test-core-absent";
  polyshm_segment *segment = NULL;
  for (int way = 0; way < 2; way++) {
    polyshm__without_tmpfile = way;
    assert_status(POLYSHM_ENOENT, polyshm_segment_create(name, 1, 0600, &segment));
    assert_words("there is no /dev/shm");
    assert_int_equal(polyshm__without_tmpfile, way);
    assert_status(POLYSHM_ENOENT, polyshm_segment_attach(name, 0, MILLISECONDS, &segment));
    assert_words("there is no /dev/shm");
    assert_int_equal(mkdir("/dev/shm", 01777), 0);
    assert_ok(polyshm_segment_create(name, 1, 0600, &segment));
    assert_int_equal(polyshm__without_tmpfile, way);
    drop_segment(segment);
    assert_int_equal(rmdir("/dev/shm"), 0);
  }
}

int main(void) {
  if (access("/dev/shm", F_OK) == 0) {
    print_error("run me under `environment no-shm`\n");
    return 1;
  }
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_missing_is_used_when_it_comes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
