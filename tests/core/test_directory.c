/* directory.h: another directory than /dev/shm. The choice holds for a process: each test makes it in a
 * child. */
#include "support.h"

#include "platform/platform.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IT "test-core-it"

/* Directories on a tmpfs that is there for sure. */
static const char *new_directory(mode_t mode) {
  const char *path = path_of_name(fresh_name());
  assert_int_equal(mkdir(path, 0700), 0);
  assert_int_equal(chmod(path, mode), 0);
  return path;
}

static void with_directory(mode_t mode, void (*work)(void *path)) {
  const char *path = new_directory(mode);
  in_child(work, (void *)path);
  assert_int_equal(rmdir(path), 0); /* it is empty again */
}

static bool is_in(const char *directory, const char *name) {
  char path[600];
  struct stat st;
  (void)snprintf(path, sizeof path, "%s/%s", directory, name);
  return stat(path, &st) == 0;
}

static polyshm_status find_it(const polyshm_segment_info *info, void *context) {
  *(int *)context += strcmp(info->name, IT) == 0 ? 1 : 100;
  return POLYSHM_OK;
}

/* Everything that has to do with a name, in both ways to create. */
static void use(const char *directory) {
  for (int way = 0; way < 2; way++) {
    polyshm_segment *a = NULL, *b = NULL;
    polyshm_lock *lock = NULL;
    polyshm_lock_outcome outcome = POLYSHM_LOCK_TIMED_OUT;
    int found = 0;
    bool stale = true;
    polyshm__without_tmpfile = way;
    must_ok(polyshm_segment_create(IT, 100, 0600, &a));
    must(is_in(directory, IT));
    must(!is_in("/dev/shm", IT));
    must(polyshm_segment_create(IT, 100, 0600, &b) == POLYSHM_EEXIST);
    must_ok(polyshm_segment_attach(IT, 0, 0, &b));
    must_ok(polyshm_segment_resize(a, 10000));
    must_ok(polyshm_segment_refresh(b));
    must(polyshm_segment_size(b) == 10000);
    polyshm_segment_free(b);
    must_ok(polyshm_each_segment(find_it, &found));
    must(found == 1);
    must_ok(polyshm_segment_stale(a, &stale));
    must(!stale);
    must_ok(polyshm_segment_unlink(a));
    must_ok(polyshm_segment_stale(a, &stale));
    must(stale);
    polyshm_segment_free(a);
    must_ok(polyshm_lock_open(IT, 0600, 0, &lock));
    must_ok(polyshm_lock_lock(lock, 0, &outcome));
    must(outcome == POLYSHM_LOCKED);
    must_ok(polyshm_lock_unlock(lock));
    must_ok(polyshm_lock_unlink(lock));
    polyshm_lock_free(lock);
    must(polyshm_segment_attach(IT, 0, 0, &a) == POLYSHM_ENOENT);
    must(strstr(polyshm_last_error(), "no segment of this name"));
    must(strcmp(polyshm_directory(), directory) == 0);
  }
}

/* ---- what names it ---- */

static void by_call(void *path) {
  must(strcmp(polyshm_directory(), "/dev/shm") == 0); /* to ask chooses nothing */
  must_ok(polyshm_set_directory(path));
  use(path);
}

static void a_call_chooses_it(void **state) {
  (void)state;
  with_directory(0700, by_call);
  with_directory(01777, by_call);
  with_directory(0755, by_call);
}

static void by_environment(void *path) {
  must(setenv("POLYSHM_DIRECTORY", path, 1) == 0);
  must(strcmp(polyshm_directory(), path) == 0);
  use(path);
  must(setenv("POLYSHM_DIRECTORY", "/dev/shm", 1) == 0); /* too late */
  use(path);
}

static void the_environment_chooses_it(void **state) {
  (void)state;
  with_directory(0700, by_environment);
}

static void by_call_over_environment(void *path) {
  must(setenv("POLYSHM_DIRECTORY", "/nowhere", 1) == 0);
  must_ok(polyshm_set_directory(path));
  use(path);
}

static void the_call_is_stronger(void **state) {
  (void)state;
  with_directory(0700, by_call_over_environment);
}

