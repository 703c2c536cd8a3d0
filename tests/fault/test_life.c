/* These tests ask who counts as alive where process ids say nothing: PID namespaces, stopped owners, owners
 * whose children or threads are not what they were. What needs no more than fork and kill is in tests/core.
 */
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHORT (100 * MILLISECONDS)

struct life {
  char lock_name[64], semaphore_name[64];
  polyshm_lock *lock;
  polyshm_semaphore *semaphore;
  /* This is what processes tell each other, in shared memory. */
  struct told {
    atomic_int pid;  /* of somebody, as this process knows it */
    atomic_bool has; /* it has got the lock, or what it is after */
  } * told;
};

static void make(struct life *life) {
  (void)snprintf(life->lock_name, sizeof life->lock_name, "%s", fresh_name());
  (void)snprintf(life->semaphore_name, sizeof life->semaphore_name, "%s", fresh_name());
  assert_ok(polyshm_lock_create(life->lock_name, 0600, &life->lock));
  assert_ok(polyshm_semaphore_create(life->semaphore_name, 1, 0600, &life->semaphore));
  life->told = mmap(NULL, sizeof *life->told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(life->told != MAP_FAILED);
}

static void drop(struct life *life) {
  assert_ok(polyshm_lock_unlink(life->lock));
  assert_ok(polyshm_semaphore_unlink(life->semaphore));
  polyshm_lock_free(life->lock);
  polyshm_semaphore_free(life->semaphore);
  assert_int_equal(munmap(life->told, sizeof *life->told), 0);
}

/* Both, with handles of one's own. */
static void attach(struct life *life) {
  must_ok(polyshm_lock_attach(life->lock_name, 0, 0, &life->lock));
  must_ok(polyshm_semaphore_attach(life->semaphore_name, 0, 0, &life->semaphore));
}

static polyshm_lock_outcome lock_for(const struct life *life, int64_t timeout) {
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  return polyshm_lock_lock(life->lock, timeout, &outcome) ? -1 : outcome;
}

/* 1: it has a permit; 0: not in time; -1: an error. */
static int acquire(const struct life *life, int64_t timeout) {
  bool got = false;
  return polyshm_semaphore_acquire(life->semaphore, timeout, &got) ? -1 : got;
}

static bool take_both(struct life *life) {
  return lock_for(life, LONG) == POLYSHM_LOCKED && acquire(life, LONG) == 1;
}

static bool get_neither(struct life *life) {
  return lock_for(life, SHORT) == POLYSHM_LOCK_TIMED_OUT && lock_for(life, 0) == POLYSHM_LOCK_TIMED_OUT &&
         acquire(life, SHORT) == 0 && acquire(life, 0) == 0;
}

static bool give_back_both(struct life *life) {
  return polyshm_lock_unlock(life->lock) == POLYSHM_OK &&
         polyshm_semaphore_release(life->semaphore) == POLYSHM_OK;
}

static bool inherit_both(struct life *life) {
  return lock_for(life, LONG) == POLYSHM_RECOVERED && acquire(life, LONG) == 1 &&
         polyshm_lock_repaired(life->lock) == POLYSHM_OK && give_back_both(life);
}

static bool await(const atomic_bool *what) {
  for (int64_t end = milliseconds_now() + LONG / MILLISECONDS; milliseconds_now() < end; (void)usleep(100))
    if (atomic_load(what))
      return true;
  return false;
}

/* ---- PID namespaces ---- */

static bool enter_pid_namespace(void) {
  return unshare(CLONE_NEWPID) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0;
}

/* A child whose own child has the process id 1, in a namespace of its own. */
static pid_t in_namespace(bool (*work)(struct life *), struct life *life) {
  int ended = 0;
  pid_t child = fork_child();
  if (child)
    return child;
  must(enter_pid_namespace());
  pid_t first = fork();
  if (first == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    must(getpid() == 1);
    attach(life);
    must(work(life));
    _exit(0);
  }
  atomic_store(&life->told->pid, first);
  must(first > 0 && waitpid(first, &ended, 0) == first);
  _exit(WIFEXITED(ended) ? WEXITSTATUS(ended) : 0);
}

static bool hold_both(struct life *life) {
  atomic_store(&life->told->has, take_both(life));
  for (;;)
    (void)pause();
  return false;
}

static void namespaces_of_process_ids_do_not_matter(void **state) {
  (void)state;
  struct life life;
  pid_t probe = fork_child();
  if (probe == 0)
    _exit(enter_pid_namespace() ? 0 : 77);
  int ended = 0;
  assert_int_equal(waitpid(probe, &ended, 0), probe);
  if (WEXITSTATUS(ended) == 77) {
    print_message("skipped: this machine gives no PID namespace: it needs root, or user namespaces\n");
    skip();
  }
  make(&life);
  /* The owner and who comes after it have the same process id. */
  pid_t owners = in_namespace(hold_both, &life);
  assert_true(await(&life.told->has));
  pid_t owner; /* its parent tells it, which may come later */
  while ((owner = atomic_load(&life.told->pid)) == 0)
    (void)usleep(100);
  assert_true(owner > 0); /* kill() takes other numbers for whole groups */
  assert_true(get_neither(&life));
  assert_child_succeeds(in_namespace(get_neither, &life));
  assert_int_equal(kill(owner, SIGKILL), 0);
  assert_child_succeeds(owners);
  assert_child_succeeds(in_namespace(inherit_both, &life));

  /* And from within one sees who is outside. */
  assert_true(take_both(&life));
  assert_child_succeeds(in_namespace(get_neither, &life));
  assert_ok(polyshm_lock_close(life.lock));
  assert_ok(polyshm_semaphore_close(life.semaphore));
  assert_child_succeeds(in_namespace(inherit_both, &life));
  drop(&life);
}

/* ---- stopped ---- */

static void hold_and_give_back(void *context) {
  struct life *life = context;
  attach(life);
  must(take_both(life));
  atomic_store(&life->told->has, true);
  while (atomic_load(&life->told->has)) {
  } /* no system call that a stop would end */
  must(give_back_both(life));
  polyshm_lock_free(life->lock);
  polyshm_semaphore_free(life->semaphore);
}

static void a_stopped_owner_goes_on_as_owner(void **state) {
  (void)state;
  struct life life;
  make(&life);
  pid_t child = fork_child();
  if (child == 0) {
    hold_and_give_back(&life);
    _exit(0);
  }
  assert_true(await(&life.told->has));
  assert_int_equal(kill(child, SIGSTOP), 0);
  assert_int_equal(waitpid(child, NULL, WUNTRACED), child);
  assert_true(get_neither(&life));
  assert_int_equal(kill(child, SIGCONT), 0);
  assert_true(get_neither(&life));
  atomic_store(&life.told->has, false);
  assert_true(take_both(&life)); /* locked, not recovered */
  assert_child_succeeds(child);
  drop(&life);
}

static void take_and_give_back(void *context) {
  struct life *life = context;
  attach(life);
  must(take_both(life));
  must(give_back_both(life));
}

/* A waiter that is stopped in its sleep misses its wake-up, and may not keep it from others. */
static void a_stopped_waiter_stops_nobody(void **state) {
  (void)state;
  struct life life;
  make(&life);
  assert_true(take_both(&life));
  pid_t child = fork_child();
  if (child == 0) {
    attach(&life);
    atomic_store(&life.told->has, true);
    must(take_both(&life));
    _exit(0);
  }
  assert_true(await(&life.told->has));
  sleep_milliseconds(20);
  assert_int_equal(kill(child, SIGSTOP), 0);
  assert_int_equal(waitpid(child, NULL, WUNTRACED), child);
  assert_true(give_back_both(&life));
  in_child(take_and_give_back, &life);
  assert_int_equal(kill(child, SIGCONT), 0);
  assert_child_succeeds(child);
  assert_true(inherit_both(&life)); /* it exited as owner */
  drop(&life);
}

/* ---- children that live on ---- */

static pid_t spawn_program(void) {
  extern char **environ;
  char name[] = "sleep", time[] = "60";
  char *const words[] = {name, time, NULL};
  pid_t pid = -1;
  return posix_spawn(&pid, "/bin/sleep", NULL, NULL, words, environ) == 0 ? pid : -1;
}

/* However the test ends, a minute later it is gone. */
static pid_t that_lives_on(pid_t pid) {
  if (pid == 0) {
    (void)alarm(60);
    for (;;)
      (void)pause();
  }
  return pid;
}

static pid_t fork_child_that_lives_on(void) {
  return that_lives_on(fork());
}

/* Past fork(3) and whatever is to be done before and after it. */
static pid_t clone_child_that_lives_on(void) {
  return that_lives_on((pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static void a_child_that_lives_on_owns_nothing(void **state) {
  (void)state;
  pid_t (*const ways[])(void) = {fork_child_that_lives_on, spawn_program, clone_child_that_lives_on};
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  for (int i = 0; i < 3; i++) {
    struct life life;
    make(&life);
    pid_t owner = fork_child();
    if (owner == 0) {
      attach(&life);
      must(take_both(&life));
      atomic_store(&life.told->pid, ways[i]());
      atomic_store(&life.told->has, true);
      for (;;)
        (void)pause();
    }
    assert_true(await(&life.told->has));
    pid_t heir = atomic_load(&life.told->pid);
    assert_true(heir > 0);
    assert_true(get_neither(&life));
    end_child(owner);
    assert_true(inherit_both(&life));
    end_child(heir); /* it is ours now, and was alive until here */
    drop(&life);
  }
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

/* ---- threads ---- */

static void *lock_and_end(void *context) {
  must(lock_for(context, LONG) == POLYSHM_LOCKED);
  must(acquire(context, LONG) == 1);
  return NULL;
}

static void a_thread_that_ends_keeps_permits_and_no_lock(void **state) {
  (void)state;
  struct life life, other;
  pthread_t thread;
  make(&life);
  other = life;
  attach(&other);
  assert_int_equal(pthread_create(&thread, NULL, lock_and_end, &other), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(acquire(&life, 0), 0);
  assert_status(POLYSHM_OK, polyshm_semaphore_release(other.semaphore)); /* any thread may */
  assert_true(inherit_both(&life));
  polyshm_lock_free(other.lock);
  polyshm_semaphore_free(other.semaphore);
  drop(&life);
}

/* The first thread has ended, and the process is a zombie to all who look, but lives. */
static void *hold_when_the_first_thread_has_ended(void *context) {
  struct life *life = context;
  sleep_milliseconds(50);
  attach(life);
  must(take_both(life));
  atomic_store(&life->told->has, true);
  for (;;)
    (void)pause();
  return NULL;
}

static void a_process_without_its_first_thread_lives(void **state) {
  (void)state;
  struct life life;
  make(&life);
  pid_t child = fork_child();
  if (child == 0) {
    static struct life lasting; /* longer than this thread's stack */
    pthread_t thread;
    lasting = life;
    must(pthread_create(&thread, NULL, hold_when_the_first_thread_has_ended, &lasting) == 0);
    pthread_exit(NULL);
  }
  assert_true(await(&life.told->has));
  assert_true(get_neither(&life));
  end_child(child);
  assert_true(inherit_both(&life));
  drop(&life);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(namespaces_of_process_ids_do_not_matter),
      TEST(a_stopped_owner_goes_on_as_owner),
      TEST(a_stopped_waiter_stops_nobody),
      TEST(a_child_that_lives_on_owns_nothing),
      TEST(a_thread_that_ends_keeps_permits_and_no_lock),
      TEST(a_process_without_its_first_thread_lives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
