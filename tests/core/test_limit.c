/* platform/limit.c: control groups of either version, as they are told in files. */
#include "support.h"

#include "platform/platform.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define MIB (INT64_C(1) << 20)
#define V1 "/sys/fs/cgroup/memory"
#define V2 "/sys/fs/cgroup"
#define NO_LIMIT "9223372036854771712\n" /* as version 1 says it */

static char root[] = "/tmp/polyshm-limit-XXXXXX";

/* Writes a file, and makes the folders above it. */
static void put(const char *path, const char *text) {
  char whole[512];
  (void)snprintf(whole, sizeof whole, "%s%s", root, path);
  for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    assert_true(mkdir(whole, 0700) == 0 || errno == EEXIST);
    *slash = '/';
  }
  FILE *file = fopen(whole, "we");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void put_number(const char *folder, const char *name, int64_t number) {
  char path[400], text[32];
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  (void)snprintf(text, sizeof text, "%lld\n", (long long)number);
  put(path, text);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where) {
  (void)st;
  (void)kind;
  (void)where;
  return remove(path);
}

static int root_begins(void **state) {
  (void)memcpy(root + sizeof root - 7, "XXXXXX", 6);
  assert_non_null(mkdtemp(root));
  polyshm__system_root = root;
  return test_begins(state);
}

static int root_ends(void **state) {
  polyshm__system_root = "";
  assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
  return test_ends(state);
}

static int64_t free_swap(void) {
  struct sysinfo info;
  assert_int_equal(sysinfo(&info), 0);
  return (int64_t)info.freeswap * info.mem_unit;
}

static void assert_left(int64_t limit, int64_t left) {
  polyshm__memory memory;
  polyshm__memory_look(&memory);
  assert_int_equal(memory.limit, limit);
  assert_int_equal(memory.left, left);
}

static void nothing_is_known(void **state) {
  (void)state;
  assert_left(INT64_MAX, INT64_MAX);
  put("/proc/self/cgroup", "");
  assert_left(INT64_MAX, INT64_MAX);
  put("/proc/self/cgroup", "what is this\n:\n::\n0:\n\n0::/gone\n4:memory:/gone\n");
  assert_left(INT64_MAX, INT64_MAX);
}

/* ---- version 2 ---- */

static void put_v2(const char *folder, const char *max, int64_t current, int64_t file) {
  char path[400], stat[200];
  (void)snprintf(path, sizeof path, "%s/memory.max", folder);
  put(path, max);
  put_number(folder, "memory.current", current);
  put_number(folder, "memory.swap.max", 0);
  put_number(folder, "memory.swap.current", 0);
  (void)snprintf(path, sizeof path, "%s/memory.stat", folder);
  (void)snprintf(stat, sizeof stat,
                 "anon 12345\nfile 999999999\nshmem 888888888\ninactive_anon 777\nactive_file %lld\n"
                 "inactive_file 1000\nslab_reclaimable 10\nslab_unreclaimable 55\n",
                 (long long)file);
  put(path, stat);
}

static void the_limit_of_version_2(void **state) {
  (void)state;
  put("/proc/self/cgroup", "0::/a/b\n");
  put_v2(V2 "/a/b", "125829120\n", 20 * MIB, 0);
  assert_left(120 * MIB, 100 * MIB + 1010);
  put_v2(V2 "/a/b", "125829120\n", 120 * MIB, 50 * MIB);
  assert_left(120 * MIB, 50 * MIB + 1010); /* page cache goes when it must; shared memory cannot */
  put_v2(V2 "/a/b", "125829120\n", 121 * MIB, 0);
  assert_left(120 * MIB, 1010); /* lowered below what was in use */
  put_v2(V2 "/a/b", "max\n", 20 * MIB, 0);
  assert_left(INT64_MAX, INT64_MAX);
  put_v2(V2 "/a/b", "0\n", 0, 0);
  assert_left(0, 1010);
}

