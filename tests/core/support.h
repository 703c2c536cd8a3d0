/*
 * support.h: what the C tests share. TEST(function) runs a test between two looks at the process: it fails if
 * it leaves a name in /dev/shm, an open file or a child behind.
 */
#ifndef POLYSHM_TEST_SUPPORT_H
#define POLYSHM_TEST_SUPPORT_H

/* cmocka.h asks for the first four. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <polyshm.h>
#include <pthread.h>

#define TEST(function) cmocka_unit_test_setup_teardown(function, test_begins, test_ends)

int test_begins(void **state);
int test_ends(void **state);

/** A name that no other process and no other test uses. Valid for the next 15 calls. */
const char *fresh_name(void);
/** The path of a name in /dev/shm. Valid for the next 15 calls. */
const char *path_of_name(const char *name);

/** Fails the test unless the call's status is the expected one. Not for threads other than the main one. */
#define assert_status(expected, call) assert_status_at((expected), (call), #call, __FILE__, __LINE__)
#define assert_ok(call) assert_status(POLYSHM_OK, call)
void assert_status_at(polyshm_status expected, polyshm_status status, const char *call, const char *file,
                      int line);

/** Fails the test unless the words are in the thread's last error. */
#define assert_words(words) assert_words_at((words), __FILE__, __LINE__)
void assert_words_at(const char *words, const char *file, int line);

/** The commonest segment of the tests: created, one page or a given size, to be unlinked and freed. */
polyshm_segment *new_segment(const char *name, int64_t size);
/** Unlinks if the name is still there, and frees. */
void drop_segment(polyshm_segment *segment);

polyshm_value from_int(int64_t number);
polyshm_value from_uint(uint64_t number);
polyshm_value from_float(double number);

/** Whether every byte of a range is the same as `byte`. */
bool all_bytes(const void *start, int64_t length, int byte);

/* ---- children ---- */

/** fork(), and a child that does not outlive this process, however the test ends, and in no case a minute. */
int fork_child(void);
/** The latter, for a child that is to outlive its parent. */
void limit_life(void);
/** Waits for a child and fails unless it exited with 0. */
void assert_child_succeeds(int pid);

/** For children, which must not return to cmocka: says what failed, and exits with 1. */
#define must(condition) must_at((condition), #condition, __FILE__, __LINE__)
void must_at(bool condition, const char *words, const char *file, int line);
/** The same for a call that must succeed. */
#define must_ok(call) must((call) == POLYSHM_OK)

/** Runs work(context) in a child, and fails unless that succeeds: returns, and no must() failed. */
void in_child(void (*work)(void *context), void *context);
/** Runs work(context) in a child that then stays as it is; returns when it has got there. Let end_child() end
 * it. */
int child_that(void (*work)(void *context), void *context);
/** Kills a child (SIGKILL), and takes its body away. */
void end_child(int pid);

/* ---- threads ---- */

enum { MANY = 6 };

/** One of MANY threads that begin together. `status` is how its work ended. */
struct worker {
  int number;
  pthread_barrier_t *start;
  void (*work)(struct worker *worker);
  void *shared;
  polyshm_segment *segment; /**< what it made, where the test asks for that */
  polyshm_status status;
  int64_t count;
  char words[256]; /**< of the failure: last_error is the thread's own */
};

void run_workers(struct worker workers[MANY], void (*const works[MANY])(struct worker *), void *shared);
/** All do the same. */
void run_alike(struct worker workers[MANY], void (*work)(struct worker *), void *shared);
void assert_worker_is_well(const struct worker *worker);

/* ---- time and signals ---- */

#define MILLISECONDS INT64_C(1000000) /* in nanoseconds */

/** How long a test waits for what must come: so long that a busy machine does not matter. */
#define LONG (20000 * MILLISECONDS)

int64_t milliseconds_now(void);
void sleep_milliseconds(long milliseconds);

/** Sends SIGALRM to this process, whose handler counts; flags are sigaction's. Once, or again and again: a
 * signal that comes between two sleeps ends none. */
void signal_after(long milliseconds, int flags, bool again);
void no_more_signals(void);
/** How many have come since. */
int signals_taken(void);

/** Whether a sanitizer is in the program, or valgrind runs it: their own use of addresses and time makes some
 * limits meaningless. */
bool sanitized(void);

#endif
