/* The instrument of the tests that kill at every instruction: it sees every one, and says so where it is
 * blind. */
#include "support.h"

#include "tracee.h"

static void every_instruction_is_seen(void **state) {
  (void)state;
  assert_true(tracee_sees(TRACEE_SEES));
}

/* As on a virtual machine that takes what is written to debug registers, and never stops. */
static void blindness_is_noticed(void **state) {
  (void)state;
  assert_false(tracee_sees(TRACEE_PASSES_BREAKPOINTS));
  assert_false(tracee_sees(TRACEE_PASSES_STEPS));
}

int main(void) {
  if (!tracee_can_step())
    return 77;
  const struct CMUnitTest tests[] = {TEST(every_instruction_is_seen), TEST(blindness_is_noticed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