static void the_tightest_ancestor_counts(void **state) {
  (void)state;
  put("/proc/self/cgroup", "0::/a/b/c\n");
  put_v2(V2 "/a/b/c", "125829120\n", 20 * MIB, 0);
  put_v2(V2 "/a/b", "max\n", 300 * MIB, 0);
  put_v2(V2 "/a", "314572800\n", 290 * MIB, 0);
  assert_left(300 * MIB, 10 * MIB + 1010);
}

static void swap_counts_as_far_as_it_may_be_used(void **state) {
  (void)state;
  put("/proc/self/cgroup", "0::/a\n");
  put_v2(V2 "/a", "125829120\n", 20 * MIB, 0);
  put(V2 "/a/memory.swap.max", "max\n");
  assert_left(120 * MIB, 100 * MIB + 1010 + free_swap());
  put_number(V2 "/a", "memory.swap.max", 4096);
  put_number(V2 "/a", "memory.swap.current", 4096);
  assert_left(120 * MIB, 100 * MIB + 1010);
}

/* This is what a container sees of version 2: its own group is the root, and the path is "/", or one outside.
 */
static void in_a_container(void **state) {
  (void)state;
  static const char *const paths[] = {"0::/\n", "0::/docker/0123\n", "0::/../../other\n"};
  put_v2(V2, "125829120\n", 20 * MIB, 0);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    put("/proc/self/cgroup", paths[i]);
    assert_left(120 * MIB, 100 * MIB + 1010);
  }
}

static void version_2_beside_version_1(void **state) {
  (void)state;
  put("/proc/self/cgroup", "5:cpu:/x\n1:name=systemd:/x\n0::/a\n");
  put_v2(V2 "/unified/a", "125829120\n", 20 * MIB, 0);
  assert_left(120 * MIB, 100 * MIB + 1010);
}

/* ---- version 1 ---- */

static void put_v1(const char *folder, int64_t limit, int64_t usage, int64_t file) {
  char path[400], stat[200];
  put_number(folder, "memory.limit_in_bytes", limit);
  put_number(folder, "memory.usage_in_bytes", usage);
  (void)snprintf(path, sizeof path, "%s/memory.memsw.limit_in_bytes", folder);
  put(path, NO_LIMIT);
  put_number(folder, "memory.memsw.usage_in_bytes", usage);
  (void)snprintf(path, sizeof path, "%s/memory.stat", folder);
  (void)snprintf(stat, sizeof stat,
                 "cache 999999\nshmem 888888\nactive_file 5\ninactive_file 6\ntotal_cache 999999999\n"
                 "total_inactive_file %lld\ntotal_active_file 1000\n",
                 (long long)file);
  put(path, stat);
}

static void the_limit_of_version_1(void **state) {
  (void)state;
  put("/proc/self/cgroup", "9:cpuset:/x\n4:cpu,memory,pids:/a/b\n0::/\n");
  put_v1(V1 "/a/b", 120 * MIB, 20 * MIB, 0);
  assert_left(120 * MIB, 100 * MIB + 1000 + free_swap());
  put_v1(V1 "/a/b", 120 * MIB, 120 * MIB, 50 * MIB);
  assert_left(120 * MIB, 50 * MIB + 1000 + free_swap());
  put_number(V1 "/a/b", "memory.memsw.limit_in_bytes", 120 * MIB); /* memory and swap together */
  assert_left(120 * MIB, 50 * MIB + 1000);
  put_number(V1 "/a", "memory.limit_in_bytes", 30 * MIB);
  put_number(V1 "/a", "memory.usage_in_bytes", 30 * MIB);
  put_number(V1 "/a", "memory.memsw.limit_in_bytes", 30 * MIB);
  put_number(V1 "/a", "memory.memsw.usage_in_bytes", 30 * MIB);
  assert_left(30 * MIB, 0);
}

