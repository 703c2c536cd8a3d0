/* The process has run into one of its limits (setrlimit(2)): file size, open files, address space. */
#include "support.h"

#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (INT64_C(1) << 20)
#define NOT_NULL ((void *)(uintptr_t)0x10)

static struct rlimit before;

static void set_limit(__rlimit_resource_t resource, int64_t soft) {
  assert_int_equal(getrlimit(resource, &before), 0);
  const struct rlimit limit = {(rlim_t)soft, before.rlim_max};
  assert_int_equal(setrlimit(resource, &limit), 0);
}

static void unset_limit(__rlimit_resource_t resource) {
  assert_int_equal(setrlimit(resource, &before), 0);
}

static int64_t size_of(const char *name) {
  struct stat st;
  return lstat(path_of_name(name), &st) == 0 ? st.st_size : -1;
}

/* ---- RLIMIT_FSIZE: beyond it the system would send SIGXFSZ, which ends a process ---- */

static void files_of_limited_size(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    const char *name = fresh_name(), *refused = fresh_name();
    polyshm_segment *a = NULL, *none = NOT_NULL;
    polyshm__without_tmpfile = way;
    set_limit(RLIMIT_FSIZE, 100000);
    assert_ok(polyshm_segment_create(name, 50000, 0600, &a));
    assert_status(POLYSHM_EFBIG, polyshm_segment_create(refused, 100001, 0600, &none));
    assert_words("ulimit -f");
    assert_null(none);
    assert_status(POLYSHM_EFBIG, polyshm_segment_create(refused, POLYSHM_SIZE_MAX, 0600, &none));
    assert_status(POLYSHM_EFBIG, polyshm_segment_open(refused, 100001, 0600, 0, &none));
    assert_int_equal(size_of(refused), -1);
    assert_status(POLYSHM_EFBIG, polyshm_segment_resize(a, 100001));
    assert_int_equal(polyshm_segment_size(a), 50000);
    assert_int_equal(size_of(name), 50000);
    assert_ok(polyshm_segment_resize(a, 100000));
    assert_ok(polyshm_segment_fill(a, 1, 0, 100000));
    unset_limit(RLIMIT_FSIZE);
    drop_segment(a);
  }
}

/* Whatever is there already can be used: the limit is on growing. */
static void a_file_beyond_the_limit(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 50000), *b = NULL, *c = NULL;
  assert_ok(polyshm_segment_attach(name, 0, 0, &b));
  assert_ok(polyshm_segment_resize(a, 100000));
  set_limit(RLIMIT_FSIZE, 10000);
  assert_ok(polyshm_segment_attach(name, 0, 0, &c));
  assert_ok(polyshm_segment_refresh(b));
  assert_int_equal(polyshm_segment_size(b), 100000);
  assert_ok(polyshm_segment_resize(b, 100000));
  assert_ok(polyshm_segment_fill(b, 1, 0, 100000));
  assert_status(POLYSHM_EFBIG, polyshm_segment_resize(b, 100001));
  unset_limit(RLIMIT_FSIZE);
  polyshm_segment_free(b);
  polyshm_segment_free(c);
  drop_segment(a);
}

/* ---- RLIMIT_NOFILE ---- */

static polyshm_status visit(const polyshm_segment_info *info, void *context) {
  (void)info;
  (void)context;
  return POLYSHM_OK;
}

static void no_more_open_files(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    const char *name = fresh_name();
    polyshm_segment *a = new_segment(name, 100), *none = NOT_NULL;
    polyshm_value one = from_int(1);
    bool stale = true;
    polyshm__without_tmpfile = way;
    int lowest = fcntl(STDIN_FILENO, F_DUPFD, 0);
    assert_true(lowest >= 0);
    assert_int_equal(close(lowest), 0);
    set_limit(RLIMIT_NOFILE, lowest);
    assert_status(POLYSHM_EMFILE, polyshm_segment_create(fresh_name(), 1, 0600, &none));
    assert_words("ulimit -n");
    assert_null(none);
    assert_status(POLYSHM_EMFILE, polyshm_segment_attach(name, 0, 0, &none));
    assert_status(POLYSHM_EMFILE, polyshm_segment_open(name, 1, 0600, 0, &none));
    assert_status(POLYSHM_EMFILE, polyshm_segment_resize(a, 200));
    assert_status(POLYSHM_EMFILE, polyshm_segment_refresh(a));
    assert_status(POLYSHM_EMFILE, polyshm_each_segment(visit, NULL));
    assert_words("each_segment");
    assert_words("ulimit -n");
    assert_ok(polyshm_segment_set_value(a, POLYSHM_INT32, 0, &one)); /* a handle holds no open file */
    assert_ok(polyshm_segment_stale(a, &stale));
    assert_false(stale);
    assert_ok(polyshm_segment_unlink(a));
    unset_limit(RLIMIT_NOFILE);
    polyshm_segment_free(a);
  }
}

