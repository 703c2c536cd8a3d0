/*
 * tracee.h: a child process that does one piece of work under ptrace(2), instruction by instruction or system
 * call by system call.
 */
#ifndef POLYSHM_TRACEE_H
#define POLYSHM_TRACEE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** The work, and what it leaves for its parent, who shares the memory at `result`. */
typedef void tracee_work(void *context, void *result);

enum { TRACEE_RESULT_BYTES = 2048 };

#if defined(__x86_64__)
#define TRACEE_HAS_BREAKPOINTS 1
#else
#define TRACEE_HAS_BREAKPOINTS 0
#endif

/** Whether work can be done instruction by instruction here; if not, says why. */
bool tracee_can_step(void);

/** Ways in which a machine may be blind, for a test of the tests. */
enum tracee_blindness { TRACEE_SEES, TRACEE_PASSES_BREAKPOINTS, TRACEE_PASSES_STEPS };

struct tracee {
  pid_t pid;
  struct tracee_page *page; /* shared with the child */
  bool ended;
  tracee_work *before; /* what the child does before its work, untraced; or NULL */
  enum tracee_blindness blindness;
};

/** An instruction of the work: where it stands, and for which time it is reached. */
struct point {
  uint64_t address;
  int times;
};

/** Whether a child stops where it should, by a small deed of which every stop is known. What is blind here
 * would see nothing in any other deed, and find nothing wrong. */
bool tracee_sees(enum tracee_blindness blindness);

/** Makes the shared memory; once for any number of children. */
void tracee_open(struct tracee *tracee);
void tracee_close(struct tracee *tracee);

/** Forks a child that stands before its work. `after` is called in the child when it is done, untraced. */
void tracee_start(struct tracee *tracee, tracee_work *work, tracee_work *after, void *context);

/** Whether the work is done (or the child is gone). */
bool tracee_done(const struct tracee *tracee);
void *tracee_result(const struct tracee *tracee);

/** Executes one instruction. */
void tracee_step(struct tracee *tracee);
/** Steps a child that was started through its whole work, to learn all points of it, and ends it; returns how
 * many there are, and aborts if more than `most`. A repeated string instruction is one. */
int tracee_find_points(struct tracee *tracee, struct point *points, int most);
/** Whether to look at that point: loops are over private memory, to compare, to format and to sum up; the
 * first rounds, and then ever fewer, do. */
bool tracee_worth_it(struct point point);
/** Runs until it stands before that instruction, or ends. Needs TRACEE_HAS_BREAKPOINTS. */
void tracee_run_to(struct tracee *tracee, struct point point);
/** Fails the test if too many children were not seen to come to their point: then it proves nothing. */
void tracee_expect_seen(int points, int missed);
/** Goes on to the next entry to a system call or exit from one. */
void tracee_go_to_call(struct tracee *tracee);
/** At the entry to a system call: its number. */
int64_t tracee_call_number(const struct tracee *tracee);
/** At the entry to a system call: it is not done, and gives -error. False where that is not possible. */
bool tracee_fail_call(struct tracee *tracee, int error);

void tracee_kill(struct tracee *tracee);
/** Lets it end by itself, and gives its wait status. */
int tracee_finish(struct tracee *tracee);

#endif
