/* segment.h: the verbs, the name, the bytes. Waiting is in test_wait.c, many at once in test_race.c. */
#include "support.h"

#include "platform/platform.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE polyshm_page_size()
#define NOT_NULL                                                                                             \
  ((void *)(uintptr_t)0x10) /* what `out` holds before: a failing call must not leave it there */

static struct stat file_of(const char *name) {
  struct stat st = {0};
  assert_int_equal(lstat(path_of_name(name), &st), 0);
  return st;
}

static polyshm_segment *attach(const char *name, int64_t flags) {
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_segment_attach(name, flags, 0, &segment));
  return segment;
}

static uint8_t *address_of(const polyshm_segment *segment) {
  uint64_t address = 0;
  assert_ok(polyshm_segment_address(segment, &address));
  assert_int_not_equal(address, 0);
  return (uint8_t *)(uintptr_t)address; /* NOLINT(performance-no-int-to-ptr): that is what it is for */
}

/* ---- create ---- */

static void create_makes_zero_bytes_of_the_size(void **state) {
  (void)state;
  const int64_t sizes[] = {1, 2, 4095, 4096, 4097, 100000, INT64_C(8) << 20};
  for (int way = 0; way < 2; way++)
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      polyshm__without_tmpfile = way;
      const char *name = fresh_name();
      polyshm_segment *segment = new_segment(name, sizes[i]);
      assert_string_equal(polyshm_segment_name(segment), name);
      assert_int_equal(polyshm_segment_size(segment), sizes[i]);
      assert_false(polyshm_segment_readonly(segment));
      assert_false(polyshm_segment_closed(segment));
      assert_true(all_bytes(address_of(segment), sizes[i], 0));
      struct stat st = file_of(name);
      assert_int_equal(st.st_size, sizes[i]);
      assert_true(st.st_blocks * 512 >= sizes[i]);
      drop_segment(segment);
    }
}

static void create_gives_exactly_the_mode(void **state) {
  (void)state;
  const int64_t modes[] = {0, 0400, 0600, 0644, 0660, 0666, 0777};
  mode_t before = umask(077);
  for (int way = 0; way < 2; way++)
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
      polyshm__without_tmpfile = way;
      const char *name = fresh_name();
      polyshm_segment *segment = NULL;
      assert_ok(polyshm_segment_create(name, 1, modes[i], &segment));
      assert_int_equal(file_of(name).st_mode & 07777, modes[i]);
      drop_segment(segment);
    }
  (void)umask(before);
}

static void create_of_a_taken_name(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    polyshm__without_tmpfile = way;
    const char *name = fresh_name();
    polyshm_segment *first = new_segment(name, 10), *second = NOT_NULL;
    assert_ok(polyshm_segment_write(first, 0, "kept", 4));
    assert_status(POLYSHM_EEXIST, polyshm_segment_create(name, 20, 0644, &second));
    assert_words(name);
    assert_words("already exists");
    assert_null(second);
    assert_int_equal(file_of(name).st_size, 10);
    assert_int_equal(file_of(name).st_mode & 07777, 0600);
    assert_memory_equal(address_of(first), "kept", 4);
    drop_segment(first);
  }
}

/* Whatever has the name: create never goes through it. */
static void create_where_something_is_planted(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    polyshm__without_tmpfile = way;
    const char *name = fresh_name(), *target = fresh_name();
    polyshm_segment *segment = NOT_NULL;
    assert_int_equal(symlink(path_of_name(target), path_of_name(name)), 0); /* dangling */
    assert_status(POLYSHM_EEXIST, polyshm_segment_create(name, 1, 0600, &segment));
    assert_null(segment);
    assert_int_not_equal(access(path_of_name(target), F_OK), 0);
    assert_int_equal(unlink(path_of_name(name)), 0);
    assert_int_equal(mkdir(path_of_name(name), 0700), 0);
    assert_status(POLYSHM_EEXIST, polyshm_segment_create(name, 1, 0600, &segment));
    assert_int_equal(rmdir(path_of_name(name)), 0);
    assert_int_equal(mkfifo(path_of_name(name), 0600), 0);
    assert_status(POLYSHM_EEXIST, polyshm_segment_create(name, 1, 0600, &segment));
    assert_int_equal(unlink(path_of_name(name)), 0);
  }
}

static void create_without_a_name_draws_one(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    polyshm__without_tmpfile = way;
    polyshm_segment *a = new_segment(NULL, 1), *b = new_segment(NULL, 1);
    const char *name = polyshm_segment_name(a);
    assert_int_equal(strlen(name), 12);
    assert_memory_equal(name, "psm_", 4);
    assert_int_equal(strspn(name + 4, "0123456789abcdef"), 8);
    assert_string_not_equal(name, polyshm_segment_name(b));
    assert_int_equal(file_of(name).st_size, 1);
    drop_segment(a);
    drop_segment(b);
  }
}

static void create_refuses_sizes(void **state) {
  (void)state;
  const int64_t sizes[] = {0, -1, INT64_MIN, POLYSHM_SIZE_MAX + 1, INT64_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    polyshm_segment *segment = NOT_NULL;
    char words[40];
    (void)snprintf(words, sizeof words, "size %" PRId64 " ", sizes[i]);
    assert_status(POLYSHM_RANGE, polyshm_segment_create(fresh_name(), sizes[i], 0600, &segment));
    assert_words(words);
    assert_null(segment);
    segment = NOT_NULL;
    assert_status(POLYSHM_RANGE, polyshm_segment_open(fresh_name(), sizes[i], 0600, 0, &segment));
    assert_null(segment);
    assert_status(POLYSHM_RANGE, polyshm_segment_create(NULL, sizes[i], 0600, &segment));
  }
}

static void create_refuses_modes(void **state) {
  (void)state;
  const int64_t modes[] = {-1, 01000, 04755, INT64_MIN, INT64_MAX, INT64_C(1) << 32};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    polyshm_segment *segment = NOT_NULL;
    assert_status(POLYSHM_RANGE, polyshm_segment_create(fresh_name(), 1, modes[i], &segment));
    assert_words("mode");
    assert_null(segment);
    assert_status(POLYSHM_RANGE, polyshm_segment_open(fresh_name(), 1, modes[i], 0, &segment));
  }
}

