/* Another process, with a lock: peer create|recover|hold|unlink NAME. `recover` is told that the owner has
 * ended, and mends the lock. */
#include <polyshm.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int told(const char *what, polyshm_status status) {
  if (status)
    (void)fprintf(stderr, "peer: %s: %s\n", what, polyshm_last_error());
  return status != POLYSHM_OK;
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  const char *what = argv[1], *name = argv[2];
  const bool creates = strcmp(what, "create") == 0, holds = strcmp(what, "hold") == 0;
  polyshm_lock *lock = NULL;
  if (strcmp(what, "unlink") == 0)
    return told(what, polyshm_segment_unlink_name(name));
  if (told(what, creates ? polyshm_lock_create(name, 0600, &lock) : polyshm_lock_attach(name, 0, 0, &lock)))
    return 1;
  if (!creates) {
    polyshm_lock_outcome outcome;
    if (told(what, polyshm_lock_lock(lock, INT64_C(10000000000), &outcome)))
      return 1;
    if (outcome != (holds ? POLYSHM_LOCKED : POLYSHM_RECOVERED)) {
      (void)fprintf(stderr, "peer: %s: the lock is %s\n", what, polyshm_lock_outcome_name(outcome));
      return 1;
    }
    if (holds) {
      (void)!write(STDOUT_FILENO, "h", 1);
      (void)sleep(60);
    }
    if (told(what, polyshm_lock_repaired(lock)) || told(what, polyshm_lock_unlock(lock)))
      return 1;
  }
  polyshm_lock_free(lock);
  return 0;
}
