/*
 * A peer writes over an object without pause: its header, its words, all of it. Then no call promises much,
 * but each ends in its time, with a status that its manual names, and no process crashes.
 */
#include "support.h"

#include "object/object.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PERMITS 5
#define TIMEOUT (20 * MILLISECONDS)
#define MARGIN 10000 /* ms: a busy machine is no fault */
#define DURATION 2000

enum { CALLERS = 2 };

struct target {
  char name[64];
  int64_t size;
  uint8_t *bytes;
  polyshm_lock *lock; /* one of the three */
  polyshm_semaphore *semaphore;
  polyshm_event *event;
  struct told {
    atomic_bool stop;
    _Atomic int64_t calls,
        refused; /* by all callers; how often an object looked damaged to attach or unlock */
  } * told;
};

/* ---- the peer ---- */

static uint32_t dice = 1;

static uint32_t draw(uint32_t limit) { /* xorshift32, G. Marsaglia, 2003 */
  dice ^= dice << 13;
  dice ^= dice >> 17;
  dice ^= dice << 5;
  return dice % limit;
}

static void map(struct target *target) {
  polyshm_segment *segment = NULL;
  uint8_t *bytes = NULL;
  must_ok(polyshm_segment_attach(target->name, 0, 0, &segment)); /* anybody may: it is a file */
  must_ok(polyshm__segment_range(segment, "map", 0, target->size, &bytes));
  target->bytes = bytes;
}

/* Numbers that mean something somewhere: free, ids of the living, bits for sleepers, counts. */
static uint32_t draw_word(void) {
  const uint32_t words[] = {0, 1, 2, 3, 5, 1024, 1025, 0x7fffffff, 0x80000000, 0xfffffffe, UINT32_MAX};
  const uint32_t word = draw(2) ? words[draw(sizeof words / sizeof *words)] : draw(64);
  return draw(8) ? word | (draw(2) ? 0x80000000 : 0) : dice;
}

static void scribble_somewhere(const struct target *target, int64_t from, int64_t length) {
  const int64_t words = length / (int64_t)sizeof(uint32_t);
  if (draw(4) == 0) {
    ((volatile uint8_t *)target->bytes)[from + draw((uint32_t)length)] = (uint8_t)draw(256);
    return;
  }
  int64_t offset = from + (int64_t)sizeof(uint32_t) * draw((uint32_t)words);
  atomic_store((_Atomic uint32_t *)(void *)(target->bytes + offset), draw_word());
}

/* Mostly where something stands; and now and then all is as it was, so that it can be attached. */
static void scribble(struct target *target) {
  uint8_t whole[8192];
  map(target);
  must(target->size <= (int64_t)sizeof whole);
  memcpy(whole, target->bytes, (size_t)target->size);
  while (!atomic_load(&target->told->stop)) {
    const int64_t body = POLYSHM__BODY_OFFSET;
    switch (draw(64)) {
    case 0:
      memcpy(target->bytes, whole, (size_t)target->size);
      break;
    case 1:
      scribble_somewhere(target, 0, target->size);
      break;
    case 2:
      scribble_somewhere(target, 0, POLYSHM__NEXT_PARTICIPANT_OFFSET + 4);
      break;
    case 3:
      scribble_somewhere(target, POLYSHM__NEXT_PARTICIPANT_OFFSET, 4);
      break;
    default:
      scribble_somewhere(target, body, draw(2) ? 4 : target->size - body);
    }
  }
}

/* ---- its victims ---- */

static int64_t call_began;

/* A call may end in one of these ways, and in its time. */
static polyshm_status check(struct target *target, const char *call, polyshm_status status,
                            const polyshm_status *allowed, size_t count) {
  const int64_t took = milliseconds_now() - call_began;
  bool expected = status == POLYSHM_OK;
  for (size_t i = 0; i < count; i++)
    expected = expected || status == allowed[i];
  if (!expected || took > TIMEOUT / MILLISECONDS + MARGIN)
    print_error("%s: %s after %d ms\n", call, polyshm_status_name(status), (int)took);
  must(expected && took <= TIMEOUT / MILLISECONDS + MARGIN);
  (void)atomic_fetch_add(&target->told->calls, 1);
  (void)atomic_fetch_add(&target->told->refused, status == POLYSHM_CORRUPT);
  return status;
}

/* CALL(OK or the other statuses that its manual names, call) */
#define CALL(allowed, call)                                                                                  \
  check(target, #call, (call_began = milliseconds_now(), (call)), allowed,                                   \
        sizeof(allowed) / sizeof *(allowed))

