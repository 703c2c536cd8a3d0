/* /dev/shm is full, or read-only. Runs under `environment full-shm`, where it holds 1 MiB and this process
 * may mount. */
#include "support.h"

#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (INT64_C(1) << 20)
#define NOT_NULL ((void *)(uintptr_t)0x10)

static int64_t free_bytes(void) {
  struct statvfs room;
  assert_int_equal(statvfs("/dev/shm", &room), 0);
  return (int64_t)(room.f_bavail * room.f_bsize);
}

static int64_t size_of(const char *name) {
  struct stat st;
  return lstat(path_of_name(name), &st) == 0 ? st.st_size : -1;
}

/* A larger file system over the 1 MiB one: what is asked in more than one step needs room for more than 4
 * MiB. */
static void mount_8_mib(void) {
  assert_int_equal(mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=8m,mode=1777"), 0);
}

static bool is_1_mib(void) {
  struct statvfs room;
  return statvfs("/dev/shm", &room) == 0 && (int64_t)(room.f_blocks * room.f_bsize) == MIB;
}

static void unmount(void) {
  assert_int_equal(umount("/dev/shm"), 0);
}

/* Also takes off what a failed test left mounted. */
static int test_ends_unmounted(void **state) {
  int left = test_ends(state);
  while (!is_1_mib() && umount2("/dev/shm", MNT_DETACH) == 0)
    left = -1;
  return left;
}

#define FULL_TEST(function) cmocka_unit_test_setup_teardown(function, test_begins, test_ends_unmounted)

/* ---- create ---- */

static void assert_no_room_for(int64_t size) {
  const char *name = fresh_name();
  polyshm_segment *segment = NOT_NULL;
  int64_t before = free_bytes(), start = milliseconds_now();
  assert_status(POLYSHM_ENOSPC, polyshm_segment_create(name, size, 0600, &segment));
  assert_words(name);
  assert_words("/dev/shm");
  assert_null(segment);
  segment = NOT_NULL;
  assert_status(POLYSHM_ENOSPC, polyshm_segment_create(NULL, size, 0600, &segment));
  assert_null(segment);
  assert_status(POLYSHM_ENOSPC, polyshm_segment_open(name, size, 0600, 0, &segment));
  assert_int_equal(size_of(name), -1);
  assert_int_equal(free_bytes(), before);
  assert_true(milliseconds_now() - start < 3000);
}

static void create_of_more_than_there_is(void **state) {
  (void)state;
  const int64_t sizes[] = {MIB + 1, 2 * MIB, 4 * MIB, 4 * MIB + 1, 64 * MIB, POLYSHM_SIZE_MAX};
  for (int way = 0; way < 2; way++)
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      polyshm__without_tmpfile = way;
      assert_no_room_for(sizes[i]);
    }
}

static void create_of_all_there_is(void **state) {
  (void)state;
  for (int large = 0; large < 2; large++)
    for (int way = 0; way < 2; way++) {
      if (large)
        mount_8_mib();
      polyshm__without_tmpfile = way;
      int64_t all = free_bytes();
      assert_int_equal(all, (large ? 8 : 1) * MIB);
      polyshm_segment *segment = new_segment(fresh_name(), all);
      assert_int_equal(free_bytes(), 0);
      assert_no_room_for(1);
      assert_ok(polyshm_segment_fill(segment, 7, 0, all)); /* every page is there: no bus error */
      drop_segment(segment);
      assert_int_equal(free_bytes(), all);
      if (large)
        unmount();
    }
}

/* One page too much passes the look at the free space, and fails at the last page of many steps. */
static void create_of_one_page_too_much(void **state) {
  (void)state;
  mount_8_mib();
  for (int way = 0; way < 2; way++) {
    polyshm__without_tmpfile = way;
    assert_no_room_for(8 * MIB + 1);
    polyshm_segment *other = new_segment(fresh_name(), MIB);
    assert_no_room_for(7 * MIB + 1);
    drop_segment(new_segment(fresh_name(), 7 * MIB));
    drop_segment(other);
  }
  unmount();
}

