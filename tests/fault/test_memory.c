/* The control group may have little memory: the kernel kills who takes more. Runs under `environment
 * memory-limit 125829120`. */
#include "support.h"

#include "platform/platform.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (INT64_C(1) << 20)
#define LIMIT (120 * MIB)
#define BEYOND INT64_C(400000000)

struct deed {
  const char *name;
  int64_t size;
};

/* How a child ends that does it: 0; a status as 1 ... 255 is not expected; or killed. */
static int end_of(void (*work)(void *context), void *context) {
  int ended = 0;
  pid_t child = fork_child();
  if (child == 0) {
    work(context);
    _exit(0);
  }
  assert_int_equal(waitpid(child, &ended, 0), child);
  return ended;
}

static void must_be_refused(polyshm_status status) {
  must(status == POLYSHM_ENOMEM);
  must(strstr(polyshm_last_error(), "memory limit"));
  must(strstr(polyshm_last_error(), "125829120 bytes"));
}

static void create_too_much(void *name) {
  polyshm_segment *segment = NULL;
  for (int way = 0; way < 2; way++) {
    polyshm__without_tmpfile = way;
    must_be_refused(polyshm_segment_create(name, BEYOND, 0600, &segment));
    must_be_refused(polyshm_segment_open(name, BEYOND, 0600, 0, &segment));
  }
}

static void a_create_beyond_it_is_refused(void **state) {
  (void)state;
  assert_int_equal(end_of(create_too_much, (void *)fresh_name()), 0);
}

static void grow_too_much(void *name) {
  polyshm_segment *segment = NULL;
  struct stat st;
  must_ok(polyshm_segment_create(name, 1000, 0600, &segment));
  must_be_refused(polyshm_segment_resize(segment, BEYOND));
  must(stat(path_of_name(name), &st) == 0 && st.st_size == 1000 && st.st_blocks * 512 == 4096);
}

static void create_30_mb(void *name) {
  polyshm_segment *segment = NULL;
  must_ok(polyshm_segment_create(name, 30000000, 0600, &segment));
  must_ok(polyshm_segment_fill(segment, 1, 0, 30000000));
  must_ok(polyshm_segment_unlink(segment));
}

static void a_growth_beyond_it_is_refused(void **state) {
  (void)state;
  const char *name = fresh_name();
  assert_int_equal(end_of(grow_too_much, (void *)name), 0);
  assert_int_equal(end_of(create_30_mb, (void *)fresh_name()), 0);
  assert_ok(polyshm_segment_unlink_name(name));
}

static void create_and_fill(void *context) {
  const struct deed *deed = context;
  polyshm_segment *segment = NULL;
  polyshm_status status = polyshm_segment_create(deed->name, deed->size, 0600, &segment);
  if (status == POLYSHM_ENOMEM)
    _exit(77);
  must_ok(status);
  must_ok(polyshm_segment_fill(segment, 1, 0, deed->size));
  must_ok(polyshm_segment_unlink(segment));
}

static void what_is_granted_is_there(void **state) {
  (void)state;
  int granted = 0, refused = 0;
  for (int64_t size = 96 * MIB; size <= 126 * MIB; size += 3 * MIB) {
    int ended = end_of(create_and_fill, &(struct deed){fresh_name(), size});
    if (!WIFEXITED(ended))
      fail_msg("killed over %d MiB", (int)(size / MIB));
    assert_true(WEXITSTATUS(ended) == 0 || WEXITSTATUS(ended) == 77);
    *(WEXITSTATUS(ended) ? &refused : &granted) += 1;
  }
  print_message("             %d granted, %d refused\n", granted, refused);
  assert_true(granted > 3 && refused > 1);
}

/* A file on a disk, whose pages count for the group, and go when others are needed. */
static void the_page_cache_makes_room(void **state) {
  (void)state;
  char path[] = "/var/tmp/polyshm-cache-XXXXXX";
  static char piece[1 << 20];
  int fd = mkostemp(path, O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(unlink(path), 0);
  for (int i = 0; i < 90; i++)
    assert_int_equal(write(fd, piece, sizeof piece), sizeof piece);
  assert_int_equal(fsync(fd), 0);
  assert_int_equal(end_of(create_and_fill, &(struct deed){fresh_name(), 80 * MIB}), 0);
  assert_int_equal(close(fd), 0);
}

int main(void) {
  polyshm__memory memory;
  polyshm__memory_look(&memory);
  if (memory.limit != LIMIT) {
    print_error("run me under `environment memory-limit 125829120`\n");
    return 1;
  }
  const struct CMUnitTest tests[] = {
      TEST(a_create_beyond_it_is_refused),
      TEST(a_growth_beyond_it_is_refused),
      TEST(what_is_granted_is_there),
      TEST(the_page_cache_makes_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