/* ---- names ---- */

static void create_takes_good_names(void **state) {
  (void)state;
  char longest[201];
  (void)snprintf(longest, sizeof longest, "%s", fresh_name());
  memset(longest + strlen(longest), 'x', sizeof longest - 1 - strlen(longest));
  longest[200] = '\0';
  const char *const endings[] = {"A", ".", "_", "-", "..", "Az09._-", ".sem.x"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    char name[100];
    (void)snprintf(name, sizeof name, "%s%s", fresh_name(), endings[i]);
    drop_segment(new_segment(name, 1));
  }
  polyshm_segment *segment = new_segment(longest, 1);
  assert_string_equal(polyshm_segment_name(segment), longest);
  drop_segment(segment);
}

static void create_and_open_refuse_bad_names(void **state) {
  (void)state;
  static char of_201[202], of_300[301], of_5000[5001];
  memset(of_201, 'x', 201);
  memset(of_300, 'x', 300);
  memset(of_5000, 'x', 5000);
  const struct {
    const char *name, *words;
  } bad[] = {
      {"", "empty"},           {"/", "empty"},        {"//", "'/'"},         {"a/b", "'/'"},
      {"/a/b", "'/'"},         {"//a", "'/'"},        {"a/", "'/'"},         {"../x", "'/'"},
      {".", "directory"},      {"..", "directory"},   {"/..", "directory"},  {".hidden", "begins with"},
      {"-x", "begins with"},   {"_x", "begins with"}, {"~x", "begins with"}, {"\xc3\xa9", "begins with"},
      {"\xff", "begins with"}, {" x", "begins with"}, {"a b", "letters"},    {"a\n", "letters"},
      {"a\t", "letters"},      {"a\\b", "letters"},   {"a:b", "letters"},    {"a\xc3\xa9", "letters"},
      {"a\xff", "letters"},    {"a\x7f", "letters"},  {"sem.x", "sem."},     {"sem.", "sem."},
      {"/sem.x", "sem."},      {of_201, "200"},       {of_300, "200"},       {of_5000, "200"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    polyshm_segment *segment = NOT_NULL;
    assert_status(POLYSHM_ARGUMENT, polyshm_segment_create(bad[i].name, 1, 0600, &segment));
    assert_words(bad[i].words);
    assert_words("create");
    assert_null(segment);
    segment = NOT_NULL;
    assert_status(POLYSHM_ARGUMENT, polyshm_segment_open(bad[i].name, 1, 0600, 0, &segment));
    assert_words(bad[i].words);
    assert_words("open");
    assert_null(segment);
  }
  polyshm_segment *segment = NOT_NULL;
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_open(NULL, 1, 0600, 0, &segment));
  assert_words("a name is needed");
  assert_null(segment);
}

static void attach_and_unlink_refuse_what_is_no_name(void **state) {
  (void)state;
  const char *const bad[] = {NULL, "", "/", ".", "..", "/.", "a/b", "//a", "/dev/shm/a", "../shm/a"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    polyshm_segment *segment = NOT_NULL;
    assert_status(POLYSHM_ARGUMENT, polyshm_segment_attach(bad[i], 0, 0, &segment));
    assert_null(segment);
    assert_status(POLYSHM_ARGUMENT, polyshm_segment_unlink_name(bad[i]));
  }
}

static void attach_and_unlink_take_any_component(void **state) {
  (void)state;
  static char of_255[256];
  memset(of_255, 'x', 255);
  memcpy(of_255, fresh_name(), strlen(fresh_name()));
  const char *const endings[] = {" with blanks ", "\n", "\xff\xfe", "\xc3\xa9", ";$(x)", "\\", "sem."};
  for (size_t i = 0; i <= sizeof endings / sizeof *endings; i++) {
    char name[300];
    if (i < sizeof endings / sizeof *endings)
      (void)snprintf(name, sizeof name, "%s%s", fresh_name(), endings[i]);
    else
      (void)snprintf(name, sizeof name, "%s", of_255);
    polyshm_segment *segment = NULL;
    assert_status(POLYSHM_ENOENT, polyshm_segment_attach(name, 0, 0, &segment));
    assert_status(POLYSHM_ENOENT, polyshm_segment_unlink_name(name));
    FILE *file = fopen(path_of_name(name), "we");
    assert_non_null(file);
    assert_int_equal(fputs("data", file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
    segment = attach(name, 0);
    assert_string_equal(polyshm_segment_name(segment), name);
    assert_memory_equal(address_of(segment), "data", 4);
    polyshm_segment_free(segment);
    assert_ok(polyshm_segment_unlink_name(name));
  }
}

static void a_name_that_is_too_long_still_says_why(void **state) {
  (void)state;
  static char name[5001];
  memset(name, 'x', 5000);
  polyshm_segment *segment = NOT_NULL;
  assert_status(POLYSHM_ENAMETOOLONG, polyshm_segment_attach(name, 0, 0, &segment));
  assert_words("too long");
  assert_null(segment);
  assert_status(POLYSHM_ENAMETOOLONG, polyshm_segment_unlink_name(name));
  assert_words("too long");
  name[2500] = '/';
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_unlink_name(name));
  assert_words("a name holds no '/'");
}

static void one_leading_slash_is_dropped(void **state) {
  (void)state;
  char slashed[64];
  const char *name = fresh_name();
  (void)snprintf(slashed, sizeof slashed, "/%s", name);
  polyshm_segment *made = new_segment(slashed, 1), *attached = attach(slashed, 0), *opened = NULL;
  assert_string_equal(polyshm_segment_name(made), name);
  assert_string_equal(polyshm_segment_name(attached), name);
  assert_ok(polyshm_segment_open(slashed, 1, 0600, 0, &opened));
  assert_string_equal(polyshm_segment_name(opened), name);
  assert_ok(polyshm_segment_unlink_name(slashed));
  polyshm_segment_free(made);
  polyshm_segment_free(attached);
  polyshm_segment_free(opened);
}

/* ---- attach and open ---- */

static void attach_sees_the_same_bytes(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 5000), *b = attach(name, 0);
  assert_int_equal(polyshm_segment_size(b), 5000);
  assert_ptr_not_equal(address_of(a), address_of(b));
  assert_ok(polyshm_segment_write(a, 4990, "from a", 6));
  char seen[6];
  assert_ok(polyshm_segment_read(b, 4990, seen, 6));
  assert_memory_equal(seen, "from a", 6);
  polyshm_segment_free(a); /* the maker's end changes nothing for the others */
  assert_ok(polyshm_segment_read(b, 4990, seen, 6));
  assert_memory_equal(seen, "from a", 6);
  drop_segment(b);
}

