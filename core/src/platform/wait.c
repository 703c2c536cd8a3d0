#include "platform.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)

/* linux/futex.h, which comes with the kernel's headers and not with every libc */
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1 };

static _Thread_local polyshm_hooked hooked;

polyshm_hooked polyshm_on_wait(polyshm_wait_hook *hook, void *context) {
  polyshm_hooked before = hooked;
  hooked = (polyshm_hooked){hook, context};
  return before;
}

/* ---- long work ---- */

/* Not inlined: tests/hub/facts.py finds by this name which calls may take long. */
__attribute__((noinline)) polyshm_status polyshm__work(void (*step)(void *context), void *context) {
  if (hooked.hook)
    return hooked.hook(step, context, hooked.context);
  step(context);
  return POLYSHM_OK;
}

struct parts {
  polyshm__part *part;
  void *work;
  int64_t start, length; /* of the next one */
  polyshm_status status; /* of the last one */
};

static void do_part(void *context) {
  struct parts *parts = context;
  parts->status = parts->part(parts->work, parts->start, parts->length);
}

polyshm_status polyshm__in_parts(polyshm__part *part, void *work, int64_t length, bool last_first) {
  if (length <= POLYSHM_LARGE)
    return part(work, 0, length);
  struct parts parts = {.part = part, .work = work};
  polyshm_status status = POLYSHM_OK;
  for (int64_t done = 0; !status && done < length; done += parts.length) {
    parts.length = length - done < POLYSHM__STEP ? length - done : POLYSHM__STEP;
    parts.start = last_first ? length - done - parts.length : done;
    status = polyshm__work(do_part, &parts);
    if (!status)
      status = parts.status;
  }
  return status;
}

/* ---- time ---- */

static int64_t read_clock(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * SECOND + time.tv_nsec;
}

static int64_t now(void) {
  return read_clock(CLOCK_MONOTONIC);
}

int64_t polyshm__clock(void) {
  return read_clock(CLOCK_REALTIME);
}

int64_t polyshm__deadline(int64_t timeout) {
  int64_t start = now();
  return timeout < 0 || timeout > INT64_MAX - start ? INT64_MAX : start + timeout;
}

int64_t polyshm__time_left(int64_t deadline, int64_t longest) {
  int64_t left = deadline - now();
  return left < 0 ? 0 : left < longest ? left : longest;
}

/* ---- one sleep ---- */

/* Never without a timeout: a handler installed with SA_RESTART could not end it. Never FUTEX_PRIVATE_FLAG:
 * the others are in other processes. */
static long futex(const _Atomic uint32_t *word, int operation, uint32_t value, int64_t nanoseconds) {
#if defined(SYS_futex_time64) /* 32 bits: SYS_futex has a time of 32 bits there, whatever the libc has */
  struct {
    int64_t seconds, nanoseconds;
  } time = {nanoseconds / SECOND, nanoseconds % SECOND};
  long result = syscall(SYS_futex_time64, word, operation, value, &time, NULL, 0);
  if (result >= 0 || errno != ENOSYS)
    return result;
#endif
  struct {
    long seconds, nanoseconds;
  } old_time = {(long)(nanoseconds / SECOND), (long)(nanoseconds % SECOND)};
  return syscall(SYS_futex, word, operation, value, &old_time, NULL, 0);
}

struct nap {
  const _Atomic uint32_t *word; /* NULL: sleep whatever happens */
  uint32_t seen;
  int64_t nanoseconds;
  bool interrupted, woken;
};

static void sleep_once(void *context) {
  struct nap *nap = context;
  if (nap->word) {
    nap->woken = futex(nap->word, FUTEX_WAIT, nap->seen, nap->nanoseconds) == 0;
    nap->interrupted = !nap->woken && errno == EINTR;
  } else {
    struct timespec time = {(time_t)(nap->nanoseconds / SECOND), (long)(nap->nanoseconds % SECOND)};
    nap->interrupted = nanosleep(&time, NULL) != 0;
  }
}

static polyshm_status take(struct nap *nap) {
  polyshm_status status = polyshm__work(sleep_once, nap);
  return !status && nap->interrupted && !hooked.hook ? POLYSHM_EINTR : status;
}

void polyshm__moment(void) {
  (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

polyshm_status polyshm__pause(int64_t nanoseconds) {
  return take(&(struct nap){.nanoseconds = nanoseconds});
}

/* ---- a wait in slices ---- */

polyshm__wait polyshm__wait_begin(int64_t timeout) {
  return (polyshm__wait){.begin = timeout ? now() : 0,
                         .deadline = timeout ? polyshm__deadline(timeout) : 0,
                         .slice = MILLISECOND};
}

int64_t polyshm__waited(const polyshm__wait *wait) {
  return wait->begin ? now() - wait->begin : 0;
}

static polyshm_status wait_on(polyshm__wait *wait, struct nap *nap) {
  nap->nanoseconds = wait->deadline ? polyshm__time_left(wait->deadline, wait->slice) : 0;
  if (!nap->nanoseconds)
    return POLYSHM_ETIMEDOUT;
  if (wait->slice < POLYSHM__SLICE)
    wait->slice *= 2;
  return take(nap);
}

/* One that has no slices, as a test makes it, gets none. */
void polyshm__wait_slice_is(polyshm__wait *wait, int64_t nanoseconds) {
  if (wait->slice != INT64_MAX)
    wait->slice = nanoseconds;
}

polyshm_status polyshm__wait_slice(polyshm__wait *wait) {
  return wait_on(wait, &(struct nap){0});
}

polyshm_status polyshm__wait_word(polyshm__wait *wait, const _Atomic uint32_t *word, uint32_t seen,
                                  bool *woken) {
  struct nap nap = {.word = word, .seen = seen};
  polyshm_status status = wait_on(wait, &nap);
  *woken = nap.woken;
  return status;
}

polyshm_status polyshm__wait_go(polyshm__wait *wait) {
  if (++wait->rounds % 1000)
    return POLYSHM_OK;
  if (wait->deadline == 0 || polyshm__time_left(wait->deadline, 1) == 0)
    return POLYSHM_ETIMEDOUT;
  return polyshm__pause(MILLISECOND / 1000);
}

int64_t polyshm__wake(const _Atomic uint32_t *word, int64_t count) {
  long woken = futex(word, FUTEX_WAKE, (uint32_t)(count < INT_MAX ? count : INT_MAX), 0);
  return woken < 0 ? 0 : woken;
}

/* ---- processors ---- */

static bool has_others(void) {
  static _Atomic int known; /* 0: not yet; 1: this processor alone; 2: more */
  int others = atomic_load_explicit(&known, memory_order_relaxed);
  if (!others) {
    cpu_set_t set;
    CPU_ZERO(&set);
    others = sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1 ? 1 : 2;
    atomic_store_explicit(&known, others, memory_order_relaxed);
  }
  return others == 2;
}

bool polyshm__spin(void) {
  if (!has_others())
    return false;
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
  return true;
}
