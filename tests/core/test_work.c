/* Long work: what allocates, fills or copies much does it in steps, through the thread's hook. */
#include "platform/platform.h"
#include "support.h"

#include <polyshm/view.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MIB (INT64_C(1) << 20)
#define MANY (160 * MIB) /* three steps */

struct hook_calls {
  int count, limit; /* EINTR at the limit */
  void (*meanwhile)(void *context);
  void *context;
};

static polyshm_status hook(void (*step)(void *context_of_step), void *context_of_step, void *context) {
  struct hook_calls *calls = context;
  step(context_of_step);
  if (calls->meanwhile)
    calls->meanwhile(calls->context);
  return ++calls->count == calls->limit ? POLYSHM_EINTR : POLYSHM_OK;
}

static struct hook_calls calls;

static void begin(int limit) {
  calls = (struct hook_calls){.limit = limit};
  polyshm_on_wait(hook, &calls);
}

static int end(void) {
  polyshm_on_wait(NULL, NULL);
  return calls.count;
}

/* ---- what takes long ---- */

static void creation_goes_in_steps(void **state) {
  (void)state;
  polyshm_segment *segment = NULL;
  begin(-1);
  assert_ok(polyshm_segment_create(fresh_name(), MANY, 0600, &segment));
  assert_in_range(end(), 2, 4);
  drop_segment(segment);
  begin(-1);
  assert_ok(polyshm_segment_open(fresh_name(), MANY, 0600, 0, &segment));
  assert_in_range(end(), 2, 4);
  drop_segment(segment);
}

static void a_creation_that_is_broken_leaves_nothing(void **state) {
  (void)state;
  for (int fallback = 0; fallback < 2; fallback++)
    for (int limit = 1; limit <= 2; limit++) {
      polyshm_segment *segment = NULL;
      polyshm__without_tmpfile = fallback;
      begin(limit);
      assert_status(POLYSHM_EINTR, polyshm_segment_create(fresh_name(), MANY, 0600, &segment));
      assert_words("interrupted");
      assert_int_equal(end(), limit);
      assert_null(segment);
    }
}

static int64_t allocated(const char *name) {
  struct stat st;
  assert_int_equal(stat(path_of_name(name), &st), 0);
  return (int64_t)st.st_blocks * 512;
}

static void growth_goes_in_steps(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = new_segment(name, 100);
  for (int limit = 1; limit <= 2; limit++) {
    begin(limit);
    assert_status(POLYSHM_EINTR, polyshm_segment_resize(segment, MANY));
    assert_words("interrupted");
    assert_int_equal(end(), limit);
    assert_int_equal(polyshm_segment_size(segment), 100);
    assert_true(allocated(name) <= polyshm_page_size());
  }
  begin(-1);
  assert_ok(polyshm_segment_resize(segment, MANY));
  assert_in_range(end(), 2, 4);
  assert_int_equal(polyshm_segment_size(segment), MANY);
  drop_segment(segment);
}

static void bytes_go_in_steps(void **state) {
  (void)state;
  polyshm_segment *segment = new_segment(fresh_name(), MANY), *other = new_segment(fresh_name(), MANY);
  polyshm_view *view = NULL;
  polyshm_value value = {.type = POLYSHM_TYPE_INT64, .as.int64 = -2};
  uint8_t *bytes = malloc(MANY);
  assert_non_null(bytes);
  assert_ok(polyshm_segment_view(segment, POLYSHM_INT64, 0, -1, &view));
#define IN_STEPS(call)                                                                                       \
  do {                                                                                                       \
    begin(-1);                                                                                               \
    assert_ok(call);                                                                                         \
    assert_int_equal(end(), 3);                                                                              \
    begin(2);                                                                                                \
    assert_status(POLYSHM_EINTR, call);                                                                      \
    assert_words("interrupted");                                                                             \
    assert_int_equal(end(), 2);                                                                              \
  } while (0)
  IN_STEPS(polyshm_segment_fill(segment, 7, 0, MANY));
  IN_STEPS(polyshm_segment_read(segment, 0, bytes, MANY));
  IN_STEPS(polyshm_segment_write(segment, 0, bytes, MANY));
  IN_STEPS(polyshm_segment_copy(other, segment, 0, MANY, 0));
  IN_STEPS(polyshm_view_fill(view, &value, 0, MANY / 8));
  IN_STEPS(polyshm_view_read(view, 0, MANY / 8, bytes));
  IN_STEPS(polyshm_view_assign(view, 0, bytes, MANY / 8));
#undef IN_STEPS
  polyshm_view_free(view);
  free(bytes);
  drop_segment(segment);
  drop_segment(other);
}

static void a_little_is_done_at_once(void **state) {
  (void)state;
  const int64_t little = POLYSHM_LARGE;
  polyshm_segment *segment = NULL;
  uint8_t *bytes = calloc(1, (size_t)little);
  assert_non_null(bytes);
  begin(-1);
  assert_ok(polyshm_segment_create(fresh_name(), little, 0600, &segment));
  assert_ok(polyshm_segment_fill(segment, 7, 0, little));
  assert_ok(polyshm_segment_write(segment, 0, bytes, little));
  assert_ok(polyshm_segment_read(segment, 0, bytes, little));
  assert_ok(polyshm_segment_resize(segment, 2 * little));
  assert_ok(polyshm_segment_copy(segment, segment, 100, little, 0));
  assert_int_equal(end(), 0);
  free(bytes);
  drop_segment(segment);
}