static void attach_of_nothing(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = NOT_NULL;
  assert_status(POLYSHM_ENOENT, polyshm_segment_attach(name, 0, 0, &segment));
  assert_words(name);
  assert_words(polyshm_status_text(POLYSHM_ENOENT));
  assert_null(segment);
}

static void attach_and_open_refuse_flags(void **state) {
  (void)state;
  const int64_t bad[] = {4, 8, -1, INT64_MIN, INT64_MAX, INT64_C(1) << 32};
  const char *name = fresh_name();
  polyshm_segment *made = new_segment(name, 1);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    polyshm_segment *segment = NOT_NULL;
    assert_status(POLYSHM_ARGUMENT, polyshm_segment_attach(name, bad[i], 0, &segment));
    assert_null(segment);
    segment = NOT_NULL;
    assert_status(POLYSHM_ARGUMENT, polyshm_segment_open(name, 1, 0600, bad[i], &segment));
    assert_null(segment);
  }
  polyshm_segment *segment = NOT_NULL;
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_open(name, 1, 0600, POLYSHM_FLAG_READONLY, &segment));
  assert_null(segment);
  drop_segment(made);
}

static void a_readonly_handle_does_not_write(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 100), *r = attach(name, POLYSHM_FLAG_READONLY);
  polyshm_value one = from_int(1);
  assert_true(polyshm_segment_readonly(r));
  assert_status(POLYSHM_READONLY, polyshm_segment_write(r, 0, "x", 1));
  assert_words("without readonly");
  assert_status(POLYSHM_READONLY, polyshm_segment_fill(r, 1, 0, 1));
  assert_status(POLYSHM_READONLY, polyshm_segment_copy(r, a, 0, 1, 0));
  assert_status(POLYSHM_READONLY, polyshm_segment_set_value(r, POLYSHM_INT8, 0, &one));
  assert_status(POLYSHM_READONLY, polyshm_segment_resize(r, 200));
  assert_true(all_bytes(address_of(a), 100, 0));
  assert_ok(polyshm_segment_copy(a, r, 0, 50, 50));
  assert_ok(polyshm_segment_resize(a, 10000));
  assert_ok(polyshm_segment_refresh(r));
  assert_int_equal(polyshm_segment_size(r), 10000);
  assert_int_equal(address_of(r)[9999], 0);
  polyshm_segment_free(r);
  drop_segment(a);
}

static void attach_distrusts_what_is_planted(void **state) {
  (void)state;
  const char *name = fresh_name(), *path = path_of_name(name);
  const int64_t flags[] = {0, POLYSHM_FLAG_READONLY, POLYSHM_FLAG_ANY_OWNER,
                           POLYSHM_FLAG_READONLY | POLYSHM_FLAG_ANY_OWNER};
  for (int i = 0; i < 4; i++) {
    polyshm_segment *segment = NOT_NULL;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_status(POLYSHM_EPERM, polyshm_segment_attach(name, flags[i], 0, &segment));
    assert_words("no plain file");
    assert_null(segment);
    assert_status(POLYSHM_EPERM,
                  polyshm_segment_open(name, 1, 0600, flags[i] & POLYSHM_FLAG_ANY_OWNER, &segment));
    assert_int_equal(unlink(path), 0);

    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_status(POLYSHM_ELOOP, polyshm_segment_attach(name, flags[i], 0, &segment));
    assert_words("symbolic link");
    assert_status(POLYSHM_ELOOP, polyshm_segment_open(name, 1, 0600, 0, &segment));
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkdir(path, 0700), 0);
    assert_status(POLYSHM_EISDIR, polyshm_segment_attach(name, flags[i], 0, &segment));
    assert_status(POLYSHM_EISDIR, polyshm_segment_unlink_name(name));
    assert_int_equal(rmdir(path), 0);

    const char *second = fresh_name();
    polyshm_segment *made = new_segment(second, 1);
    assert_int_equal(link(path_of_name(second), path), 0);
    assert_status(POLYSHM_EPERM, polyshm_segment_attach(name, flags[i], 0, &segment));
    assert_words("second hard link");
    assert_status(POLYSHM_EPERM, polyshm_segment_attach(second, flags[i], 0, &segment));
    assert_int_equal(unlink(path), 0);
    polyshm_segment_free(attach(second, flags[i])); /* one link again: trusted again */
    drop_segment(made);

    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_status(POLYSHM_ENODATA, polyshm_segment_attach(name, flags[i], 0, &segment));
    assert_words("empty");
    assert_null(segment);
    assert_int_equal(unlink(path), 0);
  }
}

static void attach_distrusts_another_users_file(void **state) {
  (void)state;
  if (geteuid() != 0) {
    print_message("skipped: only root can give a file to another user\n");
    skip();
  }
  const char *name = fresh_name();
  polyshm_segment *made = new_segment(name, 1), *segment = NOT_NULL;
  assert_int_equal(chown(path_of_name(name), 12345, 12345), 0);
  assert_status(POLYSHM_EPERM, polyshm_segment_attach(name, 0, 0, &segment));
  assert_words("any_owner");
  assert_null(segment);
  assert_status(POLYSHM_EPERM, polyshm_segment_open(name, 1, 0600, 0, &segment));
  polyshm_segment_free(attach(name, POLYSHM_FLAG_ANY_OWNER));
  assert_ok(polyshm_segment_open(name, 1, 0600, POLYSHM_FLAG_ANY_OWNER, &segment));
  polyshm_segment_free(segment);
  drop_segment(made);
}

