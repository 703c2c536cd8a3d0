/* ramfs, which has no fallocate(2). Runs under `environment ramfs-shm`. */
#include "support.h"

#include "platform/platform.h"

#include <sys/stat.h>
#include <unistd.h>

#define MIB (INT64_C(1) << 20)

static struct stat look_at(const char *name) {
  struct stat st;
  assert_int_equal(lstat(path_of_name(name), &st), 0);
  return st;
}

/* Every page is there before anybody writes to it. */
static void memory_is_allocated(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    const char *name = fresh_name();
    const int64_t sizes[] = {100, 5000, 5 * MIB + 1, 10 * MIB};
    polyshm_segment *segment = NULL;
    polyshm__without_tmpfile = way;
    for (int i = 0; i < 4; i++) {
      if (i == 0)
        segment = new_segment(name, sizes[0]);
      else
        assert_ok(polyshm_segment_resize(segment, sizes[i]));
      assert_int_equal(look_at(name).st_size, sizes[i]);
      assert_true((int64_t)look_at(name).st_blocks * 512 >= sizes[i]);
    }
    assert_ok(polyshm_segment_fill(segment, 1, 0, 10 * MIB));
    drop_segment(segment);
    segment = new_segment(name, 9 * MIB);
    assert_true((int64_t)look_at(name).st_blocks * 512 >= 9 * MIB);
    drop_segment(segment);
  }
}

static void growth_keeps_what_was_there(void **state) {
  (void)state;
  const char *name = fresh_name();
  uint8_t bytes[3000];
  polyshm_segment *segment = new_segment(name, 3000);
  assert_ok(polyshm_segment_fill(segment, 7, 0, 3000));
  assert_ok(polyshm_segment_resize(segment, 9 * MIB));
  assert_ok(polyshm_segment_read(segment, 0, bytes, 3000));
  assert_true(all_bytes(bytes, 3000, 7));
  assert_ok(polyshm_segment_read(segment, 9 * MIB - 3000, bytes, 3000));
  assert_true(all_bytes(bytes, 3000, 0));
  assert_status(POLYSHM_RANGE, polyshm_segment_resize(segment, 100));
  drop_segment(segment);
}

/* There the file system's size is no bound, and the machine's memory is. */
static void what_the_machine_has_not_is_refused(void **state) {
  (void)state;
  polyshm_segment *segment = NULL;
  assert_status(POLYSHM_ENOMEM, polyshm_segment_create(fresh_name(), POLYSHM_SIZE_MAX, 0600, &segment));
  assert_words("the memory");
  segment = new_segment(fresh_name(), 100);
  assert_status(POLYSHM_ENOMEM, polyshm_segment_resize(segment, POLYSHM_SIZE_MAX));
  assert_int_equal(polyshm_segment_size(segment), 100);
  drop_segment(segment);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(memory_is_allocated),
      TEST(growth_keeps_what_was_there),
      TEST(what_the_machine_has_not_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
