#include "tracee.h"

#include "support.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

static void need(bool good, const char *what) {
  if (good)
    return;
  perror(what);
  abort();
}

/* Some sandboxes refuse it. */
static bool may_trace(void) {
  int ended = 0;
  pid_t child = fork();
  if (child == 0)
    _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? errno : 0);
  need(child > 0 && waitpid(child, &ended, 0) == child, "a child");
  errno = WIFEXITED(ended) ? WEXITSTATUS(ended) : ECHILD;
  return errno == 0;
}

bool tracee_can_step(void) {
  if (!TRACEE_HAS_BREAKPOINTS)
    print_message("skipped: breakpoints are known for x86-64 only\n");
  else if (sanitized())
    print_message("skipped: a sanitizer multiplies the instructions\n");
  else if (!may_trace())
    print_message("skipped: ptrace(2) is not allowed here: %s\n", strerror(errno));
  else if (!tracee_sees(TRACEE_SEES))
    fail_msg("single steps or breakpoints do not stop a child on this machine: nothing would be tested");
  else
    return true;
  return false;
}

struct tracee_page {
  volatile bool done;
  _Alignas(16) char result[TRACEE_RESULT_BYTES];
};

void tracee_open(struct tracee *tracee) {
  void *page = mmap(NULL, sizeof *tracee->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  need(page != MAP_FAILED, "mmap");
  tracee->page = page;
  tracee->before = NULL;
  tracee->blindness = TRACEE_SEES;
}

void tracee_close(struct tracee *tracee) {
  (void)munmap(tracee->page, sizeof *tracee->page);
}

/* Lets the child run on in one of ptrace's ways, and waits for its next stop. */
static void run(struct tracee *tracee, enum __ptrace_request way) {
  int stopped = 0;
  if (tracee->ended)
    return;
  need(ptrace(way, tracee->pid, NULL, NULL) == 0, "ptrace");
  need(waitpid(tracee->pid, &stopped, 0) == tracee->pid, "waitpid");
  tracee->ended = !WIFSTOPPED(stopped);
}

void tracee_start(struct tracee *tracee, tracee_work *work, tracee_work *after, void *context) {
  int stopped = 0;
  memset(tracee->page, 0, sizeof *tracee->page);
  tracee->ended = false;
  tracee->pid = fork();
  need(tracee->pid >= 0, "fork");
  if (tracee->pid == 0) {
    if (tracee->before)
      tracee->before(context, tracee->page->result);
    (void)alarm(60); /* it shall not outlast the test, whatever it waits for */
    (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    (void)syscall(SYS_kill, getpid(), SIGSTOP); /* one system call, and the work comes right behind it */
    work(context, tracee->page->result);
    tracee->page->done = true;
    if (after)
      after(context, tracee->page->result);
    _exit(0);
  }
  need(waitpid(tracee->pid, &stopped, 0) == tracee->pid && WIFSTOPPED(stopped), "the child's start");
  need(ptrace(PTRACE_SETOPTIONS, tracee->pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0,
       "ptrace options");
}

bool tracee_done(const struct tracee *tracee) {
  return tracee->ended || tracee->page->done;
}

void *tracee_result(const struct tracee *tracee) {
  return tracee->page->result;
}

void tracee_step(struct tracee *tracee) {
  run(tracee, tracee->blindness == TRACEE_PASSES_STEPS ? PTRACE_CONT : PTRACE_SINGLESTEP);
}

void tracee_go_to_call(struct tracee *tracee) {
  run(tracee, PTRACE_SYSCALL);
}

static struct ptrace_syscall_info call_info(const struct tracee *tracee) {
  struct ptrace_syscall_info info = {0};
  need(ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO, tracee->pid, sizeof info, &info) > 0,
       "ptrace info");
  return info;
}

/* The address of the next instruction. */
static uint64_t address(const struct tracee *tracee) {
  return call_info(tracee).instruction_pointer;
}

static bool is_kernels(uint64_t where) {
  const uint64_t start = getauxval(AT_SYSINFO_EHDR);
  if (!start)
    return false;
  const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)(uintptr_t)start;
  const ElfW(Phdr) *part = (const ElfW(Phdr) *)(uintptr_t)(start + header->e_phoff);
  uint64_t end = start;
  for (int i = 0; i < header->e_phnum; i++)
    if (part[i].p_type == PT_LOAD && start + part[i].p_vaddr + part[i].p_memsz > end)
      end = start + part[i].p_vaddr + part[i].p_memsz;
  return where >= start && where < end;
}

#if TRACEE_HAS_BREAKPOINTS
static uint64_t text_at(const struct tracee *tracee, uint64_t where) {
  errno = 0;
  long text = ptrace(PTRACE_PEEKTEXT, tracee->pid, where, NULL);
  need(text != -1 || errno == 0, "ptrace peek");
  return (uint64_t)text;
}

/* The child's pages of code are copied as they are written to: nobody else sees it. */
static void set_text_at(const struct tracee *tracee, uint64_t where, uint64_t text) {
  need(ptrace(PTRACE_POKETEXT, tracee->pid, where, text) == 0, "ptrace poke");
}

static void go_to(const struct tracee *tracee, uint64_t where) {
  need(ptrace(PTRACE_POKEUSER, tracee->pid, offsetof(struct user, regs.rip), where) == 0, "ptrace poke");
}

/* A breakpoint of software, the instruction int3. Debug registers need none of this, but there are virtual
 * machines in which they never trap. */
static void run_to_address(struct tracee *tracee, uint64_t where) {
  const uint64_t text = text_at(tracee, where), breakpoint = 0xCC;
  if (tracee->blindness != TRACEE_PASSES_BREAKPOINTS)
    set_text_at(tracee, where, (text & ~UINT64_C(0xFF)) | breakpoint);
  run(tracee, PTRACE_CONT);
  if (tracee->ended)
    return;
  need(address(tracee) == where + 1, "a stop at the breakpoint, and at nothing else");
  set_text_at(tracee, where, text);
  go_to(tracee, where);
}
#endif

/*
 * The kernel's own code in each process, which reads the clock: it begins anew whenever the time moves on
 * meanwhile, step by step again and again, on a slow machine for ever. It changes nothing: to be killed there
 * is to be killed before the call. So it is passed in one go, to where its caller goes on.
 */
static void pass_kernels(struct tracee *tracee) {
#if TRACEE_HAS_BREAKPOINTS
  if (is_kernels(address(tracee))) {
    long stack = ptrace(PTRACE_PEEKUSER, tracee->pid, offsetof(struct user, regs.rsp), NULL);
    run_to_address(tracee, text_at(tracee, (uint64_t)stack));
  }
#else
  (void)tracee;
#endif
}

int tracee_find_points(struct tracee *tracee, struct point *points, int most) {
  int count = 0;
  for (; !tracee_done(tracee); tracee_step(tracee)) {
    pass_kernels(tracee);
    struct point point = {address(tracee), 1};
    if (count && points[count - 1].address == point.address)
      continue; /* a repeated string instruction traps for each repetition */
    need(count < most, "room for the points");
    for (int i = count; i-- > 0 && point.times == 1;)
      if (points[i].address == point.address)
        point.times = points[i].times + 1;
    points[count++] = point;
  }
  tracee_kill(tracee);
  return count;
}

void tracee_run_to(struct tracee *tracee, struct point point) {
#if TRACEE_HAS_BREAKPOINTS
  for (int i = 0; i < point.times && !tracee->ended; i++) {
    /* A repeated string instruction traps for each repetition. */
    while (i && !tracee->ended && address(tracee) == point.address)
      tracee_step(tracee);
    if (!tracee->ended)
      run_to_address(tracee, point.address);
  }
#else
  (void)tracee;
  (void)point;
  need(false, "no breakpoints on this machine");
#endif
}

void tracee_expect_seen(int points, int missed) {
  if (points <= 10 || missed * 10 > points)
    fail_msg(
        "of %d instructions, %d were not reached by the child that was to be killed there: this machine does "
        "not show what the test must see",
        points, missed);
}

bool tracee_worth_it(struct point point) {
  return point.times <= 4 || (point.times & (point.times - 1)) == 0;
}

/* ---- the instrument itself ---- */

enum { KNOWN = 20 };

static void work_known(void *context, void *result) {
  (void)context;
  volatile int *count = result;
  while (*count < KNOWN)
    ++*count;
}

bool tracee_sees(enum tracee_blindness blindness) {
  struct point points[KNOWN * 16];
  struct tracee child;
  bool seen[KNOWN + 1] = {false}, sees = true;
  tracee_open(&child);
  child.blindness = blindness;
  tracee_start(&child, work_known, NULL, NULL);
  const int count = tracee_find_points(&child, points, KNOWN * 16);
  for (int i = 0, last = 0; i < count && sees; i++) {
    tracee_start(&child, work_known, NULL, NULL);
    tracee_run_to(&child, points[i]);
    const int now = *(volatile int *)tracee_result(&child);
    sees = !tracee_done(&child) && address(&child) == points[i].address && now >= last && now <= KNOWN;
    seen[sees ? now : 0] = true;
    last = now;
    tracee_kill(&child);
  }
  for (int i = 0; i <= KNOWN; i++)
    sees = sees && seen[i];
  tracee_close(&child);
  return sees;
}

int64_t tracee_call_number(const struct tracee *tracee) {
  struct ptrace_syscall_info info = call_info(tracee);
  return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (int64_t)info.entry.nr : -1;
}

bool tracee_fail_call(struct tracee *tracee, int error) {
#if defined(__x86_64__)
  need(ptrace(PTRACE_POKEUSER, tracee->pid, offsetof(struct user, regs.orig_rax), -1L) == 0, "ptrace poke");
  tracee_go_to_call(tracee);
  need(ptrace(PTRACE_POKEUSER, tracee->pid, offsetof(struct user, regs.rax), (long)-error) == 0,
       "ptrace poke");
  return true;
#elif defined(__aarch64__)
  int none = -1;
  struct user_regs_struct registers;
  struct iovec number = {&none, sizeof none}, all = {&registers, sizeof registers};
  need(ptrace(PTRACE_SETREGSET, tracee->pid, NT_ARM_SYSTEM_CALL, &number) == 0, "ptrace set");
  tracee_go_to_call(tracee);
  need(ptrace(PTRACE_GETREGSET, tracee->pid, NT_PRSTATUS, &all) == 0, "ptrace get");
  registers.regs[0] = (unsigned long long)(long long)-error;
  need(ptrace(PTRACE_SETREGSET, tracee->pid, NT_PRSTATUS, &all) == 0, "ptrace set");
  return true;
#else
  (void)tracee;
  (void)error;
  return false;
#endif
}

void tracee_kill(struct tracee *tracee) {
  if (tracee->ended)
    return;
  need(kill(tracee->pid, SIGKILL) == 0, "kill");
  need(waitpid(tracee->pid, NULL, 0) == tracee->pid, "waitpid");
  tracee->ended = true;
}

int tracee_finish(struct tracee *tracee) {
  int ended = 0;
  need(ptrace(PTRACE_DETACH, tracee->pid, NULL, NULL) == 0, "ptrace detach");
  need(waitpid(tracee->pid, &ended, 0) == tracee->pid, "waitpid");
  tracee->ended = true;
  return ended;
}
