#include "platform.h"

#include <time.h>

static _Thread_local polyshm_wait_hook *wait_hook;
static _Thread_local void *wait_context;

void polyshm_on_wait(polyshm_wait_hook *hook, void *context) {
  wait_hook = hook;
  wait_context = context;
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t polyshm__deadline(int64_t timeout) {
  int64_t start = now();
  return timeout < 0 || timeout > INT64_MAX - start ? INT64_MAX : start + timeout;
}

int64_t polyshm__time_left(int64_t deadline, int64_t longest) {
  int64_t left = deadline - now();
  return left < 0 ? 0 : left < longest ? left : longest;
}

struct slice {
  int64_t nanoseconds;
  bool interrupted;
};

static void sleep_slice(void *context) {
  struct slice *slice = context;
  struct timespec time = {slice->nanoseconds / 1000000000, slice->nanoseconds % 1000000000};
  slice->interrupted = nanosleep(&time, NULL) != 0;
}

polyshm_status polyshm__pause(int64_t nanoseconds) {
  struct slice slice = {nanoseconds, false};
  if (wait_hook)
    return wait_hook(sleep_slice, &slice, wait_context);
  sleep_slice(&slice);
  return slice.interrupted ? POLYSHM_EINTR : POLYSHM_OK;
}
