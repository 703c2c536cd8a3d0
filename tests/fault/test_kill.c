/*
 * kill -9 at every instruction of create, resize and unlink. What a survivor finds must be whole: the name is
 * absent, or means a segment of the right size, mode and content, and the name can be used again.
 *
 * One child is single-stepped through the whole deed, to learn the address of each instruction. Then, for
 * each of them, a child runs up to that instruction and is killed there.
 */
#include "support.h"

#include "old_kernel.h"
#include "platform/platform.h"
#include "tracee.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 10000
#define GROWN 30000
#define MODE 0640

struct subject {
  const char *name;
  polyshm_segment *segment; /* of the parent, for what is done to an existing one */
};

/* ---- what is done and killed ---- */

static void work_create(void *context, void *result) {
  (void)result;
  polyshm_segment *segment = NULL;
  (void)!polyshm_segment_create(((struct subject *)context)->name, SIZE, MODE, &segment);
  polyshm_segment_free(segment);
}

static void work_resize(void *context, void *result) {
  (void)result;
  (void)!polyshm_segment_resize(((struct subject *)context)->segment, GROWN);
}

static void work_unlink(void *context, void *result) {
  (void)result;
  (void)!polyshm_segment_unlink(((struct subject *)context)->segment);
}

static void work_unlink_name(void *context, void *result) {
  (void)result;
  (void)!polyshm_segment_unlink_name(((struct subject *)context)->name);
}