static void open_makes_or_attaches(void **state) {
  (void)state;
  for (int way = 0; way < 2; way++) {
    polyshm__without_tmpfile = way;
    const char *name = fresh_name();
    polyshm_segment *made = NULL, *attached = NULL;
    assert_ok(polyshm_segment_open(name, 10, 0640, 0, &made));
    assert_int_equal(polyshm_segment_size(made), 10);
    assert_int_equal(file_of(name).st_mode & 07777, 0640);
    assert_ok(polyshm_segment_write(made, 0, "kept", 4));
    assert_ok(polyshm_segment_open(name, 99999, 0777, 0, &attached)); /* its size and mode stay */
    assert_int_equal(polyshm_segment_size(attached), 10);
    assert_int_equal(file_of(name).st_mode & 07777, 0640);
    assert_memory_equal(address_of(attached), "kept", 4);
    polyshm_segment_free(attached);
    drop_segment(made);
  }
}

/* ---- close and free ---- */

static void close_is_idempotent_and_final(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 5000), *b = attach(name, 0);
  polyshm_value one = from_int(1);
  const void *data = NOT_NULL;
  uint64_t address = 0;
  char byte = 0;
  bool stale = true;
  assert_ok(polyshm_segment_fill(a, 7, 0, 5000));
  assert_ok(polyshm_segment_close(a));
  assert_ok(polyshm_segment_close(a));
  assert_true(polyshm_segment_closed(a));
  assert_status(POLYSHM_CLOSED, polyshm_segment_read(a, 0, &byte, 1));
  assert_words("closed");
  assert_words(name);
  assert_status(POLYSHM_CLOSED, polyshm_segment_read(a, 99999, &byte, 1));
  assert_status(POLYSHM_CLOSED, polyshm_segment_borrow(a, 0, 1, &data));
  assert_null(data);
  assert_status(POLYSHM_CLOSED, polyshm_segment_write(a, 0, "x", 1));
  assert_status(POLYSHM_CLOSED, polyshm_segment_fill(a, 0, 0, 1));
  assert_status(POLYSHM_CLOSED, polyshm_segment_copy(a, b, 0, 1, 0));
  assert_status(POLYSHM_CLOSED, polyshm_segment_copy(b, a, 0, 1, 0));
  assert_status(POLYSHM_CLOSED, polyshm_segment_get_value(a, POLYSHM_INT8, 0, &one));
  assert_status(POLYSHM_CLOSED, polyshm_segment_set_value(a, POLYSHM_INT8, 0, &one));
  assert_status(POLYSHM_CLOSED, polyshm_segment_resize(a, 10000));
  assert_status(POLYSHM_CLOSED, polyshm_segment_resize(a, -1));
  assert_status(POLYSHM_CLOSED, polyshm_segment_refresh(a));
  assert_status(POLYSHM_CLOSED, polyshm_segment_address(a, &address));
  assert_string_equal(polyshm_segment_name(a), name);
  assert_int_equal(polyshm_segment_size(a), 5000);
  assert_false(polyshm_segment_readonly(a));
  assert_true(all_bytes(address_of(b), 5000, 7)); /* the others' bytes */
  assert_ok(polyshm_segment_stale(a, &stale));
  assert_false(stale);
  assert_ok(polyshm_segment_unlink(a));
  assert_ok(polyshm_segment_stale(a, &stale));
  assert_true(stale);
  polyshm_segment_free(a);
  polyshm_segment_free(b);
}

static void a_readonly_handle_closes_as_well(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 10), *r = attach(name, POLYSHM_FLAG_READONLY);
  assert_ok(polyshm_segment_close(r));
  assert_status(POLYSHM_CLOSED, polyshm_segment_write(r, 0, "x", 1));
  assert_status(POLYSHM_CLOSED, polyshm_segment_resize(r, 100));
  polyshm_segment_free(r);
  drop_segment(a);
}

static void old_addresses_read_zero_after_close(void **state) {
  (void)state;
  for (int readonly = 0; readonly < 2; readonly++) {
    const char *name = fresh_name();
    polyshm_segment *a = new_segment(name, 10000), *b = attach(name, readonly ? POLYSHM_FLAG_READONLY : 0);
    assert_ok(polyshm_segment_fill(a, 7, 0, 10000));
    uint8_t *stale = address_of(b);
    assert_true(all_bytes(stale, 10000, 7));
    assert_ok(polyshm_segment_close(b));
    assert_true(all_bytes(stale, 10000, 0));
    stale[0] = 1; /* and no crash, nor a change for the others */
    assert_true(all_bytes(address_of(a), 10000, 7));
    polyshm_segment_free(b);
    drop_segment(a);
  }
}

static void names_outlive_handles(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 10);
  assert_ok(polyshm_segment_write(a, 0, "still here", 10));
  polyshm_segment_free(a);
  polyshm_segment *b = attach(name, 0);
  assert_memory_equal(address_of(b), "still here", 10);
  drop_segment(b);
}

/* ---- unlink and stale ---- */

static void unlink_takes_the_name_and_leaves_the_memory(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 10), *b = attach(name, 0), *none = NULL;
  assert_ok(polyshm_segment_unlink(b));
  assert_ok(polyshm_segment_write(a, 0, "hello", 5));
  assert_memory_equal(address_of(b), "hello", 5);
  assert_status(POLYSHM_ENOENT, polyshm_segment_unlink(a));
  assert_status(POLYSHM_ENOENT, polyshm_segment_unlink(b));
  assert_status(POLYSHM_ENOENT, polyshm_segment_unlink_name(name));
  assert_words(name);
  assert_status(POLYSHM_ENOENT, polyshm_segment_attach(name, 0, 0, &none));
  polyshm_segment_free(a);
  polyshm_segment_free(b);
}

