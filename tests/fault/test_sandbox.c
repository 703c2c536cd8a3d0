/* A sandbox refuses system calls that other ways lead around, and some that none does. */
#include "support.h"

#include "platform/platform.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE INT64_C(10000)
#define TMPFILE (O_TMPFILE & ~O_DIRECTORY) /* the bit that no other flag has */

static const int refusals[] = {EPERM, EACCES, ENOSYS, EINVAL, EOPNOTSUPP};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

struct refusal {
  const char *name;
  int error;
};

/* This is what works in spite of it, the first time and then again. */
static void create_all_the_same(const char *name) {
  for (int time = 0; time < 2; time++) {
    polyshm_segment *segment = NULL, *other = NULL;
    polyshm_lock *lock = NULL;
    struct stat st;
    must_ok(polyshm_segment_create(name, SIZE, 0640, &segment));
    must(stat(path_of_name(name), &st) == 0 && st.st_size == SIZE && st.st_mode == (S_IFREG | 0640));
    must(polyshm_segment_create(name, SIZE, 0640, &other) == POLYSHM_EEXIST);
    must_ok(polyshm_segment_attach(name, 0, 0, &other));
    polyshm_segment_free(other);
    must_ok(polyshm_segment_unlink(segment));
    polyshm_segment_free(segment);
    must_ok(polyshm_segment_create(NULL, SIZE, 0600, &segment));
    must_ok(polyshm_segment_unlink(segment));
    polyshm_segment_free(segment);
    must_ok(polyshm_lock_open(name, 0600, 0, &lock));
    must_ok(polyshm_lock_unlink(lock));
    polyshm_lock_free(lock);
  }
}

static void for_each_refusal(void (*work)(void *refusal)) {
  for (int i = 0; i < REFUSALS; i++)
    in_child(work, &(struct refusal){fresh_name(), refusals[i]});
}

static void without_links(void *context) {
  const struct refusal *refusal = context;
  sandbox_refuse(SYS_linkat, ALWAYS, 0, refusal->error);
  create_all_the_same(refusal->name);
}

static void linkat_is_refused(void **state) {
  (void)state;
  for_each_refusal(without_links);
}

static void without_links_of_descriptors(void *context) {
  const struct refusal *refusal = context;
  sandbox_refuse(SYS_linkat, 4, AT_EMPTY_PATH, refusal->error);
  create_all_the_same(refusal->name);
  must(!polyshm__without_tmpfile); /* there is a way through /proc */
}

static void linkat_of_a_descriptor_is_refused(void **state) {
  (void)state;
  for_each_refusal(without_links_of_descriptors);
}

static void without_nameless_files(void *context) {
  const struct refusal *refusal = context;
  sandbox_refuse(SYS_openat, 2, TMPFILE, refusal->error);
  create_all_the_same(refusal->name);
}

static void nameless_files_are_refused(void **state) {
  (void)state;
  for_each_refusal(without_nameless_files);
}

/* ---- no way is left ---- */

static void must_name(const char *name, polyshm_status expected, const char *call) {
  polyshm_segment *segment = NULL;
  must(polyshm_segment_create(name, SIZE, 0600, &segment) == expected);
  must(strstr(polyshm_last_error(), call));
  must(strstr(polyshm_last_error(), "sandbox"));
  must(!strstr(polyshm_last_error(), "user"));
  must(!polyshm__without_tmpfile); /* the other way was not seen to work */
  must(polyshm_segment_open(name, SIZE, 0600, 0, &segment) == expected);
  must(strstr(polyshm_last_error(), call));
}

static void without_links_and_renames(void *context) {
  const struct refusal *refusal = context;
  sandbox_refuse(SYS_linkat, ALWAYS, 0, refusal->error);
  sandbox_refuse(SYS_renameat2, ALWAYS, 0, refusal->error);
  must_name(refusal->name, -refusal->error, "renameat2");
}

static void the_call_that_was_refused_is_named(void **state) {
  (void)state;
  for_each_refusal(without_links_and_renames);
}

static void without_new_files(void *context) {
  const struct refusal *refusal = context;
  sandbox_refuse(SYS_openat, 2, TMPFILE | O_CREAT, refusal->error);
  must_name(refusal->name, -refusal->error, "O_CREAT");
}

static void new_files_are_refused(void **state) {
  (void)state;
  for_each_refusal(without_new_files);
}

/* One failure says nothing of the next time. */
static void a_full_table_is_no_refusal(void *name) {
  sandbox_refuse(SYS_openat, 2, TMPFILE, EMFILE);
  polyshm_segment *segment = NULL;
  must(polyshm_segment_create(name, SIZE, 0600, &segment) == POLYSHM_EMFILE);
  must(!polyshm__without_tmpfile);
}

static void other_failures_are_none(void **state) {
  (void)state;
  in_child(a_full_table_is_no_refusal, (void *)fresh_name());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(linkat_is_refused),          TEST(linkat_of_a_descriptor_is_refused),
      TEST(nameless_files_are_refused), TEST(the_call_that_was_refused_is_named),
      TEST(new_files_are_refused),      TEST(other_failures_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
