/*
 * Each system call of each verb fails, with each of the errors it may meet. Then the verb says so, or had
 * another way; nothing leaks (files, mappings, names), nothing is half made, and the verb works the next
 * time.
 */
#include "support.h"

#include "platform/platform.h"
#include "tracee.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 10000
#define GROWN 30000
#define PERMITS 3
#define SHORT (2 * MILLISECONDS)

/* This is what the verbs are for. */
struct kind {
  int64_t size;
  int files; /* that a handle keeps open */
  polyshm_status (*create)(const char *name, void **out);
  void (*free)(void *handle);
};

struct subject {
  const char *name;
  void *existing; /* of the parent, for what is done to an existing one */
};

/* This is what the child tells. */
struct report {
  polyshm_status status;
  bool handle, owned;
  int files, mappings; /* more than before */
  char words[256];
};

static int count_files(void) {
  int count = 0;
  DIR *directory = opendir("/proc/self/fd");
  while (directory && readdir(directory))
    count++;
  if (directory)
    (void)closedir(directory);
  return count;
}

static int count_mappings(void) {
  char line[512];
  int count = 0;
  FILE *maps = fopen("/proc/self/maps", "re");
  while (maps && fgets(line, sizeof line, maps))
    count += strstr(line, "/dev/shm/") != NULL;
  if (maps)
    (void)fclose(maps);
  return count;
}

/* ---- the verbs ---- */

static void *made; /* in the child: what the verb gave */

/* A call that gives a handle; `call` sees it as `handle`. */
#define GIVES(type, call)                                                                                    \
  type *handle = NULL;                                                                                       \
  polyshm_status status = call;                                                                              \
  made = handle;                                                                                             \
  return status

static polyshm_status do_create(const struct subject *subject) {
  GIVES(polyshm_segment, polyshm_segment_create(subject->name, SIZE, 0640, &handle));
}

static polyshm_status do_create_unnamed(const struct subject *subject) {
  (void)subject;
  GIVES(polyshm_segment, polyshm_segment_create(NULL, SIZE, 0640, &handle));
}

static polyshm_status do_attach(const struct subject *subject) {
  GIVES(polyshm_segment, polyshm_segment_attach(subject->name, 0, 0, &handle));
}

static polyshm_status do_attach_readonly(const struct subject *subject) {
  GIVES(polyshm_segment, polyshm_segment_attach(subject->name, POLYSHM_FLAG_READONLY, 1000000, &handle));
}

static polyshm_status do_open_new(const struct subject *subject) {
  GIVES(polyshm_segment, polyshm_segment_open(subject->name, SIZE, 0640, 0, &handle));
}

static polyshm_status do_unlink(const struct subject *subject) {
  return polyshm_segment_unlink(subject->existing);
}

static polyshm_status do_unlink_name(const struct subject *subject) {
  return polyshm_segment_unlink_name(subject->name);
}

static polyshm_status do_resize(const struct subject *subject) {
  return polyshm_segment_resize(subject->existing, GROWN);
}

static polyshm_status do_refresh(const struct subject *subject) {
  return polyshm_segment_refresh(subject->existing);
}

static polyshm_status do_stale(const struct subject *subject) {
  bool stale = true;
  return polyshm_segment_stale(subject->existing, &stale);
}

static polyshm_status do_close(const struct subject *subject) {
  return polyshm_segment_close(subject->existing);
}

static polyshm_status visit(const polyshm_segment_info *info, void *context) {
  (void)info;
  (void)context;
  return POLYSHM_OK;
}

static polyshm_status do_each(const struct subject *subject) {
  (void)subject;
  return polyshm_each_segment(visit, NULL);
}

/* ---- locks, semaphores, events ---- */

static polyshm_status do_create_lock(const struct subject *subject) {
  GIVES(polyshm_lock, polyshm_lock_create(subject->name, 0660, &handle));
}

static polyshm_status do_attach_lock(const struct subject *subject) {
  GIVES(polyshm_lock, polyshm_lock_attach(subject->name, 0, 0, &handle));
}

static polyshm_status do_open_lock(const struct subject *subject) {
  GIVES(polyshm_lock, polyshm_lock_open(subject->name, 0660, 0, &handle));
}