/* ---- what comes of it ---- */

/* Each byte has the number of its MiB. */
static void number(uint8_t *bytes, int64_t length) {
  for (int64_t i = 0; i < length; i += MIB)
    memset(bytes + i, (int)(i / MIB), MIB);
}

static void a_copy_within_a_segment_goes_the_right_way(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = new_segment(name, MANY), *again = NULL;
  uint64_t address = 0;
  assert_ok(polyshm_segment_attach(name, 0, 0, &again));
  assert_ok(polyshm_segment_address(segment, &address));
  uint8_t *bytes = (uint8_t *)(uintptr_t)address; /* NOLINT(performance-no-int-to-ptr) */
  const int64_t most = MANY - 3 * MIB;
  for (int mappings = 1; mappings <= 2; mappings++)
    for (int up = 0; up < 2; up++) {
      number(bytes, MANY);
      begin(-1);
      assert_ok(polyshm_segment_copy(segment, mappings == 1 ? segment : again, up ? 3 * MIB : 0, most,
                                     up ? 0 : 3 * MIB));
      assert_int_equal(end(), 3);
      for (int64_t i = 0; i < most / MIB; i++)
        assert_int_equal(bytes[(i + (up ? 3 : 0)) * MIB + 5], i + (up ? 0 : 3));
    }
  polyshm_segment_free(again);
  drop_segment(segment);
}

static void a_fill_in_steps_misses_nothing(void **state) {
  (void)state;
  polyshm_segment *segment = new_segment(fresh_name(), MANY);
  polyshm_view *view = NULL;
  polyshm_value value = {.type = POLYSHM_TYPE_INT64, .as.int64 = 0x0102030405060708};
  uint64_t address = 0;
  assert_ok(polyshm_segment_address(segment, &address));
  assert_ok(polyshm_segment_view(segment, POLYSHM_INT64, 8, -1, &view));
  assert_ok(polyshm_view_fill(view, &value, 1, MANY / 8 - 3));
  const int64_t *words = (const int64_t *)(uintptr_t)address; /* NOLINT(performance-no-int-to-ptr) */
  for (int64_t i = 0; i < MANY / 8; i++)
    if (words[i] != (i < 2 || i == MANY / 8 - 1 ? 0 : value.as.int64))
      fail_msg("word %lld", (long long)i);
  polyshm_view_free(view);
  drop_segment(segment);
}

/* ---- the core holds nothing meanwhile ---- */

static void close_it(void *context) {
  (void)polyshm_segment_close(context);
}

static void what_works_can_be_closed(void **state) {
  (void)state;
  polyshm_segment *segment = new_segment(fresh_name(), MANY), *other = new_segment(fresh_name(), MANY);
  struct hook_calls closing = {.limit = -1, .meanwhile = close_it, .context = segment};
  calls = closing;
  polyshm_on_wait(hook, &calls);
  assert_status(POLYSHM_CLOSED, polyshm_segment_copy(other, segment, 0, MANY, 0));
  assert_int_equal(end(), 2); /* the next step finds it closed */
  drop_segment(segment);
  closing.context = other;
  calls = closing;
  polyshm_on_wait(hook, &calls);
  assert_status(POLYSHM_CLOSED, polyshm_segment_fill(other, 7, 0, MANY));
  assert_int_equal(end(), 2);
  drop_segment(other);
}

static void what_grows_can_be_closed(void **state) {
  (void)state;
  polyshm_segment *segment = new_segment(fresh_name(), 100);
  calls = (struct hook_calls){.limit = -1, .meanwhile = close_it, .context = segment};
  polyshm_on_wait(hook, &calls);
  assert_status(POLYSHM_CLOSED, polyshm_segment_resize(segment, MANY));
  assert_words("closed");
  (void)end();
  drop_segment(segment);
}

static void refresh_it(void *context) {
  polyshm_hooked before = polyshm_on_wait(NULL, NULL);
  polyshm_segment *segment = context;
  assert_ok(polyshm_segment_refresh(segment));
  (void)polyshm_on_wait(before.hook, before.context);
}

static void what_grows_can_be_refreshed(void **state) {
  (void)state;
  polyshm_segment *segment = new_segment(fresh_name(), 100);
  calls = (struct hook_calls){.limit = -1, .meanwhile = refresh_it, .context = segment};
  polyshm_on_wait(hook, &calls);
  assert_ok(polyshm_segment_resize(segment, MANY));
  (void)end();
  assert_int_equal(polyshm_segment_size(segment), MANY);
  drop_segment(segment);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(creation_goes_in_steps),         TEST(a_creation_that_is_broken_leaves_nothing),
      TEST(growth_goes_in_steps),           TEST(bytes_go_in_steps),
      TEST(a_little_is_done_at_once),       TEST(a_copy_within_a_segment_goes_the_right_way),
      TEST(a_fill_in_steps_misses_nothing), TEST(what_works_can_be_closed),
      TEST(what_grows_can_be_closed),       TEST(what_grows_can_be_refreshed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