static void no_limit_of_version_1(void **state) {
  (void)state;
  put("/proc/self/cgroup", "4:memory:/a\n");
  put_v1(V1 "/a", 0, 0, 0);
  put(V1 "/a/memory.limit_in_bytes", NO_LIMIT);
  assert_left(INT64_MAX, INT64_MAX);
}

static void version_1_in_a_container(void **state) {
  (void)state;
  put("/proc/self/cgroup", "4:memory:/docker/0123456789abcdef\n");
  put_v1(V1, 120 * MIB, 20 * MIB, 0);
  put_number(V1, "memory.memsw.limit_in_bytes", 120 * MIB);
  assert_left(120 * MIB, 100 * MIB + 1000);
}

/* ---- the machine ---- */

static void the_machine_has_what_it_has(void **state) {
  (void)state;
  put("/proc/meminfo",
      "MemTotal:       1000000 kB\nMemFree:          1000 kB\nMemAvailable:     20000 kB\n"
      "SwapTotal:         9000 kB\nSwapFree:          1000 kB\n");
  assert_left(1000000 * INT64_C(1024), 21000 * INT64_C(1024));
  put("/proc/self/cgroup", "0::/a\n");
  put_v2(V2 "/a", "125829120\n", 20 * MIB, 0); /* leaves more */
  assert_left(1000000 * INT64_C(1024), 21000 * INT64_C(1024));
  put_v2(V2 "/a", "125829120\n", 110 * MIB, 0);
  assert_left(120 * MIB, 10 * MIB + 1010);
}

/* ---- what it is for ---- */

static void a_create_beyond_the_limit_is_refused(void **state) {
  (void)state;
  const char *name = fresh_name();
  polyshm_segment *segment = NULL;
  put("/proc/self/cgroup", "0::/a\n");
  put_v2(V2 "/a", "12582912\n", 2 * MIB, 0);
  assert_status(POLYSHM_ENOMEM, polyshm_segment_create(name, 11 * MIB, 0600, &segment));
  assert_words("is 12582912 bytes, of which 10486770 are left");
  assert_status(POLYSHM_ENOMEM, polyshm_segment_open(name, 11 * MIB, 0600, 0, &segment));
  assert_words("is 12582912 bytes");
  segment = new_segment(name, 9 * MIB);
  assert_status(POLYSHM_ENOMEM, polyshm_segment_resize(segment, 20 * MIB));
  assert_words("resize");
  assert_words("is 12582912 bytes, of which 10486770 are left");
  assert_int_equal(polyshm_segment_size(segment), 9 * MIB);
  put_v2(V2 "/a", "125829120\n", 2 * MIB, 0);
  assert_ok(polyshm_segment_resize(segment, 20 * MIB));
  put("/proc/meminfo", "MemTotal:       1000000 kB\nMemAvailable:     10240 kB\n");
  assert_status(POLYSHM_ENOMEM, polyshm_segment_resize(segment, 40 * MIB));
  assert_words("the memory of this machine is 1024000000 bytes, of which 10485760 are left");
  drop_segment(segment);
}

#define LIMIT_TEST(function) cmocka_unit_test_setup_teardown(function, root_begins, root_ends)

int main(void) {
  const struct CMUnitTest tests[] = {
      LIMIT_TEST(nothing_is_known),
      LIMIT_TEST(the_limit_of_version_2),
      LIMIT_TEST(the_tightest_ancestor_counts),
      LIMIT_TEST(swap_counts_as_far_as_it_may_be_used),
      LIMIT_TEST(in_a_container),
      LIMIT_TEST(version_2_beside_version_1),
      LIMIT_TEST(the_limit_of_version_1),
      LIMIT_TEST(no_limit_of_version_1),
      LIMIT_TEST(version_1_in_a_container),
      LIMIT_TEST(the_machine_has_what_it_has),
      LIMIT_TEST(a_create_beyond_the_limit_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