static polyshm_status do_create_semaphore(const struct subject *subject) {
  GIVES(polyshm_semaphore, polyshm_semaphore_create(subject->name, PERMITS, 0660, &handle));
}

static polyshm_status do_attach_semaphore(const struct subject *subject) {
  GIVES(polyshm_semaphore, polyshm_semaphore_attach(subject->name, 0, 0, &handle));
}

static polyshm_status do_open_semaphore(const struct subject *subject) {
  GIVES(polyshm_semaphore, polyshm_semaphore_open(subject->name, PERMITS, 0660, 0, &handle));
}

static polyshm_status do_create_event(const struct subject *subject) {
  GIVES(polyshm_event, polyshm_event_create(subject->name, 0660, &handle));
}

static polyshm_status do_attach_event(const struct subject *subject) {
  GIVES(polyshm_event, polyshm_event_attach(subject->name, 0, 0, &handle));
}

static polyshm_status do_open_event(const struct subject *subject) {
  GIVES(polyshm_event, polyshm_event_open(subject->name, 0660, 0, &handle));
}

/* A process's first lock(), and its first after its owner's death. */
static polyshm_status do_lock(const struct subject *subject) {
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  return polyshm_lock_lock(subject->existing, LONG, &outcome);
}

static polyshm_status do_lock_in_vain(const struct subject *subject) {
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  return polyshm_lock_lock(subject->existing, SHORT, &outcome);
}

static polyshm_status do_close_lock(const struct subject *subject) {
  return polyshm_lock_close(subject->existing);
}

static polyshm_status do_acquire(const struct subject *subject) {
  bool got = false;
  return polyshm_semaphore_acquire(subject->existing, LONG, &got);
}

static polyshm_status do_acquire_in_vain(const struct subject *subject) {
  bool got = false;
  return polyshm_semaphore_acquire(subject->existing, SHORT, &got);
}

static polyshm_status do_wait(const struct subject *subject) {
  bool set = false;
  return polyshm_event_wait(subject->existing, SHORT, &set);
}

/* Others' doing before, in a process that lives on or is dead by then. */

static void lock_it(void *handle) {
  polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
  must_ok(polyshm_lock_lock(handle, 0, &outcome));
  must(outcome == POLYSHM_LOCKED);
}

static void acquire_all(void *handle) {
  for (int i = 0; i < PERMITS; i++) {
    bool got = false;
    must_ok(polyshm_semaphore_acquire(handle, 0, &got));
    must(got);
  }
}

/* ---- the kinds ---- */

/* Two functions for each: with a handle of any type, as the parent has it. */
#define KIND(type, ...)                                                                                      \
  static polyshm_status create_##type(const char *name, void **out) {                                        \
    polyshm_##type *handle = NULL;                                                                           \
    polyshm_status status = polyshm_##type##_create(name, __VA_ARGS__, &handle);                             \
    *out = handle;                                                                                           \
    return status;                                                                                           \
  }                                                                                                          \
  static void free_##type(void *handle) {                                                                    \
    polyshm_##type##_free(handle);                                                                           \
  }

KIND(segment, SIZE, 0640)
KIND(lock, 0660)
KIND(semaphore, PERMITS, 0660)
KIND(event, 0660)

static const struct kind segments = {SIZE, 0, create_segment, free_segment},
                         locks = {4096 + 64, 1, create_lock, free_lock},
                         semaphores = {4096 + 64 + PERMITS * 4, 1, create_semaphore, free_semaphore},
                         events = {4096 + 64, 0, create_event, free_event};

