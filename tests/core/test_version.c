/* The version that the headers say, the one the library says, and the two forms of each. */
#include "support.h"

#include <stdio.h>

static void the_library_is_of_the_headers_version(void **state) {
  (void)state;
  char text[32];
  (void)snprintf(text, sizeof text, "%d.%d.%d", POLYSHM_VERSION_MAJOR, POLYSHM_VERSION_MINOR,
                 POLYSHM_VERSION_PATCH);
  assert_string_equal(polyshm_version(), text);
  assert_int_equal(polyshm_version_number(), POLYSHM_VERSION_NUMBER);
}

static void version_numbers_are_in_the_versions_order(void **state) {
  (void)state;
  assert_int_equal(POLYSHM_MAKE_VERSION(1, 2, 3), 10203);
  assert_true(POLYSHM_MAKE_VERSION(0, 1, 99) < POLYSHM_MAKE_VERSION(0, 2, 0));
  assert_true(POLYSHM_MAKE_VERSION(0, 99, 99) < POLYSHM_MAKE_VERSION(1, 0, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_library_is_of_the_headers_version),
      TEST(version_numbers_are_in_the_versions_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
