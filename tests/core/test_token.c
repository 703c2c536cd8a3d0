/* Tokens: who is alive, as the kernel knows it. */
#include "support.h"

#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_ID UINT32_C(0x3ffffffe) /* the one behind it is nobody's */

enum { COUNTER = 64 }; /* docs/layouts.md */

/* A file to take tokens on, as an object has it. */
struct place {
  const char *name;
  int fd;
  polyshm__identity identity;
  _Atomic uint32_t next_id;
};

static struct place new_place(uint32_t next_id) {
  struct place place = {.name = fresh_name(), .next_id = next_id};
  polyshm__facts facts;
  polyshm_segment_free(new_segment(place.name, 100));
  assert_ok(polyshm__file_open(place.name, false, &place.fd, &facts));
  place.identity = facts.identity;
  return place;
}

static void drop_place(struct place *place) {
  polyshm__file_close(place->fd);
  (void)unlink(path_of_name(place->name));
}

static polyshm_status take(struct place *place, polyshm__token *token) {
  return polyshm__token_take(place->fd, place->name, &place->identity, &place->next_id, token);
}

static bool is_alive(const struct place *place, uint32_t id) {
  bool alive = false;
  assert_ok(polyshm__token_alive(place->fd, place->name, &place->identity, id, &alive));
  return alive;
}

