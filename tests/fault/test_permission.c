/* This is what another user's segments let one do. Runs under `environment user nobody`, which lays them out.
 */
#include "support.h"

#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static polyshm_status attach_and_free(const char *name, int64_t flags) {
  polyshm_segment *segment = NULL;
  polyshm_status status = polyshm_segment_attach(name, flags, 0, &segment);
  assert_int_equal(segment != NULL, status == POLYSHM_OK);
  polyshm_segment_free(segment);
  return status;
}

static void the_mode_decides(void **state) {
  (void)state;
  const int64_t readonly = POLYSHM_FLAG_READONLY, any = POLYSHM_FLAG_ANY_OWNER;
  assert_status(POLYSHM_EACCES, attach_and_free("root-0600", 0));
  assert_words("permission denied");
  assert_status(POLYSHM_EACCES, attach_and_free("root-0600", readonly));
  assert_status(POLYSHM_EACCES, attach_and_free("root-0600", readonly | any));
  assert_status(POLYSHM_EACCES, attach_and_free("root-0644", 0));
  assert_ok(attach_and_free("root-0644", readonly)); /* root is trusted */
  assert_ok(attach_and_free("root-0666", 0));
}

static void a_third_user_is_not_trusted(void **state) {
  (void)state;
  const int64_t readonly = POLYSHM_FLAG_READONLY, any = POLYSHM_FLAG_ANY_OWNER;
  polyshm_segment *segment = NULL;
  assert_status(POLYSHM_EPERM, attach_and_free("other-0666", 0));
  assert_words("belongs to another user");
  assert_status(POLYSHM_EPERM, attach_and_free("other-0666", readonly));
  assert_ok(attach_and_free("other-0666", any));
  assert_ok(attach_and_free("other-0666", any | readonly));
  assert_status(POLYSHM_EPERM, polyshm_segment_open("other-0666", 1, 0600, 0, &segment));
  assert_null(segment);
  assert_ok(polyshm_segment_open("other-0666", 1, 0600, any, &segment));
  polyshm_segment_free(segment);
}

static void others_names_stay(void **state) {
  (void)state;
  polyshm_segment *segment = NULL;
  const char *const names[] = {"root-0600", "root-0666", "other-0666"};
  for (int i = 0; i < 3; i++) {
    assert_status(POLYSHM_EPERM, polyshm_segment_unlink_name(names[i])); /* the directory is sticky */
    assert_null(strstr(polyshm_last_error(), "trust"));                  /* that is not what it is about */
    assert_words("another user");
    assert_int_equal(access(path_of_name(names[i]), F_OK), 0);
    assert_status(POLYSHM_EEXIST, polyshm_segment_create(names[i], 1, 0600, &segment));
  }
  assert_ok(polyshm_segment_attach("root-0666", 0, 0, &segment));
  assert_status(POLYSHM_EPERM, polyshm_segment_unlink(segment));
  polyshm_segment_free(segment);
}

static void who_may_write_may_grow(void **state) {
  (void)state;
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_segment_attach("root-0666", 0, 0, &segment));
  assert_ok(polyshm_segment_resize(segment, 10000));
  assert_int_equal(polyshm_segment_size(segment), 10000);
  polyshm_segment_free(segment);
}

static polyshm_status find_root_0600(const polyshm_segment_info *info, void *context) {
  if (strcmp(info->name, "root-0600") == 0)
    *(bool *)context = info->owner == 0 && info->mode == 0600 && info->size == 4096;
  return POLYSHM_OK;
}

static void others_are_listed(void **state) {
  (void)state;
  bool found = false;
  assert_ok(polyshm_each_segment(find_root_0600, &found));
  assert_true(found);
}

static void ones_own_mode_binds_oneself(void **state) {
  (void)state;
  const struct {
    int64_t mode;
    polyshm_status writing, reading;
  } modes[] = {
      {0, POLYSHM_EACCES, POLYSHM_EACCES},
      {0200, POLYSHM_EACCES, POLYSHM_EACCES},
      {0400, POLYSHM_EACCES, POLYSHM_OK},
      {0600, POLYSHM_OK, POLYSHM_OK},
  };
  for (int way = 0; way < 2; way++)
    for (int i = 0; i < 4; i++) {
      const char *name = fresh_name();
      polyshm_segment *segment = NULL;
      polyshm__without_tmpfile = way;
      assert_ok(polyshm_segment_create(name, 100, modes[i].mode, &segment));
      assert_ok(polyshm_segment_fill(segment, 1, 0, 100)); /* the maker has it, whatever the mode */
      assert_status(modes[i].writing, attach_and_free(name, 0));
      assert_status(modes[i].reading, attach_and_free(name, POLYSHM_FLAG_READONLY));
      assert_status(modes[i].writing, polyshm_segment_resize(segment, 200));
      assert_int_equal(polyshm_segment_size(segment), modes[i].writing ? 100 : 200);
      drop_segment(segment);
    }
}

/* A maker that is killed before its segment is whole leaves a hidden file that its user's next create can
 * open. */
static void the_dead_are_swept_whatever_their_mode(void **state) {
  (void)state;
  polyshm__without_tmpfile = true;
  const char *hidden = ".polyshm.00000000"; /* what it leaves before the mode is set */
  polyshm__draft draft;
  int fd = open(path_of_name(hidden), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(close(fd), 0);
  assert_ok(polyshm__draft_begin(&draft, 1, 0, polyshm__without_tmpfile));
  polyshm__draft_end(&draft);
  assert_int_not_equal(access(path_of_name(hidden), F_OK), 0);
}

int main(void) {
  struct stat st;
  if (geteuid() == 0 || stat("/dev/shm/root-0600", &st) != 0) {
    print_error("run me under `environment user nobody`\n");
    return 1;
  }
  const struct CMUnitTest tests[] = {
      TEST(the_mode_decides),
      TEST(a_third_user_is_not_trusted),
      TEST(others_names_stay),
      TEST(who_may_write_may_grow),
      TEST(others_are_listed),
      TEST(ones_own_mode_binds_oneself),
      TEST(the_dead_are_swept_whatever_their_mode),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