static void unlink_spares_a_newer_segment_of_the_name(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *old = new_segment(name, 10);
  bool stale = true;
  assert_ok(polyshm_segment_stale(old, &stale));
  assert_false(stale);
  assert_ok(polyshm_segment_unlink_name(name));
  assert_ok(polyshm_segment_stale(old, &stale));
  assert_true(stale);
  polyshm_segment *newer = new_segment(name, 20);
  assert_ok(polyshm_segment_stale(old, &stale));
  assert_true(stale);
  assert_ok(polyshm_segment_stale(newer, &stale));
  assert_false(stale);
  assert_status(POLYSHM_ENOENT, polyshm_segment_unlink(old));
  assert_words("newer");
  assert_int_equal(file_of(name).st_size, 20);
  assert_status(POLYSHM_ESTALE, polyshm_segment_resize(old, 100));
  assert_status(POLYSHM_ESTALE, polyshm_segment_refresh(old));
  assert_int_equal(file_of(name).st_size, 20);
  polyshm_segment_free(old);
  drop_segment(newer);
}

static void unlink_name_takes_any_file(void **state) {
  (void)state;
  const char *name = fresh_name(), *target = fresh_name();
  polyshm_segment *segment = new_segment(target, 1);
  assert_int_equal(symlink(path_of_name(target), path_of_name(name)), 0);
  assert_ok(polyshm_segment_unlink_name(name)); /* the link, not what it points at */
  assert_int_equal(file_of(target).st_size, 1);
  assert_int_equal(mkfifo(path_of_name(name), 0600), 0);
  assert_ok(polyshm_segment_unlink_name(name));
  drop_segment(segment);
}

/* ---- resize and refresh ---- */

static void resize_grows_and_keeps_the_bytes(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 100), *b = attach(name, 0);
  assert_ok(polyshm_segment_fill(a, 5, 0, 100));
  const int64_t sizes[] = {100, 101, 4096, 4097, 50000, INT64_C(9) << 20};
  int64_t before = 100;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_ok(polyshm_segment_resize(a, sizes[i]));
    assert_int_equal(polyshm_segment_size(a), sizes[i]);
    struct stat st = file_of(name);
    assert_int_equal(st.st_size, sizes[i]);
    assert_true(st.st_blocks * 512 >= sizes[i]);
    assert_true(all_bytes(address_of(a), 100, 5));
    assert_true(all_bytes(address_of(a) + 100, sizes[i] - 100, 0));
    char byte = 1;
    assert_int_equal(polyshm_segment_size(b), before); /* until it looks */
    assert_status(before == sizes[i] ? POLYSHM_OK : POLYSHM_INDEX,
                  polyshm_segment_read(b, sizes[i] - 1, &byte, 1));
    assert_ok(polyshm_segment_refresh(b));
    assert_int_equal(polyshm_segment_size(b), sizes[i]);
    assert_ok(polyshm_segment_read(b, sizes[i] - 1, &byte, 1));
    before = sizes[i];
  }
  assert_ok(polyshm_segment_write(a, before - 4, "tail", 4));
  assert_memory_equal(address_of(b) + before - 4, "tail", 4);
  polyshm_segment_free(b);
  drop_segment(a);
}

static void resize_refuses_to_shrink(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 100), *b = attach(name, 0);
  const int64_t sizes[] = {99, 1, 0, -1, INT64_MIN, POLYSHM_SIZE_MAX + 1, INT64_MAX};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_status(POLYSHM_RANGE, polyshm_segment_resize(a, sizes[i]));
    assert_int_equal(polyshm_segment_size(a), 100);
    assert_int_equal(file_of(name).st_size, 100);
  }
  assert_ok(polyshm_segment_resize(a, 1000));
  assert_status(POLYSHM_RANGE, polyshm_segment_resize(b, 500)); /* b's 100 is old: the others have 1000 */
  assert_words("it is 1000");
  assert_ok(polyshm_segment_resize(b, 1000));
  assert_int_equal(polyshm_segment_size(b), 1000);
  polyshm_segment_free(b);
  drop_segment(a);
}

static void resize_needs_the_name(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 100);
  assert_ok(polyshm_segment_unlink(a));
  assert_status(POLYSHM_ESTALE, polyshm_segment_resize(a, 200));
  assert_words("attach again");
  assert_status(POLYSHM_ESTALE, polyshm_segment_refresh(a));
  assert_ok(polyshm_segment_write(a, 0, "x", 1));
  polyshm_segment_free(a);
}

/* Occupies what follows a mapping, so that it cannot grow where it stands. */
static void *block_behind(const uint8_t *start, int64_t size) {
  uintptr_t end =
      ((uintptr_t)start + (uintptr_t)size + (uintptr_t)PAGE - 1) / (uintptr_t)PAGE * (uintptr_t)PAGE;
  void *behind = (void *)end; /* NOLINT(performance-no-int-to-ptr) */
  void *blocker =
      mmap(behind, (size_t)PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  assert_true(blocker != MAP_FAILED || errno == EEXIST);
  return blocker;
}

static void old_addresses_hold_when_a_segment_moves(void **state) {
  (void)state;
  enum { MOVES = 4 };
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 100);
  uint8_t *addresses[MOVES + 1];
  void *blockers[MOVES];
  int64_t size = 100;
  addresses[0] = address_of(a);
  addresses[0][0] = 42;
  for (int i = 0; i < MOVES; i++) {
    blockers[i] = block_behind(addresses[i], i ? 2 * size : size); /* the range that a growth takes */
    size = (int64_t)PAGE << (2 * i + 1);
    assert_ok(polyshm_segment_resize(a, size));
    addresses[i + 1] = address_of(a);
    assert_ptr_not_equal(addresses[i + 1], addresses[i]);
  }
  assert_ok(polyshm_segment_fill(a, 7, 90, 10));
  for (int i = 0; i <= MOVES; i++) {
    assert_int_equal(addresses[i][0], 42 + i);
    assert_int_equal(addresses[i][99], 7);
    addresses[i][0]++;
  }
  assert_ok(polyshm_segment_close(a));
  for (int i = 0; i <= MOVES; i++)
    assert_true(all_bytes(addresses[i], 100, 0));
  assert_true(all_bytes(addresses[MOVES], size, 0));
  drop_segment(a);
  for (int i = 0; i < MOVES; i++)
    if (blockers[i] != MAP_FAILED)
      assert_int_equal(munmap(blockers[i], (size_t)PAGE), 0);
}