/* A lock of such a type on the bytes of these ids; to be closed. */
static int lock_ids(const struct place *place, int command, short type, uint32_t first, uint32_t count) {
  struct flock range = {.l_type = type,
                        .l_whence = SEEK_SET,
                        .l_start = ((off_t)1 << 40) + (off_t)first,
                        .l_len = (off_t)count};
  int fd = open(path_of_name(place->name), (type == F_RDLCK ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(fcntl(fd, command, &range), 0);
  return fd;
}

/* Takes ids away, as somebody who lives has them. */
static int occupy(const struct place *place, uint32_t first, uint32_t count) {
  return lock_ids(place, F_OFD_SETLK, F_WRLCK, first, count);
}

/* ---- ids ---- */

static void ids_count_up(void **state) {
  (void)state;
  struct place place = new_place(1);
  polyshm__token tokens[5];
  for (uint32_t i = 0; i < 5; i++) {
    assert_false(is_alive(&place, i + 1));
    assert_ok(take(&place, &tokens[i]));
    assert_int_equal(tokens[i].id, i + 1);
    assert_int_equal(tokens[i].process, polyshm__process());
  }
  assert_false(is_alive(&place, 0) || is_alive(&place, 6) || is_alive(&place, LAST_ID));
  polyshm__token_drop(&tokens[2]);
  for (uint32_t i = 0; i < 5; i++)
    assert_int_equal(is_alive(&place, i + 1), i != 2);
  assert_ok(take(&place, &tokens[2]));
  assert_int_equal(tokens[2].id, 6); /* that of a dead one is not used again */
  for (uint32_t i = 0; i < 5; i++)
    for (int again = 0; again < 2; again++)
      polyshm__token_drop(&tokens[i]);
  for (uint32_t id = 0; id < 8; id++)
    assert_false(is_alive(&place, id));
  drop_place(&place);
}

static void ids_begin_anew_behind_the_last(void **state) {
  (void)state;
  const uint32_t counters[] = {LAST_ID - 1, UINT32_MAX - 2};
  for (int i = 0; i < 2; i++) {
    struct place place = new_place(counters[i]);
    const uint32_t ids[] = {LAST_ID - 1, LAST_ID, 1, 2};
    polyshm__token tokens[4];
    for (int j = 0; j < 4; j++) {
      assert_ok(take(&place, &tokens[j]));
      assert_int_equal(tokens[j].id, ids[j]);
      assert_true(is_alive(&place, ids[j]));
    }
    for (int j = 0; j < 4; j++)
      polyshm__token_drop(&tokens[j]);
    drop_place(&place);
  }
}

static void ids_in_use_are_passed_over(void **state) {
  (void)state;
  struct place place = new_place(LAST_ID - 2);
  polyshm__token tokens[2];
  int others = occupy(&place, LAST_ID - 2, 4), more = occupy(&place, 1, 500);
  assert_ok(take(&place, &tokens[0]));
  assert_int_equal(tokens[0].id, 501);
  place.next_id = 501;
  assert_ok(take(&place, &tokens[1])); /* its own are in use, too */
  assert_int_equal(tokens[1].id, 502);
  polyshm__token_drop(&tokens[0]);
  polyshm__token_drop(&tokens[1]);
  assert_int_equal(close(others), 0);
  assert_int_equal(close(more), 0);
  drop_place(&place);
}

static void no_id_is_free(void **state) {
  (void)state;
  struct place place = new_place(1);
  polyshm__token token;
  int others = occupy(&place, 0, LAST_ID);
  int64_t start = milliseconds_now();
  assert_status(POLYSHM_EBUSY, take(&place, &token));
  assert_true(milliseconds_now() - start < 5000);
  assert_int_equal(close(others), 0);
  assert_ok(take(&place, &token));
  polyshm__token_drop(&token);
  drop_place(&place);
}

static void take_ids(struct worker *worker) {
  struct place *place = worker->shared;
  polyshm__token tokens[100];
  for (int i = 0; i < 100 && !worker->status; i++) {
    worker->status = take(place, &tokens[i]);
    worker->count += !worker->status;
  }
  for (int64_t i = 0; i < worker->count; i++)
    polyshm__token_drop(&tokens[i]);
}

static void threads_take_different_ids(void **state) {
  (void)state;
  struct place place = new_place(LAST_ID - MANY * 50);
  struct worker workers[MANY];
  run_alike(workers, take_ids, &place);
  for (int i = 0; i < MANY; i++)
    assert_worker_is_well(&workers[i]);
  assert_true(place.next_id - (LAST_ID - MANY * 50) >= MANY * 100);
  assert_false(is_alive(&place, LAST_ID) || is_alive(&place, 1));
  drop_place(&place);
}

/* ---- what keeps a token, and what does not ---- */

static void no_descriptor_is_needed(void **state) {
  (void)state;
  struct place place = new_place(1);
  polyshm__token token;
  assert_ok(take(&place, &token));
  for (int i = 0; i < 3; i++) { /* a classic lock would go with any of them */
    int fd = open(path_of_name(place.name), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
  }
  polyshm__file_close(place.fd);
  polyshm__facts facts;
  assert_ok(polyshm__file_open(place.name, false, &place.fd, &facts));
  assert_true(is_alive(&place, token.id));
  assert_int_equal(unlink(path_of_name(place.name)), 0);
  assert_true(is_alive(&place, token.id));
  polyshm__token_drop(&token);
  assert_false(is_alive(&place, token.id));
  drop_place(&place);
}

static void a_file_without_its_name(void **state) {
  (void)state;
  struct place place = new_place(1);
  polyshm__token token;
  int fd = place.fd;
  place.fd = -1;
  assert_ok(take(&place, &token)); /* by its name */
  polyshm__token_drop(&token);
  place.fd = fd;
  assert_int_equal(unlink(path_of_name(place.name)), 0);
  assert_ok(take(&place, &token)); /* by its descriptor */
  polyshm__token_drop(&token);
  int others = open("/dev/null", O_RDWR | O_CLOEXEC);
  const int lost[] = {-1, others, 9999};
  for (int i = 0; i < 3; i++) {
    place.fd = lost[i];
    assert_status(POLYSHM_ESTALE, take(&place, &token));
  }
  polyshm_segment_free(new_segment(place.name, 100)); /* another file of that name */
  assert_status(POLYSHM_ESTALE, take(&place, &token));
  assert_int_equal(close(others), 0);
  place.fd = fd;
  assert_ok(take(&place, &token));
  polyshm__token_drop(&token);
  drop_place(&place);
}

static void what_cannot_be_asked(void **state) {
  (void)state;
  const struct place place = {.name = fresh_name()};
  bool alive = true;
  assert_status(POLYSHM_ESTALE, polyshm__token_alive(-1, place.name, &place.identity, 1, &alive));
  assert_true(alive);
}

/* ---- read locks, which whoever may only read the file can have ---- */

static void a_read_lock_is_no_life(void **state) {
  (void)state;
  struct place place = new_place(1);
  polyshm__token tokens[2];
  assert_ok(take(&place, &tokens[0]));
  assert_ok(take(&place, &tokens[1]));
  polyshm__token_drop(&tokens[0]);
  const int commands[] = {F_OFD_SETLK, F_SETLK};
  for (int i = 0; i < 2; i++) {
    int dead = lock_ids(&place, commands[i], F_RDLCK, 1, 1),
        behind = lock_ids(&place, commands[i], F_RDLCK, 3, LAST_ID - 3);
    assert_false(is_alive(&place, 1) || is_alive(&place, 3) || is_alive(&place, 1000));
    assert_true(is_alive(&place, 2)); /* on its byte no read lock can be */
    assert_int_equal(close(dead), 0);
    assert_int_equal(close(behind), 0);
  }
  polyshm__token_drop(&tokens[1]);
  drop_place(&place);
}

/* ---- processes ---- */

struct heritage {
  struct place *place;
  polyshm__token token;
};

static void leave_the_parents_alone(void *context) {
  struct heritage *heritage = context;
  polyshm__token own;
  must(polyshm__process() != heritage->token.process);
  polyshm__token_drop(&heritage->token);
  must_ok(take(heritage->place, &own));
  must(own.id != heritage->token.id && own.process != heritage->token.process);
  must(own.process == polyshm__process());
  polyshm__token_drop(&heritage->token);
  pid_t child = fork();
  must(child >= 0);
  if (child == 0) {
    polyshm__token next;
    must_ok(take(heritage->place, &next));
    must(next.process != own.process && next.process != heritage->token.process);
    polyshm__token_drop(&own);
    _exit(0);
  }
  int ended = 0;
  must(waitpid(child, &ended, 0) == child && ended == 0);
  bool alive = false;
  must_ok(polyshm__token_alive(heritage->place->fd, heritage->place->name, &heritage->place->identity, own.id,
                               &alive));
  must(alive);
}

static void a_child_has_a_number_of_its_own(void **state) {
  (void)state;
  struct place place = new_place(1);
  struct heritage heritage = {.place = &place};
  assert_ok(take(&place, &heritage.token));
  const uint32_t number = polyshm__process();
  assert_true(number != 0);
  for (int i = 0; i < 2; i++)
    in_child(leave_the_parents_alone, &heritage);
  assert_int_equal(polyshm__process(), number);
  assert_true(is_alive(&place, heritage.token.id));
  for (uint32_t id = 2; id < 10; id++)
    assert_false(is_alive(&place, id));
  polyshm__token_drop(&heritage.token);
  drop_place(&place);
}

static void take_one(void *context) {
  struct place *place = context;
  polyshm__token token;
  place->next_id = 77;
  must_ok(take(place, &token));
  must(token.id == 77);
}

static void a_token_ends_with_its_process(void **state) {
  (void)state;
  struct place place = new_place(1);
  int child = child_that(take_one, &place);
  assert_true(is_alive(&place, 77));
  assert_int_equal(kill(child, SIGSTOP), 0);
  assert_int_equal(waitpid(child, NULL, WUNTRACED), child);
  assert_true(is_alive(&place, 77));
  assert_int_equal(kill(child, SIGKILL), 0);
  siginfo_t info;
  assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0); /* a zombie now */
  assert_false(is_alive(&place, 77));
  assert_int_equal(waitpid(child, NULL, 0), child);
  in_child(take_one, &place);
  assert_false(is_alive(&place, 77));
  drop_place(&place);
}

/* ---- as users see it ---- */

static void set_counter(const polyshm_lock *lock, uint32_t number) {
  polyshm_segment *segment = NULL;
  const polyshm_value value = from_uint(number);
  assert_ok(polyshm_segment_attach(polyshm_lock_name(lock), 0, 0, &segment));
  assert_ok(polyshm_segment_set_value(segment, POLYSHM_UINT32, COUNTER, &value));
  polyshm_segment_free(segment);
}

/* From each side of the end, handles exclude one another and are recovered from. */
static void locks_at_the_end_of_the_ids(void **state) {
  (void)state;
  polyshm_lock *locks[6] = {NULL};
  polyshm_lock_outcome outcome = -1;
  assert_ok(polyshm_lock_create(fresh_name(), 0600, &locks[0]));
  set_counter(locks[0], LAST_ID - 2);
  for (int i = 1; i < 6; i++)
    assert_ok(polyshm_lock_attach(polyshm_lock_name(locks[0]), 0, 0, &locks[i]));
  for (int i = 0; i < 6; i++) {
    assert_ok(polyshm_lock_lock(locks[i], 0, &outcome));
    assert_int_equal(outcome, i ? POLYSHM_RECOVERED : POLYSHM_LOCKED);
    for (int j = 0; j < 6; j++)
      if (!polyshm_lock_closed(locks[j]) && i != j) {
        assert_ok(polyshm_lock_lock(locks[j], MILLISECONDS, &outcome));
        assert_int_equal(outcome, POLYSHM_LOCK_TIMED_OUT);
      }
    assert_ok(polyshm_lock_close(locks[i]));
  }
  assert_ok(polyshm_lock_unlink(locks[0]));
  for (int i = 0; i < 6; i++)
    polyshm_lock_free(locks[i]);
}

struct guarded {
  polyshm_lock *lock;
  polyshm_semaphore *semaphore;
};

static void take_both_and_die(void *context) {
  const struct guarded *guarded = context;
  polyshm_lock_outcome outcome = -1;
  bool got = false;
  must_ok(polyshm_lock_lock(guarded->lock, 0, &outcome));
  must_ok(polyshm_semaphore_acquire(guarded->semaphore, 0, &got));
  must(outcome == POLYSHM_LOCKED && got);
}

static void take_part(const struct guarded *guarded, polyshm_lock_outcome expected) {
  polyshm_lock_outcome outcome = -1;
  bool got = false;
  assert_ok(polyshm_lock_lock(guarded->lock, LONG, &outcome));
  assert_int_equal(outcome, expected);
  assert_ok(polyshm_semaphore_acquire(guarded->semaphore, LONG, &got));
  assert_true(got);
  if (outcome == POLYSHM_RECOVERED)
    assert_ok(polyshm_lock_repaired(guarded->lock));
  assert_ok(polyshm_lock_unlock(guarded->lock));
  assert_ok(polyshm_semaphore_release(guarded->semaphore));
}

struct reader {
  struct place lock, semaphore;
  int command;
};

/* Each in a process of its own: a classic lock goes when its process closes the file once. */
static void read_locks(void *context) {
  const struct reader *reader = context;
  (void)lock_ids(&reader->lock, reader->command, F_RDLCK, 2, LAST_ID - 2);
  (void)lock_ids(&reader->semaphore, reader->command, F_RDLCK, 2, LAST_ID - 2);
}

/* Whoever takes part goes on; newcomers are told what is in their way. */
static void a_reader_keeps_nobody_alive(void **state) {
  (void)state;
  struct guarded guarded, newcomer;
  polyshm_lock_outcome outcome = -1;
  bool got = true, locked = true;
  char process[32];
  assert_ok(polyshm_lock_create(fresh_name(), 0600, &guarded.lock));
  assert_ok(polyshm_semaphore_create(fresh_name(), 1, 0600, &guarded.semaphore));
  struct reader reader = {.lock = {.name = polyshm_lock_name(guarded.lock)},
                          .semaphore = {.name = polyshm_semaphore_name(guarded.semaphore)}};
  take_part(&guarded, POLYSHM_LOCKED); /* with the id 1 */
  for (int i = 0; i < 2; i++) {
    reader.command = i ? F_SETLK : F_OFD_SETLK;
    in_child(take_both_and_die, &guarded);
    pid_t child = child_that(read_locks, &reader);
    (void)snprintf(process, sizeof process, "process %d", (int)child);
    assert_ok(polyshm_lock_locked(guarded.lock, &locked));
    assert_false(locked);
    take_part(&guarded, POLYSHM_RECOVERED);
    assert_ok(polyshm_lock_attach(reader.lock.name, 0, 0, &newcomer.lock));
    assert_ok(polyshm_semaphore_attach(reader.semaphore.name, 0, 0, &newcomer.semaphore));
    assert_status(POLYSHM_EBUSY, polyshm_lock_lock(newcomer.lock, -1, &outcome));
    assert_words("read lock");
    assert_words(i ? process : "fuser");
    assert_status(POLYSHM_EBUSY, polyshm_semaphore_acquire(newcomer.semaphore, -1, &got));
    assert_words("read lock");
    end_child(child);
    take_part(&newcomer, POLYSHM_LOCKED);
    polyshm_lock_free(newcomer.lock);
    polyshm_semaphore_free(newcomer.semaphore);
  }
  assert_ok(polyshm_lock_unlink(guarded.lock));
  assert_ok(polyshm_semaphore_unlink(guarded.semaphore));
  polyshm_lock_free(guarded.lock);
  polyshm_semaphore_free(guarded.semaphore);
}

static void a_lock_without_a_free_id(void **state) {
  (void)state;
  polyshm_lock *lock = NULL;
  polyshm_lock_outcome outcome = -1;
  bool owned = true;
  assert_ok(polyshm_lock_create(fresh_name(), 0600, &lock));
  const struct place place = {.name = polyshm_lock_name(lock)};
  int others = occupy(&place, 0, LAST_ID);
  assert_status(POLYSHM_EBUSY, polyshm_lock_lock(lock, -1, &outcome));
  assert_words("no participant's id is free");
  assert_int_equal(outcome, POLYSHM_LOCK_TIMED_OUT);
  assert_ok(polyshm_lock_owned(lock, &owned));
  assert_false(owned);
  assert_int_equal(close(others), 0);
  assert_ok(polyshm_lock_lock(lock, -1, &outcome));
  assert_int_equal(outcome, POLYSHM_LOCKED);
  assert_ok(polyshm_lock_unlink(lock));
  polyshm_lock_free(lock);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(ids_count_up),
      TEST(ids_begin_anew_behind_the_last),
      TEST(ids_in_use_are_passed_over),
      TEST(no_id_is_free),
      TEST(threads_take_different_ids),
      TEST(no_descriptor_is_needed),
      TEST(a_file_without_its_name),
      TEST(what_cannot_be_asked),
      TEST(a_read_lock_is_no_life),
      TEST(a_child_has_a_number_of_its_own),
      TEST(a_token_ends_with_its_process),
      TEST(locks_at_the_end_of_the_ids),
      TEST(a_reader_keeps_nobody_alive),
      TEST(a_lock_without_a_free_id),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
