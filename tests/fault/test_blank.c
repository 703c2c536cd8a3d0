/*
 * The system has no memory for the blank pages of close(). Then the shared pages stay, and no other memory of
 * the process is lost. This program's own mmap() and mremap() stand in for the library's and fail as a
 * kernel's may that counts all memory (vm.overcommit_memory = 2, and so it is told): "If the memory region
 * specified by addr and length overlaps pages of any existing mapping(s), then the overlapped part of the
 * existing mapping(s) will be discarded", mmap(2), and that comes first.
 */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIZE (3 * polyshm_page_size())

static bool no_memory; /* for blank pages */
static bool no_moves;  /* for mremap() */

static void *map(void *address, size_t length, int protection, int flags, int file, int64_t offset) {
  const bool blank = flags & MAP_ANONYMOUS && protection == (PROT_READ | PROT_WRITE);
  if (blank && no_memory) {
    if (flags & MAP_FIXED)
      (void)syscall(SYS_munmap, address, length);
    errno = ENOMEM;
    return MAP_FAILED;
  }
  /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
  return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  return map(address, length, protection, flags, file, offset);
}

#if defined(__GLIBC__) && (!defined(_FILE_OFFSET_BITS) || _FILE_OFFSET_BITS != 64)
/* This is what the library calls, which is built for files of any size. */
void *mmap64(void *address, size_t length, int protection, int flags, int file, off64_t offset) {
  return map(address, length, protection, flags, file, offset);
}
#endif

void *mremap(void *address, size_t length, size_t new_length, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  void *to = flags & MREMAP_FIXED ? va_arg(rest, void *) : NULL;
  va_end(rest);
  if (no_moves) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
  return (void *)syscall(SYS_mremap, address, length, new_length, flags, to);
}

/* A file that says "2", in place of the system's setting. */
static int open_setting(const char *path, int flags, mode_t mode) {
  if (strcmp(path, "/proc/sys/vm/overcommit_memory") != 0)
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  int ends[2];
  if (pipe(ends))
    return -1;
  (void)!write(ends[1], "2\n", 2);
  (void)close(ends[1]);
  return ends[0];
}

/* The third argument is there when a file is made. */
static mode_t mode_of(int flags, va_list rest) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_setting(path, flags, mode);
}

#if defined(__GLIBC__) && (!defined(_FILE_OFFSET_BITS) || _FILE_OFFSET_BITS != 64)
int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_setting(path, flags | O_LARGEFILE, mode);
}
#endif

static uint8_t *address_of(const polyshm_segment *segment) {
  uint64_t address = 0;
  assert_ok(polyshm_segment_address(segment, &address));
  return (uint8_t *)(uintptr_t)address; /* NOLINT(performance-no-int-to-ptr) */
}

static void close_fails_to(bool *lack) {
  polyshm_segment *segment = new_segment(fresh_name(), SIZE);
  uint8_t *start = address_of(segment);
  assert_ok(polyshm_segment_fill(segment, 7, 0, SIZE));
  *lack = true;
  assert_ok(polyshm_segment_close(segment));
  *lack = false;
  assert_status(POLYSHM_CLOSED, polyshm_segment_write(segment, 0, "x", 1));
  /* Where there is a hole, the next one to ask for memory may get it, and lose it when the handle is freed.
   */
  uint8_t *others = mmap(start, (size_t)SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(others != MAP_FAILED);
  assert_ptr_not_equal(others, start);
  assert_true(all_bytes(start, SIZE, 7));
  assert_ok(polyshm_segment_close(segment)); /* tries again */
  assert_true(all_bytes(start, SIZE, 0));
  drop_segment(segment);
  memset(others, 1, (size_t)SIZE);
  assert_int_equal(munmap(others, (size_t)SIZE), 0);
}

static void no_memory_for_blank_pages(void **state) {
  (void)state;
  close_fails_to(&no_memory);
}

static void no_mapping_to_spare_for_a_move(void **state) {
  (void)state;
  close_fails_to(&no_moves);
}

int main(void) {
  if (sanitized()) {
    print_message("skipped: a sanitizer has mmap() and mremap() of its own\n");
    return 77;
  }
  const struct CMUnitTest tests[] = {
      TEST(no_memory_for_blank_pages),
      TEST(no_mapping_to_spare_for_a_move),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