static void refresh_finds_what_a_peer_cut(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 20000);
  char bytes[4] = "";
  polyshm_value value;
  assert_int_equal(truncate(path_of_name(name), 100), 0);
  assert_ok(polyshm_segment_refresh(a));
  assert_int_equal(polyshm_segment_size(a), 100);
  assert_ok(polyshm_segment_read(a, 96, bytes, 4));
  assert_status(POLYSHM_INDEX, polyshm_segment_read(a, 97, bytes, 4));
  assert_status(POLYSHM_INDEX, polyshm_segment_write(a, 15000, "x", 1));
  assert_status(POLYSHM_INDEX, polyshm_segment_get_value(a, POLYSHM_INT64, 15000, &value));
  assert_int_equal(truncate(path_of_name(name), 0), 0);
  assert_ok(polyshm_segment_refresh(a));
  assert_int_equal(polyshm_segment_size(a), 0);
  assert_status(POLYSHM_INDEX, polyshm_segment_read(a, 0, bytes, 1));
  assert_ok(polyshm_segment_resize(a, 30000)); /* and back, with zero bytes */
  assert_true(all_bytes(address_of(a), 30000, 0));
  assert_ok(polyshm_segment_close(a));
  drop_segment(a);
}

/* ---- bytes ---- */

static const struct {
  int64_t offset, length;
  bool inside;
} ranges[] = {
    {0, 0, true},
    {0, 100, true},
    {100, 0, true},
    {99, 1, true},
    {50, 50, true},
    {0, 101, false},
    {100, 1, false},
    {101, 0, false},
    {-1, 1, false},
    {-1, 0, false},
    {0, -1, false},
    {1, INT64_MAX, false},
    {INT64_MAX, 1, false},
    {INT64_MAX, INT64_MAX, false},
    {INT64_MIN, 0, false},
    {INT64_MIN, INT64_MIN, false},
    {0, INT64_MIN, false},
    {INT64_C(1) << 31, 1, false},
    {INT64_C(1) << 32, 1, false},
};
enum { RANGES = sizeof ranges / sizeof *ranges };

static void every_range_is_checked(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 100), *b = new_segment(fresh_name(), 100);
  char bytes[100];
  memset(bytes, 1, sizeof bytes);
  for (int i = 0; i < RANGES; i++) {
    int64_t offset = ranges[i].offset, length = ranges[i].length;
    polyshm_status expected = ranges[i].inside ? POLYSHM_OK : POLYSHM_INDEX;
    const void *data = NOT_NULL;
    assert_status(expected, polyshm_segment_read(a, offset, bytes, length));
    assert_status(expected, polyshm_segment_write(a, offset, bytes, length));
    assert_status(expected, polyshm_segment_fill(a, 0, offset, length));
    assert_status(expected, polyshm_segment_borrow(a, offset, length, &data));
    if (ranges[i].inside)
      assert_ptr_equal(data, address_of(a) + offset);
    else
      assert_null(data);
    assert_status(expected, polyshm_segment_copy(a, b, offset, length, 0));
    if (offset) /* the target is within, the source is what is tried */
      assert_status(expected, polyshm_segment_copy(a, b, 0, length, offset));
  }
  assert_status(POLYSHM_INDEX, polyshm_segment_read(a, 60, bytes, 70));
  assert_words("70 bytes from offset 60");
  assert_words("its 100 bytes");
  drop_segment(a);
  drop_segment(b);
}

static void read_write_and_fill_touch_only_their_range(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 100);
  uint8_t *bytes = address_of(a);
  assert_ok(polyshm_segment_fill(a, 0xA5, 0, 100));
  assert_ok(polyshm_segment_write(a, 10, "\0\1\377abc", 6));
  assert_memory_equal(bytes + 10, "\0\1\377abc", 6);
  assert_true(all_bytes(bytes, 10, 0xA5) && all_bytes(bytes + 16, 84, 0xA5));
  assert_ok(polyshm_segment_fill(a, 255, 20, 5));
  assert_true(all_bytes(bytes + 16, 4, 0xA5) && all_bytes(bytes + 20, 5, 255) &&
              all_bytes(bytes + 25, 75, 0xA5));
  char out[8] = "zzzzzzz";
  assert_ok(polyshm_segment_read(a, 13, out + 1, 3));
  assert_memory_equal(out, "zabczzz", 8);
  drop_segment(a);
}

static void fill_takes_a_byte(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 10);
  const int64_t bad[] = {-1, 256, INT64_MIN, INT64_MAX, 0x100000000};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_status(POLYSHM_RANGE, polyshm_segment_fill(a, bad[i], 0, 10));
  assert_true(all_bytes(address_of(a), 10, 0));
  drop_segment(a);
}

static void copy_between_segments(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 10), *b = new_segment(fresh_name(), 6);
  assert_ok(polyshm_segment_write(b, 0, "uvwxyz", 6));
  assert_ok(polyshm_segment_copy(a, b, 3, 4, 1));
  assert_memory_equal(address_of(a), "\0\0\0vwxy\0\0\0", 10);
  assert_status(POLYSHM_INDEX, polyshm_segment_copy(a, b, 0, 7, 0));
  assert_status(POLYSHM_INDEX, polyshm_segment_copy(a, b, 0, 1, 6));
  assert_status(POLYSHM_INDEX, polyshm_segment_copy(a, b, 0, 1, -1));
  assert_memory_equal(address_of(a), "\0\0\0vwxy\0\0\0", 10);
  drop_segment(a);
  drop_segment(b);
}

/* Copies within one segment, through one handle or two, against memmove on private memory. */
static void check_overlap(polyshm_segment *to, polyshm_segment *from, int64_t size) {
  const int64_t shifts[] = {1, 7, 8, 63, 64, 1000, 4096, 5000};
  uint8_t *expected = malloc((size_t)size), *bytes = address_of(to);
  assert_non_null(expected);
  for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++)
    for (int forward = 0; forward < 2; forward++) {
      int64_t offset = forward ? shifts[i] : 0, source_offset = forward ? 0 : shifts[i];
      int64_t length = size - shifts[i];
      for (int64_t j = 0; j < size; j++)
        expected[j] = bytes[j] = (uint8_t)(j * 7 + j / 256);
      memmove(expected + offset, expected + source_offset, (size_t)length);
      assert_ok(polyshm_segment_copy(to, from, offset, length, source_offset));
      assert_memory_equal(bytes, expected, (size_t)size);
    }
  free(expected);
}

