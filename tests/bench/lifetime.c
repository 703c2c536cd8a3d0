/* lifetime NAME PASSES COUNT: create + close + unlink of one page by the core, and by the bare system calls.
 */
#include "interleave.h"
#include "yardstick.h"

#include <polyshm.h>

typedef struct work {
  const char *name;
  int count;
} work;

static bool ours(const char *name) {
  polyshm_segment *segment;
  if (polyshm_segment_create(name, 4096, 0600, &segment))
    return false;
  polyshm_segment_close(segment);
  const bool done = polyshm_segment_unlink(segment) == POLYSHM_OK;
  polyshm_segment_free(segment);
  return done;
}

/* The calls that cannot be left out; `shortcut` links the descriptor itself, as the core does where the
 * kernel lets it, and not through /proc. */
static bool made_and_gone(const char *name, bool shortcut) {
  char path[300], link[64];
  (void)snprintf(path, sizeof path, "/dev/shm/%s", name);
  int fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 || posix_fallocate(fd, 0, 4096))
    return false;
  void *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (data == MAP_FAILED)
    return false;
  if (shortcut ? linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH)
               : linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
    return false;
  close(fd);
  munmap(data, 4096);
  return unlink(path) == 0;
}

static bool bare(const char *name) {
  return made_and_gone(name, false);
}

static bool shortest(const char *name) {
  return made_and_gone(name, true);
}

/* Nanoseconds of one. */
static double lives(bool (*act)(const char *name), const work *todo) {
  const int64_t start = yardstick_clock();
  for (int i = 0; i < todo->count; i++)
    if (!act(todo->name)) {
      (void)fprintf(stderr, "lifetime: %s: errno %d: %s\n", todo->name, errno, polyshm_last_error());
      exit(1);
    }
  return (double)(yardstick_clock() - start) / todo->count;
}

static double our_lives(void *context) {
  return lives(ours, context);
}

static double bare_lives(void *context) {
  return lives(bare, context);
}

static double shortest_lives(void *context) {
  return lives(shortest, context);
}

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  work lives_of = {argv[1], atoi(argv[3])};
  static const timed_run runs[] = {{"create+close+unlink", "ours", our_lives},
                                   {"create+close+unlink", "bare system calls", bare_lives},
                                   {"create+close+unlink", "bare, /proc passed by", shortest_lives}};
  interleave(atoi(argv[2]), 3, runs, &lives_of);
  return 0;
}
