/*
 * What a segment takes of a process's addresses and mappings: few of them however often it grows, and none
 * that are not its own, whatever fails.
 */
#include "support.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE polyshm_page_size()

/* Of segments. The maker's own mapping does not show the name, which the file got later. */
static int64_t count_mappings(void) {
  char line[512];
  int64_t count = 0;
  FILE *maps = fopen("/proc/self/maps", "re");
  assert_non_null(maps);
  while (fgets(line, sizeof line, maps))
    count += strstr(line, "/dev/shm/") != NULL;
  (void)fclose(maps);
  return count;
}

static uint8_t *address_of(const polyshm_segment *segment) {
  uint64_t address = 0;
  assert_ok(polyshm_segment_address(segment, &address));
  return (uint8_t *)(uintptr_t)address; /* NOLINT(performance-no-int-to-ptr) */
}

/* ---- growing ---- */

static void many_steps_take_few_mappings(void **state) {
  (void)state;
  enum { STEPS = 4000, LOGARITHM = 12 };
  polyshm_segment *segment = new_segment(fresh_name(), PAGE), *other = NULL;
  assert_ok(polyshm_segment_attach(polyshm_segment_name(segment), 0, 0, &other));
  assert_int_equal(count_mappings(), 2);
  uint8_t *first = address_of(segment);
  for (int64_t i = 1; i < STEPS; i++) {
    assert_ok(polyshm_segment_resize(segment, (i + 1) * PAGE));
    assert_ok(polyshm_segment_fill(segment, i % 256, i * PAGE, PAGE));
    assert_ok(polyshm_segment_refresh(other));
  }
  int64_t mappings = count_mappings();
  if (mappings > (int64_t)(2 * LOGARITHM))
    fail_msg("%d steps of two handles have made %d mappings", STEPS, (int)mappings);
  for (int64_t i = 1; i < STEPS; i++)
    assert_int_equal(address_of(other)[i * PAGE + 1], i % 256);
  first[0] = 42; /* a stale address is right */
  assert_int_equal(address_of(other)[0], 42);
  assert_ok(polyshm_segment_close(segment));
  assert_int_equal(first[0], 0);
  assert_ok(polyshm_segment_close(other));
  assert_int_equal(count_mappings(), 0); /* nothing holds the memory */
  polyshm_segment_free(other);
  drop_segment(segment);
}

static void steps_within_a_page_take_none(void **state) {
  (void)state;
  polyshm_segment *segment = new_segment(fresh_name(), 1);
  uint8_t *first = address_of(segment);
  for (int64_t size = 2; size <= PAGE; size += 1 + size / 8)
    assert_ok(polyshm_segment_resize(segment, size));
  assert_ptr_equal(address_of(segment), first);
  assert_int_equal(count_mappings(), 1);
  drop_segment(segment);
}

static void limit_addresses(int64_t more) {
  char line[512];
  long long pages = 0;
  FILE *statm = fopen("/proc/self/statm", "re");
  must(statm && fgets(line, sizeof line, statm) &&
       sscanf(line, "%lld", &pages) == 1); /* NOLINT(cert-err34-c) */
  (void)fclose(statm);
  const struct rlimit limit = {(rlim_t)(pages * PAGE + more), RLIM_INFINITY};
  must(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* No addresses for more than what is asked for: 24 MiB in all, and twice 16 would not fit. */
static void grow_with_few_addresses(void *context) {
  polyshm_segment *segment = context;
  limit_addresses(24 << 20);
  must_ok(polyshm_segment_resize(segment, 16 << 20));
  must_ok(polyshm_segment_fill(segment, 7, 0, 16 << 20));
  must(polyshm_segment_resize(segment, 64 << 20) == POLYSHM_ENOMEM);
  must(polyshm_segment_size(segment) == 16 << 20);
  must_ok(polyshm_segment_fill(segment, 8, 0, 16 << 20));
  must_ok(
      polyshm_segment_close(segment)); /* there is no room for 16 MiB of blank pages either, but for pieces */
  must(count_mappings() == 0);
}

static void a_process_with_few_addresses(void **state) {
  (void)state;
  if (sanitized()) {
    print_message("skipped: a sanitizer itself needs the address space\n");
    skip();
  }
  polyshm_segment *segment = new_segment(fresh_name(), 100);
  in_child(grow_with_few_addresses, segment);
  drop_segment(segment);
}

/* ---- a process with no mapping to spare ---- */

static int64_t most_mappings(void) {
  char line[32] = "";
  long long most = 0;
  FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
  if (!file || !fgets(line, sizeof line, file) || sscanf(line, "%lld", &most) != 1) /* NOLINT(cert-err34-c) */
    most = INT64_MAX;
  if (file)
    (void)fclose(file);
  return most;
}

/* Every second page of a range can be read: each is a mapping. Returns when there can be no more. */
static void take_all_mappings(void) {
  const int64_t pages = 2 * most_mappings() + 2;
  uint8_t *range =
      mmap(NULL, (size_t)(pages * PAGE), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  must(range != MAP_FAILED);
  int64_t page = 1;
  while (page < pages && mprotect(range + page * PAGE, (size_t)PAGE, PROT_READ) == 0)
    page += 2;
  must(page < pages);
}

static void close_without_mappings(void *context) {
  polyshm_segment *segment = context;
  uint8_t *start = address_of(segment);
  must_ok(polyshm_segment_fill(segment, 7, 0, 3 * PAGE));
  take_all_mappings();
  must_ok(polyshm_segment_close(segment));
  /* All of the range is there, be it blank or not: nobody else is given its addresses. */
  for (int64_t page = 0; page < 3; page++)
    must(start[page * PAGE] == 0 || start[page * PAGE] == 7);
  must(polyshm_segment_write(segment, 0, "x", 1) == POLYSHM_CLOSED);
  polyshm_segment_free(segment);
}

static void a_process_without_mappings(void **state) {
  (void)state;
  if (sanitized() || most_mappings() > 1000000) {
    print_message("skipped: a sanitizer itself needs mappings, or the limit is too far away\n");
    skip();
  }
  polyshm_segment *segment = new_segment(fresh_name(), 3 * PAGE);
  in_child(close_without_mappings, segment);
  drop_segment(segment);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(many_steps_take_few_mappings),
      TEST(steps_within_a_page_take_none),
      TEST(a_process_with_few_addresses),
      TEST(a_process_without_mappings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
