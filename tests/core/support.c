#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/platform.h"

#define DIRECTORY "/dev/shm"

static char prefix[32];

const char *fresh_name(void) {
  static char names[16][64];
  static unsigned drawn;
  char *name = names[drawn % 16];
  (void)snprintf(name, sizeof names[0], "%s%u", prefix, drawn);
  drawn++;
  return name;
}

const char *path_of_name(const char *name) {
  static char paths[16][512];
  static unsigned drawn;
  char *path = paths[drawn++ % 16];
  (void)snprintf(path, sizeof paths[0], DIRECTORY "/%s", name);
  return path;
}

/* ---- what a test leaves behind ---- */

static int open_files;

/* Apart from the descriptor that looks. */
static int count_open_files(void) {
  int count = -1;
  DIR *directory = opendir("/proc/self/fd");
  assert_non_null(directory);
  for (const struct dirent *entry; (entry = readdir(directory));)
    count += entry->d_name[0] != '.';
  (void)closedir(directory);
  return count;
}

/* A hidden file that nobody holds: what a failed fallback create would leave. */
static bool is_dead_hidden(int directory, const char *name) {
  if (strncmp(name, ".polyshm.", 9) != 0)
    return false;
  int fd = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return false;
  struct stat st;
  bool dead = false;
  for (int tries = 0; tries < 2; tries++) { /* its maker may be just before taking the lock */
    dead = flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink == 1;
    if (!dead)
      break;
    (void)flock(fd, LOCK_UN);
    (void)usleep(20000);
  }
  (void)close(fd);
  return dead;
}

static int count_and_remove_names(void) {
  int count = 0;
  DIR *directory = opendir(DIRECTORY);
  assert_non_null(directory);
  for (const struct dirent *entry; (entry = readdir(directory));) {
    if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 &&
        !is_dead_hidden(dirfd(directory), entry->d_name))
      continue;
    count++;
    print_error("left in " DIRECTORY ": %s\n", entry->d_name);
    if (unlinkat(dirfd(directory), entry->d_name, 0))
      (void)unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
  }
  (void)closedir(directory);
  return count;
}

int test_begins(void **state) {
  (void)state;
  (void)snprintf(prefix, sizeof prefix, "test-core-%d-", (int)getpid());
  open_files = count_open_files();
  return 0;
}

int test_ends(void **state) {
  (void)state;
  polyshm__without_tmpfile = false;
  polyshm_on_wait(NULL, NULL);
  int names = count_and_remove_names();
  int files = count_open_files() - open_files;
  if (files)
    print_error("%d more files are open than before\n", files);
  bool child = waitpid(-1, NULL, WNOHANG) >= 0;
  if (child)
    print_error("a child is left\n");
  return names || files || child ? -1 : 0;
}

/* ---- assertions ---- */

void assert_status_at(polyshm_status expected, polyshm_status status, const char *call, const char *file,
                      int line) {
  if (status == expected)
    return;
  print_error("%s: %s (%d), not %s: %s\n", call, polyshm_status_name(status), (int)status,
              polyshm_status_name(expected), status ? polyshm_last_error() : "");
  _fail(file, line);
}

void assert_words_at(const char *words, const char *file, int line) {
  if (strstr(polyshm_last_error(), words))
    return;
  print_error("\"%s\" is not in: %s\n", words, polyshm_last_error());
  _fail(file, line);
}

bool all_bytes(const void *start, int64_t length, int byte) {
  const unsigned char *bytes = start;
  for (int64_t i = 0; i < length; i++)
    if (bytes[i] != byte)
      return false;
  return true;
}

int fork_child(void) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit_life();
  }
  return child;
}

void limit_life(void) {
  (void)signal(SIGALRM, SIG_DFL);
  (void)alarm(60);
}

void assert_child_succeeds(int pid) {
  int ended = 0;
  assert_true(pid > 0);
  assert_int_equal(waitpid(pid, &ended, 0), pid);
  if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0)
    fail_msg("the child ended with %s %d", WIFSIGNALED(ended) ? "signal" : "status",
             WIFSIGNALED(ended) ? WTERMSIG(ended) : WEXITSTATUS(ended));
}

