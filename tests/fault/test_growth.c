/* Growth that is killed, fails half-way, or is interrupted again and again. */
#include "support.h"

#include "platform/platform.h"
#include "sandbox.h"
#include "tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (INT64_C(1) << 20)
#define SIZE INT64_C(1000)
#define GROWN (12 * MIB) /* several steps */

static struct stat look_at(const char *name) {
  struct stat st;
  assert_int_equal(lstat(path_of_name(name), &st), 0);
  return st;
}

static int64_t allocated(const char *name) {
  return (int64_t)look_at(name).st_blocks * 512;
}

static int64_t pages(int64_t size) {
  int64_t page = polyshm_page_size();
  return (size + page - 1) / page * page;
}

/* ---- a process that stands in the middle of a growth ---- */

struct growth {
  const char *name;
  polyshm_segment *segment;
};

static void grow(void *context, void *result) {
  const struct growth *growth = context;
  *(polyshm_status *)result = polyshm_segment_resize(growth->segment, GROWN);
}

/* Goes to where it enters its number-th fallocate(2), the first being 1. */
static void go_to_allocation(struct tracee *child, int number) {
  while (!tracee_done(child)) {
    tracee_go_to_call(child);
    if (!tracee_done(child) && tracee_call_number(child) == SYS_fallocate && --number == 0)
      return;
  }
  fail_msg("the growth was over before that");
}

static void start_growing(struct tracee *child, struct growth *growth, int number) {
  growth->name = fresh_name();
  growth->segment = new_segment(growth->name, SIZE);
  tracee_open(child);
  tracee_start(child, grow, NULL, growth);
  go_to_allocation(child, number);
}

static void stop_growing(struct tracee *child, struct growth *growth) {
  tracee_close(child);
  drop_segment(growth->segment);
}

static void attach_again(const char *name, int64_t flags) {
  polyshm_segment *again = NULL;
  assert_ok(polyshm_segment_attach(name, flags, 0, &again));
  assert_int_equal(polyshm_segment_size(again), SIZE);
  polyshm_segment_free(again);
}

/* ---- what a killed grower has taken ---- */

static void the_next_attach_gives_back_what_the_dead_took(void **state) {
  (void)state;
  struct tracee child;
  struct growth growth;
  start_growing(&child, &growth, 3);
  tracee_kill(&child);
  assert_int_equal(look_at(growth.name).st_size, SIZE);
  assert_true(allocated(growth.name) >= 8 * MIB); /* which no size shows */
  attach_again(growth.name, POLYSHM_FLAG_READONLY);
  attach_again(growth.name, 0);
  assert_int_equal(allocated(growth.name), pages(SIZE));
  stop_growing(&child, &growth);
}

static void the_next_resize_gives_back_what_the_dead_took(void **state) {
  (void)state;
  struct tracee child;
  struct growth growth;
  start_growing(&child, &growth, 3);
  tracee_kill(&child);
  assert_ok(polyshm_segment_resize(growth.segment, 3 * SIZE));
  assert_int_equal(allocated(growth.name), pages(3 * SIZE));
  stop_growing(&child, &growth);
}

static void a_living_grower_keeps_what_it_took(void **state) {
  (void)state;
  struct tracee child;
  struct growth growth;
  start_growing(&child, &growth, 3);
  attach_again(growth.name, 0);
  assert_true(allocated(growth.name) >= 8 * MIB);
  assert_int_equal(tracee_finish(&child), 0);
  assert_ok(*(polyshm_status *)tracee_result(&child));
  assert_int_equal(look_at(growth.name).st_size, GROWN);
  assert_int_equal(allocated(growth.name), GROWN);
  stop_growing(&child, &growth);
}

/* ---- a growth that fails ---- */

static void a_failed_growth_gives_back_its_own(void **state) {
  (void)state;
  struct tracee child;
  struct growth growth;
  start_growing(&child, &growth, 3);
  tracee_fail_call(&child, ENOSPC);
  assert_int_equal(tracee_finish(&child), 0);
  assert_status(POLYSHM_ENOSPC, *(polyshm_status *)tracee_result(&child));
  assert_int_equal(look_at(growth.name).st_size, SIZE);
  assert_int_equal(allocated(growth.name), pages(SIZE));
  stop_growing(&child, &growth);
}

/* Whoever grows a file by its own means, as CPython's users may, does not ask for the lock. */
static void a_failed_growth_cuts_off_nothing(void **state) {
  (void)state;
  struct tracee child;
  struct growth growth;
  start_growing(&child, &growth, 3);
  int fd = open(path_of_name(growth.name), O_RDWR | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, "theirs", 6, 2 * MIB), 6);
  tracee_fail_call(&child, ENOSPC);
  assert_int_equal(tracee_finish(&child), 0);
  assert_status(POLYSHM_ENOSPC, *(polyshm_status *)tracee_result(&child));
  char bytes[6] = "";
  assert_int_equal(look_at(growth.name).st_size, 2 * MIB + 6);
  assert_int_equal(pread(fd, bytes, 6, 2 * MIB), 6);
  assert_memory_equal(bytes, "theirs", 6);
  assert_true(allocated(growth.name) <= pages(2 * MIB + 6));
  assert_int_equal(close(fd), 0);
  stop_growing(&child, &growth);
}

/* ---- an allocation that is interrupted ---- */

static void create_and_grow(void *context) {
  polyshm_segment *segment = NULL;
  must_ok(polyshm_segment_create(context, 5 * MIB + 1, 0600, &segment));
  must_ok(polyshm_segment_resize(segment, 10 * MIB));
  must_ok(polyshm_segment_fill(segment, 1, 0, 10 * MIB));
  must(allocated(context) == 10 * MIB);
  must_ok(polyshm_segment_unlink(segment));
  polyshm_segment_free(segment);
}

/* As if a signal came every so many microseconds: only short steps come to their end. */
static void short_steps_make_progress(void *name) {
  sandbox_refuse(SYS_fallocate, 3, ~UINT32_C(0xffff), EINTR);
  create_and_grow(name);
}

static void steps_get_shorter_when_interrupted(void **state) {
  (void)state;
  in_child(short_steps_make_progress, (void *)fresh_name());
}

static void no_step_comes_to_its_end(void *name) {
  polyshm_segment *segment = NULL;
  must_ok(polyshm_segment_create(name, SIZE, 0600, &segment));
  sandbox_refuse(SYS_fallocate, ALWAYS, 0, EINTR);
  must(polyshm_segment_resize(segment, GROWN) == POLYSHM_EINTR);
  must(strstr(polyshm_last_error(), "interrupted"));
  must(polyshm_segment_size(segment) == SIZE);
  must_ok(polyshm_segment_unlink(segment));
  polyshm_segment_free(segment);
  must(polyshm_segment_create(name, SIZE, 0600, &segment) == POLYSHM_EINTR);
}

static void an_allocation_that_cannot_proceed_ends(void **state) {
  (void)state;
  in_child(no_step_comes_to_its_end, (void *)fresh_name());
}

int main(void) {
#if !defined(__x86_64__) && !defined(__aarch64__)
  print_message("skipped: failing calls are known for x86-64 and aarch64 only\n");
  return 77;
#endif
  const struct CMUnitTest tests[] = {
      TEST(the_next_attach_gives_back_what_the_dead_took),
      TEST(the_next_resize_gives_back_what_the_dead_took),
      TEST(a_living_grower_keeps_what_it_took),
      TEST(a_failed_growth_gives_back_its_own),
      TEST(a_failed_growth_cuts_off_nothing),
      TEST(steps_get_shorter_when_interrupted),
      TEST(an_allocation_that_cannot_proceed_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