static void copy_within_a_segment_may_overlap(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 20000);
  check_overlap(a, a, 20000);
  drop_segment(a);
}

static void copy_between_two_handles_on_one_segment_may_overlap(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 20000), *b = attach(name, 0),
                  *r = attach(name, POLYSHM_FLAG_READONLY);
  check_overlap(a, b, 20000);
  check_overlap(b, a, 20000);
  check_overlap(a, r, 20000);
  assert_ok(polyshm_segment_resize(a, 40000)); /* a knows more of it than b does */
  check_overlap(b, a, 20000);
  check_overlap(a, b, 20000);
  polyshm_segment_free(b);
  polyshm_segment_free(r);
  drop_segment(a);
}

/* ---- numbers anywhere ---- */

static void values_at_any_offset(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 64);
  uint8_t *bytes = address_of(a);
  for (polyshm_dtype dtype = 0; dtype < POLYSHM_DTYPE_COUNT; dtype++) {
    int64_t itemsize = polyshm_dtype_itemsize(dtype);
    for (int64_t offset = 0; offset + itemsize <= 64; offset++) {
      polyshm_value value = dtype >= POLYSHM_FLOAT32 ? from_float(99.5) : from_int(99), seen = {.type = -1};
      uint8_t packed[8];
      assert_ok(polyshm_dtype_pack(dtype, &value, packed));
      assert_ok(polyshm_segment_fill(a, 0xA5, 0, 64));
      assert_ok(polyshm_segment_set_value(a, dtype, offset, &value));
      assert_memory_equal(bytes + offset, packed, (size_t)itemsize);
      assert_true(all_bytes(bytes, offset, 0xA5));
      assert_true(all_bytes(bytes + offset + itemsize, 64 - offset - itemsize, 0xA5));
      assert_ok(polyshm_segment_get_value(a, dtype, offset, &seen));
      assert_int_equal(seen.type, value.type);
      assert_int_equal(seen.as.uint64, value.as.uint64);
    }
    const int64_t outside[] = {-1, 64 - itemsize + 1, 64, INT64_MAX, INT64_MIN};
    polyshm_value value = from_int(1);
    for (int i = 0; i < 5; i++) {
      assert_status(POLYSHM_INDEX, polyshm_segment_get_value(a, dtype, outside[i], &value));
      assert_status(POLYSHM_INDEX, polyshm_segment_set_value(a, dtype, outside[i], &value));
    }
  }
  drop_segment(a);
}

static void a_refused_value_changes_nothing(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 8);
  polyshm_value bad = from_int(256), text = {.type = POLYSHM_TYPE_STR, .as.bytes = {"1", 1}};
  assert_ok(polyshm_segment_fill(a, 0xA5, 0, 8));
  assert_status(POLYSHM_RANGE, polyshm_segment_set_value(a, POLYSHM_UINT8, 0, &bad));
  assert_status(POLYSHM_TYPE, polyshm_segment_set_value(a, POLYSHM_UINT8, 0, &text));
  const polyshm_dtype no_dtypes[] = {-1, POLYSHM_DTYPE_COUNT, INT32_MAX, INT32_MIN};
  for (int i = 0; i < 4; i++) {
    assert_status(POLYSHM_ARGUMENT, polyshm_segment_set_value(a, no_dtypes[i], 0, &bad));
    assert_status(POLYSHM_ARGUMENT, polyshm_segment_get_value(a, no_dtypes[i], 0, &bad));
  }
  assert_true(all_bytes(address_of(a), 8, 0xA5));
  drop_segment(a);
}

/* ---- nothing given ---- */

static void null_is_an_argument_error(void **state) {
  (void)state;
  polyshm_segment *a = new_segment(fresh_name(), 10);
  polyshm_value value = from_int(1);
  const void *data = NOT_NULL;
  uint64_t address = 0;
  bool stale = false;
  char byte = 0;
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_create(fresh_name(), 1, 0600, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_attach(fresh_name(), 0, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_open(fresh_name(), 1, 0600, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_unlink(NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_resize(NULL, 1));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_refresh(NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_stale(NULL, &stale));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_stale(a, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_address(NULL, &address));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_address(a, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_read(NULL, 0, &byte, 1));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_read(a, 0, NULL, 1));
  assert_ok(polyshm_segment_read(a, 0, NULL, 0));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_borrow(NULL, 0, 1, &data));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_borrow(a, 0, 1, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_write(NULL, 0, &byte, 1));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_write(a, 0, NULL, 1));
  assert_ok(polyshm_segment_write(a, 0, NULL, 0));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_fill(NULL, 0, 0, 1));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_copy(NULL, a, 0, 1, 0));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_copy(a, NULL, 0, 1, 0));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_get_value(NULL, POLYSHM_INT8, 0, &value));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_get_value(a, POLYSHM_INT8, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_set_value(NULL, POLYSHM_INT8, 0, &value));
  assert_status(POLYSHM_ARGUMENT, polyshm_segment_set_value(a, POLYSHM_INT8, 0, NULL));
  assert_status(POLYSHM_ARGUMENT, polyshm_each_segment(NULL, NULL));
  assert_ok(polyshm_segment_close(NULL));
  polyshm_segment_free(NULL);
  assert_string_equal(polyshm_segment_name(NULL), "");
  assert_int_equal(polyshm_segment_size(NULL), 0);
  assert_false(polyshm_segment_readonly(NULL));
  assert_true(polyshm_segment_closed(NULL));
  drop_segment(a);
}

/* ---- all there are ---- */

struct search {
  const char *const *names;
  int names_count, found, calls;
  polyshm_status answer;
  polyshm_segment_info last;
};

static polyshm_status look(const polyshm_segment_info *info, void *context) {
  struct search *search = context;
  search->calls++;
  for (int i = 0; i < search->names_count; i++)
    if (strcmp(search->names[i], info->name) == 0) {
      search->found++;
      search->last = *info;
      return search->answer;
    }
  return POLYSHM_OK;
}