static void racing_creators_leave_nothing(void **state) {
  (void)state;
  enum { CREATORS = 4 };
  int64_t before = free_bytes();
  for (int round = 0; round < 20; round++) {
    pid_t children[CREATORS];
    const char *name = fresh_name();
    polyshm__without_tmpfile = round % 2;
    for (int i = 0; i < CREATORS; i++) {
      children[i] = fork_child();
      if (children[i] == 0) {
        char own[80];
        polyshm_segment *segment = NULL;
        (void)snprintf(own, sizeof own, "%s.%d", name, i);
        polyshm_status status = polyshm_segment_create(own, 700 * 1024, 0600, &segment);
        if (!status)
          status = polyshm_segment_unlink(segment);
        _exit(status == POLYSHM_OK || status == POLYSHM_ENOSPC ? 0 : 1);
      }
    }
    for (int i = 0; i < CREATORS; i++)
      assert_child_succeeds(children[i]);
    assert_int_equal(free_bytes(), before);
  }
}

/* ---- resize ---- */

static void a_failed_resize_changes_nothing(void **state) {
  (void)state;
  const int64_t sizes[] = {MIB + 1, 2 * MIB, 5 * MIB, 64 * MIB, POLYSHM_SIZE_MAX};
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 100), *b = NULL;
  assert_ok(polyshm_segment_attach(name, 0, 0, &b));
  assert_ok(polyshm_segment_fill(a, 7, 0, 100));
  int64_t before = free_bytes();
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_status(POLYSHM_ENOSPC, polyshm_segment_resize(a, sizes[i]));
    assert_words("resize");
    assert_int_equal(polyshm_segment_size(a), 100);
    assert_int_equal(size_of(name), 100);
    assert_int_equal(free_bytes(), before);
    assert_ok(polyshm_segment_refresh(b));
    assert_int_equal(polyshm_segment_size(b), 100);
    uint8_t bytes[100];
    assert_ok(polyshm_segment_read(a, 0, bytes, 100));
    assert_true(all_bytes(bytes, 100, 7));
  }
  assert_ok(polyshm_segment_resize(a, MIB)); /* what there is can still be had */
  assert_int_equal(free_bytes(), 0);
  assert_ok(polyshm_segment_fill(a, 1, 0, MIB));
  polyshm_segment_free(b);
  drop_segment(a);
}

/* More than one step, and the last page is missing: nobody ever sees the size in between, nor memory that
 * goes again. */
static void a_failing_resize_is_never_seen(void **state) {
  (void)state;
  mount_8_mib();
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, 4095);
  int64_t before = free_bytes();
  pid_t child = fork_child();
  if (child == 0) {
    polyshm_segment *own = NULL;
    polyshm_status status = polyshm_segment_attach(name, 0, 0, &own);
    for (int i = 0; i < 50 && !status; i++)
      status = polyshm_segment_resize(own, 8 * MIB + 1) == POLYSHM_ENOSPC ? POLYSHM_OK : POLYSHM_EIO;
    _exit(status ? 1 : 0);
  }
  int ended = 0, seen = 0;
  while (waitpid(child, &ended, WNOHANG) == 0) {
    assert_ok(polyshm_segment_refresh(a));
    assert_int_equal(polyshm_segment_size(a), 4095);
    seen++;
  }
  assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
  assert_true(seen > 10);
  assert_int_equal(free_bytes(), before);
  drop_segment(a);
  unmount();
}

/* One process grows in little steps; others fail to grow by much, and must not cut off what the first has
 * got. */
static void a_failing_resize_does_not_cut_anothers(void **state) {
  (void)state;
  enum { GREEDY = 3 };
  const char *name = fresh_name();
  polyshm_segment *modest = new_segment(name, 1);
  bool *done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t children[GREEDY];
  assert_true(done != MAP_FAILED);
  for (int i = 0; i < GREEDY; i++) {
    children[i] = fork_child();
    if (children[i] == 0) {
      polyshm_segment *greedy = NULL;
      polyshm_status status = polyshm_segment_attach(name, 0, 0, &greedy);
      while (!status && !*(volatile bool *)done)
        status = polyshm_segment_resize(greedy, 2 * MIB) == POLYSHM_ENOSPC ? POLYSHM_OK : POLYSHM_EIO;
      _exit(status ? 1 : 0);
    }
  }
  /* In twenty rounds of a quarter of a page, as the greedy ones' own cutting back gives no page free for
   * long. */
  for (int64_t size = 1000; size < 900000; size += 1000) {
    polyshm_status status = polyshm_segment_resize(modest, size);
    if (status == POLYSHM_ENOSPC) /* the greedy ones hold it all in this moment */
      continue;
    assert_ok(status);
    for (int look = 0; look < 3; look++)
      assert_true(size_of(name) >= size);
  }
  *done = true;
  for (int i = 0; i < GREEDY; i++)
    assert_child_succeeds(children[i]);
  assert_int_equal(munmap(done, 4096), 0);
  drop_segment(modest);
}

