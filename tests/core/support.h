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

/** fork(), and a child that does not outlive this process, however the test ends. */
int fork_child(void);
/** Waits for a child and fails unless it exited with 0. */
void assert_child_succeeds(int pid);

int64_t milliseconds_now(void);

/** Whether a sanitizer is in the program: its own address space and speed make some limits meaningless. */
bool sanitized(void);

#endif