static const polyshm_status nothing_else[] = {POLYSHM_OK};
static const polyshm_status no_object[] = {POLYSHM_KIND, POLYSHM_CORRUPT, POLYSHM_INCOMPATIBLE};
static const polyshm_status no_owner[] = {POLYSHM_NOT_OWNER};
static const polyshm_status written_over[] = {POLYSHM_CORRUPT};
static const polyshm_status no_id[] = {POLYSHM_EBUSY};

static void use_lock(struct target *target, polyshm_lock *lock) {
  bool is = false;
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  if (CALL(no_id, polyshm_lock_lock(lock, draw(2) ? TIMEOUT : 0, &outcome)))
    return;
  must(outcome >= POLYSHM_LOCK_TIMED_OUT && outcome <= POLYSHM_RECOVERED);
  CALL(nothing_else, polyshm_lock_owned(lock, &is));
  CALL(nothing_else, polyshm_lock_locked(lock, &is));
  CALL(nothing_else, polyshm_lock_dirty(lock, &is));
  CALL(nothing_else, polyshm_lock_stale(lock, &is));
  must(!is);
  if (!outcome) {
    must(polyshm_lock_unlock(lock) == POLYSHM_NOT_OWNER);
    return;
  }
  CALL(no_owner, polyshm_lock_repaired(lock));
  CALL(written_over, polyshm_lock_unlock(lock));
}

static void use_semaphore(struct target *target, polyshm_semaphore *semaphore) {
  int64_t value = -1;
  bool got = false;
  if (CALL(no_id, polyshm_semaphore_acquire(semaphore, draw(2) ? TIMEOUT : 0, &got)))
    return;
  CALL(nothing_else, polyshm_semaphore_value(semaphore, &value));
  must(value >= 0 && value <= PERMITS && polyshm_semaphore_count(semaphore) == PERMITS);
  CALL(no_owner, polyshm_semaphore_release(semaphore));
}

static void use_event(struct target *target, polyshm_event *event) {
  bool set = false;
  CALL(nothing_else, polyshm_event_wait(event, draw(2) ? TIMEOUT : 0, &set));
  if (draw(2))
    CALL(nothing_else, polyshm_event_set(event));
  else
    CALL(nothing_else, polyshm_event_clear(event));
  CALL(nothing_else, polyshm_event_is_set(event, &set));
}

static void come_and_go(struct target *target) {
  const bool open = draw(2);
  if (target->lock) {
    polyshm_lock *own = NULL;
    if (!CALL(no_object, open ? polyshm_lock_open(target->name, 0600, 0, &own)
                              : polyshm_lock_attach(target->name, 0, 0, &own))) {
      use_lock(target, own);
      CALL(nothing_else, polyshm_lock_close(own));
    }
    polyshm_lock_free(own);
  } else if (target->semaphore) {
    polyshm_semaphore *own = NULL;
    if (!CALL(no_object, open ? polyshm_semaphore_open(target->name, 1, 0600, 0, &own)
                              : polyshm_semaphore_attach(target->name, 0, 0, &own))) {
      use_semaphore(target, own);
      CALL(nothing_else, polyshm_semaphore_close(own));
    }
    polyshm_semaphore_free(own);
  } else {
    polyshm_event *own = NULL;
    if (!CALL(no_object, open ? polyshm_event_open(target->name, 0600, 0, &own)
                              : polyshm_event_attach(target->name, 0, 0, &own))) {
      use_event(target, own);
      CALL(nothing_else, polyshm_event_close(own));
    }
    polyshm_event_free(own);
  }
}

static void use(struct target *target) {
  for (int64_t end = milliseconds_now() + DURATION; milliseconds_now() < end;) {
    if (draw(4) == 0)
      come_and_go(target);
    else if (target->lock)
      use_lock(target, target->lock);
    else if (target->semaphore)
      use_semaphore(target, target->semaphore);
    else
      use_event(target, target->event);
  }
}

/* ---- the tests ---- */

static pid_t start(void (*work)(struct target *), struct target *target, uint32_t seed) {
  pid_t child = fork_child();
  if (child == 0) {
    dice = seed;
    work(target);
    _exit(0);
  }
  return child;
}