/* ---- RLIMIT_AS ---- */

static int64_t address_space(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%ld", &pages), 1);
  assert_int_equal(fclose(file), 0);
  return pages * polyshm_page_size();
}

static void no_more_address_space(void **state) {
  (void)state;
  if (sanitized()) {
    print_message("skipped: a sanitizer takes terabytes of address space\n");
    skip();
  }
  for (int way = 0; way < 2; way++) {
    const char *name = fresh_name(), *refused = fresh_name();
    polyshm_segment *a = new_segment(name, 10000), *none = NOT_NULL;
    polyshm__without_tmpfile = way;
    assert_ok(polyshm_segment_fill(a, 7, 0, 10000));
    set_limit(RLIMIT_AS, address_space() + 4 * MIB);
    assert_status(POLYSHM_ENOMEM, polyshm_segment_create(refused, 16 * MIB, 0600, &none));
    assert_words("address space");
    assert_null(none);
    assert_int_equal(size_of(refused), -1);
    assert_status(POLYSHM_ENOMEM, polyshm_segment_open(refused, 16 * MIB, 0600, 0, &none));
    assert_int_equal(size_of(refused), -1);
    assert_status(POLYSHM_ENOMEM, polyshm_segment_resize(a, 16 * MIB));
    assert_int_equal(polyshm_segment_size(a), 10000);
    assert_int_equal(size_of(name), 10000); /* nor has it grown for the others */
    unset_limit(RLIMIT_AS);

    polyshm_segment *large = new_segment(refused, 16 * MIB);
    polyshm_segment_free(large);
    set_limit(RLIMIT_AS, address_space() + 4 * MIB);
    assert_status(POLYSHM_ENOMEM, polyshm_segment_attach(refused, 0, 0, &none));
    assert_null(none);
    unset_limit(RLIMIT_AS);
    assert_ok(polyshm_segment_unlink_name(refused));

    assert_ok(polyshm_segment_resize(a, MIB));
    uint8_t bytes[10000];
    assert_ok(polyshm_segment_read(a, 0, bytes, 10000));
    assert_true(all_bytes(bytes, 10000, 7));
    drop_segment(a);
  }
}

/* A peer has grown the segment beyond what this process can map: it stays with what it has. */
static void refresh_without_address_space(void **state) {
  (void)state;
  if (sanitized()) {
    print_message("skipped: a sanitizer takes terabytes of address space\n");
    skip();
  }
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 10000), *b = NULL;
  char byte = 1;
  assert_ok(polyshm_segment_attach(name, 0, 0, &b));
  assert_ok(polyshm_segment_resize(a, 16 * MIB));
  set_limit(RLIMIT_AS, address_space() + 4 * MIB);
  assert_status(POLYSHM_ENOMEM, polyshm_segment_refresh(b));
  unset_limit(RLIMIT_AS);
  assert_int_equal(polyshm_segment_size(b), 10000);
  assert_ok(polyshm_segment_read(b, 9999, &byte, 1));
  assert_int_equal(byte, 0);
  assert_ok(polyshm_segment_refresh(b));
  assert_int_equal(polyshm_segment_size(b), 16 * MIB);
  polyshm_segment_free(b);
  drop_segment(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(files_of_limited_size), TEST(a_file_beyond_the_limit),       TEST(no_more_open_files),
      TEST(no_more_address_space), TEST(refresh_without_address_space),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