static const struct verb {
  const char *name; /* as messages begin */
  const struct kind *kind;
  polyshm_status (*run)(const struct subject *subject);
  bool on_existing, makes;
  void (*others)(void *existing); /* or NULL: what another process does before */
  bool others_die;
} verbs[] = {
    {"create", &segments, do_create, .makes = true},
    {"create", &segments, do_create_unnamed, .makes = false},
    {"open", &segments, do_open_new, .makes = true},
    {"attach", &segments, do_attach, .on_existing = true},
    {"attach", &segments, do_attach_readonly, .on_existing = true},
    {"unlink", &segments, do_unlink, .on_existing = true},
    {"unlink", &segments, do_unlink_name, .on_existing = true},
    {"resize", &segments, do_resize, .on_existing = true},
    {"refresh", &segments, do_refresh, .on_existing = true},
    {"stale", &segments, do_stale, .on_existing = true},
    {"close", &segments, do_close, .on_existing = true},
    {"each_segment", &segments, do_each, .on_existing = true},
    {"create", &locks, do_create_lock, .makes = true},
    {"attach", &locks, do_attach_lock, .on_existing = true},
    {"open", &locks, do_open_lock, .makes = true},
    {"open", &locks, do_open_lock, .on_existing = true},
    {"lock", &locks, do_lock, .on_existing = true},
    {"lock", &locks, do_lock, .on_existing = true, .others = lock_it, .others_die = true},
    {"lock", &locks, do_lock_in_vain, .on_existing = true, .others = lock_it},
    {"close", &locks, do_close_lock, .on_existing = true},
    {"create", &semaphores, do_create_semaphore, .makes = true},
    {"attach", &semaphores, do_attach_semaphore, .on_existing = true},
    {"open", &semaphores, do_open_semaphore, .makes = true},
    {"acquire", &semaphores, do_acquire, .on_existing = true},
    {"acquire", &semaphores, do_acquire, .on_existing = true, .others = acquire_all, .others_die = true},
    {"acquire", &semaphores, do_acquire_in_vain, .on_existing = true, .others = acquire_all},
    {"create", &events, do_create_event, .makes = true},
    {"attach", &events, do_attach_event, .on_existing = true},
    {"open", &events, do_open_event, .makes = true},
    {"wait", &events, do_wait, .on_existing = true},
};

/* ---- in the child ---- */

static const struct verb *current_verb;
static int files_before, mappings_before;

static void work(void *context, void *result) {
  struct report *report = result;
  report->status = current_verb->run(context);
}

static void look(void *context, void *result) {
  const struct subject *subject = context;
  struct report *report = result;
  (void)snprintf(report->words, sizeof report->words, "%.255s", polyshm_last_error());
  report->handle = made;
  if (made && current_verb->run == do_create_unnamed)
    report->status = polyshm_segment_unlink(made);
  if (report->status && subject->existing && current_verb->kind == &locks)
    (void)!polyshm_lock_owned(subject->existing, &report->owned);
  if (report->status && subject->existing && current_verb->kind == &semaphores)
    report->owned = polyshm_semaphore_release(subject->existing) == POLYSHM_OK;
  current_verb->kind->free(made);
  current_verb->kind->free(subject->existing);
  report->files = count_files() - files_before;
  report->mappings = count_mappings() - mappings_before;
}

/* ---- in the parent ---- */

static const int errors[] = {EIO,    ENOMEM, EACCES, EPERM,  ENOSPC,     EMFILE, EINVAL, ENOSYS,
                             EEXIST, ENOENT, EINTR,  EAGAIN, EOPNOTSUPP, EROFS,  EBUSY};

static int64_t size_of(const char *name) {
  struct stat st;
  return lstat(path_of_name(name), &st) == 0 ? st.st_size : -1;
}

/* These calls never fail, or not in a way that means "not done". */
static bool always_succeeds(int64_t call) {
  return call == SYS_close || call == SYS_munmap || call == SYS_geteuid;
}

/* A descriptor that cannot be told to be still the handle's is not closed: it may be the program's. statx(2)
 * may be unknown to a system, which is then asked in the old way. */
static int left_open(const struct verb *verb, int64_t call, int error) {
  bool asks = call == SYS_statx && error != ENOSYS && error != EPERM;
  return verb->run == do_close_lock && asks ? verb->kind->files : 0;
}