/* The negative control: how shared memory is usually made, and what shm_open(3) asks for. */
static void work_naive_create(void *context, void *result) {
  (void)result;
  int fd = open(path_of_name(((struct subject *)context)->name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
  if (fd >= 0 && ftruncate(fd, SIZE) == 0)
    (void)fchmod(fd, MODE);
  (void)close(fd);
}

/* ---- what a survivor finds ---- */

/* Whole: of that size, every page allocated, of the mode, and zero bytes. */
static bool is_whole(const char *name, int64_t size) {
  struct stat st;
  polyshm_segment *segment = NULL;
  const void *data = NULL;
  if (lstat(path_of_name(name), &st) != 0 || st.st_size != size || st.st_blocks * 512 < size ||
      (st.st_mode & 07777) != MODE || st.st_nlink != 1)
    return false;
  bool zero = polyshm_segment_attach(name, POLYSHM_FLAG_READONLY, 0, &segment) == POLYSHM_OK &&
              polyshm_segment_borrow(segment, 0, size, &data) == POLYSHM_OK && all_bytes(data, size, 0);
  polyshm_segment_free(segment);
  return zero;
}

static bool exists(const char *name) {
  struct stat st;
  return lstat(path_of_name(name), &st) == 0;
}

/* Hidden names that nobody holds. */
static int count_dead_hidden(void) {
  int count = 0;
  DIR *directory = opendir("/dev/shm");
  assert_non_null(directory);
  for (const struct dirent *entry; (entry = readdir(directory));) {
    if (strncmp(entry->d_name, ".polyshm.", 9) != 0)
      continue;
    int fd = openat(dirfd(directory), entry->d_name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    count += fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (fd >= 0)
      (void)close(fd);
  }
  (void)closedir(directory);
  return count;
}

static polyshm_segment *make_again(const char *name) {
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_segment_create(name, SIZE, MODE, &segment));
  return segment;
}

struct tally {
  int points, missed, absent, whole, grown, half_made, hidden;
};

/* After a killed create, or a naive one. */
static void check_create(struct subject *subject, struct tally *tally) {
  if (!exists(subject->name)) {
    tally->absent++;
  } else {
    if (is_whole(subject->name, SIZE))
      tally->whole++;
    else
      tally->half_made++;
    assert_int_equal(unlink(path_of_name(subject->name)), 0);
  }
  if (polyshm__without_tmpfile)
    tally->hidden += count_dead_hidden();
  drop_segment(make_again(subject->name));
  if (!polyshm__without_tmpfile)
    return;
  bool swept = count_dead_hidden() == 0; /* by the create just done */
  if (!swept) { /* or another process was just making one, and had not locked it yet */
    (void)usleep(100000);
    swept = count_dead_hidden() == 0;
  }
  assert_true(swept);
}

static void check_unlink(struct subject *subject, struct tally *tally) {
  if (!exists(subject->name))
    tally->absent++;
  else if (is_whole(subject->name, SIZE))
    tally->whole++;
  else
    tally->half_made++;
  drop_segment(subject->segment);
}

static void check_resize(struct subject *subject, struct tally *tally) {
  if (is_whole(subject->name, GROWN))
    tally->grown++;
  else if (is_whole(subject->name, SIZE))
    tally->whole++;
  else
    tally->half_made++;
  assert_ok(polyshm_segment_resize(subject->segment, GROWN)); /* a dead one is in nobody's way */
  assert_true(is_whole(subject->name, GROWN));
  drop_segment(subject->segment);
}

/* ---- every point ---- */

struct deed {
  tracee_work *work;
  void (*check)(struct subject *subject, struct tally *tally);
  bool on_existing;
};

enum { MOST_POINTS = 200000 };

static struct tally kill_at_every_instruction(const struct deed *deed) {
  struct tally tally = {0};
  struct point *points = calloc(MOST_POINTS, sizeof *points);
  struct tracee child;
  char name[64];
  struct subject subject = {name, NULL};
  int64_t start = milliseconds_now();
  assert_non_null(points);
  (void)snprintf(name, sizeof name, "%s", fresh_name());
  (void)umask(077); /* so that create must set its mode by a call of its own */
  tracee_open(&child);
  enum {
    REHEARSE = -2,
    LEARN = -1
  }; /* before the points: what is bound at its first call is bound, then they are found */
  for (int i = REHEARSE, count = 0; i < count; i++) {
    if (i >= 0 && !tracee_worth_it(points[i]))
      continue;
    struct tally *counted = i < 0 ? &(struct tally){0} : &tally;
    if (deed->on_existing)
      subject.segment = make_again(name);
    if (i == REHEARSE) {
      deed->work(&subject, NULL);
    } else if (i == LEARN) {
      tracee_start(&child, deed->work, NULL, &subject);
      count = tracee_find_points(&child, points, MOST_POINTS);
    } else {
      tracee_start(&child, deed->work, NULL, &subject);
      tracee_run_to(&child, points[i]);
      tally.missed += tracee_done(&child); /* random digits and others' names change its way a little */
      tracee_kill(&child);
      tally.points++;
    }
    deed->check(&subject, counted);
  }
  tracee_close(&child);
  free(points);
  print_message(
      "             %d instructions in %.1f s: absent %d, whole %d, grown %d, half-made %d; hidden left and "
      "swept %d; missed %d\n",
      tally.points, (double)(milliseconds_now() - start) / 1000, tally.absent, tally.whole, tally.grown,
      tally.half_made, tally.hidden, tally.missed);
  tracee_expect_seen(tally.points, tally.missed);
  return tally;
}

static void create_is_whole_or_not_at_all(void **state) {
  (void)state;
  const struct deed deed = {work_create, check_create, false};
  struct tally tally = kill_at_every_instruction(&deed);
  assert_int_equal(tally.half_made, 0);
  assert_true(tally.absent > 100 && tally.whole > 10);
}

static void create_by_the_fallback_is_whole_or_not_at_all(void **state) {
  (void)state;
  const struct deed deed = {work_create, check_create, false};
  polyshm__without_tmpfile = true;
  struct tally tally = kill_at_every_instruction(&deed);
  assert_int_equal(tally.half_made, 0);
  assert_true(tally.absent > 100 && tally.whole > 10 && tally.hidden > 10);
}

static void unlink_is_whole_or_not_at_all(void **state) {
  (void)state;
  const struct deed deeds[] = {{work_unlink, check_unlink, true}, {work_unlink_name, check_unlink, true}};
  for (int i = 0; i < 2; i++) {
    struct tally tally = kill_at_every_instruction(&deeds[i]);
    assert_int_equal(tally.half_made, 0);
    assert_true(tally.absent > 0 && tally.whole > 10);
  }
}

static void resize_is_whole_or_not_at_all(void **state) {
  (void)state;
  const struct deed deed = {work_resize, check_resize, true};
  struct tally tally = kill_at_every_instruction(&deed);
  assert_int_equal(tally.half_made, 0);
  assert_true(tally.whole > 10 && tally.grown > 10);
}

/* Where a descriptor cannot be linked directly. */
static void create_on_an_old_kernel_is_whole_or_not_at_all(void **state) {
  be_an_old_kernel();
  create_is_whole_or_not_at_all(state);
}

/* Without this the tests above would prove nothing. */
static void a_naive_create_is_caught(void **state) {
  (void)state;
  const struct deed deed = {work_naive_create, check_create, false};
  struct tally tally = kill_at_every_instruction(&deed);
  assert_true(tally.half_made > 10);
}

int main(void) {
  if (!tracee_can_step())
    return 77;
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  const struct CMUnitTest tests[] = {
      TEST(a_naive_create_is_caught),
      TEST(create_is_whole_or_not_at_all),
      TEST(create_by_the_fallback_is_whole_or_not_at_all),
      TEST(unlink_is_whole_or_not_at_all),
      TEST(resize_is_whole_or_not_at_all),
      TEST(
          create_on_an_old_kernel_is_whole_or_not_at_all), /* the last: a process does not grow young again */
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