static void make(struct target *target, int64_t body_size) {
  *target = (struct target){.size = POLYSHM__BODY_OFFSET + body_size};
  (void)snprintf(target->name, sizeof target->name, "%s", fresh_name());
  target->told = mmap(NULL, sizeof *target->told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(target->told != MAP_FAILED);
}

static void drop(struct target *target) {
  assert_ok(polyshm_segment_unlink_name(target->name));
  assert_int_equal(munmap(target->told, sizeof *target->told), 0);
}

static void scribble_and_use(struct target *target) {
  const uint32_t seed = (uint32_t)milliseconds_now() | 1;
  pid_t peer = start(scribble, target, seed), callers[CALLERS];
  for (uint32_t i = 0; i < CALLERS; i++)
    callers[i] = start(use, target, seed + 2 * (i + 1));
  for (int i = 0; i < CALLERS; i++)
    assert_child_succeeds(callers[i]);
  atomic_store(&target->told->stop, true);
  assert_child_succeeds(peer);
  const int64_t calls = atomic_load(&target->told->calls), refused = atomic_load(&target->told->refused);
  print_message("             seed %u: %lld calls, %lld found it damaged\n", seed, (long long)calls,
                (long long)refused);
  assert_true(calls > 100 && refused > 0);
}

static void a_scribbled_lock(void **state) {
  (void)state;
  struct target target;
  make(&target, 64);
  assert_ok(polyshm_lock_create(target.name, 0600, &target.lock));
  scribble_and_use(&target);
  polyshm_lock_free(target.lock);
  drop(&target);
}

static void a_scribbled_semaphore(void **state) {
  (void)state;
  struct target target;
  make(&target, 64 + PERMITS * 4);
  assert_ok(polyshm_semaphore_create(target.name, PERMITS, 0600, &target.semaphore));
  scribble_and_use(&target);
  polyshm_semaphore_free(target.semaphore);
  drop(&target);
}

static void a_scribbled_event(void **state) {
  (void)state;
  struct target target;
  make(&target, 64);
  assert_ok(polyshm_event_create(target.name, 0600, &target.event));
  scribble_and_use(&target);
  polyshm_event_free(target.event);
  drop(&target);
}

/* ---- a word that never stands still ---- */

static uint32_t flipped; /* the bits that change */

static void flip(struct target *target) {
  map(target);
  while (!atomic_load(&target->told->stop))
    (void)atomic_fetch_xor((_Atomic uint32_t *)(void *)(target->bytes + POLYSHM__BODY_OFFSET), flipped);
}

static polyshm_status give_up_at_last(void (*sleep_slice)(void *slice), void *slice, void *calls) {
  sleep_slice(slice);
  return ++*(int *)calls == 10 ? POLYSHM_EINTR : POLYSHM_OK;
}

static void wait_for_ever(struct target *target) {
  bool is = false;
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  int calls = 0;
  const int64_t start = milliseconds_now();
  polyshm_on_wait(give_up_at_last, &calls);
  polyshm_status status = target->lock        ? polyshm_lock_lock(target->lock, -1, &outcome)
                          : target->semaphore ? polyshm_semaphore_acquire(target->semaphore, -1, &is)
                                              : polyshm_event_wait(target->event, -1, &is);
  must(status == POLYSHM_EINTR && calls == 10 && !outcome && !is);
  must(milliseconds_now() - start < MARGIN);
}

static void wait_while_it_flips(struct target *target) {
  pid_t peer = start(flip, target, 1);
  for (int i = 0; i < 8; i++)
    assert_child_succeeds(start(wait_for_ever, target, 1));
  atomic_store(&target->told->stop, true);
  assert_child_succeeds(peer);
}

static void a_hook_ends_every_wait_for_a_word_that_flips(void **state) {
  (void)state;
  struct target lock, semaphore, event;
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  bool got = false;
  make(&lock, 64);
  assert_ok(polyshm_lock_create(lock.name, 0600, &lock.lock));
  assert_ok(polyshm_lock_lock(lock.lock, 0, &outcome)); /* by this process: it stays so */
  flipped = 0x80000000;
  wait_while_it_flips(&lock);
  polyshm_lock_free(lock.lock);
  drop(&lock);
  make(&semaphore, 64 + 4);
  assert_ok(polyshm_semaphore_create(semaphore.name, 1, 0600, &semaphore.semaphore));
  assert_ok(polyshm_semaphore_acquire(semaphore.semaphore, 0, &got));
  flipped = UINT32_MAX;
  wait_while_it_flips(&semaphore);
  polyshm_semaphore_free(semaphore.semaphore);
  drop(&semaphore);
  make(&event, 64);
  assert_ok(polyshm_event_create(event.name, 0600, &event.event));
  flipped = 1; /* any other bit says that it was set */
  wait_while_it_flips(&event);
  polyshm_event_free(event.event);
  drop(&event);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_scribbled_lock),
      TEST(a_scribbled_semaphore),
      TEST(a_scribbled_event),
      TEST(a_hook_ends_every_wait_for_a_word_that_flips),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