static void check_report(const struct verb *verb, const struct report *report, const struct subject *subject,
                         int64_t call, int error) {
  const polyshm_status status = report->status;
  /* A failing call means the verb's failure, unless there was another way. A name that is gone has its own
   * word, and so has glibc for a system without renameat2. */
  bool expected = status == POLYSHM_OK || status == -error || (error == ENOENT && status == POLYSHM_ESTALE) ||
                  (error == ENOSYS && call == SYS_renameat2 && status == POLYSHM_EINVAL);
  if (call == SYS_getdents64 && verb->run == do_each && error != ENOENT) /* glibc takes that for the end */
    expected = status == -error;
  bool says = status == POLYSHM_OK || strncmp(report->words, verb->name, strlen(verb->name)) == 0;
  int64_t size = size_of(subject->name);
  int64_t whole = strcmp(verb->name, "resize") == 0 && !status ? GROWN : verb->kind->size;
  bool unlinks = strcmp(verb->name, "unlink") == 0;
  bool named = verb->makes ? !status : verb->on_existing && !(unlinks && !status);
  if (expected && says && size == (named ? whole : -1) &&
      report->files == (verb->on_existing ? -verb->kind->files : 0) + left_open(verb, call, error) &&
      report->mappings == (verb->on_existing ? -1 : 0) &&
      (status == POLYSHM_OK || !(report->handle || report->owned)))
    return;
  fail_msg(
      "%s, system call %d fails with %s: %s \"%s\", file of %d bytes, handle %d, owned %d, files %+d, "
      "mappings %+d",
      verb->name, (int)call, strerror(error), polyshm_status_name(status), report->words, (int)size,
      report->handle, report->owned, report->files, report->mappings);
}

/* The verb with its number-th call failing; false when it has no such call. */
static bool fail_one(const struct verb *verb, struct tracee *child, struct subject *subject, int number,
                     int error, int *failures) {
  int64_t call = -1;
  int other = 0;
  if (verb->on_existing)
    assert_ok(verb->kind->create(subject->name, &subject->existing));
  if (verb->others)
    other = child_that(verb->others, subject->existing);
  if (verb->others && verb->others_die)
    end_child(other);
  current_verb = verb;
  files_before = count_files();
  mappings_before = count_mappings();
  tracee_start(child, work, look, subject);
  for (int i = 0; i < 2 * number - 1 && !tracee_done(child); i++)
    tracee_go_to_call(child);
  bool there = !tracee_done(child);
  if (there) {
    call = tracee_call_number(child);
    if (!always_succeeds(call)) {
      tracee_fail_call(child, error);
      ++*failures;
    }
  }
  int ended = tracee_finish(child);
  assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
  check_report(verb, tracee_result(child), subject, call, error);
  if (verb->others && !verb->others_die)
    end_child(other);
  if (verb->on_existing) {
    (void)!polyshm_segment_unlink_name(subject->name);
    verb->kind->free(subject->existing);
    subject->existing = NULL;
  } else {
    polyshm_segment *again = NULL;
    (void)unlink(path_of_name(subject->name));
    assert_ok(polyshm_segment_create(subject->name, SIZE, 0640, &again));
    drop_segment(again);
  }
  return there;
}

static void fail_every_call(void) {
  struct tracee child;
  struct subject subject = {.name = NULL};
  char name[64];
  (void)snprintf(name, sizeof name, "%s", fresh_name());
  subject.name = name;
  (void)umask(077);
  tracee_open(&child);
  for (size_t v = 0; v < sizeof verbs / sizeof *verbs; v++) {
    int failures = 0;
    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
      for (int number = 1; fail_one(&verbs[v], &child, &subject, number, errors[e], &failures); number++) {
      }
    print_message("             %-12s %4d failures\n", verbs[v].name, failures);
    assert_true(failures > 0);
  }
  tracee_close(&child);
}

static void every_call_fails(void **state) {
  (void)state;
  fail_every_call();
}

static void every_call_fails_in_the_fallback(void **state) {
  (void)state;
  polyshm__without_tmpfile = true;
  fail_every_call();
}

int main(void) {
#if !defined(__x86_64__) && !defined(__aarch64__)
  print_message("skipped: failing calls are known for x86-64 and aarch64 only\n");
  return 77;
#endif
  if (sanitized()) {
    print_message("skipped: a sanitizer makes system calls of its own\n");
    return 77;
  }
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  const struct CMUnitTest tests[] = {
      TEST(every_call_fails),
      TEST(every_call_fails_in_the_fallback),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
