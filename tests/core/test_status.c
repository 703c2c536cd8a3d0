/* status.h: codes, names, texts, and the last failure of each thread. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const struct row {
  const char *name;
  polyshm_status code;
  const char *text;
  bool misuse;
} table[] = {
#define MISUSE(name, code, text) {#name, code, text, true},
#define SYSTEM(name, code, text) {#name, code, text, false},
    POLYSHM_MISUSE_MAP(MISUSE) POLYSHM_SYSTEM_MAP(SYSTEM)
#undef MISUSE
#undef SYSTEM
};
enum { ROWS = sizeof table / sizeof *table };

static void every_code_has_its_name_text_and_errno(void **state) {
  (void)state;
  for (int i = 0; i < ROWS; i++) {
    assert_true(table[i].code < 0);
    assert_string_equal(polyshm_status_name(table[i].code), table[i].name);
    assert_string_equal(polyshm_status_text(table[i].code), table[i].text);
    assert_int_equal(polyshm_status_errno(table[i].code), table[i].misuse ? 0 : -table[i].code);
    for (int j = 0; j < i; j++)
      assert_int_not_equal(table[i].code, table[j].code);
  }
}

/* Scripts compare them, so they never change. */
static void codes_are_the_promised_ones(void **state) {
  (void)state;
  assert_int_equal(POLYSHM_OK, 0);
  assert_int_equal(POLYSHM_CLOSED, -20001);
  assert_int_equal(POLYSHM_READONLY, -20002);
  assert_int_equal(POLYSHM_INDEX, -20003);
  assert_int_equal(POLYSHM_RANGE, -20004);
  assert_int_equal(POLYSHM_TYPE, -20005);
  assert_int_equal(POLYSHM_ARGUMENT, -20006);
  assert_int_equal(POLYSHM_EEXIST, -EEXIST);
}

static void codes_outside_the_table(void **state) {
  (void)state;
  assert_string_equal(polyshm_status_name(POLYSHM_OK), "OK");
  assert_string_equal(polyshm_status_text(POLYSHM_OK), "success");
  assert_int_equal(polyshm_status_errno(POLYSHM_OK), 0);
  assert_string_equal(polyshm_status_name(-EBADF), "UNKNOWN");
  assert_non_null(polyshm_status_text(-EBADF));
  assert_int_equal(polyshm_status_errno(-EBADF), EBADF);
  assert_string_equal(polyshm_status_name(1), "UNKNOWN");
  assert_int_equal(polyshm_status_errno(1), 0);
  assert_string_equal(polyshm_status_name(INT32_MIN), "UNKNOWN");
  assert_int_equal(polyshm_status_errno(INT32_MIN), 0);
}

static void fail_records_words_and_returns_its_status(void **state) {
  (void)state;
  assert_int_equal(polyshm_fail(POLYSHM_TYPE, "%s %d", "words", 7), POLYSHM_TYPE);
  assert_string_equal(polyshm_last_error(), "words 7");
  bool stale = false;
  polyshm_segment *segment = new_segment(fresh_name(), 1);
  assert_ok(polyshm_segment_stale(segment, &stale));
  assert_string_equal(polyshm_last_error(), "words 7"); /* a success leaves them */
  drop_segment(segment);
}

/* A binding that knows more puts its words around the core's. */
static void fail_may_quote_the_last_failure(void **state) {
  (void)state;
  (void)polyshm_fail(POLYSHM_RANGE, "256 is outside uint8");
  (void)polyshm_fail(POLYSHM_RANGE, "element %d: %s", 3, polyshm_last_error());
  assert_string_equal(polyshm_last_error(), "element 3: 256 is outside uint8");
}

static void long_words_are_cut(void **state) {
  (void)state;
  static char words[5000];
  memset(words, 'w', sizeof words - 1);
  (void)polyshm_fail(POLYSHM_TYPE, "%s", words);
  assert_true(strlen(polyshm_last_error()) > 500);
  assert_true(strlen(polyshm_last_error()) < 1000);
}

static void *fail_in_a_thread(void *context) {
  char *seen = context;
  (void)strcpy(seen, *polyshm_last_error() ? "not empty" : "empty");
  (void)polyshm_fail(POLYSHM_TYPE, "the thread's");
  return NULL;
}

static void each_thread_has_its_own_last_failure(void **state) {
  (void)state;
  char seen[16] = "";
  pthread_t thread;
  (void)polyshm_fail(POLYSHM_TYPE, "the main thread's");
  assert_int_equal(pthread_create(&thread, NULL, fail_in_a_thread, seen), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_string_equal(seen, "empty");
  assert_string_equal(polyshm_last_error(), "the main thread's");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_code_has_its_name_text_and_errno),
      TEST(codes_are_the_promised_ones),
      TEST(codes_outside_the_table),
      TEST(fail_records_words_and_returns_its_status),
      TEST(fail_may_quote_the_last_failure),
      TEST(long_words_are_cut),
      TEST(each_thread_has_its_own_last_failure),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
