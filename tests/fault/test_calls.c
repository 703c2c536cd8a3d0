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

struct subject {
  const char *name;
  polyshm_segment *segment; /* of the parent, for what is done to an existing one */
};

/* What the child tells. */
struct report {
  polyshm_status status;
  bool handle;
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

static polyshm_segment *made; /* in the child: what the verb gave */

static polyshm_status do_create(const struct subject *subject) {
  return polyshm_segment_create(subject->name, SIZE, 0640, &made);
}

static polyshm_status do_create_unnamed(const struct subject *subject) {
  (void)subject;
  return polyshm_segment_create(NULL, SIZE, 0640, &made);
}

static polyshm_status do_attach(const struct subject *subject) {
  return polyshm_segment_attach(subject->name, 0, 0, &made);
}

static polyshm_status do_attach_readonly(const struct subject *subject) {
  return polyshm_segment_attach(subject->name, POLYSHM_FLAG_READONLY, 1000000, &made);
}

static polyshm_status do_open_new(const struct subject *subject) {
  return polyshm_segment_open(subject->name, SIZE, 0640, 0, &made);
}

static polyshm_status do_unlink(const struct subject *subject) {
  return polyshm_segment_unlink(subject->segment);
}

static polyshm_status do_unlink_name(const struct subject *subject) {
  return polyshm_segment_unlink_name(subject->name);
}

static polyshm_status do_resize(const struct subject *subject) {
  return polyshm_segment_resize(subject->segment, GROWN);
}

static polyshm_status do_refresh(const struct subject *subject) {
  return polyshm_segment_refresh(subject->segment);
}

static polyshm_status do_stale(const struct subject *subject) {
  bool stale = true;
  return polyshm_segment_stale(subject->segment, &stale);
}

static polyshm_status do_close(const struct subject *subject) {
  return polyshm_segment_close(subject->segment);
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

static const struct verb {
  const char *name; /* as messages begin */
  polyshm_status (*run)(const struct subject *subject);
  bool on_existing, makes;
} verbs[] = {
    {"create", do_create, false, true},
    {"create", do_create_unnamed, false, false},
    {"open", do_open_new, false, true},
    {"attach", do_attach, true, false},
    {"attach", do_attach_readonly, true, false},
    {"unlink", do_unlink, true, false},
    {"unlink", do_unlink_name, true, false},
    {"resize", do_resize, true, false},
    {"refresh", do_refresh, true, false},
    {"stale", do_stale, true, false},
    {"close", do_close, true, false},
    {"each_segment", do_each, true, false},
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
  polyshm_segment_free(made);
  polyshm_segment_free(subject->segment);
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

/* Which never fail, or not in a way that means "not done". */
static bool always_succeeds(int64_t call) {
  return call == SYS_close || call == SYS_munmap || call == SYS_geteuid;
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
  int64_t whole = strcmp(verb->name, "resize") == 0 && !status ? GROWN : SIZE;
  bool unlinks = strcmp(verb->name, "unlink") == 0;
  bool named = verb->makes ? !status : verb->on_existing && !(unlinks && !status);
  if (expected && says && size == (named ? whole : -1) && report->files == 0 &&
      report->mappings == (verb->on_existing ? -1 : 0) && (status == POLYSHM_OK || !report->handle))
    return;
  fail_msg(
      "%s, system call %d fails with %s: %s \"%s\", file of %d bytes, handle %d, files %+d, mappings %+d",
      verb->name, (int)call, strerror(error), polyshm_status_name(status), report->words, (int)size,
      report->handle, report->files, report->mappings);
}

/* The verb with its number-th call failing; false when it has no such call. */
static bool fail_one(const struct verb *verb, struct tracee *child, struct subject *subject, int number,
                     int error, int *failures) {
  int64_t call = -1;
  if (verb->on_existing)
    assert_ok(polyshm_segment_create(subject->name, SIZE, 0640, &subject->segment));
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
  if (verb->on_existing) {
    drop_segment(subject->segment);
    subject->segment = NULL;
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