static void each_segment_tells_all(void **state) {
  (void)state;
  const char *name = fresh_name();
  struct search search = {.names = &name, .names_count = 1};
  assert_ok(polyshm_each_segment(look, &search));
  assert_int_equal(search.found, 0);
  polyshm_segment *a = NULL;
  assert_ok(polyshm_segment_create(name, 12345, 0640, &a));
  assert_ok(polyshm_each_segment(look, &search));
  assert_int_equal(search.found, 1);
  assert_int_equal(search.last.size, 12345);
  assert_int_equal(search.last.mode, 0640);
  assert_int_equal(search.last.owner, geteuid());
  assert_string_equal(search.last.kind, "SharedMemory");
  drop_segment(a);
}

static void each_segment_passes_over_what_is_none(void **state) {
  (void)state;
  char hidden[64], semaphore[64];
  const char *directory = fresh_name(), *pipe = fresh_name(), *symbolic = fresh_name(), *plain = fresh_name();
  (void)snprintf(hidden, sizeof hidden, ".%s", fresh_name());
  (void)snprintf(semaphore, sizeof semaphore, "sem.%s", fresh_name());
  const char *const names[] = {hidden, semaphore, directory, pipe, symbolic};
  polyshm_segment *a = new_segment(plain, 1);
  assert_int_equal(link(path_of_name(plain), path_of_name(hidden)), 0);
  assert_int_equal(link(path_of_name(plain), path_of_name(semaphore)), 0);
  assert_int_equal(mkdir(path_of_name(directory), 0700), 0);
  assert_int_equal(mkfifo(path_of_name(pipe), 0600), 0);
  assert_int_equal(symlink(path_of_name(plain), path_of_name(symbolic)), 0);
  struct search search = {.names = names, .names_count = 5};
  assert_ok(polyshm_each_segment(look, &search));
  assert_int_equal(search.found, 0);
  assert_true(search.calls >= 1);
  assert_int_equal(rmdir(path_of_name(directory)), 0);
  for (int i = 0; i < 5; i++)
    if (names[i] != directory)
      assert_int_equal(unlink(path_of_name(names[i])), 0);
  drop_segment(a);
}

static void a_visitor_ends_the_walk(void **state) {
  (void)state;
  const char *const names[] = {fresh_name(), fresh_name()};
  polyshm_segment *a = new_segment(names[0], 1), *b = new_segment(names[1], 1);
  const polyshm_status answers[] = {POLYSHM_EINTR, POLYSHM_CLOSED, 1, INT32_MAX};
  for (int i = 0; i < 4; i++) {
    struct search search = {.names = names, .names_count = 2, .answer = answers[i]};
    (void)polyshm_fail(POLYSHM_CLOSED, "the visitor's words");
    assert_int_equal(polyshm_each_segment(look, &search), answers[i]);
    assert_int_equal(search.found, 1);
    assert_words("the visitor's words");
  }
  drop_segment(a);
  drop_segment(b);
}

static polyshm_status attach_and_unlink(const polyshm_segment_info *info, void *context) {
  const char *name = context;
  if (strcmp(info->name, name) != 0)
    return POLYSHM_OK;
  polyshm_segment *segment = NULL;
  polyshm_status status = polyshm_segment_attach(info->name, 0, 0, &segment);
  if (!status)
    status = polyshm_segment_unlink(segment);
  polyshm_segment_free(segment);
  return status;
}

static void a_visitor_may_call_polyshm(void **state) {
  (void)state;
  char name[64];
  (void)snprintf(name, sizeof name, "%s", fresh_name());
  polyshm_segment *a = new_segment(name, 1);
  assert_ok(polyshm_each_segment(attach_and_unlink, name));
  assert_status(POLYSHM_ENOENT, polyshm_segment_unlink(a));
  polyshm_segment_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(create_makes_zero_bytes_of_the_size),
      TEST(create_gives_exactly_the_mode),
      TEST(create_of_a_taken_name),
      TEST(create_where_something_is_planted),
      TEST(create_without_a_name_draws_one),
      TEST(create_refuses_sizes),
      TEST(create_refuses_modes),
      TEST(create_takes_good_names),
      TEST(create_and_open_refuse_bad_names),
      TEST(attach_and_unlink_refuse_what_is_no_name),
      TEST(attach_and_unlink_take_any_component),
      TEST(a_name_that_is_too_long_still_says_why),
      TEST(one_leading_slash_is_dropped),
      TEST(attach_sees_the_same_bytes),
      TEST(attach_of_nothing),
      TEST(attach_and_open_refuse_flags),
      TEST(a_readonly_handle_does_not_write),
      TEST(attach_distrusts_what_is_planted),
      TEST(attach_distrusts_another_users_file),
      TEST(open_makes_or_attaches),
      TEST(close_is_idempotent_and_final),
      TEST(a_readonly_handle_closes_as_well),
      TEST(old_addresses_read_zero_after_close),
      TEST(names_outlive_handles),
      TEST(unlink_takes_the_name_and_leaves_the_memory),
      TEST(unlink_spares_a_newer_segment_of_the_name),
      TEST(unlink_name_takes_any_file),
      TEST(resize_grows_and_keeps_the_bytes),
      TEST(resize_refuses_to_shrink),
      TEST(resize_needs_the_name),
      TEST(old_addresses_hold_when_a_segment_moves),
      TEST(refresh_finds_what_a_peer_cut),
      TEST(every_range_is_checked),
      TEST(read_write_and_fill_touch_only_their_range),
      TEST(fill_takes_a_byte),
      TEST(copy_between_segments),
      TEST(copy_within_a_segment_may_overlap),
      TEST(copy_between_two_handles_on_one_segment_may_overlap),
      TEST(values_at_any_offset),
      TEST(a_refused_value_changes_nothing),
      TEST(null_is_an_argument_error),
      TEST(each_segment_tells_all),
      TEST(each_segment_passes_over_what_is_none),
      TEST(a_visitor_ends_the_walk),
      TEST(a_visitor_may_call_polyshm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