static void by_default(void *context) {
  (void)context;
  polyshm_segment *segment = NULL;
  must(setenv("POLYSHM_DIRECTORY", "", 1) == 0);
  must(polyshm_segment_attach("test-core-none", 0, 0, &segment) == POLYSHM_ENOENT);
  must(strcmp(polyshm_directory(), "/dev/shm") == 0);
}

static void an_empty_variable_names_none(void **state) {
  (void)state;
  in_child(by_default, NULL);
}

static void once_for_all(void *path) {
  polyshm_segment *segment = NULL;
  must(polyshm_segment_attach("test-core-none", 0, 0, &segment) == POLYSHM_ENOENT);
  must(polyshm_set_directory(path) == POLYSHM_ARGUMENT);
  must(strstr(polyshm_last_error(), "set_directory: /dev/shm is in use already"));
  must_ok(polyshm_set_directory("/dev/shm"));
  must_ok(polyshm_set_directory("/dev/shm/"));
  must(strcmp(polyshm_directory(), "/dev/shm") == 0);
}

static void slashes_at_the_end_make_no_difference(void *path) {
  char same[600];
  (void)snprintf(same, sizeof same, "%s//", (const char *)path);
  must_ok(polyshm_set_directory(same));
  must_ok(polyshm_set_directory(path));
  use(path);
  must(polyshm_set_directory("/dev/shm") == POLYSHM_ARGUMENT);
}

static void it_is_chosen_once(void **state) {
  (void)state;
  with_directory(0700, once_for_all);
  with_directory(0700, slashes_at_the_end_make_no_difference);
}

static void choose_one(struct worker *worker) {
  const char *const *paths = worker->shared;
  worker->count = polyshm_set_directory(paths[worker->number % 2]) == POLYSHM_OK;
}

static void threads_choose(void *context) {
  const char *const *paths = context;
  struct worker workers[MANY];
  run_alike(workers, choose_one, context);
  const int winner = workers[0].count ? 0 : 1;
  for (int i = 0; i < MANY; i++)
    must(workers[i].count == (i % 2 == winner));
  use(paths[winner]);
}

static void of_threads_one_chooses(void **state) {
  (void)state;
  char first[600], second[600];
  (void)snprintf(first, sizeof first, "%s", new_directory(0700));
  (void)snprintf(second, sizeof second, "%s", new_directory(0700));
  const char *paths[] = {first, second};
  for (int round = 0; round < 20; round++)
    in_child(threads_choose, paths);
  assert_int_equal(rmdir(first), 0);
  assert_int_equal(rmdir(second), 0);
}

/* ---- what will not do ---- */

struct refusal {
  const char *path;
  polyshm_status status;
  const char *words;
};

/* By call, and then by the environment; each call that has to do with a name says so. */
static void is_refused(void *context) {
  const struct refusal *refusal = context;
  polyshm_segment *segment = NULL;
  polyshm_lock *lock = NULL;
  int found = 0;
  must(polyshm_set_directory(refusal->path) == refusal->status);
  must(strncmp(polyshm_last_error(), "set_directory: ", 15) == 0);
  must(strstr(polyshm_last_error(), refusal->words));
  must(strcmp(polyshm_directory(), "/dev/shm") == 0);
  must(setenv("POLYSHM_DIRECTORY", refusal->path, 1) == 0);
  must(polyshm_segment_create(IT, 1, 0600, &segment) == refusal->status);
  must(strncmp(polyshm_last_error(), "create \"" IT "\": ", 23) == 0);
  must(strstr(polyshm_last_error(), refusal->words));
  must(strstr(polyshm_last_error(), "(POLYSHM_DIRECTORY names it)"));
  must(polyshm_segment_create(NULL, 1, 0600, &segment) == refusal->status);
  must(polyshm_segment_open(IT, 1, 0600, 0, &segment) == refusal->status);
  must(polyshm_segment_attach(IT, 0, 0, &segment) == refusal->status);
  must(strstr(polyshm_last_error(), refusal->words));
  must(polyshm_segment_unlink_name(IT) == refusal->status);
  must(strstr(polyshm_last_error(), refusal->words));
  must(polyshm_each_segment(find_it, &found) == refusal->status);
  must(strstr(polyshm_last_error(), refusal->words));
  must(polyshm_lock_create(IT, 0600, &lock) == refusal->status);
  must(strstr(polyshm_last_error(), refusal->words));
  must(!polyshm__without_tmpfile);
  must(unsetenv("POLYSHM_DIRECTORY") == 0); /* nothing was decided yet */
  must(polyshm_segment_attach("test-core-none", 0, 0, &segment) == POLYSHM_ENOENT);
  must(strcmp(polyshm_directory(), "/dev/shm") == 0);
}

