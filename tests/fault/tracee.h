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

struct tracee {
  pid_t pid;
  struct tracee_page *page; /* shared with the child */
  bool ended;
};

/** Makes the shared memory; once for any number of children. */
void tracee_open(struct tracee *tracee);
void tracee_close(struct tracee *tracee);

/** Forks a child that stands before its work. `after` is called in the child when it is done, untraced. */
void tracee_start(struct tracee *tracee, tracee_work *work, tracee_work *after, void *context);

/** Whether the work is done (or the child is gone). */
bool tracee_done(const struct tracee *tracee);
void *tracee_result(const struct tracee *tracee);

/** The address of the next instruction. */
uint64_t tracee_address(const struct tracee *tracee);
/** Executes one instruction. */
void tracee_step(struct tracee *tracee);
/** Runs until it stands before that instruction for the given time, or ends. Needs TRACEE_HAS_BREAKPOINTS. */
void tracee_run_to(struct tracee *tracee, uint64_t address, int times);
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