void must_at(bool condition, const char *words, const char *file, int line) {
  if (condition)
    return;
  print_error("%s:%d: in a child: %s: %s\n", file, line, words, polyshm_last_error());
  _exit(1);
}

void in_child(void (*work)(void *context), void *context) {
  pid_t child = fork_child();
  if (child == 0) {
    work(context);
    _exit(0);
  }
  assert_child_succeeds(child);
}

int child_that(void (*work)(void *context), void *context) {
  int ends[2];
  char byte = 0;
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork_child();
  if (child == 0) {
    work(context);
    must(write(ends[1], "!", 1) == 1);
    for (;;)
      (void)pause();
  }
  (void)close(ends[1]);
  ssize_t got = read(ends[0], &byte, 1);
  (void)close(ends[0]);
  if (got != 1)
    assert_child_succeeds(child);
  assert_int_equal(got, 1);
  return child;
}

void end_child(int pid) {
  assert_int_equal(kill(pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- threads ---- */

static void *run_worker(void *context) {
  struct worker *worker = context;
  (void)pthread_barrier_wait(worker->start);
  worker->work(worker);
  if (worker->status)
    (void)snprintf(worker->words, sizeof worker->words, "%.255s", polyshm_last_error());
  return NULL;
}

void run_workers(struct worker workers[MANY], void (*const works[MANY])(struct worker *), void *shared) {
  pthread_t threads[MANY];
  pthread_barrier_t start;
  assert_int_equal(pthread_barrier_init(&start, NULL, MANY), 0);
  for (int i = 0; i < MANY; i++) {
    workers[i] = (struct worker){.number = i, .start = &start, .work = works[i], .shared = shared};
    assert_int_equal(pthread_create(&threads[i], NULL, run_worker, &workers[i]), 0);
  }
  for (int i = 0; i < MANY; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  assert_int_equal(pthread_barrier_destroy(&start), 0);
}

void run_alike(struct worker workers[MANY], void (*work)(struct worker *), void *shared) {
  void (*works[MANY])(struct worker *);
  for (int i = 0; i < MANY; i++)
    works[i] = work;
  run_workers(workers, works, shared);
}

void assert_worker_is_well(const struct worker *worker) {
  if (worker->status)
    fail_msg("thread %d: %s: %s", worker->number, polyshm_status_name(worker->status), worker->words);
}

/* ---- segments and values ---- */

polyshm_segment *new_segment(const char *name, int64_t size) {
  polyshm_segment *segment = NULL;
  assert_ok(polyshm_segment_create(name, size, 0600, &segment));
  assert_non_null(segment);
  return segment;
}

void drop_segment(polyshm_segment *segment) {
  polyshm_status status = polyshm_segment_unlink(segment);
  assert_true(status == POLYSHM_OK || status == POLYSHM_ENOENT);
  polyshm_segment_free(segment);
}

polyshm_value from_int(int64_t number) {
  return (polyshm_value){.type = POLYSHM_TYPE_INT64, .as.int64 = number};
}

polyshm_value from_uint(uint64_t number) {
  return (polyshm_value){.type = POLYSHM_TYPE_UINT64, .as.uint64 = number};
}

polyshm_value from_float(double number) {
  return (polyshm_value){.type = POLYSHM_TYPE_FLOAT64, .as.float64 = number};
}

/* ---- the process ---- */

int64_t milliseconds_now(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_milliseconds(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  while (nanosleep(&time, &time) != 0) {
  }
}

static volatile sig_atomic_t signals;

static void take_signal(int number) {
  (void)number;
  signals = signals + 1;
}

void signal_after(long milliseconds, int flags, bool again) {
  struct sigaction action = {.sa_handler = take_signal, .sa_flags = flags};
  struct itimerval timer = {.it_value = {.tv_usec = milliseconds * 1000}};
  if (again)
    timer.it_interval = timer.it_value;
  signals = 0;
  assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
  assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

void no_more_signals(void) {
  const struct itimerval none = {.it_value = {.tv_usec = 0}};
  assert_int_equal(setitimer(ITIMER_REAL, &none, NULL), 0);
}

int signals_taken(void) {
  return signals;
}

bool sanitized(void) {
  if (getenv("POLYSHM_UNDER_VALGRIND")) /* tests/valgrind/CMakeLists.txt */
    return true;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}