/* ---- a full file system otherwise ---- */

static polyshm_status count_visits(const polyshm_segment_info *info, void *context) {
  (void)info;
  ++*(int *)context;
  return POLYSHM_OK;
}

static void what_needs_no_memory_works(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *a = new_segment(name, MIB), *b = NULL;
  bool stale = true;
  int visits = 0;
  assert_int_equal(free_bytes(), 0);
  assert_ok(polyshm_segment_attach(name, 0, 0, &b));
  assert_ok(polyshm_segment_refresh(b));
  assert_ok(polyshm_segment_stale(b, &stale));
  assert_false(stale);
  assert_ok(polyshm_each_segment(count_visits, &visits));
  assert_int_equal(visits, 1);
  assert_ok(polyshm_segment_resize(b, MIB));
  polyshm_segment_free(b);
  drop_segment(a);
}

/* Locks and their kin are made whole or not at all, and need no more memory when they are used. */
static void objects_on_a_full_file_system(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_lock *lock = NULL, *other = NULL;
  polyshm_semaphore *semaphore = NOT_NULL;
  polyshm_event *event = NOT_NULL;
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  assert_ok(polyshm_lock_create(name, 0600, &lock));
  polyshm_segment *rest = new_segment(fresh_name(), free_bytes());
  for (int way = 0; way < 2; way++) {
    polyshm__without_tmpfile = way;
    const char *refused = fresh_name();
    other = NOT_NULL;
    assert_status(POLYSHM_ENOSPC, polyshm_lock_create(refused, 0600, &other));
    assert_status(POLYSHM_ENOSPC, polyshm_semaphore_create(refused, 1024, 0600, &semaphore));
    assert_status(POLYSHM_ENOSPC, polyshm_event_open(refused, 0600, 0, &event));
    assert_true(!other && !semaphore && !event);
    assert_int_equal(size_of(refused), -1);
  }
  assert_ok(polyshm_lock_attach(name, 0, 0, &other));
  assert_ok(polyshm_lock_lock(other, 0, &outcome));
  assert_int_equal(outcome, POLYSHM_LOCKED);
  polyshm_lock_free(other);
  assert_ok(polyshm_lock_lock(lock, 0, &outcome));
  assert_int_equal(outcome, POLYSHM_RECOVERED);
  assert_ok(polyshm_lock_unlock(lock));
  assert_ok(polyshm_lock_unlink(lock));
  polyshm_lock_free(lock);
  drop_segment(rest);
}

static void a_readonly_file_system(void **state) {
  (void)state;
  const char *name = fresh_name();
  mount_8_mib();
  polyshm_segment *a = new_segment(name, 100), *b = NULL;
  polyshm_segment_free(a); /* a mapping for writing would keep it from becoming read-only */
  assert_int_equal(mount(NULL, "/dev/shm", NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
  for (int way = 0; way < 2; way++) {
    polyshm__without_tmpfile = way;
    assert_status(POLYSHM_EROFS, polyshm_segment_create(fresh_name(), 1, 0600, &b));
    assert_words("read-only");
    assert_status(POLYSHM_EROFS, polyshm_segment_attach(name, 0, 0, &b));
    assert_status(POLYSHM_EROFS, polyshm_segment_unlink_name(name));
    assert_ok(polyshm_segment_attach(name, POLYSHM_FLAG_READONLY, 0, &b));
    polyshm_segment_free(b);
  }
  unmount();
}

int main(void) {
  if (!is_1_mib()) {
    print_error("run me under `environment full-shm`\n");
    return 1;
  }
  const struct CMUnitTest tests[] = {
      FULL_TEST(create_of_more_than_there_is),
      FULL_TEST(create_of_all_there_is),
      FULL_TEST(create_of_one_page_too_much),
      FULL_TEST(racing_creators_leave_nothing),
      FULL_TEST(a_failed_resize_changes_nothing),
      FULL_TEST(a_failing_resize_is_never_seen),
      FULL_TEST(a_failing_resize_does_not_cut_anothers),
      FULL_TEST(what_needs_no_memory_works),
      FULL_TEST(objects_on_a_full_file_system),
      FULL_TEST(a_readonly_file_system),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