static void what_cannot_be_one_is_refused(void **state) {
  (void)state;
  char file[600], missing[600], open_to_all[600], longest[3000];
  memset(longest, 'd', sizeof longest);
  longest[0] = '/';
  longest[sizeof longest - 1] = '\0';
  (void)snprintf(file, sizeof file, "%s", path_of_name(fresh_name()));
  int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* this process is not to choose */
  assert_true(fd >= 0);
  assert_int_equal(close(fd), 0);
  (void)snprintf(missing, sizeof missing, "%s", path_of_name(fresh_name()));
  (void)snprintf(open_to_all, sizeof open_to_all, "%s", new_directory(0777));
  const struct refusal refusals[] = {
      {"dev/shm", POLYSHM_ARGUMENT, "dev/shm is no absolute path"},
      {missing, POLYSHM_ENOENT, "there is no /dev/shm/"},
      {file, POLYSHM_ENOTDIR, "is not a directory"},
      {"/proc", POLYSHM_EOPNOTSUPP, "the file system of /proc is none that is known to do"},
      {open_to_all, POLYSHM_EPERM, "mode 0777"},
      {longest, POLYSHM_ENAMETOOLONG, "1023 bytes at most"},
  };
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    in_child(is_refused, (void *)&refusals[i]);
  assert_int_equal(rmdir(open_to_all), 0);
  assert_int_equal(unlink(file), 0);
}

static void anothers_directory_is_refused(void **state) {
  (void)state;
  if (geteuid() != 0) {
    print_message("skipped: only root can give a directory away\n");
    skip();
  }
  char theirs[600];
  (void)snprintf(theirs, sizeof theirs, "%s", new_directory(01777));
  assert_int_equal(chown(theirs, 1, 1), 0);
  in_child(is_refused, &(struct refusal){theirs, POLYSHM_EPERM, "user 1's, mode 1777"});
  assert_int_equal(rmdir(theirs), 0);
}

static void a_path_is_needed(void **state) {
  (void)state;
  assert_status(POLYSHM_ARGUMENT, polyshm_set_directory(NULL));
  assert_words("set_directory: a path is needed");
  assert_status(POLYSHM_ARGUMENT, polyshm_set_directory(""));
}

/* A service may start before what it needs is mounted. */
static void comes_later(void *path) {
  polyshm_segment *segment = NULL;
  must(rmdir(path) == 0);
  must(setenv("POLYSHM_DIRECTORY", path, 1) == 0);
  must(polyshm_segment_attach(IT, 0, MILLISECONDS, &segment) == POLYSHM_ENOENT);
  must(strstr(polyshm_last_error(), "there is no"));
  must(mkdir(path, 0700) == 0);
  use(path);
}

static void one_that_comes_later_is_used(void **state) {
  (void)state;
  with_directory(0700, comes_later);
}

/* Messages are about the directory in use. */
static void goes_away(void *path) {
  polyshm_segment *segment = NULL;
  must_ok(polyshm_set_directory(path));
  must(rmdir(path) == 0);
  must(polyshm_segment_create(IT, 1, 0600, &segment) == POLYSHM_ENOENT);
  must(strstr(polyshm_last_error(), "there is no /dev/shm/test-core"));
  must(strstr(polyshm_last_error(), "make it"));
  must(mkdir(path, 0700) == 0);
  use(path);
}

static void one_that_goes_is_told_of(void **state) {
  (void)state;
  with_directory(0700, goes_away);
}

int main(void) {
  (void)unsetenv("POLYSHM_DIRECTORY");
  const struct CMUnitTest tests[] = {
      TEST(a_call_chooses_it),
      TEST(the_environment_chooses_it),
      TEST(the_call_is_stronger),
      TEST(an_empty_variable_names_none),
      TEST(it_is_chosen_once),
      TEST(of_threads_one_chooses),
      TEST(what_cannot_be_one_is_refused),
      TEST(anothers_directory_is_refused),
      TEST(a_path_is_needed),
      TEST(one_that_comes_later_is_used),
      TEST(one_that_goes_is_told_of),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
